"""Home: today in numbers, what is still to be set up, the newest orders."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from litestar import Controller, Request, Response, get

from tandem.crm.customers.domain.tasks import TaskFilters
from tandem.crm.sales.domain.opportunities import Opportunity
from tandem.crm.sales.service.closing import list_closing
from tandem.flows import tasks
from tandem.kernel.db import Tx
from tandem.kernel.http import Now, Transaction
from tandem.scm.catalog import service as catalog
from tandem.scm.delivery import service as delivery
from tandem.scm.inventory import service as inventory
from tandem.scm.invoicing import service as invoicing
from tandem.scm.orders import service as orders
from tandem.scm.orders.domain.lifecycle import Status
from tandem.scm.orders.domain.views import Filters
from tandem.scm.payments import service as payments
from tandem.web.rendering import page, zone_of

AnyRequest = Request[Any, Any, Any]
CURRENCY = "INR"
CLOSING_DAYS = 14
SHOWN = 6


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One number of the day; `minor` instead of `count` where it is money."""

    label: str
    href: str
    count: int = 0
    minor: int | None = None
    note: str = ""
    is_bad: bool = False


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Of setting up. Done is what the data says, not what somebody ticked."""

    title: str
    why: str
    href: str
    action: str
    is_done: bool


class HomePage(Controller):
    include_in_schema = False

    @get("/")
    async def show(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        zone = ZoneInfo(zone_of(request))
        today = now.astimezone(zone).date()
        may_orders = tx.actor.may("orders.read")
        newest = await orders.list_orders(tx, Filters(), limit=8) if may_orders else None
        return page(
            request,
            "console/home.html",
            today=today,
            figures=await _figures(tx, today, zone, now),
            steps=await _steps(tx, request.app.state.settings),
            newest=newest.items if newest else [],
            closing=await _closing(tx, today),
            tasks=await _tasks(tx, now),
        )


async def _closing(tx: Tx, today: date) -> list[Opportunity]:
    """Deals that are to close within two weeks, and those that should have."""
    if not tx.actor.may("sales.read"):
        return []
    return await list_closing(tx, until=today + timedelta(days=CLOSING_DAYS), limit=SHOWN)


async def _tasks(tx: Tx, now: datetime) -> list[tasks.Line]:
    """One's own, those due first."""
    if not tx.actor.may("sales.read") or tx.actor.user_id is None:
        return []
    return await tasks.list_tasks(tx, TaskFilters(state="open"), limit=SHOWN, now=now)


async def _figures(tx: Tx, today: date, zone: ZoneInfo, now: datetime) -> list[Figure]:
    midnight = datetime.combine(today, time(), zone)
    may = tx.actor.may
    figures: list[Figure] = []
    if may("orders.read"):
        placed = await orders.count_orders(tx, Filters(placed_from=midnight))
        to_pay = await orders.count_orders(tx, Filters(status=Status.PENDING_PAYMENT))
        to_ship = await orders.count_orders(tx, Filters(status=Status.CONFIRMED))
        figures += [
            Figure(label="Orders today", href=f"/orders?from={today}", count=placed),
            Figure(label="To pay", href="/orders?status=pending_payment", count=to_pay),
            Figure(label="To ship", href="/orders?status=confirmed", count=to_ship),
        ]
    if may("delivery.read"):
        counts = await delivery.count_open(tx, today=today)
        late = sum(each.late for each in counts)
        figures.append(
            Figure(
                label="Out for delivery",
                href="/dispatch",
                count=sum(each.count for each in counts),
                note=f"{late} late" if late else "none late",
                is_bad=bool(late),
            )
        )
    if may("payments.read") and not tx.actor.hides("payment", "amount_minor"):
        money = await payments.received(tx, currency=CURRENCY, since=midnight)
        figures.append(Figure(label="Money in today", href="/payments", minor=money))
    return figures


async def _steps(tx: Tx, settings: Any) -> Sequence[Step]:
    """Only for who may do something about them."""
    if not tx.actor.may("identity.settings"):
        return []
    products = await catalog.list_variants(tx, limit=1)
    shelves = await inventory.list_stock(tx, limit=1)
    has_orders = await orders.count_orders(tx, Filters(), most=1)
    done = await orders.count_orders(tx, Filters(status=Status.COMPLETED), most=1)
    has_gateway = bool(settings.razorpay_key_id) and not _is_stand_in(settings)
    return [
        Step(
            title="Say who you are",
            why="Name, address and GSTIN stand on every invoice.",
            href="/settings/company",
            action="Company",
            is_done=await invoicing.find_seller(tx) is not None,
        ),
        Step(
            title="Add products",
            why="Type one in or import a spreadsheet.",
            href="/products/import",
            action="Import",
            is_done=bool(products.items),
        ),
        Step(
            title="Count the stock",
            why="What lies on a shelf can be sold.",
            href="/stock/receive",
            action="Receive goods",
            is_done=bool(shelves.items),
        ),
        Step(
            title="Connect Razorpay",
            why="Until then a stand-in plays the gateway: no money moves.",
            href="/settings/integrations",
            action="Integrations",
            is_done=has_gateway,
        ),
        Step(
            title="Take the first order",
            why="Under half a minute by keyboard.",
            href="/orders/new",
            action="New order",
            is_done=bool(has_orders),
        ),
        Step(
            title="Deliver it",
            why="A driver, a vehicle, a code at the door.",
            href="/dispatch",
            action="Dispatch",
            is_done=bool(done),
        ),
    ]


def _is_stand_in(settings: Any) -> bool:
    return bool(settings.sandbox_url) and settings.razorpay_base_url.startswith(
        settings.sandbox_url
    )
