"""The forecast: what open deals promise and closed ones brought, and the quotas beside it."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.crm.identity import service as identity
from tandem.crm.sales import service as sales
from tandem.crm.sales.domain.forecasts import Ask, Forecast, GroupBy
from tandem.crm.sales.domain.quotas import NewQuota, Period, label_of, span_of
from tandem.flows import opportunities, quotas
from tandem.flows.quotes.writing import business_day
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.http import Now, Transaction
from tandem.web.console.forms import (
    NO_PROBLEM,
    Problem,
    convert,
    decimal_text,
    minor_of,
    problem_of,
    read_form,
)
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
GROUPS = (
    (GroupBy.MONTH, "Month"),
    (GroupBy.QUARTER, "Quarter"),
    (GroupBy.OWNER, "Owner"),
    (GroupBy.TEAM, "Team"),
    (GroupBy.STAGE, "Stage"),
    (GroupBy.PIPELINE, "Pipeline"),
    (GroupBy.CURRENCY, "Currency"),
)
PERIODS = ((Period.MONTH, "Month"), (Period.QUARTER, "Quarter"), (Period.YEAR, "Financial year"))
WORDS: Mapping[str, str] = {
    "on": "This is no day.",
    "target_minor": "A target is more than nothing.",
    "owner_id": "Choose a person or a team.",
}


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What the page is asked for, as its address says."""

    period: Period
    on: date
    from_on: date
    to_on: date
    group_by: GroupBy

    @property
    def label(self) -> str:
        return label_of(self.period, self.from_on)

    def address(self, **other: object) -> str:
        parts = {"period": self.period, "on": self.on, "by": self.group_by} | other
        return "/forecast?" + "&".join(f"{name}={value}" for name, value in parts.items())

    @property
    def before(self) -> str:
        return self.address(on=self.from_on - timedelta(days=1))

    @property
    def after(self) -> str:
        return self.address(on=self.to_on + timedelta(days=1))


class ForecastPage(Controller):
    path = "/forecast"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        return await _page(request, tx, now=now)

    @post("/quotas")
    async def add(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await read_form(request)
        try:
            made = await quotas.add_quota(tx, await _quota(tx, form), now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form, form="quota")
            return await _page(request, tx, problem, refusal.status, now=now)
        return redirect(request, _back(form), toast=f"The quota for {made.label} is set.")

    @post("/quotas/{quota_id:uuid}")
    async def change(
        self, request: AnyRequest, quota_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        try:
            if form.get("then") == "remove":
                await sales.remove_quota(tx, quota_id, now=now)
                return redirect(request, _back(form), toast="The quota is gone.")
            target = await _target(tx, form)
            await sales.change_quota(tx, quota_id, target, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form, form=f"quota-{quota_id}")
            return await _page(request, tx, problem, refusal.status, now=now)
        return redirect(request, _back(form), toast="The target is changed.")


async def _page(
    request: AnyRequest,
    tx: Tx,
    problem: Problem = NO_PROBLEM,
    status: int = 200,
    *,
    now: datetime,
) -> Response[Any]:
    shown = _shown(request.query_params, await business_day(tx, now))
    ask = Ask(from_on=shown.from_on, to_on=shown.to_on, group_by=shown.group_by)
    forecast = await opportunities.forecast(tx, ask)
    people = await identity.staff_names(tx)
    nodes = await identity.list_nodes(tx.with_all_grants(), identity.TEAMS)
    teams = {each.id: each.name for each in nodes}
    stands = await quotas.attainments(tx, from_on=shown.from_on, to_on=shown.to_on, now=now)
    return page(
        request,
        "console/forecast.html",
        status=status,
        shown=shown,
        forecast=forecast,
        names=await _names(tx, forecast, people, teams),
        stands=stands,
        people=people,
        teams=teams,
        groups=GROUPS,
        periods=PERIODS,
        decimal_text=decimal_text,
        whom=[*_options("owner", people), *_options("team", teams)],
        problem=problem,
    )


def _shown(asked: Mapping[str, str], today: date) -> Shown:
    """The quarter that today lies in, by month, unless the address says otherwise."""
    period = Period(asked["period"]) if asked.get("period") in set(Period) else Period.QUARTER
    group = GroupBy(asked["by"]) if asked.get("by") in set(GroupBy) else GroupBy.MONTH
    try:
        on = date.fromisoformat(asked.get("on", ""))
        span = span_of(period, on)
    except (ValueError, Invalid):
        on, span = today, span_of(period, today)
    return Shown(period=period, on=on, from_on=span.from_on, to_on=span.to_on, group_by=group)


async def _names(
    tx: Tx, forecast: Forecast, people: Mapping[UUID, str], teams: Mapping[UUID, str]
) -> dict[str, str]:
    """What the rows' keys are called."""
    match forecast.group_by:
        case GroupBy.MONTH | GroupBy.QUARTER:
            period = Period(str(forecast.group_by))
            return {
                row.key: label_of(period, date.fromisoformat(row.key))
                for row in forecast.rows
                if row.key
            }
        case GroupBy.OWNER:
            return {str(key): name for key, name in people.items()}
        case GroupBy.TEAM:
            return {str(key): name for key, name in teams.items()}
        case GroupBy.CURRENCY:
            return {row.key: row.key for row in forecast.rows}
    pipelines = await sales.list_pipelines(tx)
    if forecast.group_by is GroupBy.PIPELINE:
        return {str(each.id): each.name for each in pipelines}
    return {str(stage.id): stage.name for each in pipelines for stage in each.stages}


def _options(kind: str, named: Mapping[UUID, str]) -> list[tuple[str, str]]:
    """`owner:<id>`, so that one field chooses a person or a team."""
    more = " (team)" if kind == "team" else ""
    return [(f"{kind}:{key}", f"{name}{more}") for key, name in named.items()]


async def _quota(tx: Tx, form: Mapping[str, str]) -> NewQuota:
    kind, _, chosen = form.get("whom", "").partition(":")
    given: dict[str, Any] = {
        "period": form.get("period", ""),
        "on": form.get("on", ""),
        "target_minor": await _target(tx, form),
    }
    if kind in {"owner", "team"}:
        given[f"{kind}_id"] = chosen
    return convert(given, NewQuota, WORDS)


async def _target(tx: Tx, form: Mapping[str, str]) -> int:
    currency = (await identity.get_organisation(tx)).currency
    target = minor_of(form.get("target", ""), field="target", currency=currency)
    if target < 1:
        raise Invalid("A target is more than nothing.", field="target")
    return target


def _back(form: Mapping[str, str]) -> str:
    """To the page the form stood on: its own address only."""
    to = form.get("back", "")
    return to if to.startswith("/forecast?") else "/forecast"
