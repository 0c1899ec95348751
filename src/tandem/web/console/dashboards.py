"""Dashboards: the ready ones and those people made, narrowed and compared as a whole."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.crm.analytics import service as analytics
from tandem.crm.analytics.domain.asking import Ask
from tandem.crm.analytics.domain.catalogue import DATASETS
from tandem.crm.analytics.domain.dashboards import (
    READY,
    Dashboard,
    DashboardDraft,
    Ready,
    Tile,
    arranged,
    shared_dimensions,
    tabs_of,
)
from tandem.crm.analytics.service import links
from tandem.crm.identity import service as identity
from tandem.flows import dashboards as flow
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound, Refusal
from tandem.kernel.http import Now, Transaction
from tandem.web.console import figures, tiles
from tandem.web.console.forms import convert, read_form
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
PERIODS: Mapping[str, str] = {
    "today": "Today",
    "yesterday": "Yesterday",
    "last_7_days": "Last 7 days",
    "last_30_days": "Last 30 days",
    "last_90_days": "Last 90 days",
    "last_365_days": "Last 365 days",
    "this_week": "This week",
    "last_week": "Last week",
    "this_month": "This month",
    "last_month": "Last month",
    "this_quarter": "This quarter",
    "last_quarter": "Last quarter",
    "this_year": "This year",
    "last_year": "Last year",
    "this_fiscal_year": "This fiscal year (April on)",
    "last_fiscal_year": "Last fiscal year",
}
COMPARISONS: Mapping[str, str] = {
    "previous_period": "the days before",
    "previous_year": "a year earlier",
    "none": "nothing",
}
NARROWED_MAX = 30


class Looking(msgspec.Struct, frozen=True, kw_only=True):
    """With which days, comparison and filter a dashboard is looked at; as in its address."""

    period: str = "last_30_days"
    first: str = ""
    last: str = ""
    compare: str = "previous_period"
    only: str = ""

    def applied(self, ask: Ask, dimension: str) -> Ask:
        given: dict[str, Any] = {"dimensions": ask.dimensions, "compare": self.compare}
        if self.first and self.last:
            given |= {"from_on": self.first, "to_on": self.last}
        else:
            given["period"] = self.period
        bare = msgspec.to_builtins(ask) | {"period": None, "from_on": None, "to_on": None}
        if self.only and dimension:
            is_missing = self.only == "-"
            leaf = {"field": dimension, "op": "unset"} if is_missing else {
                "field": dimension, "op": "is", "value": self.only
            }  # fmt: skip
            given["filters"] = {"all": [leaf, ask.filters]} if ask.filters else leaf
        return convert(bare | given, Ask, WORDS)


WORDS: Mapping[str, str] = {
    "period": "Choose a period.",
    "from_on": "This is no day.",
    "to_on": "This is no day.",
    "compare": "Choose what to compare with.",
}
PLAIN = Looking()


def looking_at(request: AnyRequest) -> Looking:
    """From the page's address; what makes no sense is left to the questions to refuse."""
    asked = request.query_params
    return Looking(
        period=asked.get("period", PLAIN.period) or PLAIN.period,
        first=asked.get("first", ""),
        last=asked.get("last", ""),
        compare=asked.get("compare", PLAIN.compare) or PLAIN.compare,
        only=asked.get("only", "")[:200],
    )


class DashboardsPage(Controller):
    path = "/dashboards"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        return await _ready(request, tx, READY["sales"], now)

    @get("/{key:str}")
    async def show_ready(
        self, request: AnyRequest, key: FromPath[str], tx: Transaction, now: Now
    ) -> Response[Any]:
        tx.actor.require("analytics.read")
        if key not in READY:
            raise NotFound("There is no such dashboard.")
        return await _ready(request, tx, READY[key], now)

    @get("/own/{dashboard_id:uuid}")
    async def show_own(
        self, request: AnyRequest, dashboard_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        made = await flow.get_dashboard(tx, dashboard_id)
        shown = Ready(
            key="", name=made.name, about="", filter_by=made.filter_by, tiles=tuple(made.tiles)
        )
        return await _dashboard(request, tx, shown, now, own=made)

    @post("/own/{dashboard_id:uuid}")
    async def change(
        self, request: AnyRequest, dashboard_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        """Its name, whom it is shared with and its tabs; or a tile moved, wider or taken off."""
        roles = [str(one) for one in (await request.form()).getall("role", [])]
        made = await flow.get_dashboard(tx, dashboard_id)
        draft = _changed(made, await read_form(request), roles)
        changed = await flow.change_dashboard(
            tx, dashboard_id, draft, is_current=lambda _: None, now=now
        )
        asked = f"?{request.url.query}" if request.url.query else ""
        to = f"/dashboards/own/{dashboard_id}{asked}"
        return redirect(request, to, toast=f"{changed.name} is saved.")

    @post("/own/{dashboard_id:uuid}/removal")
    async def remove(
        self, request: AnyRequest, dashboard_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        await flow.remove_dashboard(tx, dashboard_id, now=now)
        return redirect(request, "/dashboards", toast="The dashboard is gone.")


def _changed(made: Dashboard, form: Mapping[str, str], roles: Sequence[str]) -> DashboardDraft:
    if form.get("tile", "").isdecimal():
        kept = arranged(made.tiles, int(form["tile"][:3]), form.get("act", "off"))
        by = made.filter_by if made.filter_by in shared_dimensions(kept) else ""
        return msgspec.structs.replace(kept_of(made), tiles=kept, filter_by=by)
    values = {
        "name": form.get("name", ""),
        "shared_with": list(roles),
        "filter_by": form.get("filter_by", made.filter_by),
        "tiles": [
            msgspec.to_builtins(tile) | {"tab": form.get(f"tab_{place}", tile.tab).strip()}
            for place, tile in enumerate(made.tiles)
        ],
    }
    words = {"name": "Give it a name, 80 letters at most.", "tab": "A tab has 40 letters at most."}
    return convert(values, DashboardDraft, words)


def kept_of(made: Dashboard) -> DashboardDraft:
    return DashboardDraft(
        name=made.name,
        shared_with=made.shared_with,
        filter_by=made.filter_by,
        tiles=made.tiles,
    )


def _filters(own: Dashboard) -> list[tuple[str, str]]:
    """What the dashboard could be narrowed by, and nothing."""
    names = shared_dimensions(own.tiles)
    labels = {
        name: dimension.label
        for dataset in DATASETS.values()
        for name, dimension in dataset.dimensions.items()
    }
    return [("", "Nothing"), *((name, labels[name]) for name in names)]


async def _ready(request: AnyRequest, tx: Tx, ready: Ready, now: datetime) -> Response[Any]:
    tx.actor.require("analytics.read")
    return await _dashboard(request, tx, ready, now)


async def _dashboard(
    request: AnyRequest, tx: Tx, shown: Ready, now: datetime, own: Dashboard | None = None
) -> Response[Any]:
    looking = looking_at(request)
    problem = ""
    try:
        asked = [_asked(tile, looking, shown.filter_by) for tile in shown.tiles]
    except Invalid as refusal:
        problem, looking = refusal.detail, PLAIN
        asked = [_asked(tile, looking, shown.filter_by) for tile in shown.tiles]
    named = shown.key or str(own.id if own else "")
    tab, tabs = _tabs(request, shown)
    views = [
        await tiles.view(tx, tile, place, now=now)
        for place, tile in enumerate(asked)
        if not tabs or tile.tab == tab
    ]
    return page(
        request,
        "console/dashboard.html",
        shown=shown,
        own=own,
        is_own=own is not None and own.owner_id == tx.actor.user_id,
        filters=_filters(own) if own else [],
        roles=await identity.list_roles(tx.with_all_grants()) if own else [],
        tab=tab,
        tabs=tabs,
        links=await links.list_links(tx, now=now, dashboard=named),
        origin=request.app.state.settings.base_url.rstrip("/"),
        others=await flow.list_dashboards(tx),
        ready=READY.values(),
        named=named,
        draft=_taken_along(shown, looking, own),
        looking=looking,
        periods=PERIODS,
        comparisons=COMPARISONS,
        choices=await _choices(tx, shown, looking, now),
        numbers=[one for one in views if one.shape == "number"],
        tiles=[one for one in views if one.shape != "number"],
        as_of=max((one.as_of for one in views if one.as_of), default=now),
        compared=next((one.compared for one in views if one.compared), ""),
        problem=problem,
    )


def _tabs(request: AnyRequest, shown: Ready) -> tuple[str, list[tuple[str, str]]]:
    """The tab that is looked at, and all of them with their addresses, which keep all else."""
    names = tabs_of(shown.tiles)
    asked = dict(request.query_params)
    tab = asked.get("tab", "")
    if names and ("tab" not in asked or tab not in names):
        tab = names[0]
    return tab, [(name, "?" + urlencode({**asked, "tab": name})) for name in names]


def _taken_along(shown: Ready, looking: Looking, own: Dashboard | None) -> str:
    """The whole dashboard as it is looked at, for a file."""
    days: dict[str, Any] = {"period": looking.period}
    if looking.first and looking.last:
        days = {"from_on": looking.first, "to_on": looking.last}
    given = {**days, "compare": looking.compare, "only": looking.only if shown.filter_by else ""}
    draft = {"dashboard": shown.key or str(own.id if own else ""), "looking": given}
    return msgspec.json.encode({**draft, "title": shown.name}).decode()


def _asked(tile: Tile, looking: Looking, dimension: str) -> Tile:
    return msgspec.structs.replace(tile, query=looking.applied(tile.query, dimension))


async def _choices(tx: Tx, shown: Ready, looking: Looking, now: datetime) -> list[tuple[str, str]]:
    """What the dashboard can be narrowed to: the values that there are in these days."""
    if not shown.filter_by:
        return []
    base = Ask(measures=shown.tiles[0].query.measures, dimensions=[shown.filter_by])
    ask = msgspec.structs.replace(looking, only="", compare="none").applied(base, "")
    try:
        found = await analytics.run(tx, ask, now)
    except Refusal:
        return []
    names = await figures.names_of(tx, found)
    values = [row.keys[0] for row in found.rows[:NARROWED_MAX]]
    if looking.only and looking.only != "-" and looking.only not in values:
        values.append(looking.only)
    return [(one or "-", figures.label(one, shown.filter_by, names)) for one in values]
