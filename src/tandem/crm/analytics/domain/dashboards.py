"""Dashboards: tiles with questions, those that come with the suite and those people make."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from tandem.contracts.address import FILLED
from tandem.crm.analytics.domain.asking import Ask
from tandem.crm.analytics.domain.calendar import Grain
from tandem.crm.analytics.domain.catalogue import DATASETS
from tandem.crm.analytics.domain.catalogue.crediting import UNATTRIBUTED
from tandem.crm.analytics.domain.planning import plan
from tandem.kernel.errors import Conflict, Invalid
from tandem.kernel.patterns import whole

TILES_MAX = 24
DASHBOARDS_MAX = 100

Title = Annotated[str, msgspec.Meta(min_length=1, max_length=80, pattern=FILLED)]
DimensionName = Annotated[str, msgspec.Meta(pattern=whole(r"[a-z_]{0,40}"))]
TabName = Annotated[str, msgspec.Meta(max_length=40, pattern=whole(r"[^\x00-\x1f]*"))]
RoleKey = Annotated[str, msgspec.Meta(pattern=whole(r"[a-z][a-z0-9_]{0,62}"))]


class TooManyDashboards(Conflict):
    code = "too_many_dashboards"


class Tile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question and how its answer is shown. Its days, comparison and filter give way to those
    that a dashboard is looked at with. Tiles of one `tab` stand together; where no tile names any,
    all of them do."""

    title: Title
    shape: Literal["number", "line", "bar", "table"]
    query: Ask
    is_wide: bool = False
    tab: TabName = ""


class DashboardDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`shared_with` are the keys of roles whose people see it; each sees their own numbers.
    `filter_by` is the dimension that all its tiles can be narrowed by, empty for none."""

    name: Title
    shared_with: Annotated[list[RoleKey], msgspec.Meta(max_length=30)] = []
    filter_by: DimensionName = ""
    tiles: Annotated[list[Tile], msgspec.Meta(max_length=TILES_MAX)] = []


class Dashboard(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    name: str
    owner_id: UUID | None
    shared_with: list[str]
    filter_by: str
    tiles: list[Tile]
    version: int
    created_at: datetime


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """A dashboard that comes with the suite. `filter_by` is the dimension that all its tiles can
    be narrowed by."""

    key: str
    name: str
    about: str
    filter_by: str
    tiles: tuple[Tile, ...]


def pinned(tile: Tile) -> Tile:
    """With the versions of its measures as they are now: a definition that changes later leaves
    it as it is. Refuses a question that makes no sense."""
    made = plan(tile.query)
    names = [metric.name for metric in made.metrics]
    return msgspec.structs.replace(tile, query=msgspec.structs.replace(tile.query, measures=names))


def tabs_of(tiles: Sequence[Tile]) -> list[str]:
    """The tabs in the order of their first tiles; none where all tiles stand together. The empty
    one is of those that name none."""
    found = list(dict.fromkeys(tile.tab for tile in tiles))
    return found if any(found) else []


def arranged(tiles: Sequence[Tile], place: int, act: str) -> list[Tile]:
    """Without the tile at a place (`off`), with it one place `earlier` or `later` on its tab, or
    `wide` where it was not and the other way round. What makes no sense changes nothing."""
    made = list(tiles)
    if place >= len(made):
        return made
    match act:
        case "off":
            del made[place]
        case "wide":
            made[place] = msgspec.structs.replace(made[place], is_wide=not made[place].is_wide)
        case "earlier" | "later":
            beside = [at for at, tile in enumerate(made) if _row_of(tile) == _row_of(made[place])]
            to = beside.index(place) + (1 if act == "later" else -1)
            if 0 <= to < len(beside):
                made[place], made[beside[to]] = made[beside[to]], made[place]
    return made


def _row_of(tile: Tile) -> tuple[str, bool]:
    """Numbers stand above the charts and tables of their tab."""
    return tile.tab, tile.shape == "number"


def shared_dimensions(tiles: Sequence[Tile]) -> list[str]:
    """What all of these tiles can be cut by; nothing where one asks for what is no longer there."""
    try:
        plans = [plan(tile.query) for tile in tiles]
    except Invalid:
        return []
    known = [DATASETS[metric.dataset].dimensions for one in plans for metric in one.metrics]
    return [name for name in known[0] if all(name in one for one in known)] if known else []


def check_filter(draft: DashboardDraft) -> None:
    """Refuses a dimension that some tile knows nothing of."""
    if draft.filter_by and draft.filter_by not in shared_dimensions(draft.tiles):
        raise Invalid(f"Not every tile can be cut by {draft.filter_by!r}.", field="filter_by")


def _number(title: str, measure: str) -> Tile:
    return Tile(title=title, shape="number", query=Ask(measures=[measure]))


def _line(title: str, *measures: str, grain: Grain = Grain.DAY) -> Tile:
    return Tile(
        title=title, shape="line", is_wide=True, query=Ask(measures=list(measures), grain=grain)
    )


def _bar(title: str, measure: str, dimension: str) -> Tile:
    return Tile(
        title=title,
        shape="bar",
        query=Ask(measures=[measure], dimensions=[dimension], limit=12),
    )


def _table(title: str, dimension: str, *measures: str) -> Tile:
    return Tile(
        title=title,
        shape="table",
        query=Ask(measures=list(measures), dimensions=[dimension], limit=10),
    )


def _earned(tile: Tile) -> Tile:
    """Without what nobody led to."""
    nobody = {"field": "touch", "op": "is", "value": UNATTRIBUTED}
    query = msgspec.structs.replace(tile.query, filters={"not": nobody})
    return msgspec.structs.replace(tile, query=query)


_ALL: tuple[Ready, ...] = (
    Ready(
        key="sales",
        name="Sales",
        about="What was sold, to whom it went, through which channel.",
        filter_by="channel",
        tiles=(
            _number("Revenue", "revenue"),
            _number("Orders", "orders"),
            _number("Average order", "average_order"),
            _number("Buyers", "buyers"),
            _line("Revenue by day", "revenue"),
            _bar("Revenue by channel", "revenue", "channel"),
            _bar("Revenue by state", "revenue", "state"),
            _table("Products", "sku", "line_revenue", "units_sold"),
        ),
    ),
    Ready(
        key="orders",
        name="Orders",
        about="What was placed and what became of it.",
        filter_by="channel",
        tiles=(
            _number("Placed", "orders_placed"),
            _number("Standing", "orders"),
            _number("Cancelled", "cancelled_share"),
            _number("Pieces", "units"),
            _line("Placed by day", "orders_placed", "orders"),
            _bar("By status", "orders_placed", "status"),
            _bar("By payment method", "orders_placed", "payment_method"),
            _table("By state", "state", "orders_placed", "cancelled_share", "revenue"),
        ),
    ),
    Ready(
        key="money",
        name="Money",
        about="What came in, what went back, what was invoiced.",
        filter_by="currency",
        tiles=(
            _number("Collected", "collected"),
            _number("Refunded", "refunded"),
            _number("Collected, net", "net_collected"),
            _number("Invoiced, net", "invoiced"),
            _line("Money by day", "collected", "refunded"),
            _bar("By method", "collected", "method"),
            _bar("Papers by kind", "invoiced", "kind"),
        ),
    ),
    Ready(
        key="delivery",
        name="Delivery promise",
        about="Whether parcels came when it was said they would.",
        filter_by="carrier",
        tiles=(
            _number("Promise kept", "promise_kept"),
            _number("Delivered", "delivered"),
            _number("Order to door", "hours_to_door"),
            _number("Failed attempts", "delivery_failures"),
            _line("Promise kept by week", "promise_kept", grain=Grain.WEEK),
            _line("Delivered by day", "delivered"),
            _table("By carrier", "carrier", "promise_kept", "delivered", "hours_to_door"),
            _table("By state", "state", "promise_kept", "delivered", "hours_to_door"),
        ),
    ),
    Ready(
        key="stock",
        name="Stock",
        about="What lies on the shelves, what came and what left.",
        filter_by="location",
        tiles=(
            _number("On hand", "on_hand"),
            _number("Came in", "stock_received"),
            _number("Shipped", "stock_shipped"),
            _number("Movements", "stock_movements"),
            _line("On hand by day", "on_hand"),
            _bar("Shipped by product", "stock_shipped", "sku"),
            _bar("Movements by kind", "stock_movements", "kind"),
            _table("Products", "sku", "on_hand", "stock_received", "stock_shipped"),
        ),
    ),
    Ready(
        key="pipeline",
        name="Pipeline",
        about="Leads, deals, what is won and why it is lost.",
        filter_by="owner",
        tiles=(
            _number("Pipeline", "pipeline"),
            _number("Weighted", "weighted_pipeline"),
            _number("Won", "won_amount"),
            _number("Win rate", "win_rate"),
            _number("Days to win", "cycle_days"),
            _number("Leads", "leads"),
            _number("Lead conversion", "lead_conversion"),
            _number("Open deals", "open_deals"),
            _line("Won by week", "won_amount", grain=Grain.WEEK),
            _bar("Pipeline by stage", "pipeline", "stage"),
            _bar("Lost because of", "deals_lost", "lost_reason"),
            _table("By owner", "owner", "won_amount", "deals_won", "win_rate"),
            _table("How they get there", "owner", "cycle_days", "velocity", "slipped_share"),
            _table("Leads by source", "source", "leads", "leads_converted", "lead_conversion"),
            _table("Days in stage", "from_stage", "stage_days", "stage_entries"),
        ),
    ),
    Ready(
        key="marketing",
        name="Marketing",
        about="What was sent, what arrived, what people did with it.",
        filter_by="channel",
        tiles=(
            _number("Sent", "messages_sent"),
            _number("Known delivered", "delivery_rate"),
            _number("Bounced", "bounce_rate"),
            _number("Called spam", "complaint_rate"),
            _number("Clicks by people", "human_clicks"),
            _number("Opens by people", "human_opens"),
            _number("People who clicked", "clickers"),
            _number("By machines", "machine_share"),
            _earned(_number("Leads it led to", "credited_leads")),
            _earned(_number("Won deals it led to", "credited_deals")),
            _earned(_number("Paid, net of refunds", "credited_revenue")),
            _number("Spend", "campaign_spend"),
            _line("Sent by day", "messages_sent", "messages_skipped"),
            _bar("Sent by kind", "messages_sent", "kind"),
            _bar("Skipped because of", "messages_skipped", "reason"),
            _table("By channel", "channel", "messages_sent", "delivery_rate", "bounce_rate"),
            _earned(
                _table(
                    "What campaigns earned",
                    "campaign",
                    "credited_revenue",
                    "credited_orders",
                    "credited_leads",
                    "campaign_spend",
                )
            ),
        ),
    ),
    Ready(
        key="customers",
        name="Customers",
        about="Who came, who buys, who buys most.",
        filter_by="",
        tiles=(
            _number("New customers", "new_customers"),
            _number("Buyers", "buyers"),
            _number("Average order", "average_order"),
            _line("New customers by week", "new_customers", grain=Grain.WEEK),
            _line("Buyers by week", "buyers", grain=Grain.WEEK),
            _table("Best customers", "customer", "revenue", "orders", "average_order"),
            _bar("Buyers by state", "buyers", "state"),
        ),
    ),
    Ready(
        key="support",
        name="Support",
        about="What people complain of and how long it takes.",
        filter_by="queue",
        tiles=(
            _number("Complaints", "complaints"),
            _number("Unsolved now", "complaints_unsolved"),
            _number("Hours to solve", "hours_to_solve"),
            _number("Over time", "breached_share"),
            _number("Satisfaction", "satisfaction"),
            _line("Complaints by day", "complaints"),
            _bar("By category", "complaints", "category"),
            _table("By severity", "severity", "complaints", "breached_share", "satisfaction"),
            _table("Solving by category", "category", "complaints_solved", "hours_to_solve"),
        ),
    ),
)

READY: Mapping[str, Ready] = {one.key: one for one in _ALL}
