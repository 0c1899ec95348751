"""Answering disputes: what was decided, and the steps of the job that tells the gateway."""

from datetime import datetime
from uuid import UUID

from tandem.contracts.payments import DisputeAnswered
from tandem.kernel import audit, jobs
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid
from tandem.scm.payments.domain import (
    LEASE,
    SUMMARY_LENGTH_MAX,
    AlreadyAnswered,
    AlreadyDecided,
    Answer,
    AnswerCall,
    Dispute,
    ExceptionKind,
    NothingToShow,
    next_try,
)
from tandem.scm.payments.service.disputes import get_dispute, lock_dispute
from tandem.scm.payments.service.exceptions import raise_about
from tandem.scm.payments.store import dispute_answers, exceptions, payments

ANSWER = "payments.answer_dispute"
BATCH = 10


async def request_answer(
    tx: Tx, dispute_id: UUID, asked: Answer, *, has_papers: bool, now: datetime
) -> Dispute:
    """Decide what the bank is told; a job tells it at once. The same again while it is on its way
    is answered as it stands. Refuses AlreadyDecided, AlreadyAnswered, NothingToShow."""
    tx.actor.require("payments.resolve")
    dispute = await lock_dispute(tx, dispute_id)
    contested = _contested(dispute, asked)
    if dispute.answer_state == "requested" and (dispute.answer, dispute.contested_minor) == (
        asked.action,
        contested,
    ):
        return dispute
    if dispute.is_decided:
        raise AlreadyDecided(f"The dispute is {dispute.status}: an answer changes nothing now.")
    if not dispute.waits_for_us:
        raise AlreadyAnswered("An answer is with the bank already. Wait for its word.")
    if asked.action == "contest":
        _check_contest(dispute, has_papers=has_papers)
    await dispute_answers.request(
        tx, dispute_id, answer=asked.action, contested_minor=contested, now=now
    )
    await audit.write(
        tx,
        action="payments.answer_dispute",
        subject_kind="payment_dispute",
        subject_id=dispute_id,
        now=now,
        before={"answer": dispute.answer},
        after={"answer": asked.action, "contested_minor": contested},
    )
    await jobs.enqueue(tx, ANSWER, dedupe=str(dispute_id), dispute_id=dispute_id)
    return await get_dispute(tx, dispute_id)


async def claim_answer(tx: Tx, dispute_id: UUID, *, now: datetime) -> AnswerCall | None:
    """Take it for one call. None when it is told, or another worker has it."""
    return await dispute_answers.claim(tx, dispute_id, now=now, leased_until=now + LEASE)


async def record_answer(tx: Tx, dispute: Dispute, *, now: datetime) -> None:
    """The gateway has it."""
    await dispute_answers.end(tx, dispute.id, state="sent", error="")
    await exceptions.resolve_of_subject(
        tx,
        kind=ExceptionKind.ANSWER_REFUSED,
        subject_id=dispute.id,
        resolution="sent",
        now=now,
    )
    await tx.publish(
        DisputeAnswered(
            order_id=dispute.order_id,
            dispute_id=dispute.id,
            payment_id=dispute.payment_id,
            answer=dispute.answer,
            amount_minor=dispute.contested_minor or dispute.amount_minor,
            currency=dispute.currency,
        )
    )


async def drop_answer(tx: Tx, dispute: Dispute) -> None:
    """The bank decided before it was told: there is nothing left to say."""
    await dispute_answers.end(
        tx, dispute.id, state="refused", error=f"The dispute was {dispute.status} by then."
    )


async def put_off_answer(tx: Tx, call: AnswerCall, *, trouble: str, now: datetime) -> None:
    """No decision: look, and if need be tell it, again later."""
    due_at = next_try(tries=call.tries, now=now)
    await dispute_answers.put_off(tx, call.dispute.id, due_at=due_at, error=trouble[:500])


async def record_answer_refusal(tx: Tx, dispute: Dispute, *, detail: str, now: datetime) -> None:
    """The gateway would not take it: a bank's days run, so somebody has to look."""
    await dispute_answers.end(tx, dispute.id, state="refused", error=detail[:500])
    payment = await payments.find(tx, dispute.payment_id)
    assert payment, "its foreign key holds the payment"
    await raise_about(
        tx,
        ExceptionKind.ANSWER_REFUSED,
        payment,
        detail=f"The gateway refused our answer to the dispute: {detail}",
        now=now,
        subject_id=dispute.id,
    )


async def list_due_answers(tx: Tx, *, provider: str, mode: str, now: datetime) -> list[UUID]:
    return await dispute_answers.list_due(tx, provider=provider, mode=mode, now=now, count=BATCH)


def _contested(dispute: Dispute, asked: Answer) -> int | None:
    if asked.amount_minor is None:
        return None
    if asked.action == "accept":
        raise Invalid("A dispute is accepted whole.", field="amount_minor")
    if asked.amount_minor > dispute.amount_minor:
        raise Invalid("That is more than is disputed.", field="amount_minor")
    return asked.amount_minor if asked.amount_minor < dispute.amount_minor else None


def _check_contest(dispute: Dispute, *, has_papers: bool) -> None:
    if len(dispute.evidence_note) > SUMMARY_LENGTH_MAX:
        raise Invalid(
            f"The bank reads {SUMMARY_LENGTH_MAX} characters: shorten the evidence.",
            field="evidence_note",
        )
    if not has_papers:
        raise NothingToShow(
            "A contest needs a paper, and the order has neither an invoice nor a picture from the "
            "door. Send one in the gateway's dashboard."
        )
