"""An accepted quote becomes one order of the supply-chain half, and its deal is won by it.

Accepting writes the yes and queues the order. The order, its stock, the deal and the quote are then
one transaction: it is whole or it did not happen, however often it is tried and wherever it is
killed. While stock is short or orders cannot be taken, the quote stays accepted and waits, with the
reason, and is tried again by itself.
"""

from datetime import datetime
from uuid import UUID

import structlog

from tandem.contracts.india import check_address, with_state
from tandem.contracts.orders import OrderSnapshot
from tandem.crm.sales import service as sales
from tandem.crm.sales.domain.quotes import Acceptance, Quote
from tandem.flows.place_order.basket import Buyer, Line, NewOrder, OutsideId
from tandem.flows.place_order.placing import place_orders
from tandem.flows.place_order.pricing import Agreed, AgreedLine
from tandem.flows.quotes.writing import business_day
from tandem.kernel import jobs
from tandem.kernel.db import TROUBLE, Tx
from tandem.kernel.errors import Conflict, Refusal
from tandem.kernel.jobs import Work, every, job

ORDER = "sales.order_quote"
MINUTES_A_DAY = 24 * 60
AWAY = "Orders cannot be taken right now. It is tried again by itself."

log = structlog.get_logger()


class TotalMoved(Conflict):
    """The tax changed since the quote was made: the buyer said yes to another sum."""

    code = "quote_total_moved"


async def accept_quote(tx: Tx, quote_id: UUID, acceptance: Acceptance, *, now: datetime) -> Quote:
    """The buyer says yes, or staff for them. Exactly one acceptance of a deal's quotes is taken.

    Refuses what is not open any more (QuoteEnded), and no address or a wrong one.
    """
    ship_to = acceptance.ship_to
    if ship_to is not None:
        check_address(ship_to, field="ship_to")
        ship_to = with_state(ship_to)
    accepted = await sales.accept_quote(
        tx,
        quote_id,
        name=acceptance.name,
        ship_to=ship_to,
        today=await business_day(tx, now),
        now=now,
    )
    await jobs.enqueue(tx, ORDER, quote_id=str(quote_id))
    return accepted


async def try_again(tx: Tx, quote_id: UUID, *, now: datetime) -> Quote:
    """By hand, without waiting for the next turn. Refuses what waits for no order."""
    quote = await sales.try_again(tx, quote_id, now=now)
    await jobs.enqueue(tx, ORDER, quote_id=str(quote_id))
    return quote


@job(ORDER)
async def order_quote(work: Work, quote_id: str) -> None:
    await _order(work, UUID(quote_id))


@every(15, "sales.order_waiting_quotes")
async def order_waiting(work: Work) -> None:
    """Those whose next try is due, at most 20 a turn."""
    async with work.transaction() as tx:
        due = await sales.list_waiting(tx, now=work.now())
    for quote_id in due:
        await _order(work, quote_id)


@every(300, "sales.expire_quotes")
async def expire_quotes(work: Work) -> None:
    async with work.transaction() as tx:
        now = work.now()
        await sales.expire_quotes(tx, today=await business_day(tx, now), now=now)


async def _order(work: Work, quote_id: UUID) -> None:
    try:
        async with work.transaction() as tx:
            await win(tx, quote_id, now=work.now())
        return
    except Refusal as refusal:
        reason = refusal.detail
    except TROUBLE as trouble:
        log.warning("quote_not_ordered", quote_id=str(quote_id), error=str(trouble))
        reason = AWAY
    async with work.transaction() as tx:
        await sales.note_waiting(tx, quote_id, reason=reason, now=work.now())


async def win(tx: Tx, quote_id: UUID, *, now: datetime) -> None:
    """Place the order of an accepted quote and win its deal. Nothing if that is done already.

    Refuses what placing an order refuses (out of stock, off sale), and TotalMoved.
    """
    quote = await sales.lock_waiting(tx, quote_id)
    if quote is None:
        return
    [outcome] = await place_orders(tx, [_ask(quote)], agreed=[_agreed(quote)], now=now)
    if isinstance(outcome, Refusal):
        raise outcome
    _check_total(quote, outcome)
    ordered = sales.Ordered(
        order_id=outcome.id,
        number=outcome.number,
        status=outcome.status,
        customer_id=outcome.customer_id,
        customer_name=outcome.customer_name,
    )
    await sales.record_order(tx, quote, ordered, now=now)


def _ask(quote: Quote) -> NewOrder:
    """The reference is unique: not even a second worker makes a second order of it."""
    buyer = Buyer(
        name=quote.customer_name,
        email=quote.customer_email,
        phone=quote.customer_phone,
        gstin=quote.customer_gstin,
    )
    return NewOrder(
        customer_id=quote.customer_id,
        customer=None if quote.customer_id else buyer,
        lines=[Line(sku=line.sku, quantity=line.quantity) for line in quote.lines],
        ship_to=quote.ship_to,
        payment_method=quote.payment_method,
        channel="quote",
        discount_minor=sum(line.discount_minor for line in quote.lines),
        is_sez=quote.supply_kind.startswith("SEZ"),
        note=f"Quote {quote.label}, accepted by {quote.settled_by}",
        references=[OutsideId(system="tandem", kind="quote", external_id=str(quote.id))],
    )


def _agreed(quote: Quote) -> Agreed:
    return Agreed(
        lines=[
            AgreedLine(
                unit_price_minor=line.unit_price_minor,
                price_includes_tax=line.price_includes_tax,
                discount_minor=line.discount_minor,
            )
            for line in quote.lines
        ],
        currency=quote.currency,
        unpaid_minutes=quote.pay_days * MINUTES_A_DAY,
    )


def _check_total(quote: Quote, order: OrderSnapshot) -> None:
    """Another state splits the same tax differently, which rounds by a paisa a line at most; where
    documents are rounded to rupees, that may tip the rupee."""
    leeway = len(quote.lines) + (100 if quote.round_off_minor else 0)
    if abs(order.total_minor - quote.total_minor) > leeway:
        raise TotalMoved(
            "The tax changed since the quote was made. Give this order up and send a new version."
        )
