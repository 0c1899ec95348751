"""The buyer's page: what it shows, and the browser coming back from the gateway."""

from datetime import datetime
from uuid import UUID

from tandem.kernel import jobs
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound
from tandem.scm.payments.domain import (
    RANK,
    BadSignature,
    Checkout,
    Fact,
    Intent,
    Payment,
    PaymentFact,
    PayPage,
    PayState,
    Source,
    Standing,
    Status,
    Summary,
    pay_state,
)
from tandem.scm.payments.gateways.port import PaymentGateway
from tandem.scm.payments.service.facts import apply_fact
from tandem.scm.payments.store import intents, payments


async def pay_page(tx: Tx, gateway: PaymentGateway, *, order_id: UUID, now: datetime) -> PayPage:
    """The order's pay page as it stands. NotFound when it was never to be paid in advance."""
    asked = await intents.list_of_order(tx, order_id)
    if not asked:
        raise NotFound("There is nothing to pay here.")
    intent = asked[0]
    attempts = await payments.list_of_order(tx, order_id)
    state = pay_state(intent, _furthest(attempts), now)
    if state is PayState.PAYABLE and intent.mode != gateway.mode:
        state = PayState.UNAVAILABLE
    summary = await intents.get_summary(tx, intent.id)
    return PayPage(
        state=state,
        order_number=intent.order_number,
        amount_minor=intent.amount_minor,
        currency=intent.currency,
        items=summary.items,
        items_more=summary.items_more,
        mode=intent.mode,
        expires_at=intent.expires_at,
        last_error=_last_error(attempts),
        checkout=_checkout(intent, gateway, summary) if state is PayState.PAYABLE else None,
    )


async def record_return(
    tx: Tx,
    gateway: PaymentGateway,
    *,
    order_id: UUID,
    provider_payment_id: str,
    signature: str,
    now: datetime,
) -> None:
    """The browser came back with the gateway's signature. The gateway order it must be for is taken
    from our rows, never from the browser. Refuses BadSignature, and then keeps nothing.

    It proves the authorisation; the amount is asked of the gateway by a job.
    """
    intent = next(
        (
            intent
            for intent in await intents.list_of_order(tx, order_id)
            if intent.provider_order_id
            and gateway.is_genuine_return(
                provider_order_id=intent.provider_order_id,
                provider_payment_id=provider_payment_id,
                signature=signature,
            )
        ),
        None,
    )
    if intent is None:
        raise BadSignature("This is not a payment for this order.", field="razorpay_signature")
    fact = Fact(
        provider=gateway.provider,
        provider_payment_id=provider_payment_id,
        source=Source.RETURN,
        event_id=provider_payment_id,
        kind="browser.returned",
        occurred_at=now,
        payment=PaymentFact(provider_order_id=intent.provider_order_id, status=Status.AUTHORIZED),
    )
    await apply_fact(tx, fact, now=now)
    await intents.check_soon(tx, intent.id, now=now)
    await jobs.enqueue(
        tx,
        "payments.fetch_payment",
        dedupe=provider_payment_id,
        provider_payment_id=provider_payment_id,
    )


def _furthest(attempts: list[Payment]) -> Payment | None:
    fitting = [payment for payment in attempts if payment.standing is not Standing.MISFIT]
    return max(fitting, key=lambda payment: RANK[payment.status], default=None)


def _last_error(attempts: list[Payment]) -> str:
    """Newest first: only the latest attempt's failure is worth a word."""
    return attempts[0].error if attempts else ""


def _checkout(intent: Intent, gateway: PaymentGateway, summary: Summary) -> Checkout:
    assert intent.provider_order_id, "payable means that a gateway order exists"
    return Checkout(
        provider=gateway.provider,
        script_url=gateway.script_url,
        key_id=gateway.key_id,
        provider_order_id=intent.provider_order_id,
        amount_minor=intent.amount_minor,
        currency=intent.currency,
        description=f"Order {intent.order_number}",
        prefill=summary.prefill,
        return_url=f"{gateway.return_base_url}/v1/public/pay/{summary.public_token}/return",
    )
