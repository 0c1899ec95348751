"""Orders looked up, listed, locked, and told as a story."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tandem.contracts.orders import OrderSnapshot
from tandem.kernel import history, references, tokens
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.fields import veiled
from tandem.kernel.ids import parse_id
from tandem.kernel.pages import Page, decode_cursor, page_of
from tandem.scm.orders.domain.story import Moment, tell
from tandem.scm.orders.domain.views import Filters, Found, OrderRow, PublicOrder, Sort, public_view
from tandem.scm.orders.store import listing
from tandem.scm.orders.store import orders as store

NUMBER_LENGTH_MAX = 30


async def find_order(tx: Tx, order_id: UUID) -> OrderSnapshot | None:
    """None too for an order that the asker does not reach."""
    return _reached(tx, await store.find(tx, order_id))


async def get_order(tx: Tx, order_id: UUID) -> OrderSnapshot:
    """For flows; people read with `read_order`."""
    return _found(await find_order(tx, order_id))


async def lock_order(tx: Tx, order_id: UUID) -> OrderSnapshot:
    """The order as it is now, and nobody else changes it until this transaction ends."""
    return _found(_reached(tx, await store.lock(tx, order_id)))


async def read_order(tx: Tx, order_id: UUID) -> OrderSnapshot:
    """For people: what is hidden from them is empty."""
    tx.actor.require("orders.read")
    return veiled(tx.actor, await get_order(tx, order_id))


async def get_public_order(tx: Tx, order_id: UUID) -> PublicOrder:
    """What whoever holds the order's link may see of it."""
    return public_view(await get_order(tx, order_id))


async def list_orders(
    tx: Tx,
    filters: Filters,
    *,
    found: Found | None = None,
    sort: Sort = "-placed_at",
    limit: int,
    cursor: str | None = None,
) -> Page[OrderRow]:
    """A page of orders; `found` narrows it to what a search for words came to."""
    tx.actor.require("orders.read")
    after = None
    if cursor:
        seen_at, seen_id = decode_cursor(cursor, datetime, UUID)
        after = (seen_at, seen_id)
    rows = await listing.list_rows(
        tx, filters, found=found, sort=sort, after=after, limit=limit + 1
    )
    return page_of(rows, limit, lambda row: (row.placed_at, row.id))


async def count_orders(tx: Tx, filters: Filters, *, most: int = 1000) -> int:
    """How many orders fit, counted up to `most`."""
    tx.actor.require("orders.read")
    return await listing.count_rows(tx, filters, most=most)


async def read_timeline(
    tx: Tx,
    order_id: UUID,
    *,
    services: Sequence[str] = (),
    limit: int,
    cursor: str | None = None,
) -> Page[Moment]:
    """Everything that happened to the order in every service, or in these, oldest first, in plain
    words."""
    order = await read_order(tx, order_id)
    after = decode_cursor(cursor, int)[0] if cursor else 0
    happened = await history.read(
        tx, str(order.id), services=services, after=after, limit=limit + 1
    )
    return page_of([tell(one) for one in happened], limit, lambda moment: (moment.seq,))


async def find_by_identifier(tx: Tx, q: str) -> OrderSnapshot | None:
    """The order with this id, number, public token, or reference in another system."""
    return _reached(tx, await _identified(tx, q))


async def _identified(tx: Tx, q: str) -> OrderSnapshot | None:
    if order_id := parse_id(q):
        return await store.find(tx, order_id)
    if len(q) <= NUMBER_LENGTH_MAX and (order := await store.find_by_number(tx, q.upper())):
        return order
    for reference in await references.find(tx, q):
        if reference.entity_kind == "order":
            return await store.find(tx, reference.entity_id)
    token = await tokens.find_own(tx, q)
    if token is not None and token.kind == "order":
        return await store.find(tx, token.entity_id)
    return None


def _reached(tx: Tx, order: OrderSnapshot | None) -> OrderSnapshot | None:
    """What lies outside the asker's reach is as if it were not there."""
    if order is not None and not tx.actor.sees("orders.read", order):
        return None
    return order


def _found(order: OrderSnapshot | None) -> OrderSnapshot:
    if order is None:
        raise NotFound("There is no such order.")
    return order
