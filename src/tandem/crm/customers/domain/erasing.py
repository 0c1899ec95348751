"""Erasing a person: announced two days before, done everywhere, and certified."""

import hashlib
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from tandem.kernel.errors import Conflict

NOTICE = timedelta(hours=48)
"""DPDP Rules 2025, rule 8(2): the person is told at least 48 hours before."""


class NewErasure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`is_urgent` leaves the notice out: the person asked for it themselves."""

    reason: Annotated[str, msgspec.Meta(max_length=500, pattern=r"^[^\x00]*$")] = ""
    is_urgent: bool = False


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """The certificate names no person: ids, counts, what is held and why. `files_waiting` counts
    the contents of files whose bytes are still to be deleted: minutes, once it is done."""

    id: UUID
    customer_id: UUID
    state: Literal["waiting", "done", "cancelled"]
    reason: str
    requested_at: datetime
    requested_label: str
    due_at: datetime
    done_at: datetime | None
    certificate: dict[str, Any] | None
    certificate_sha256: str
    files_waiting: int = 0

    @property
    def is_genuine(self) -> bool:
        """The certificate is the one that was issued, to the letter."""
        return bool(self.certificate) and seal(self.certificate) == self.certificate_sha256


class ErasureWaits(Conflict):
    code = "erasure_waits"


class ErasureOver(Conflict):
    code = "erasure_over"


def seal(certificate: dict[str, Any] | None) -> str:
    """SHA-256 over the certificate as JSON with sorted keys and no blanks (RFC 8785 in spirit)."""
    return hashlib.sha256(msgspec.json.encode(certificate, order="sorted")).hexdigest()
