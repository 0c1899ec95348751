"""Disputes: the buyer's bank asks for the money back, and somebody answers with evidence in time.

https://razorpay.com/docs/api/disputes/entity. Like a payment, a dispute may be told of in any order
and any number of times: a verdict holds against everything undecided, and of two undecided words
the later one.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar, Literal
from uuid import UUID

import msgspec

EVIDENCE_LENGTH_MAX = 5_000
SUMMARY_LENGTH_MAX = 1_000
"""Of a contest's words; more goes into its papers."""

AnswerKind = Literal["contest", "accept"]
AnswerState = Literal["", "requested", "sent", "refused"]


class DisputeStatus(StrEnum):
    """`action_required`: the evidence was not enough. `closed`: it ended without a verdict."""

    OPEN = "open"
    UNDER_REVIEW = "under_review"
    ACTION_REQUIRED = "action_required"
    CLOSED = "closed"
    WON = "won"
    LOST = "lost"


VERDICTS = frozenset({DisputeStatus.WON, DisputeStatus.LOST})
DECIDED = frozenset({*VERDICTS, DisputeStatus.CLOSED})
WAITING = frozenset({DisputeStatus.OPEN, DisputeStatus.ACTION_REQUIRED})
_PLACE = {status: place for place, status in enumerate(DisputeStatus)}


class DisputeFact(msgspec.Struct, frozen=True, kw_only=True):
    """What the gateway told. `deducted_minor` was taken from us, once it is lost."""

    provider_dispute_id: str
    status: DisputeStatus
    phase: str
    reason: str
    amount_minor: int
    currency: str
    deducted_minor: int
    respond_by: datetime | None
    opened_at: datetime


class Dispute(msgspec.Struct, frozen=True, kw_only=True):
    """`phase` and `reason` are the gateway's words: chargeback, fraud, pre_arbitration. Evidence
    has to be with it by `respond_by`; `evidence_note` is ours and goes nowhere by itself."""

    resource: ClassVar[str] = "payment"
    field_rules: ClassVar[Mapping[str, str]] = {
        "deducted_minor": "amount_minor",
        "evidence_note": "amount_minor",
        "answer_error": "amount_minor",
        "contested_minor": "amount_minor",
        "provider_dispute_id": "provider_payment_id",
    }

    id: UUID
    payment_id: UUID
    order_id: UUID
    order_number: str
    provider: str
    provider_payment_id: str
    provider_dispute_id: str
    status: DisputeStatus
    phase: str
    reason: str
    amount_minor: int
    currency: str
    deducted_minor: int
    respond_by: datetime | None
    opened_at: datetime
    told_at: datetime
    decided_at: datetime | None = None
    evidence_note: str = ""
    answer: Literal["", "contest", "accept"] = ""
    answer_state: AnswerState = ""
    answer_error: str = ""
    contested_minor: int | None = None
    answered_at: datetime | None = None
    version: int = 1

    @property
    def waits_for_us(self) -> bool:
        """The bank has asked, and has nothing from us it could look at."""
        return self.status in WAITING and self.answer_state != "requested"

    @property
    def is_decided(self) -> bool:
        return self.status in DECIDED


class Evidence(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What speaks for us: who took the goods, when, and where the papers are."""

    evidence_note: Annotated[
        str, msgspec.Meta(max_length=EVIDENCE_LENGTH_MAX, pattern=r"^[^\x00]*$")
    ]


class Answer(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """`contest` sends the evidence and the order's papers: its invoice, the pictures from the door.
    `accept` gives the money up. A part may be contested, all of it unless `amount_minor` says so.
    """

    action: AnswerKind
    amount_minor: Annotated[int, msgspec.Meta(ge=1, le=10**12)] | None = None


class AnswerCall(msgspec.Struct, frozen=True, kw_only=True):
    """What the job needs to call the gateway. `tries` counts this one too."""

    dispute: Dispute
    requested_at: datetime
    tries: int


def advance_dispute(dispute: Dispute, told: DisputeFact, *, occurred_at: datetime) -> Dispute:
    """The dispute, knowing this too."""
    deducted = max(dispute.deducted_minor, told.deducted_minor)
    known = _weight(dispute.status, dispute.told_at)
    if _weight(told.status, occurred_at) <= known:
        return msgspec.structs.replace(dispute, deducted_minor=deducted)
    return msgspec.structs.replace(
        dispute,
        status=told.status,
        phase=told.phase,
        reason=told.reason,
        amount_minor=told.amount_minor,
        respond_by=told.respond_by,
        deducted_minor=deducted,
        told_at=occurred_at,
        decided_at=occurred_at if told.status in DECIDED else None,
    )


def lost_of(dispute: Dispute) -> int:
    """What it cost us: a lost one at least what was told, all of it while nothing was."""
    if dispute.status is not DisputeStatus.LOST:
        return 0
    return dispute.deducted_minor or dispute.amount_minor


def _weight(status: DisputeStatus, told_at: datetime) -> tuple[int, datetime, int]:
    certainty = 2 if status in VERDICTS else 1 if status in DECIDED else 0
    return certainty, told_at, _PLACE[status]
