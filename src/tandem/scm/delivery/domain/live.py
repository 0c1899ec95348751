"""What is told to watchers the moment it happens, as one process says it to all others."""

from collections.abc import Iterator, Sequence
from typing import TypeVar
from uuid import UUID

import msgspec

CHANNEL = "tandem_live"
PAYLOAD_BYTES_MAX = 7_500
"""A notification holds less than 8,000 bytes; what does not fit goes into another."""

T = TypeVar("T")


class Moved(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A vehicle's newest believed position; `heard_ms` is Unix time by the corrected device."""

    driver_id: UUID
    lat: float
    lon: float
    heading: float | None
    speed_mps: float | None
    heard_ms: int
    battery: float | None


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """Something about a delivery is new. `status` None: its ETA or place, not its status."""

    delivery_id: UUID
    driver_id: UUID | None
    status: str | None


class Told(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One notification: an organisation's positions, changes, or both."""

    org_id: UUID
    moved: list[Moved] = []
    changed: list[Changed] = []


def encode_moves(org_id: UUID, moved: Sequence[Moved]) -> list[str]:
    return [msgspec.json.encode(Told(org_id=org_id, moved=part)).decode() for part in _parts(moved)]


def encode_changes(org_id: UUID, changed: Sequence[Changed]) -> list[str]:
    return [
        msgspec.json.encode(Told(org_id=org_id, changed=part)).decode() for part in _parts(changed)
    ]


def _parts(items: Sequence[T]) -> Iterator[list[T]]:
    part: list[T] = []
    size = 0
    for item in items:
        bytes_more = len(msgspec.json.encode(item)) + 1
        if part and size + bytes_more > PAYLOAD_BYTES_MAX:
            yield part
            part, size = [], 0
        part.append(item)
        size += bytes_more
    if part:
        yield part
