"""A deal that became an order: won by it, and told how the order fares."""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.contracts.sales import OpportunityOrderChanged, OpportunityWon, QuoteOrdered
from tandem.crm.sales.domain.lines import AmountSource
from tandem.crm.sales.domain.opportunities import Opportunity
from tandem.crm.sales.domain.pipelines import Kind
from tandem.crm.sales.domain.quotes import OrderState, Quote
from tandem.crm.sales.service.moving import close_card, names_of_card
from tandem.crm.sales.service.pipelines import get_pipeline
from tandem.crm.sales.service.quotes import names_of
from tandem.crm.sales.service.standing import tell_standing
from tandem.crm.sales.store import opportunities, pipelines
from tandem.crm.sales.store import quotes as store
from tandem.kernel.db import Tx


class Ordered(msgspec.Struct, frozen=True, kw_only=True):
    """The order that a quote became, as far as sales remembers it."""

    order_id: UUID
    number: str
    status: str
    customer_id: UUID
    customer_name: str


async def record_order(tx: Tx, quote: Quote, order: Ordered, *, now: datetime) -> None:
    """The quote has its order, the deal is won by it, at the quote's worth and for its buyer.

    The caller holds the quote (`lock_waiting`). What stages ask for is not asked: the buyer said
    yes. A deal that somebody won or lost by hand meanwhile is won by this.
    """
    ordered = msgspec.structs.replace(
        quote,
        order_state=OrderState.ORDERED,
        order_id=order.order_id,
        order_number=order.number,
        customer_id=order.customer_id,
        pending_reason="",
        next_attempt_at=None,
    )
    await store.save(tx, ordered)
    await _win(tx, quote, order, now)
    deal = await opportunities.find(tx, quote.opportunity_id)
    assert deal, "opportunities are never deleted"
    await tell_standing(tx, deal)
    await tx.publish(
        QuoteOrdered(order_id=order.order_id, order_number=order.number, **names_of(ordered))
    )


async def note_order(tx: Tx, order_id: UUID, *, status: str | None) -> None:
    """The order of a deal changed. Nothing for an order that no deal became."""
    found = await opportunities.find_by_order(tx, order_id)
    if found is None:
        return
    deal = await opportunities.lock(tx, found.id)
    if deal is None or deal.order_id != order_id:
        return
    now_is = status or deal.order_status
    if now_is != deal.order_status:
        await opportunities.save(tx, msgspec.structs.replace(deal, order_status=now_is))
    await tx.publish(
        OpportunityOrderChanged(
            order_id=order_id,
            order_number=deal.order_number,
            status=now_is,
            **names_of_card(deal),
        )
    )


async def _win(tx: Tx, quote: Quote, order: Ordered, now: datetime) -> None:
    seen = await opportunities.find(tx, quote.opportunity_id)
    assert seen, "opportunities are never deleted"
    stages = (await get_pipeline(tx, seen.pipeline_id)).stages
    target = next(one for one in stages if one.kind is Kind.WON)
    await pipelines.lock_stage(tx, target.id)
    deal = await opportunities.lock(tx, seen.id)
    assert deal, "opportunities are never deleted"
    linked = _linked(deal, quote, order)
    if deal.status is Kind.WON:
        await opportunities.save(tx, linked)
        return
    await close_card(tx, linked, target, now, note=f"{quote.label} became {order.number}")
    await tx.publish(
        OpportunityWon(
            amount_minor=quote.taxable_minor, currency=linked.currency, **names_of_card(linked)
        )
    )


def _linked(deal: Opportunity, quote: Quote, order: Ordered) -> Opportunity:
    return msgspec.structs.replace(
        deal,
        customer_id=order.customer_id,
        customer_name=order.customer_name,
        amount_minor=quote.taxable_minor,
        amount_source=AmountSource.LINES,
        lost_reason="",
        lost_note="",
        competitor="",
        order_id=order.order_id,
        order_number=order.number,
        order_status=order.status,
    )
