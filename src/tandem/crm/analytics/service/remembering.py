"""Answers kept for a while, each for who would get exactly the same one.

The key is everything that an answer is made of: the company, the question with its days and the
versions of its measures, the moment that it is of and the watermark of what is known, how sums and
facts were made, and the whole policy of the asker: their permissions with the owners, teams,
territories and single records they reach, and what is kept from them. Whoever has less, or other
records, has another key; when the watermark moves on, so does the key. Permissions are checked
before anything is looked for here.

Whose a record is can change without any event that is counted. Answers over everybody's records do
not depend on it; others are kept for half a minute at most.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from tandem.crm.analytics.store.facts import Watermark
from tandem.kernel.actor import Actor

T = TypeVar("T")

BYTES_MAX = 32 * 1024 * 1024
COMPANY_BYTES_MAX = 8 * 1024 * 1024
ANSWER_BYTES_MAX = 1024 * 1024
WHOLE_KEPT = timedelta(minutes=10)
PART_KEPT = timedelta(seconds=30)


class Remembered(msgspec.Struct, frozen=True):
    org_id: UUID
    answer: bytes
    until: datetime


class Memory:
    """Bounded in bytes, in all and for each company; what was asked for longest ago goes first."""

    def __init__(self, most: int = BYTES_MAX, company_most: int = COMPANY_BYTES_MAX) -> None:
        self._kept: OrderedDict[bytes, Remembered] = OrderedDict()
        self._bytes = 0
        self._of: dict[UUID, int] = {}
        self._most = most
        self._company_most = company_most
        self.hits = 0
        self.misses = 0

    @property
    def bytes_held(self) -> int:
        return self._bytes

    def find(self, key: bytes, kind: type[T], now: datetime) -> T | None:
        found = self._kept.get(key)
        if found is None or found.until <= now:
            if found is not None:
                self._drop(key)
            self.misses += 1
            return None
        self._kept.move_to_end(key)
        self.hits += 1
        return msgspec.msgpack.decode(found.answer, type=kind)

    def keep(self, key: bytes, org_id: UUID, answer: Any, until: datetime) -> None:
        packed = msgspec.msgpack.encode(answer)
        if len(packed) > ANSWER_BYTES_MAX:
            return
        if key in self._kept:
            self._drop(key)
        self._kept[key] = Remembered(org_id, packed, until)
        self._bytes += len(packed)
        self._of[org_id] = self._of.get(org_id, 0) + len(packed)
        while self._of[org_id] > self._company_most:
            self._drop(next(one for one, each in self._kept.items() if each.org_id == org_id))
        while self._bytes > self._most:
            self._drop(next(iter(self._kept)))

    def clear(self) -> None:
        self._kept.clear()
        self._of.clear()
        self._bytes = 0

    def _drop(self, key: bytes) -> None:
        gone = self._kept.pop(key)
        self._bytes -= len(gone.answer)
        self._of[gone.org_id] -= len(gone.answer)
        if not self._of[gone.org_id]:
            del self._of[gone.org_id]


ANSWERS = Memory()
"""Of this process; another one's answers are the same, because the key is."""


def key_of(
    actor: Actor, permissions: Iterable[str], known: Watermark, as_of: datetime, *parts: Any
) -> bytes:
    """`parts` are the question itself and whatever else its answer depends on."""
    text = msgspec.json.encode(
        [str(actor.org_id), policy_of(actor, permissions), known, as_of, parts], order="sorted"
    )
    return hashlib.sha256(text).digest()


def until(actor: Actor, permissions: Iterable[str], now: datetime) -> datetime:
    sees_all = all(actor.reach(one).is_all for one in permissions)
    return now + (WHOLE_KEPT if sees_all else PART_KEPT)


def policy_of(actor: Actor, permissions: Iterable[str]) -> list[Any]:
    """All that decides which rows somebody sees, in one order."""
    parts = [
        (one, {name: _sorted(value) for name, value in actor.reach(one).params().items()})
        for one in sorted(set(permissions))
    ]
    return [parts, sorted(actor.hidden)]


def _sorted(value: object) -> object:
    return sorted(str(one) for one in value) if isinstance(value, list) else value
