"""Orders: the list."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from litestar import Controller, Request, Response, get, post

from tandem.flows.bulk.orders import ORDERS
from tandem.flows.search_orders import search_orders
from tandem.kernel.http import Now, Transaction
from tandem.scm.orders import service as orders
from tandem.scm.orders.domain.axes import FulfilmentStatus, PaymentStatus
from tandem.scm.orders.domain.lifecycle import Status
from tandem.scm.orders.domain.views import Filters
from tandem.web.console.bulk import act_on, read_bulk
from tandem.web.console.lists import Column, Filter, listing, read_state
from tandem.web.console.views import views_of
from tandem.web.rendering import page, words, zone_of

AnyRequest = Request[Any, Any, Any]
YEARS = range(1900, 2200)

COLUMNS = (
    Column(key="number", label="Order", is_lead=True),
    Column(key="placed_at", label="Placed", sorts=("-placed_at", "placed_at")),
    Column(key="customer", label="Customer"),
    Column(key="status", label="Status", is_mark=True),
    Column(key="payment", label="Payment", is_mark=True),
    Column(key="fulfilment", label="Fulfilment", is_mark=True),
    Column(key="promised", label="Promised"),
    Column(key="method", label="Pays by", is_shown=False),
    Column(key="channel", label="Channel", is_shown=False),
    Column(key="total", label="Total", is_number=True, is_corner=True),
)


def _options(kind: Any) -> tuple[tuple[str, str], ...]:
    return tuple((str(each), words(str(each))) for each in kind)


FILTERS = (
    Filter(key="status", label="Status", options=_options(Status)),
    Filter(key="payment", label="Payment", options=_options(PaymentStatus)),
    Filter(key="fulfilment", label="Fulfilment", options=_options(FulfilmentStatus)),
    Filter(key="hold", label="Hold", options=(("yes", "On hold"), ("no", "Not on hold"))),
    Filter(key="from", label="Placed from"),
    Filter(key="to", label="Placed to"),
)

BUILT_IN = (
    ("All", ""),
    ("To pay", "status=pending_payment"),
    ("To ship", "status=confirmed"),
    ("On the way", "status=processing"),
    ("On hold", "hold=yes"),
    ("Done", "status=completed"),
)


class OrdersPage(Controller):
    include_in_schema = False

    @get("/orders")
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        state, zone = read_state(request, COLUMNS, FILTERS), zone_of(request)
        rows = await search_orders(
            tx,
            state.search,
            filters_of(state.values, zone),
            sort="placed_at" if state.sort == "placed_at" else "-placed_at",
            limit=state.limit,
            cursor=state.cursor,
        )

        async def count(query: str) -> int | None:
            asked = dict(parse_qsl(query))
            if "q" in asked:
                return None
            known = {each.key: asked[each.key] for each in FILTERS if each.key in asked}
            return await orders.count_orders(tx, filters_of(known, zone))

        views = await views_of(tx, state, BUILT_IN, count)
        return page(request, "console/orders.html", listing=listing(state, rows, views))

    @post("/orders/bulk")
    async def bulk(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        """Hold or release the selected orders."""
        tx.actor.require("orders.write")
        return await act_on(request, tx, ORDERS, await read_bulk(request), now=now)


def filters_of(values: Mapping[str, str], zone: str) -> Filters:
    """Days begin and end by the clock of `zone`."""
    return Filters(
        status=values.get("status"),
        payment_status=values.get("payment"),
        fulfilment_status=values.get("fulfilment"),
        is_on_hold={"yes": True, "no": False}.get(values.get("hold", "")),
        placed_from=_start_of(values.get("from"), zone),
        placed_before=_start_of(values.get("to"), zone, days=1),
    )


def _start_of(day: str | None, zone: str, *, days: int = 0) -> datetime | None:
    """The first instant of a day; None for what is no date, or one that nobody means."""
    try:
        start = datetime.fromisoformat(day or "").date()
    except ValueError:
        return None
    if start.year not in YEARS:
        return None
    return datetime.combine(start + timedelta(days=days), time(), ZoneInfo(zone))
