"""`apply_fact`: the only way a payment or a gateway's word about a refund changes."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from tandem.kernel import jobs, references
from tandem.kernel.db import Tx
from tandem.kernel.ids import new_id
from tandem.kernel.money import in_figures
from tandem.kernel.references import Reference
from tandem.scm.payments.domain import (
    POLICY,
    RANK,
    ExceptionKind,
    Fact,
    Intent,
    IntentStatus,
    Payment,
    PaymentLink,
    Policy,
    Refund,
    RefundFact,
    Standing,
    Status,
    advance,
    advance_refund,
    is_captured,
    judge,
    judge_by_link,
    match_refund,
    settle,
)
from tandem.scm.payments.service import refunding
from tandem.scm.payments.service.disputes import follow_dispute
from tandem.scm.payments.service.exceptions import raise_about
from tandem.scm.payments.service.news import Change, tell
from tandem.scm.payments.store import exceptions, intents, ledger, links, payments, refunds

replace = msgspec.structs.replace

MISFITS = (
    ExceptionKind.AMOUNT_MISMATCH,
    ExceptionKind.CURRENCY_MISMATCH,
    ExceptionKind.DOUBLE_PAYMENT,
)


async def apply_fact(tx: Tx, fact: Fact, *, now: datetime) -> Payment | None:
    """Write down what was told and let follow what follows. In any order, any number of times.

    Returns the payment as it now stands; None when this was told before, or when the payment is not
    known yet: then the fact is held, and counts as soon as somebody tells of it and its order is
    known as ours.
    """
    await ledger.take_turn(tx, fact.provider_payment_id)
    is_new = await ledger.add_event(tx, fact, now=now)
    payment = await payments.lock_by_provider(
        tx, provider=fact.provider, provider_payment_id=fact.provider_payment_id
    )
    if payment is not None:
        return await follow(tx, payment, [fact], now=now) if is_new else None
    payment = await _recognise(tx, fact, now=now)
    if payment is None:
        if is_new:
            await _ask_about(tx, fact)
        return None
    held = await ledger.list_facts(
        tx, provider=fact.provider, provider_payment_id=fact.provider_payment_id
    )
    return await follow(tx, payment, held, now=now)


async def follow(tx: Tx, before: Payment, facts: Sequence[Fact], *, now: datetime) -> Payment:
    """Advance a locked payment by these facts, judge it, save it and tell what is new."""
    known = {refund.id: refund for refund in await refunds.list_of_payment(tx, before.id)}
    refunds_before = dict(known)
    after = before
    for fact in facts:
        if fact.payment:
            after = advance(after, fact.payment, occurred_at=fact.occurred_at)
        if fact.refund:
            refund = _advance_refund(after, list(known.values()), fact.refund, fact, now)
            known[refund.id] = refund
    after = settle(after, known.values())
    after, misfit = await _judged(tx, after)
    change = Change(before=before, after=after, refunds_before=refunds_before, refunds_after=known)
    await _save(tx, change, now=now)
    await tell(tx, change, now=now)
    await _react(tx, change, misfit, now=now)
    for fact in facts:
        if fact.dispute:
            after = await follow_dispute(
                tx, after, fact.dispute, occurred_at=fact.occurred_at, now=now
            )
    return after


async def after_acceptance(tx: Tx, before: Payment, after: Payment, *, now: datetime) -> None:
    """A person decided that a misfit counts: save it, and let follow what would have followed."""
    change = Change(before=before, after=after, refunds_before={}, refunds_after={})
    await _save(tx, change, now=now)
    await tell(tx, change, now=now)
    await _react(tx, change, None, now=now)


async def _recognise(tx: Tx, fact: Fact, *, now: datetime) -> Payment | None:
    """A new row, when the gateway order, or the link, is one of ours."""
    asked = await _asked_for(tx, fact)
    if asked is None:
        return None
    assert asked.mode, "what exists at the gateway knows its mode"
    payment = Payment(
        id=new_id(),
        order_id=asked.order_id,
        order_number=asked.order_number,
        intent_id=asked.id if isinstance(asked, Intent) else None,
        link_id=asked.id if isinstance(asked, PaymentLink) else None,
        provider=fact.provider,
        provider_payment_id=fact.provider_payment_id,
        mode=asked.mode,
        created_at=now,
    )
    await payments.insert(tx, payment)
    await references.add(
        tx,
        Reference(
            system=payment.provider,
            kind="payment",
            external_id=payment.provider_payment_id,
            entity_kind="payment",
            entity_id=payment.id,
            order_id=payment.order_id,
        ),
    )
    return payment


async def _asked_for(tx: Tx, fact: Fact) -> Intent | PaymentLink | None:
    """What of ours this payment answers."""
    if fact.payment is None:
        return None
    if fact.payment.provider_link_id is not None:
        return await links.find_by_provider(
            tx, provider=fact.provider, provider_link_id=fact.payment.provider_link_id
        )
    if fact.payment.provider_order_id is None:
        return None
    return await intents.find_by_provider_order(
        tx, provider=fact.provider, provider_order_id=fact.payment.provider_order_id
    )


async def _ask_about(tx: Tx, fact: Fact) -> None:
    """A refund or a dispute names no order: the payment itself will."""
    if fact.payment is None:
        await jobs.enqueue(
            tx,
            "payments.fetch_payment",
            dedupe=fact.provider_payment_id,
            provider_payment_id=fact.provider_payment_id,
        )


def _advance_refund(
    payment: Payment, known: list[Refund], told: RefundFact, fact: Fact, now: datetime
) -> Refund:
    """A refund nobody here asked for was made in the gateway's dashboard: it gets a row too."""
    refund = match_refund(known, told) or Refund(
        id=new_id(),
        payment_id=payment.id,
        order_id=payment.order_id,
        amount_minor=told.amount_minor,
        currency=told.currency,
        reason="Made at the gateway",
        status=told.status,
        is_ours=False,
        idempotency_key=f"{fact.provider}:{told.provider_refund_id}"[:64],
        requested_at=now,
    )
    return advance_refund(refund, told, occurred_at=fact.occurred_at)


async def _judged(tx: Tx, payment: Payment) -> tuple[Payment, ExceptionKind | None]:
    """Decide once, when the payment is authorised and its amount known, whether it counts.

    The intent's row is the queue for it: of two payments of one order only the first one fits.
    """
    if (
        payment.standing is not Standing.UNJUDGED
        or RANK[payment.status] < RANK[Status.AUTHORIZED]
        or payment.amount_minor is None
    ):
        return payment, None
    misfit = await (_judge_by_link if payment.link_id else _judge_by_intent)(tx, payment)
    return replace(payment, standing=Standing.MISFIT if misfit else Standing.COUNTED), misfit


async def _judge_by_intent(tx: Tx, payment: Payment) -> ExceptionKind | None:
    intent = await intents.lock_current(tx, payment.order_id)
    assert intent, "a payment is recognised by an intent of its order"
    return judge(intent, payment, is_taken=await payments.is_taken(tx, payment))


async def _judge_by_link(tx: Tx, payment: Payment) -> ExceptionKind | None:
    assert payment.link_id, "it was recognised by its link"
    link = await links.lock(tx, payment.link_id)
    assert link, "its foreign key holds the link"
    sums = await payments.totals(tx, payment.order_id)
    counted = sums.authorized_minor + sums.captured_minor
    return judge_by_link(link, payment, counted_minor=counted)


async def _save(tx: Tx, change: Change, *, now: datetime) -> None:
    if change.after != change.before:
        await payments.update(tx, change.after, now=now)
    for refund in change.refunds_after.values():
        before = change.refunds_before.get(refund.id)
        if before is None:
            await refunds.insert(tx, refund, due_at=refunding.first_look(refund, now))
        elif refund != before:
            await refunds.update(tx, refund)
        if refund.provider_refund_id and (before is None or before.provider_refund_id is None):
            await references.add(tx, _reference_of(change.after, refund))


def _reference_of(payment: Payment, refund: Refund) -> Reference:
    assert refund.provider_refund_id, "only what the gateway named has a reference"
    return Reference(
        system=payment.provider,
        kind="refund",
        external_id=refund.provider_refund_id,
        entity_kind="refund",
        entity_id=refund.id,
        order_id=payment.order_id,
    )


async def _react(tx: Tx, change: Change, misfit: ExceptionKind | None, *, now: datetime) -> None:
    """What the new state asks for: a capture, the end of the request, a look by a person."""
    payment = change.after
    if misfit:
        await raise_about(tx, misfit, payment, detail=_misfit_detail(misfit, payment), now=now)
    if payment.standing is Standing.COUNTED:
        await _react_counted(tx, change, now=now)
    elif payment.standing is Standing.MISFIT:
        await _react_misfit(tx, change, now=now)
    newly_lost = change.before.status is not Status.AUTO_REFUNDED
    if payment.status is Status.AUTO_REFUNDED and newly_lost:
        detail = "The gateway gave back an authorised payment that was never captured."
        await raise_about(tx, ExceptionKind.AUTO_REFUNDED, payment, detail=detail, now=now)


async def _react_counted(tx: Tx, change: Change, *, now: datetime) -> None:
    payment = change.after
    was_counted = change.before.standing is Standing.COUNTED
    if payment.status is Status.AUTHORIZED and not was_counted:
        await jobs.enqueue(
            tx, "payments.capture_payment", dedupe=str(payment.id), payment_id=payment.id
        )
    if is_captured(payment) and not (was_counted and is_captured(change.before)):
        await exceptions.resolve_of_subject(
            tx,
            kind=ExceptionKind.UNCAPTURED,
            subject_id=payment.id,
            resolution="captured",
            now=now,
        )
        if payment.link_id is not None:
            await links.add_up(tx, payment.link_id, now=now)
        current = await intents.lock_current(tx, payment.order_id)
        if current is not None and payment.link_id is None:
            await intents.end(tx, current.id, status=IntentStatus.PAID, reason="paid", now=now)
    for refund in change.new_refunds():
        if not refund.is_ours and is_captured(payment):
            amount = in_figures(refund.amount_minor, refund.currency)
            detail = f"{amount} went back without our asking."
            await raise_about(
                tx,
                ExceptionKind.REFUNDED_OUTSIDE,
                payment,
                detail=detail,
                now=now,
                subject_id=refund.id,
            )


async def _react_misfit(tx: Tx, change: Change, *, now: datetime) -> None:
    payment = change.after
    if payment.status is Status.REFUNDED:
        for kind in MISFITS:
            await exceptions.resolve_of_subject(
                tx, kind=kind, subject_id=payment.id, resolution="refunded", now=now
            )
    elif is_captured(payment) and not is_captured(change.before):
        why = await exceptions.find_misfit(tx, payment.id)
        if why is not None and POLICY[why] is Policy.AUTO_REFUND:
            await refunding.give_back(
                tx, payment, amount_minor=None, reason=why, key=f"surplus-{payment.id}", now=now
            )


def _misfit_detail(kind: ExceptionKind, payment: Payment) -> str:
    paid = in_figures(payment.amount_minor or 0, payment.currency or "")
    match kind:
        case ExceptionKind.DOUBLE_PAYMENT:
            return f"Another payment counts for this order already; {paid} came on top."
        case ExceptionKind.CURRENCY_MISMATCH:
            return f"Paid in another currency than asked: {paid}."
        case _:
            return f"Not the amount that was asked: {paid}."
