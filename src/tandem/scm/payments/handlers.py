"""What payments does when others tell something."""

from datetime import datetime

import structlog

from tandem.contracts.orders import OrderCancelled, OrderExpired
from tandem.kernel import inbox
from tandem.kernel.db import Tx
from tandem.kernel.events import subscribe
from tandem.kernel.inbox import WebhookKept
from tandem.scm.payments import service
from tandem.scm.payments.gateways.razorpay.webhooks import (
    NotANotice,
    facts_of,
    is_about_settlements,
    link_of,
)
from tandem.scm.payments.gateways.razorpay.wire import PROVIDER

log = structlog.get_logger()


@subscribe(WebhookKept, "payments.read_webhook")
async def read_webhook(tx: Tx, event: WebhookKept, now: datetime) -> None:
    """The signature was checked before it was kept. What cannot be read stays in the inbox."""
    if event.provider != PROVIDER:
        return
    kept = await inbox.get(tx, event.webhook_id)
    try:
        facts = facts_of(kept.body, event_id=kept.delivery_id, received_at=kept.received_at)
        tells_of_settlement = is_about_settlements(kept.body)
        link_id = link_of(kept.body)
    except NotANotice as reason:
        log.warning("webhook_unreadable", webhook_id=str(kept.id), error=str(reason))
        return
    for fact in facts:
        await service.apply_fact(tx, fact, now=now)
    if link_id:
        await service.check_link_soon(tx, provider=PROVIDER, provider_link_id=link_id, now=now)
    if tells_of_settlement:
        await service.request_settlements(tx)


@subscribe(OrderExpired, "payments.close_expired")
async def close_expired(tx: Tx, event: OrderExpired, now: datetime) -> None:
    await service.close_intent(tx, order_id=event.order_id, reason="expired", now=now)


@subscribe(OrderCancelled, "payments.close_cancelled")
async def close_cancelled(tx: Tx, event: OrderCancelled, now: datetime) -> None:
    await service.close_intent(tx, order_id=event.order_id, reason="cancelled", now=now)
    await service.close_links(tx, order_id=event.order_id, now=now)
