"""Funnels: how many people went how far, each bar opening into its people."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath, FromQuery

from tandem.crm.analytics import service as analytics
from tandem.crm.analytics.domain.funnels import (
    STEPS_MAX,
    Funnel,
    FunnelAsk,
    FunnelDraft,
    FunnelDrillAsk,
    FunnelResult,
)
from tandem.crm.analytics.domain.happenings import DIMENSIONS, HAPPENINGS
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.http import Now, Transaction
from tandem.web.console import figures, someone
from tandem.web.console.asked import decoded
from tandem.web.console.dashboards import PERIODS, Looking, looking_at
from tandem.web.console.exports import draft_of
from tandem.web.console.forms import convert, read_form
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
ORDERS: Mapping[str, str] = {
    "ordered": "in this order",
    "strict": "directly after another",
    "any": "in any order",
}
WINDOWS: Mapping[str, str] = {
    "PT1H": "an hour", "P1D": "a day", "P7D": "7 days", "P14D": "14 days", "P30D": "30 days",
    "P90D": "90 days", "P365D": "365 days",
}  # fmt: skip
DEFAULT = ("order_placed", "order_confirmed", "order_delivered")
WORDS: Mapping[str, str] = {
    "steps": "A funnel has two to eight steps.",
    "period": "Choose a period.",
    "from_on": "This is no day.",
    "to_on": "This is no day.",
}
ROWS = 50


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """One step: `width` and `before` in per cent of those who began."""

    place: int
    label: str
    meaning: str
    count: int
    href: str
    of_first: str
    of_before: str
    width: float
    before: float
    dropped: int
    dropped_href: str
    took: str
    ninth: str


class Part(msgspec.Struct, frozen=True, kw_only=True):
    label: str
    cells: list[tuple[int, str]]
    rate: str
    took: str


class FunnelsPage(Controller):
    path = "/funnels"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        tx.actor.require("analytics.read")
        return await _page(request, tx, now)

    @post()
    async def keep(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        """The question of the page's address, under a name."""
        tx.actor.require("analytics.write")
        form = await read_form(request)
        words = {"name": "Give the funnel a name, 80 letters at most."}
        try:
            values = {"name": form.get("name", ""), "query": _asked(request)}
            draft = convert(values, FunnelDraft, words)
            kept = await analytics.keep_funnel(tx, draft, now=now)
        except Invalid as refusal:
            return await _page(request, tx, now, problem=refusal.detail, status=refusal.status)
        return redirect(request, f"/funnels/{kept.id}", toast=f"{kept.name} is kept.")

    @get("/people")
    async def people(
        self,
        request: AnyRequest,
        tx: Transaction,
        now: Now,
        ask: FromQuery[str] = "",
        cursor: FromQuery[str] = "",
    ) -> Response[Any]:
        """Those of one bar, or those lost before it."""
        tx.actor.require("analytics.read")
        wanted = decoded(ask, FunnelDrillAsk)
        found = await analytics.drill_funnel(tx, wanted, limit=ROWS, cursor=cursor or None, now=now)
        names = [_name(one.event, one.label) for one in wanted.query.steps]
        return page(
            request,
            "console/funnel_people.html",
            found=found,
            people=await someone.named(tx, [(row.id, row.is_lead) for row in found.items]),
            title=_title(wanted, names),
            steps=names,
            is_any=wanted.query.order == "any",
            span=someone.span,
            asked=ask,
        )

    @get("/{funnel_id:uuid}")
    async def show_kept(
        self, request: AnyRequest, funnel_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        kept = await analytics.get_funnel(tx, funnel_id)
        return await _page(request, tx, now, kept=kept)

    @post("/{funnel_id:uuid}/removal")
    async def remove(
        self, request: AnyRequest, funnel_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        await analytics.remove_funnel(tx, funnel_id, now=now)
        return redirect(request, "/funnels", toast="The funnel is gone.")


def _asked(request: AnyRequest) -> dict[str, Any]:
    """The question in the page's address: steps by number, each with a dimension it has to fit."""
    given = request.query_params
    steps = []
    for place in range(1, STEPS_MAX + 1):
        event = given.get(f"s{place}", "")
        if not event:
            continue
        field, value = given.get(f"f{place}", ""), given.get(f"v{place}", "")[:200]
        is_narrow = field in DIMENSIONS and value
        where = {"field": field, "op": "is", "value": value} if is_narrow else None
        steps.append({"event": event[:40], "where": where})
    without = given.get("without", "")[:40]
    looking = _looking(request)
    days: dict[str, Any] = {"period": looking.period}
    if looking.first and looking.last:
        days = {"from_on": looking.first, "to_on": looking.last}
    return days | {
        "steps": steps or [{"event": one} for one in DEFAULT],
        "order": given.get("order", "ordered"),
        "within": given.get("within", "P14D")[:12],
        "breakdown": given.get("by") or None,
        "exclusions": [{"happening": {"event": without}}] if without else [],
    }


def _looking(request: AnyRequest) -> Looking:
    found = looking_at(request)
    has_period = "period" in request.query_params
    return found if has_period else msgspec.structs.replace(found, period="last_90_days")


async def _page(
    request: AnyRequest,
    tx: Tx,
    now: datetime,
    *,
    kept: Funnel | None = None,
    problem: str = "",
    status: int = 200,
) -> Response[Any]:
    asked: FunnelAsk | None = None
    result: FunnelResult | None = None
    try:
        asked = kept.query if kept else convert(_asked(request), FunnelAsk, WORDS)
        result = await analytics.run_funnel(tx, asked, now)
    except Refusal as refusal:
        problem = problem or refusal.detail
    looking = _kept_days(kept) if kept else _looking(request)
    return page(
        request,
        "console/funnel.html",
        status=status,
        asked=asked,
        chosen=_chosen(asked),
        happenings=HAPPENINGS,
        dimensions=DIMENSIONS,
        orders=ORDERS,
        windows=_windows(asked),
        looking=looking,
        periods=PERIODS,
        result=result,
        draft=_taken_along(asked, result, kept) if asked and result else "",
        bars=bars_of(asked, result) if asked and result else [],
        parts=await _parts(tx, asked, result) if asked and result else [],
        days_said=days_said(result) if result else "",
        took=someone.span(result.seconds_median if result else None),
        ninth=someone.span(result.seconds_p90 if result else None),
        kept=kept,
        is_own=kept is not None and kept.owner_id == tx.actor.user_id,
        all_kept=await analytics.list_funnels(tx),
        problem=problem,
        steps_max=STEPS_MAX,
    )


def _taken_along(asked: FunnelAsk, result: FunnelResult, kept: Funnel | None) -> str:
    fixed = msgspec.structs.replace(asked, as_of=result.as_of)
    return draft_of(kept.name if kept else "Funnel", funnel=fixed)


def days_said(result: FunnelResult) -> str:
    return f"from {result.days.from_on:%-d %b %Y} to {result.days.to_on:%-d %b %Y}"


def _kept_days(kept: Funnel) -> Looking:
    query = kept.query
    if query.from_on and query.to_on:
        return Looking(first=str(query.from_on), last=str(query.to_on))
    return Looking(period=query.period or "last_30_days")


def _windows(asked: FunnelAsk | None) -> Mapping[str, str]:
    if asked is None or asked.within in WINDOWS:
        return WINDOWS
    return {**WINDOWS, asked.within: asked.within}


def _chosen(asked: FunnelAsk | None) -> list[tuple[str, str, str]]:
    """Of each step its happening, and the dimension and value that it has to fit."""
    found = []
    for step in asked.steps if asked else ():
        where = step.where or {}
        is_plain = where.get("op") == "is" and "field" in where
        field, value = (where["field"], str(where["value"])) if is_plain else ("", "")
        found.append((step.event, field, value))
    return found


def bars_of(asked: FunnelAsk, result: FunnelResult) -> list[Bar]:
    fixed = msgspec.structs.replace(asked, as_of=result.as_of)
    bars = []
    for place, step in enumerate(result.steps, 1):
        before = result.steps[place - 2] if place > 1 else step
        is_any = asked.order == "any"
        bars.append(
            Bar(
                place=place,
                label=_at_least(place) if is_any else step.meant.label,
                meaning="" if is_any else step.meant.meaning,
                count=step.count,
                href=_href(FunnelDrillAsk(query=fixed, step=place)),
                of_first=figures.exact(step.of_first, "ratio", ""),
                of_before=figures.exact(step.of_before, "ratio", ""),
                width=round((step.of_first or 0) * 100, 2),
                before=round((before.of_first or 0) * 100, 2),
                dropped=step.dropped,
                dropped_href=_href(FunnelDrillAsk(query=fixed, step=place, is_dropped=True))
                if place > 1
                else "",
                took=someone.span(step.seconds_median),
                ninth=someone.span(step.seconds_p90),
            )
        )
    return bars


def _at_least(place: int) -> str:
    return "One of the steps" if place == 1 else f"{place} of the steps"


async def _parts(tx: Tx, asked: FunnelAsk, result: FunnelResult) -> list[Part]:
    name = asked.breakdown
    if name is None:
        return []
    fixed = msgspec.structs.replace(asked, as_of=result.as_of)
    parts = []
    for one in result.parts:
        names = await figures.names_for(tx, name, DIMENSIONS[name].refers, one.value)
        drills = [
            FunnelDrillAsk(query=fixed, step=place, keys={name: one.value})
            for place in range(1, len(one.counts) + 1)
        ]
        parts.append(
            Part(
                label=figures.label(one.value, name, names),
                cells=[
                    (count, _href(each)) for count, each in zip(one.counts, drills, strict=True)
                ],
                rate=figures.exact(one.rate, "ratio", ""),
                took=someone.span(one.seconds_median),
            )
        )
    return parts


def _href(wanted: FunnelDrillAsk) -> str:
    return someone.href("/funnels/people", wanted)


def _name(event: str, label: str) -> str:
    return label or (HAPPENINGS[event].label if event in HAPPENINGS else event)


def _title(wanted: FunnelDrillAsk, names: Sequence[str]) -> str:
    place = min(wanted.step, len(names)) - 1
    if wanted.query.order == "any":
        least = _at_least(wanted.step - 1 if wanted.is_dropped else wanted.step)
        return f"No more than {least.lower()}" if wanted.is_dropped else f"At least {least.lower()}"
    if wanted.is_dropped:
        return f"Lost before: {names[place]}"
    return f"Got to: {names[place]}"
