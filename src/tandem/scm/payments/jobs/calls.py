"""Payment requests, captures, refunds, and the sweep over all that waits."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from tandem.kernel import jobs
from tandem.kernel.jobs import Work, every, job
from tandem.kernel.outbound import OutcomeUnknown
from tandem.scm.payments import service
from tandem.scm.payments.domain import (
    CALL_SECONDS_MAX,
    Fact,
    Intent,
    Payment,
    RefundStatus,
    is_captured,
)
from tandem.scm.payments.gateways.port import (
    GatewayOrder,
    GatewayRefused,
    PaymentGateway,
    TryLater,
)

log = structlog.get_logger()

NO_DECISION = (TryLater, OutcomeUnknown, TimeoutError)
FETCH_TRIES_MAX = 8


@job("payments.open_gateway_order")
async def open_gateway_order(work: Work, intent_id: str) -> None:
    gateway = work.get(PaymentGateway)
    async with work.transaction() as tx:
        intent = await service.claim_intent(tx, UUID(intent_id), now=work.now())
    if intent is None:
        return
    try:
        async with asyncio.timeout(CALL_SECONDS_MAX):
            order = await _make_or_find_order(gateway, intent, work.org_id)
    except GatewayRefused as refused:
        blames_receipt = "receipt" in (refused.field, *refused.detail.lower().split())
        async with work.transaction() as tx:
            await service.record_refusal(
                tx, intent, detail=refused.detail, blames_receipt=blames_receipt, now=work.now()
            )
    except NO_DECISION as trouble:
        async with work.transaction() as tx:
            await service.record_trouble(tx, intent, trouble=_words(trouble), now=work.now())
    else:
        async with work.transaction() as tx:
            await service.record_gateway_order(
                tx,
                intent,
                provider=gateway.provider,
                mode=gateway.mode,
                provider_order_id=order.provider_order_id,
                now=work.now(),
            )


async def _make_or_find_order(
    gateway: PaymentGateway, intent: Intent, org_id: UUID
) -> GatewayOrder:
    """The first try makes it. Any later one looks first: an earlier call may have made it."""
    if intent.tries > 1:
        found = await gateway.find_order(receipt=intent.receipt, intent_id=intent.id)
        if found is not None:
            return found
    return await gateway.open_order(
        receipt=intent.receipt,
        amount_minor=intent.amount_minor,
        currency=intent.currency,
        notes={
            "org_id": str(org_id),
            "order_id": str(intent.order_id),
            "intent_id": str(intent.id),
            "order_number": intent.order_number,
        },
    )


@job("payments.fetch_payment")
async def fetch_payment(work: Work, provider_payment_id: str, tries: int = 0) -> None:
    """Ask what the gateway knows of one payment, and again later while it is out of reach."""
    gateway = work.get(PaymentGateway)
    try:
        async with asyncio.timeout(CALL_SECONDS_MAX):
            facts = await gateway.look_at_payment(provider_payment_id, seen_at=work.now())
    except (GatewayRefused, *NO_DECISION) as trouble:
        log.warning("payment_not_fetched", payment=provider_payment_id, error=_words(trouble))
        if tries < FETCH_TRIES_MAX:
            async with work.transaction() as tx:
                await jobs.enqueue(
                    tx,
                    "payments.fetch_payment",
                    delay=timedelta(seconds=5 * 2**tries),
                    provider_payment_id=provider_payment_id,
                    tries=tries + 1,
                )
        return
    await _apply(work, facts)


@job("payments.capture_payment")
async def capture_payment(work: Work, payment_id: str) -> None:
    gateway = work.get(PaymentGateway)
    async with work.transaction() as tx:
        claimed = await service.claim_capture(
            tx, UUID(payment_id), is_automatic=gateway.is_capture_automatic, now=work.now()
        )
    if claimed is None:
        return
    payment, tries = claimed
    try:
        async with asyncio.timeout(CALL_SECONDS_MAX):
            await _capture(work, gateway, payment, is_first=tries == 1)
    except GatewayRefused as refused:
        await _after_refused_capture(work, gateway, payment, tries=tries, detail=refused.detail)
    except NO_DECISION as trouble:
        log.warning("capture_put_off", payment_id=payment_id, error=_words(trouble))
        async with work.transaction() as tx:
            await service.put_off_capture(tx, payment.id, tries=tries, now=work.now())


async def _capture(
    work: Work, gateway: PaymentGateway, payment: Payment, *, is_first: bool
) -> None:
    """A later try looks first: an earlier call, or the gateway by itself, may have captured."""
    assert payment.amount_minor is not None and payment.currency, "claimed with its money known"
    if not is_first and await _is_captured_there(work, gateway, payment):
        return
    facts = await gateway.capture(
        payment.provider_payment_id,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        seen_at=work.now(),
    )
    await _apply(work, facts)


async def _is_captured_there(work: Work, gateway: PaymentGateway, payment: Payment) -> bool:
    facts = await gateway.look_at_payment(payment.provider_payment_id, seen_at=work.now())
    await _apply(work, facts)
    async with work.transaction() as tx:
        return is_captured(await service.get_payment(tx, payment.id))


async def _after_refused_capture(
    work: Work, gateway: PaymentGateway, payment: Payment, *, tries: int, detail: str
) -> None:
    """Refused because it is captured already, mostly; anything else is for a person."""
    try:
        async with asyncio.timeout(CALL_SECONDS_MAX):
            if await _is_captured_there(work, gateway, payment):
                return
    except (GatewayRefused, *NO_DECISION) as trouble:
        log.warning("payment_not_fetched", payment_id=str(payment.id), error=_words(trouble))
    async with work.transaction() as tx:
        await service.record_capture_refusal(
            tx, payment, tries=tries, detail=detail, now=work.now()
        )


@job("payments.send_refund")
async def send_refund(work: Work, refund_id: str) -> None:
    gateway = work.get(PaymentGateway)
    async with work.transaction() as tx:
        call = await service.claim_refund(tx, UUID(refund_id), now=work.now())
    if call is None:
        return
    try:
        async with asyncio.timeout(CALL_SECONDS_MAX):
            facts = await _send_or_find_refund(work, gateway, call)
    except GatewayRefused as refused:
        await _after_refused_refund(work, gateway, call, detail=refused.detail)
    except NO_DECISION as trouble:
        async with work.transaction() as tx:
            await service.put_off_refund(tx, call, trouble=_words(trouble), now=work.now())
    else:
        await _apply(work, facts)
        async with work.transaction() as tx:
            await service.put_off_refund(tx, call, trouble="", now=work.now())


async def _send_or_find_refund(
    work: Work, gateway: PaymentGateway, call: service.RefundCall
) -> list[Fact]:
    """The first try sends. A later one looks first and sends, if need be, with the same key: the
    gateway answers the same refund for it."""
    if call.tries > 1:
        found = await gateway.look_at_refunds(call.provider_payment_id, seen_at=work.now())
        is_known = any(fact.refund and _is_about(fact, call) for fact in found)
        if is_known or call.refund.status is RefundStatus.PENDING:
            return found
    sent = await gateway.refund(
        call.provider_payment_id,
        refund_id=call.refund.id,
        amount_minor=call.refund.amount_minor,
        key=call.refund.idempotency_key,
        notes={"org_id": str(work.org_id), "order_id": str(call.refund.order_id)},
        seen_at=work.now(),
    )
    return [sent]


def _is_about(fact: Fact, call: service.RefundCall) -> bool:
    told = fact.refund
    return told is not None and (
        told.refund_id == call.refund.id
        or told.provider_refund_id == call.refund.provider_refund_id
    )


async def _after_refused_refund(
    work: Work, gateway: PaymentGateway, call: service.RefundCall, *, detail: str
) -> None:
    """Refused because it was made already, perhaps. Only a look tells; without one, it waits."""
    try:
        async with asyncio.timeout(CALL_SECONDS_MAX):
            found = await gateway.look_at_refunds(call.provider_payment_id, seen_at=work.now())
    except (GatewayRefused, *NO_DECISION):
        async with work.transaction() as tx:
            await service.put_off_refund(tx, call, trouble=detail, now=work.now())
        return
    await _apply(work, found)
    if not any(_is_about(fact, call) for fact in found):
        async with work.transaction() as tx:
            await service.fail_refund(tx, call.refund.id, detail=detail, now=work.now())


@every(15, "payments.reconcile")
async def reconcile(work: Work) -> None:
    """Take up whatever waits: unopened requests, captures, refunds, and payments nobody told of."""
    gateway = work.get(PaymentGateway)
    provider, mode, now = gateway.provider, gateway.mode, work.now()
    async with work.transaction() as tx:
        unopened = await service.list_unopened(tx, now=now)
        captures = await service.list_due_captures(
            tx,
            provider=provider,
            mode=mode,
            is_automatic=gateway.is_capture_automatic,
            now=now,
        )
        refunds = await service.list_due_refunds(tx, provider=provider, mode=mode, now=now)
        checks = await service.claim_due_checks(tx, provider=provider, mode=mode, now=now)
    for intent_id in unopened:
        await open_gateway_order(work, str(intent_id))
    for payment_id in captures:
        await capture_payment(work, str(payment_id))
    for refund_id in refunds:
        await send_refund(work, str(refund_id))
    for intent in checks:
        await _check(work, gateway, intent, now)


async def _check(work: Work, gateway: PaymentGateway, intent: Intent, now: datetime) -> None:
    """A webhook may be lost; the gateway itself knows. The next turn was set with the claim."""
    assert intent.provider_order_id, "only intents with a gateway order are checked"
    try:
        async with asyncio.timeout(CALL_SECONDS_MAX):
            facts = await gateway.look_at_order(intent.provider_order_id, seen_at=now)
    except (GatewayRefused, *NO_DECISION) as trouble:
        log.warning("order_not_checked", order=intent.provider_order_id, error=_words(trouble))
        return
    await _apply(work, facts)


@every(300, "payments.watch_uncaptured")
async def watch_uncaptured(work: Work) -> None:
    async with work.transaction() as tx:
        await service.raise_uncaptured(tx, now=work.now())


async def _apply(work: Work, facts: list[Fact]) -> None:
    """One transaction per fact: each holds its payment's row only as long as it needs."""
    for fact in facts:
        async with work.transaction() as tx:
            await service.apply_fact(tx, fact, now=work.now())


def _words(trouble: BaseException) -> str:
    return f"{type(trouble).__name__}: {trouble}"[:500]
