"""What proves that the parcel came into the right hands, and what is still missing."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec

from tandem.kernel.errors import Conflict, Invalid

PROOFS_MAX = 20
NOTE_LENGTH_MAX = 500


class ProofKind(StrEnum):
    OTP = "otp"
    PHOTO = "photo"
    SIGNATURE = "signature"


PICTURES = frozenset({ProofKind.PHOTO, ProofKind.SIGNATURE})
MAGIC = {
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
    "image/webp": b"RIFF",
}
"""What these files start with; the sender's word for the type is not enough."""

Note = Annotated[str, msgspec.Meta(max_length=NOTE_LENGTH_MAX, pattern=r"^[^\x00]*$")]


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """`is_at_door`: the point lay within the fence around the address; None without a point."""

    field_rules: ClassVar[Mapping[str, str]] = {
        "lat": "delivery.ship_to",
        "lon": "delivery.ship_to",
    }

    id: UUID
    delivery_id: UUID
    kind: ProofKind
    blob_id: UUID | None
    sha256: str | None
    meta: dict[str, Any]
    lat: float | None
    lon: float | None
    is_at_door: bool | None
    occurred_at: datetime
    received_at: datetime
    client_event_id: UUID | None


class ProofMissing(Conflict):
    code = "proof_missing"


class CashMismatch(Conflict):
    code = "cash_mismatch"


class TooManyProofs(Conflict):
    code = "too_many_proofs"


class NotAPicture(Invalid):
    code = "not_a_picture"


def check_picture(content: bytes, media_type: str) -> None:
    """PNG, JPEG or WebP by their first bytes."""
    start = MAGIC.get(media_type)
    if start is None or not content.startswith(start):
        raise NotAPicture(f"Send one of {', '.join(MAGIC)}.", field="file")


def missing(
    policy: Sequence[ProofKind], given: Collection[ProofKind], *, cod_minor: int, has_cash: bool
) -> list[str]:
    lacking = [str(kind) for kind in policy if kind not in given]
    return [*lacking, "cash"] if cod_minor and not has_cash else lacking


def check_complete(
    policy: Sequence[ProofKind],
    given: Collection[ProofKind],
    *,
    cod_minor: int,
    cash_minor: int | None,
) -> None:
    """Raise ProofMissing listing everything that still lacks, so that one visit is enough."""
    lacking = missing(policy, given, cod_minor=cod_minor, has_cash=cash_minor is not None)
    if lacking:
        raise ProofMissing(f"Not proven yet: {', '.join(lacking)}.", missing=lacking)
    if cash_minor is not None and cash_minor != cod_minor:
        raise CashMismatch(
            "The amount collected is not the amount due.",
            expected_minor=cod_minor,
            collected_minor=cash_minor,
        )
