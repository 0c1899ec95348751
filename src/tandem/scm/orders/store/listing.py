"""Lists of orders. Each combination of filters is a statement of its own.

One statement with optional filters would be planned once for all of them and read far more than it
shows; this way each page walks the index of its filter, at any number of orders.
"""

from functools import cache
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from tandem.kernel.db import Query, Tx
from tandem.kernel.reach import within
from tandem.scm.orders.domain.views import Filters, Found, OrderRow, Sort

_COLUMNS = ", ".join(f"o.{name}" for name in OrderRow.__struct_fields__)

CONDITIONS = {
    "status": "o.status = :status",
    "payment_status": "o.payment_status = :payment_status",
    "fulfilment_status": "o.fulfilment_status = :fulfilment_status",
    "channel": "o.channel = :channel",
    "customer_id": "o.customer_id = :customer_id",
    "placed_from": "o.placed_at >= :placed_from",
    "placed_before": "o.placed_at < :placed_before",
    "is_on_hold": "o.is_on_hold",
    "is_free": "not o.is_on_hold",
    "reach": within("o"),
}

_ORDERS = {
    "-placed_at": "order by o.placed_at desc, o.id desc",
    "placed_at": "order by o.placed_at, o.id",
}

_AFTER = {
    "-placed_at": "(o.placed_at, o.id) < (:after_time::timestamptz, :after_id::uuid)",
    "placed_at": "(o.placed_at, o.id) > (:after_time::timestamptz, :after_id::uuid)",
}

_SEEN: LiteralString = (
    "id, number, customer_id, customer_name, channel, currency, payment_method, status,"
    " payment_status, fulfilment_status, is_on_hold, total_minor, placed_at, promised_on, version,"
    " org_id, owner_id, team_id, territory_id"
)
"""What is shown, filtered by, and decides who sees it."""

# The newest 300 of each kind: a search is for something, and must cost the same at any size. Each
# kind is read with all that is shown: looking the orders up again by their ids goes all over a
# large table. Whoever is found in two ways is taken once.
_HITS = f"""
      from ((select {_SEEN} from orders.order
              where org_id = :org_id and number >= :number_from and number < :number_before
              order by number desc
              limit 300)
             union all
            (select theirs.* from unnest(:customer_ids::uuid[]) as buyer (id)
              cross join lateral (
                    select {_SEEN} from orders.order
                     where org_id = :org_id and customer_id = buyer.id
                     order by placed_at desc
                     limit 300) as theirs
              order by theirs.placed_at desc
              limit 300)
             union all
             select {_SEEN} from orders.order
              where org_id = :org_id and id = any(:order_ids::uuid[])) o
"""

_LAST = "\U0010ffff"


@cache
def listing(names: tuple[str, ...], sort: Sort, *, is_search: bool, is_later_page: bool) -> Query:
    """The statement for these filters; the tests build and PREPARE every one."""
    conditions = ["o.org_id = :org_id", *(CONDITIONS[name] for name in names)]
    if is_later_page:
        conditions.append(_AFTER[sort])
    once = "distinct on (o.placed_at, o.id) " if is_search else ""
    source = _HITS if is_search else "\n      from orders.order o\n"
    where = "\n       and ".join(conditions)
    head = f"select {once}{_COLUMNS}{source}"
    return Query(f"{head}     where {where}\n     {_ORDERS[sort]}\n     limit :limit")


async def list_rows(
    tx: Tx,
    filters: Filters,
    *,
    found: Found | None,
    sort: Sort,
    after: tuple[Any, UUID] | None,
    limit: int,
) -> list[OrderRow]:
    given, names = _given(tx, filters)
    query = listing(names, sort, is_search=found is not None, is_later_page=after is not None)
    if found is not None:
        given |= {
            "number_from": found.number_prefix,
            "number_before": found.number_prefix + _LAST if found.number_prefix else "",
            "customer_ids": found.customer_ids,
            "order_ids": found.order_ids,
        }
    if after is not None:
        given |= {"after_time": after[0], "after_id": after[1]}
    return [OrderRow(*row) for row in await tx.records(query, limit=limit, **given)]


@cache
def counting(names: tuple[str, ...]) -> Query:
    """How many fit these filters, counted up to a limit: a number beside a view need not be exact
    in the millions."""
    where = "\n       and ".join(["o.org_id = :org_id", *(CONDITIONS[name] for name in names)])
    return Query(
        f"select count(*) from (select from orders.order o where {where} limit :most) as counted"
    )


async def count_rows(tx: Tx, filters: Filters, *, most: int) -> int:
    given, names = _given(tx, filters)
    counted: int = await tx.value(counting(names), most=most, **given)
    return counted


def _given(tx: Tx, filters: Filters) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The filters' parameters, and the names of their conditions; how far the asker reaches is one
    of them, except for whoever reaches everything.

    Whether an order is held is said in the text, not by a parameter: only so does its index serve.
    """
    given = {
        name: value for name, value in msgspec.structs.asdict(filters).items() if value is not None
    }
    held = given.pop("is_on_hold", None)
    flags = () if held is None else ("is_on_hold",) if held else ("is_free",)
    names = (*given, *flags)
    reach = tx.actor.reach("orders.read")
    if reach.is_all:
        return given, names
    return given | reach.params(), (*names, "reach")
