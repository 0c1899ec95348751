"""What becomes of a sent quote: seen, accepted, declined, expired; and its way to an order.

The buyer is known by the quote's link, which is asked for where the request comes in; what is said
here needs no permission.
"""

from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec

from tandem.contracts.address import Address
from tandem.contracts.sales import (
    QuoteAccepted,
    QuoteDeclined,
    QuoteExpired,
    QuoteViewed,
    QuoteWaiting,
)
from tandem.crm.sales.domain.opportunities import OVER, Opportunity
from tandem.crm.sales.domain.pipelines import Kind
from tandem.crm.sales.domain.quotes import (
    ENDED,
    Filters,
    NotWaiting,
    OrderState,
    Quote,
    QuoteEnded,
    State,
    check_open,
)
from tandem.crm.sales.service.quotes import names_of, to_write
from tandem.crm.sales.store import opportunities
from tandem.crm.sales.store import quotes as store
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound
from tandem.kernel.reach import EVERYWHERE

WAITS = (30, 60, 120, 300)
"""Seconds until an order is tried again; the last one for good."""


async def read_quote(tx: Tx, quote_id: UUID) -> Quote:
    """For whoever holds its link."""
    found = await store.find(tx, quote_id)
    if found is None:
        raise NotFound("There is no such quote.")
    return found


async def see_quote(tx: Tx, quote_id: UUID, *, now: datetime) -> None:
    """The buyer looks at it for the first time."""
    quote = await _lock(tx, quote_id)
    if quote.state is State.SENT:
        await store.save(tx, msgspec.structs.replace(quote, state=State.VIEWED, viewed_at=now))
        await tx.publish(QuoteViewed(**names_of(quote)))


async def accept_quote(
    tx: Tx, quote_id: UUID, *, name: str, ship_to: Address | None, today: date, now: datetime
) -> Quote:
    """Once, and once for its deal: whoever comes second is told that it ended (QuoteEnded).

    Refuses without an address to deliver to. From here on its order is waited for.
    """
    quote = await _lock(tx, quote_id)
    check_open(quote, today)
    deal = await opportunities.lock(tx, quote.opportunity_id)
    assert deal, "opportunities are never deleted"
    await _check_deal(tx, deal)
    if ship_to is None and quote.ship_to is None:
        raise Invalid("Say where it goes.", field="ship_to")
    await store.save(
        tx,
        msgspec.structs.replace(
            quote,
            state=State.ACCEPTED,
            ship_to=ship_to or quote.ship_to,
            settled_at=now,
            settled_by=name.strip(),
            order_state=OrderState.PENDING,
            next_attempt_at=now,
        ),
    )
    await _say_waiting(tx, deal, str(OrderState.PENDING))
    accepted = await read_quote(tx, quote_id)
    await _note(tx, "quote_accepted", accepted, now)
    await tx.publish(
        QuoteAccepted(total_minor=quote.total_minor, currency=quote.currency, **names_of(quote))
    )
    return accepted


async def decline_quote(
    tx: Tx, quote_id: UUID, *, reason: str, today: date, now: datetime
) -> Quote:
    quote = await _lock(tx, quote_id)
    check_open(quote, today)
    await store.save(
        tx,
        msgspec.structs.replace(
            quote, state=State.DECLINED, settled_at=now, decline_reason=reason.strip()
        ),
    )
    declined = await read_quote(tx, quote_id)
    await _note(tx, "quote_declined", declined, now)
    await tx.publish(QuoteDeclined(**names_of(quote)))
    return declined


async def expire_quotes(tx: Tx, *, today: date, now: datetime) -> int:
    """Those whose last day is over. An answer to one of them was refused all the same."""
    ids = await store.expire(tx, today=today, now=now)
    for quote_id in ids:
        await tx.publish(QuoteExpired(**names_of(await read_quote(tx, quote_id))))
    return len(ids)


async def list_waiting(tx: Tx, *, now: datetime, count: int = 20) -> list[UUID]:
    """Accepted ones whose order is due to be tried."""
    return await store.list_due(tx, now=now, count=count)


async def lock_waiting(tx: Tx, quote_id: UUID) -> Quote | None:
    """The accepted quote whose order is to be placed; None once that is done. Held till the end,
    so that nobody else places it meanwhile."""
    quote = await store.lock(tx, quote_id)
    if quote is None or quote.order_state is not OrderState.PENDING:
        return None
    return quote


async def note_waiting(tx: Tx, quote_id: UUID, *, reason: str, now: datetime) -> None:
    """Why its order is not there yet; it is tried again, later each time. A new reason is told."""
    quote = await lock_waiting(tx, quote_id)
    if quote is None:
        return
    wait = WAITS[min(quote.attempts, len(WAITS) - 1)]
    await store.save(
        tx,
        msgspec.structs.replace(
            quote,
            pending_reason=reason,
            attempts=quote.attempts + 1,
            next_attempt_at=now + timedelta(seconds=wait),
        ),
    )
    if reason != quote.pending_reason:
        await tx.publish(QuoteWaiting(reason=reason, **names_of(quote)))


async def try_again(tx: Tx, quote_id: UUID, *, now: datetime) -> Quote:
    """By hand: its order is due now. Refuses what waits for none (NotWaiting)."""
    quote = await to_write(tx, quote_id)
    if quote.order_state is not OrderState.PENDING:
        raise NotWaiting("It waits for no order.")
    await store.save(tx, msgspec.structs.replace(quote, next_attempt_at=now))
    await _note(tx, "quote_tried_again", quote, now)
    return await read_quote(tx, quote_id)


async def withdraw(tx: Tx, quote_id: UUID, *, now: datetime) -> Quote:
    """Give its order up: it cannot be made, or not as it was agreed. The offer is over, and its
    deal is free for another one. Refuses what waits for none (NotWaiting)."""
    quote = await to_write(tx, quote_id)
    if quote.order_state is not OrderState.PENDING:
        raise NotWaiting("It waits for no order.")
    deal = await opportunities.lock(tx, quote.opportunity_id)
    assert deal, "opportunities are never deleted"
    await store.save(
        tx,
        msgspec.structs.replace(
            quote,
            state=State.EXPIRED,
            order_state=OrderState.NONE,
            pending_reason="",
            next_attempt_at=None,
        ),
    )
    await _say_waiting(tx, deal, "")
    withdrawn = await read_quote(tx, quote_id)
    await _note(tx, "quote_withdrawn", withdrawn, now)
    await tx.publish(QuoteExpired(**names_of(withdrawn)))
    return withdrawn


async def _say_waiting(tx: Tx, deal: Opportunity, order_status: str) -> None:
    """The deal shows that an order is on its way, until it is there."""
    if deal.order_id is None:
        await opportunities.save(tx, msgspec.structs.replace(deal, order_status=order_status))


async def _check_deal(tx: Tx, deal: Opportunity) -> None:
    if deal.status is Kind.LOST:
        raise QuoteEnded("This offer is closed.", state=str(State.EXPIRED))
    if deal.order_id is not None and deal.order_status not in OVER:
        raise QuoteEnded(ENDED[State.ACCEPTED], state=str(State.ACCEPTED))
    waiting = await store.list_rows(
        tx,
        Filters(opportunity_id=deal.id, is_waiting=True),
        EVERYWHERE,
        before_id=None,
        count=1,
    )
    if waiting:
        raise QuoteEnded(ENDED[State.ACCEPTED], state=str(State.ACCEPTED))


async def _lock(tx: Tx, quote_id: UUID) -> Quote:
    """All versions first: one being sent supersedes this one."""
    seen = await read_quote(tx, quote_id)
    await store.lock_versions(tx, seen.number)
    return await read_quote(tx, quote_id)


async def _note(tx: Tx, action: str, quote: Quote, now: datetime) -> None:
    await audit.write(
        tx,
        action=f"sales.{action}",
        subject_kind="quote",
        subject_id=quote.id,
        now=now,
        after={"number": quote.label, "by": quote.settled_by, "state": str(quote.state)},
    )
