"""Explore: any measure by any dimension, as a chart and a table; the rows behind a number."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.params import FromQuery

from tandem.crm.analytics import service as analytics
from tandem.crm.analytics.domain.asking import Ask, DrillAsk
from tandem.crm.analytics.domain.attribution import WINDOWS
from tandem.crm.analytics.domain.catalogue import DATASETS, Metric, find_metric, latest
from tandem.crm.analytics.domain.dashboards import DashboardDraft, Tile, shared_dimensions
from tandem.flows import dashboards as flow
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.http import Now, Transaction
from tandem.web.console import figures, tiles
from tandem.web.console.asked import decoded
from tandem.web.console.attribution import MODELS
from tandem.web.console.dashboards import (
    COMPARISONS,
    PERIODS,
    WORDS,
    Looking,
    kept_of,
    looking_at,
)
from tandem.web.console.exports import draft_of
from tandem.web.console.forms import convert, read_form
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
GRAINS: Mapping[str, str] = {
    "": "all days together",
    "day": "day",
    "week": "week",
    "month": "month",
    "quarter": "quarter",
    "year": "year",
    "fiscal_year": "fiscal year",
}
SHAPES: Mapping[str, str] = {"line": "Line", "bar": "Bars", "table": "Table", "number": "Number"}
SHOWN_MAX = 200
ROWS = 50


class Explored(msgspec.Struct, frozen=True, kw_only=True):
    """What was chosen, as in the page's address."""

    measure: str = "revenue"
    second: str = ""
    by: str = ""
    grain: str = "day"
    shape: str = "line"
    field: str = ""
    value: str = ""
    model: str = "linear"
    window: str = "30"
    week_start: str = "monday"
    looking: Looking = Looking()

    def ask(self) -> Ask:
        """Refuses what does not go together, naming the choice."""
        measures = [one for one in (self.measure, self.second) if one]
        rule = None
        if self.field and self.value:
            rule = {"field": self.field, "op": "is", "value": self.value}
        values = {
            "measures": list(dict.fromkeys(measures)),
            "dimensions": [self.by] if self.by else [],
            "grain": self.grain or None,
            "filters": rule,
            "limit": SHOWN_MAX,
            "model": self.model,
            "week_start": self.week_start,
            "window_days": int(self.window) if self.window in map(str, WINDOWS) else 0,
        }
        return self.looking.applied(convert(values, Ask, WORDS), "")


class ExplorePage(Controller):
    path = "/explore"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        tx.actor.require("analytics.read")
        return await _page(request, tx, _explored(request), now)

    @post()
    async def save(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        """The question as a tile of a dashboard, a new one or one of one's own."""
        form = await read_form(request)
        explored = _explored(request)
        try:
            tile = _tile(explored, form)
            made_id, name = await _keep(tx, tile, form, now)
        except Refusal as refusal:
            return await _page(request, tx, explored, now, refusal.detail, refusal.status)
        return redirect(request, f"/dashboards/own/{made_id}", toast=f"{tile.title} is on {name}.")

    @get("/rows")
    async def rows(
        self,
        request: AnyRequest,
        tx: Transaction,
        now: Now,
        ask: FromQuery[str] = "",
        cursor: FromQuery[str] = "",
    ) -> Response[Any]:
        """The rows that make one number."""
        tx.actor.require("analytics.read")
        wanted = decoded(ask, DrillAsk)
        found = await analytics.drill(tx, wanted, limit=ROWS, cursor=cursor or None, now=now)
        metric = find_metric(wanted.measure, field="measure")
        return page(
            request,
            "console/number.html",
            found=found,
            metric=metric,
            dataset=DATASETS[metric.dataset],
            value=figures.exact(found.value, found.unit, found.currency),
            above=figures.exact(found.amount, _part_unit(metric), found.currency),
            below="" if found.over is None else figures.exact(found.over, "count", ""),
            part_unit=_part_unit(metric),
            exact=figures.exact,
            asked=ask,
            draft=draft_of(
                f"Rows of {metric.label}",
                rows=msgspec.structs.replace(
                    wanted, query=msgspec.structs.replace(wanted.query, as_of=found.as_of)
                ),
            ),
            keys=await _said(tx, wanted),
        )

    @get("/dictionary")
    async def dictionary(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        tx.actor.require("analytics.read")
        return page(
            request,
            "console/dictionary.html",
            groups=[(one, _of(one.key)) for one in DATASETS.values() if _of(one.key)],
        )


def _of(dataset: str) -> list[Metric]:
    return [one for one in latest() if one.dataset == dataset]


def _part_unit(metric: Metric) -> str:
    """What the rows of an average or a share add up above the line."""
    if metric.over is None:
        return metric.unit
    if metric.unit == "money" or metric.unit in ("hours", "days"):
        return metric.unit
    return "count"


def _explored(request: AnyRequest) -> Explored:
    asked = request.query_params
    names = [one for one in Explored.__struct_fields__ if one != "looking"]
    given = {name: asked[name][:200] for name in names if name in asked}
    return Explored(looking=looking_at(request), **given)


async def _page(
    request: AnyRequest,
    tx: Tx,
    explored: Explored,
    now: datetime,
    problem: str = "",
    status: int = 200,
) -> Response[Any]:
    known = {one.key: one for one in latest()}
    metric = known.get(explored.measure, known["revenue"])
    dimensions = DATASETS[metric.dataset].dimensions
    shape = explored.shape if explored.shape in SHAPES else "table"
    try:
        tile = Tile(title=metric.label, shape=_fitting(shape, explored), query=explored.ask())
        view = await tiles.view(tx, tile, 0, now=now)
    except Invalid as refusal:
        view = tiles.View(place=0, title=metric.label, shape="table", problem=refusal.detail)
    own = await flow.list_dashboards(tx)
    return page(
        request,
        "console/explore.html",
        status=status,
        explored=explored,
        looking=explored.looking,
        metric=metric,
        groups=[(one, _of(one.key)) for one in DATASETS.values() if _of(one.key)],
        dimensions=dimensions,
        seconds=[one for one in known.values() if _goes_with(one, metric)],
        grains=GRAINS,
        shapes=SHAPES,
        models=MODELS,
        windows=WINDOWS,
        periods=PERIODS,
        comparisons=COMPARISONS,
        view=view,
        own=[one for one in own if one.owner_id == tx.actor.user_id],
        problem=problem,
    )


def _fitting(shape: str, explored: Explored) -> Any:
    """A chart needs something along its axis."""
    if explored.grain or explored.by:
        return "table" if shape == "number" else shape
    return "number"


def _goes_with(one: Metric, metric: Metric) -> bool:
    return one.dataset == metric.dataset and one.key != metric.key and one.span == metric.span


def _tile(explored: Explored, form: Mapping[str, str]) -> Tile:
    ask = explored.ask()
    ready = msgspec.structs.replace(ask, period=ask.period, as_of=None)
    values = {
        "title": form.get("title", ""),
        "tab": form.get("tab", "").strip(),
        "shape": _fitting(explored.shape, explored),
        "query": msgspec.to_builtins(ready),
        "is_wide": explored.shape == "line",
    }
    words = {
        "title": "Give the tile a name, 80 letters at most.",
        "tab": "A tab has 40 letters at most.",
    }
    return convert(values, Tile, words)


async def _keep(tx: Tx, tile: Tile, form: Mapping[str, str], now: datetime) -> tuple[UUID, str]:
    chosen = form.get("dashboard", "")
    if not chosen:
        words = {"name": "Give the new dashboard a name, 80 letters at most."}
        draft = convert({"name": form.get("name", "")}, DashboardDraft, words)
        made = await flow.add_dashboard(tx, msgspec.structs.replace(draft, tiles=[tile]), now=now)
        return made.id, made.name
    known = next((one for one in await flow.list_dashboards(tx) if str(one.id) == chosen), None)
    if known is None:
        raise Invalid("Choose a dashboard.", field="dashboard")
    draft = msgspec.structs.replace(kept_of(known), tiles=[*known.tiles, tile])
    if known.filter_by not in shared_dimensions(draft.tiles):
        draft = msgspec.structs.replace(draft, filter_by="")
    checked = msgspec.convert(msgspec.to_builtins(draft), DashboardDraft)
    changed = await flow.change_dashboard(tx, known.id, checked, is_current=lambda _: None, now=now)
    return changed.id, changed.name


async def _said(tx: Tx, wanted: DrillAsk) -> list[tuple[str, str]]:
    """The cell in words: which bucket, which channel."""
    ask = wanted.query
    said = []
    for name, value in wanted.keys.items():
        if name == "time" and ask.grain:
            grain = ask.grain.replace("_", " ").capitalize()
            said.append((grain, figures.bucket(value, ask.grain)))
            continue
        metric = find_metric(wanted.measure, field="measure")
        dimension = DATASETS[metric.dataset].dimensions[name]
        names = await figures.names_for(tx, name, dimension.refers, value)
        said.append((dimension.label, figures.label(value, name, names)))
    if wanted.measure.startswith("credited_"):
        said.append(("Model", ask.model.value.capitalize()))
        said.append(("Look-back", f"{ask.window_days} days"))
    return said
