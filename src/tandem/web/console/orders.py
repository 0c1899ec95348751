"""Orders: the list."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from litestar import Controller, Request, Response, get, post

from tandem.flows.search_orders import search_orders
from tandem.kernel.errors import Refusal
from tandem.kernel.http import Now, Transaction
from tandem.kernel.ids import parse_id
from tandem.scm.orders import service as orders
from tandem.scm.orders.domain.axes import FulfilmentStatus, PaymentStatus
from tandem.scm.orders.domain.lifecycle import Status
from tandem.scm.orders.domain.views import Filters
from tandem.web.console.forms import read_form
from tandem.web.console.lists import Column, Filter, listing, read_state
from tandem.web.console.views import views_of
from tandem.web.rendering import Undo, page, redirect, words, zone_of

AnyRequest = Request[Any, Any, Any]

BULK_MAX = 200
UNDOABLE_MAX = 50
"""A cookie carries no more ids."""
BACK_LENGTH_MAX = 1000

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
        """Hold or release the selected orders; those that refuse are told by name."""
        tx.actor.require("orders.write")
        form = await read_form(request)
        ids = [
            found for text in form.get("ids", "").split()[:BULK_MAX] if (found := parse_id(text))
        ]
        reason = form.get("reason", "")[:200] or "Held with others from the list"
        done, fresh, refused = 0, [], []
        is_hold = form.get("action") == "hold"
        for order_id in ids:
            try:
                if is_hold:
                    was = await orders.find_order(tx, order_id)
                    fresh += [] if was is None or was.is_on_hold else [str(order_id)]
                    await orders.hold(tx, order_id, reason=reason, now=now)
                else:
                    await orders.release_hold(tx, order_id, now=now)
                done += 1
            except Refusal as refusal:
                order = await orders.find_order(tx, order_id)
                refused.append(f"{order.number if order else order_id}: {refusal.detail}")
        verb = "put on hold" if is_hold else "released"
        said = f"{done} {'order' if done == 1 else 'orders'} {verb}."
        said += f" Not: {'; '.join(refused[:5])}" if refused else ""
        asked = form.get("back", "")[:BACK_LENGTH_MAX]
        to = f"/orders?{asked}" if asked else "/orders"
        undo = _release(fresh, asked) if fresh and not refused else None
        return redirect(request, to, toast=said[:600], undo=undo)


def _release(held: list[str], asked: str) -> Undo | None:
    """Takes back a hold, where those it held are few enough for a note to carry."""
    if len(held) > UNDOABLE_MAX:
        return None
    values = {"ids": " ".join(held), "action": "release", "back": asked}
    return Undo(action="/orders/bulk", values=values)


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
    """The first instant of a day; None for what is no date."""
    try:
        start = datetime.fromisoformat(day or "").date()
    except ValueError:
        return None
    return datetime.combine(start + timedelta(days=days), time(), ZoneInfo(zone))
