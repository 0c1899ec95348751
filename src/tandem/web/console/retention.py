"""Who comes back: cohorts as a triangle, and in how many periods people come at all."""

from collections.abc import Mapping
from itertools import dropwhile
from typing import Any

import msgspec
from litestar import Controller, Request, Response, get
from litestar.params import FromQuery

from tandem.crm.analytics import service as analytics
from tandem.crm.analytics.domain.calendar import Grain
from tandem.crm.analytics.domain.happenings import HAPPENINGS
from tandem.crm.analytics.domain.retention import (
    PeopleDrill,
    RetentionAsk,
    RetentionDrillAsk,
    RetentionResult,
    Returned,
    StickinessAsk,
    StickinessDrillAsk,
    StickinessResult,
)
from tandem.kernel.db import Tx
from tandem.kernel.errors import Refusal
from tandem.kernel.http import Now, Transaction
from tandem.web.console import figures, someone
from tandem.web.console.asked import decoded
from tandem.web.console.dashboards import PERIODS, Looking, looking_at
from tandem.web.console.exports import draft_of
from tandem.web.console.forms import convert
from tandem.web.console.someone import href
from tandem.web.rendering import page

AnyRequest = Request[Any, Any, Any]
GRAINS: Mapping[str, str] = {
    "day": "day", "week": "week", "month": "month", "quarter": "quarter", "year": "year",
    "fiscal_year": "fiscal year",
}  # fmt: skip
SHORT: Mapping[str, str] = {
    "day": "D", "week": "W", "month": "M", "quarter": "Q", "fiscal_year": "FY", "year": "Y",
}  # fmt: skip
COHORTS: Mapping[str, str] = {
    "first": "for the first time ever",
    "every": "each time",
}
DEPTHS: Mapping[str, int] = {
    "day": 14, "week": 8, "month": 12, "quarter": 8, "year": 3, "fiscal_year": 3,
}  # fmt: skip
SHADES = 8
ROWS = 50
WORDS: Mapping[str, str] = {
    "grain": "Choose a period.",
    "period": "Choose days.",
    "from_on": "This is no day.",
    "to_on": "This is no day.",
}


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One number of the triangle; `shade` from 0 to 8."""

    text: str
    told: str
    href: str
    shade: int
    is_running: bool


class Row(msgspec.Struct, frozen=True, kw_only=True):
    label: str
    size: int
    href: str
    cells: list[Field]


class Stick(msgspec.Struct, frozen=True, kw_only=True):
    label: str
    count: int
    share: str
    width: float
    href: str


class RetentionPage(Controller):
    path = "/retention"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        tx.actor.require("analytics.read")
        looking = _looking(request)
        asked: RetentionAsk | None = None
        found: RetentionResult | None = None
        often: StickinessResult | None = None
        problem = ""
        try:
            asked = convert(_asked(request, looking), RetentionAsk, WORDS)
            found = await analytics.run_retention(tx, asked, now)
            often = await analytics.run_stickiness(tx, _sticky(asked), now)
        except Refusal as refusal:
            problem = refusal.detail
        return page(
            request,
            "console/retention.html",
            asked=asked,
            found=found,
            often=often,
            draft=_taken_along(asked, found) if asked and found else "",
            rows=rows_of(asked, found) if asked and found else [],
            heads=heads_of(asked) if asked else [],
            averages=[figures.exact(one, "ratio", "") for one in found.averages] if found else [],
            sticks=_sticks(asked, often) if asked and often else [],
            happenings=HAPPENINGS,
            grains=GRAINS,
            cohorts=COHORTS,
            looking=looking,
            periods=PERIODS,
            problem=problem,
        )

    @get("/people")
    async def people(
        self,
        request: AnyRequest,
        tx: Transaction,
        now: Now,
        ask: FromQuery[str] = "",
        cursor: FromQuery[str] = "",
    ) -> Response[Any]:
        """Those of a cohort, or of one of its numbers."""
        tx.actor.require("analytics.read")
        wanted = decoded(ask, RetentionDrillAsk)
        found = await analytics.drill_retention(
            tx, wanted, limit=ROWS, cursor=cursor or None, now=now
        )
        grain = wanted.query.grain
        title = f"Began in {figures.bucket(str(wanted.cohort), grain)}"
        if wanted.period is not None:
            title += f", back in {GRAINS.get(grain, grain)} {wanted.period}"
        return await _people(request, tx, found, title, "/retention/people", ask)

    @get("/often")
    async def often(
        self,
        request: AnyRequest,
        tx: Transaction,
        now: Now,
        ask: FromQuery[str] = "",
        cursor: FromQuery[str] = "",
    ) -> Response[Any]:
        """Those who came in exactly so many periods."""
        tx.actor.require("analytics.read")
        wanted = decoded(ask, StickinessDrillAsk)
        found = await analytics.drill_stickiness(
            tx, wanted, limit=ROWS, cursor=cursor or None, now=now
        )
        title = f"Came in {_count(wanted.periods, wanted.query.grain)}"
        return await _people(request, tx, found, title, "/retention/often", ask)


def _taken_along(asked: RetentionAsk, found: RetentionResult) -> str:
    return draft_of("Who comes back", retention=msgspec.structs.replace(asked, as_of=found.as_of))


async def _people(
    request: AnyRequest, tx: Tx, found: PeopleDrill, title: str, here: str, ask: str
) -> Response[Any]:
    return page(
        request,
        "console/cohort_people.html",
        found=found,
        title=title,
        people=await someone.named(tx, [(row.id, row.is_lead) for row in found.items]),
        here=here,
        asked=ask,
    )


def _looking(request: AnyRequest) -> Looking:
    found = looking_at(request)
    has_period = "period" in request.query_params
    return found if has_period else msgspec.structs.replace(found, period="last_365_days")


def _asked(request: AnyRequest, looking: Looking) -> dict[str, Any]:
    given = request.query_params
    grain = given.get("grain", "month")
    days: dict[str, Any] = {"period": looking.period}
    if looking.first and looking.last:
        days = {"from_on": looking.first, "to_on": looking.last}
    return days | {
        "begins": {"event": given.get("begins", "order_placed")[:40]},
        "returns": {"event": given.get("returns", "order_placed")[:40]},
        "cohort": given.get("cohort", "first"),
        "grain": grain,
        "periods": DEPTHS.get(grain, 12),
    }


def _sticky(asked: RetentionAsk) -> StickinessAsk:
    return StickinessAsk(
        happening=asked.returns,
        grain=asked.grain,
        week_start=asked.week_start,
        period=asked.period,
        from_on=asked.from_on,
        to_on=asked.to_on,
    )


def heads_of(asked: RetentionAsk) -> list[str]:
    return [f"{SHORT[asked.grain]}{place}" for place in range(asked.periods + 1)]


def rows_of(asked: RetentionAsk, found: RetentionResult) -> list[Row]:
    """From the first cohort with people in it: what lies before says nothing."""
    fixed = msgspec.structs.replace(asked, as_of=found.as_of)
    rows = []
    begun = dropwhile(lambda one: not one.size, found.cohorts)
    for cohort in list(begun) or found.cohorts[-1:]:
        label = figures.bucket(str(cohort.first), asked.grain)
        cells = [
            _field(RetentionDrillAsk(query=fixed, cohort=cohort.first, period=place), one, label)
            for place, one in enumerate(cohort.returned)
        ]
        whole = RetentionDrillAsk(query=fixed, cohort=cohort.first)
        rows.append(
            Row(label=label, size=cohort.size, href=href("/retention/people", whole), cells=cells)
        )
    return rows


def _field(wanted: RetentionDrillAsk, one: Returned, label: str) -> Field:
    is_empty = one.count is None or one.share is None
    share = figures.exact(one.share, "ratio", "")
    grain = GRAINS[wanted.query.grain]
    told = f"{label}, {grain} {wanted.period}: {share}, {one.count} people"
    return Field(
        text="" if is_empty else share.replace(" %", ""),
        told=told + (", not ended yet" if one.is_running else ""),
        href="" if is_empty or not one.count else href("/retention/people", wanted),
        shade=round((one.share or 0) * SHADES),
        is_running=one.is_running,
    )


def _sticks(asked: RetentionAsk, often: StickinessResult) -> list[Stick]:
    fixed = msgspec.structs.replace(_sticky(asked), as_of=often.as_of)
    most = max((one.count for one in often.often), default=1)
    return [
        Stick(
            label=_count(one.periods, asked.grain),
            count=one.count,
            share=figures.exact(one.share, "ratio", ""),
            width=round(one.count / most * 100, 2),
            href=href("/retention/often", StickinessDrillAsk(query=fixed, periods=one.periods)),
        )
        for one in often.often
    ]


def _count(periods: int, grain: Grain) -> str:
    name = GRAINS.get(grain, str(grain))
    return f"{periods} {name}" + ("" if periods == 1 else "s")
