"""A dispute is contested with what the other services know of its order, or accepted.

The bank gets the evidence that was noted, or else what is known of the delivery, with the invoice
and the pictures from the door as papers.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog

from tandem.crm.identity import service as identity
from tandem.kernel.blobs import Blobs
from tandem.kernel.db import Tx
from tandem.kernel.jobs import Work, every, job
from tandem.kernel.outbound import OutcomeUnknown
from tandem.scm.delivery import service as delivery
from tandem.scm.delivery.domain.deliveries import Delivery
from tandem.scm.delivery.domain.proofs import PICTURES, ProofKind
from tandem.scm.delivery.domain.statuses import Status
from tandem.scm.invoicing import service as invoicing
from tandem.scm.invoicing.domain.documents import Invoice
from tandem.scm.invoicing.domain.printing import Sheet
from tandem.scm.payments import service as payments
from tandem.scm.payments.domain import CALL_SECONDS_MAX, Answer, AnswerCall, Dispute
from tandem.scm.payments.service import EvidencePaper, GatewayRefused, PaymentGateway, TryLater

log = structlog.get_logger()

TAKEN = {"image/jpeg": "jpg", "image/png": "png"}
"""Pictures the gateway takes (https://razorpay.com/docs/api/documents)."""

PICTURES_MAX = 4
DELIVERIES_MAX = 5


class Picture(NamedTuple):
    delivery_id: UUID
    proof_id: UUID


class File(NamedTuple):
    """What is known of an order and speaks for us."""

    summary: str
    invoice: tuple[Invoice, Sheet] | None
    pictures: Sequence[Picture]

    @property
    def has_papers(self) -> bool:
        return self.invoice is not None or bool(self.pictures)


async def answer_dispute(tx: Tx, dispute_id: UUID, asked: Answer, *, now: datetime) -> Dispute:
    """Refuses what payments refuses, and a contest without any paper."""
    tx.actor.require("payments.resolve")
    dispute = await payments.get_dispute(tx, dispute_id)
    known = await _file_of(tx.with_all_grants(), dispute)
    return await payments.request_answer(
        tx, dispute_id, asked, has_papers=known.has_papers, now=now
    )


@job(payments.ANSWER)
async def send_answer(work: Work, dispute_id: str) -> None:
    async with work.transaction() as tx:
        call = await payments.claim_answer(tx, UUID(dispute_id), now=work.now())
    if call is None:
        return
    dispute = call.dispute
    try:
        async with asyncio.timeout(CALL_SECONDS_MAX):
            is_told = await _tell(work, call)
    except GatewayRefused as refused:
        async with work.transaction() as tx:
            await payments.record_answer_refusal(tx, dispute, detail=refused.detail, now=work.now())
    except (TryLater, OutcomeUnknown, TimeoutError) as trouble:
        words = f"{type(trouble).__name__}: {trouble}"
        log.warning("dispute_not_answered", dispute=dispute.provider_dispute_id, error=words)
        async with work.transaction() as tx:
            await payments.put_off_answer(tx, call, trouble=words, now=work.now())
    else:
        async with work.transaction() as tx:
            if is_told:
                await payments.record_answer(tx, dispute, now=work.now())
            else:
                await payments.drop_answer(tx, dispute)


@every(30, "payments.answer_disputes")
async def answer_disputes(work: Work) -> None:
    """Answers put off, or whose worker died over them."""
    gateway = work.get(PaymentGateway)
    async with work.transaction() as tx:
        due = await payments.list_due_answers(
            tx, provider=gateway.provider, mode=gateway.mode, now=work.now()
        )
    for dispute_id in due:
        await send_answer(work, str(dispute_id))


async def _tell(work: Work, call: AnswerCall) -> bool:
    """Whether the gateway has it. A later try looks first: an earlier one may have told it."""
    gateway = work.get(PaymentGateway)
    dispute = call.dispute
    if dispute.is_decided:
        return dispute.answer == "accept" and dispute.status == "lost"
    name = dispute.provider_dispute_id
    if call.tries > 1 and await gateway.disputes.is_answered(name, since=call.requested_at):
        return True
    if dispute.answer == "accept":
        fact = await gateway.disputes.accept(name, seen_at=work.now())
    else:
        async with work.transaction() as tx:
            known = await _file_of(tx, dispute)
        fact = await gateway.disputes.contest(
            name,
            amount_minor=dispute.contested_minor or dispute.amount_minor,
            summary=known.summary,
            papers=await _papers(work, known),
            seen_at=work.now(),
        )
    async with work.transaction() as tx:
        await payments.apply_fact(tx, fact, now=work.now())
    return True


async def _file_of(tx: Tx, dispute: Dispute) -> File:
    invoice = await invoicing.find_for_order(tx, dispute.order_id)
    sheet = await invoicing.get_sheet_of_order(tx, dispute.order_id) if invoice else None
    brought = [
        one
        for one in await delivery.list_of_order(tx, dispute.order_id)
        if one.status == Status.DELIVERED
    ][:DELIVERIES_MAX]
    words = [f"Order {dispute.order_number}"]
    if invoice:
        words.append(f"invoice {invoice.number}")
    pictures: list[Picture] = []
    zone = ZoneInfo((await identity.get_organisation(tx)).time_zone)
    for one in brought:
        proofs = await delivery.list_proofs(tx, one.id)
        kinds = {proof.kind for proof in proofs}
        words.append(_told(one, kinds, zone))
        pictures += [Picture(one.id, proof.id) for proof in proofs if proof.kind in PICTURES]
    summary = dispute.evidence_note.strip() or f"{', '.join(words)}."
    return File(summary=summary, invoice=sheet, pictures=pictures[:PICTURES_MAX])


def _told(one: Delivery, kinds: set[ProofKind], zone: ZoneInfo) -> str:
    assert one.closed_at, "what was delivered is closed"
    at = f"{one.closed_at.astimezone(zone):%d %b %Y at %H:%M}"
    code = ", the one-time code was given at the door" if ProofKind.OTP in kinds else ""
    return f"shipment {one.shipment_number} delivered on {at}{code}"


async def _papers(work: Work, known: File) -> list[EvidencePaper]:
    papers: list[EvidencePaper] = []
    if known.invoice:
        invoice, sheet = known.invoice
        papers.append(
            EvidencePaper(
                purpose="billing_proof",
                filename=f"{invoice.number.replace('/', '-')}.pdf",
                media_type="application/pdf",
                content=await invoicing.print_paper(sheet, issued_at=invoice.issued_at),
            )
        )
    for picture in known.pictures:
        async with work.transaction() as tx:
            blob, content = await delivery.read_picture(
                tx, work.get(Blobs), picture.delivery_id, picture.proof_id
            )
        if ending := TAKEN.get(blob.media_type):
            papers.append(
                EvidencePaper(
                    purpose="shipping_proof",
                    filename=f"{blob.filename}.{ending}",
                    media_type=blob.media_type,
                    content=content,
                )
            )
    return papers
