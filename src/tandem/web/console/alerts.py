"""Alerts: what is watched, how far it may go, and what was said."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath, FromQuery

from tandem.crm.analytics.domain.alerts import Alert, AlertDraft, Reading, label_of, unit_of
from tandem.crm.analytics.domain.catalogue import DATASETS, find_metric, latest
from tandem.crm.analytics.domain.permissions import CONFIGURE
from tandem.crm.analytics.service import alerts
from tandem.crm.identity import service as identity
from tandem.flows.reports.watching import figure, said
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.http import Now, Transaction
from tandem.web.console.asked import question
from tandem.web.console.dashboards import PERIODS
from tandem.web.console.forms import (
    NO_PROBLEM,
    Problem,
    convert,
    decimal_text,
    minor_of,
    problem_of,
    read_form,
    whole_of,
)
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
KINDS: Mapping[str, str] = {
    "threshold": "goes beyond a limit",
    "change": "changes against the period before",
    "anomaly": "is unlike other days",
}
SIDES = {"above": "above, or more", "below": "below, or less", "either": "either way"}
EVERY = {"15": "15 minutes", "60": "hour", "360": "6 hours", "1440": "day", "10080": "week"}
SAID = {
    "fired": ("Went beyond", "bad"),
    "again": ("Still beyond", "bad"),
    "recovered": ("Back within", "good"),
    "stopped": ("Stopped", "quiet"),
}
STATES = {
    "unknown": ("Not known yet", "quiet"),
    "ok": ("Within", "good"),
    "firing": ("Beyond", "bad"),
}
WORDS = {"name": "Give it a name, 80 letters at most.", "limit": "Give a number."}


class AlertsPage(Controller):
    path = "/alerts"
    include_in_schema = False

    @get()
    async def show(
        self,
        request: AnyRequest,
        tx: Transaction,
        all: FromQuery[bool] = False,  # noqa: A002  a word of the address
    ) -> Response[Any]:
        found = await alerts.list_alerts(tx, everybodys=all)
        currency = (await identity.get_organisation(tx.with_all_grants())).currency
        return page(
            request,
            "console/alerts.html",
            items=[(one, rule(one.draft, currency), _now(one, currency)) for one in found],
            people=await identity.staff_names(tx),
            states=STATES,
            is_everybodys=all,
            may_all=tx.actor.may(CONFIGURE),
        )

    @get("/new")
    async def ask(
        self,
        request: AnyRequest,
        tx: Transaction,
        ask: FromQuery[str] = "",
        title: FromQuery[str] = "",
    ) -> Response[Any]:
        tx.actor.require("analytics.read")
        values = {"name": title[:80], "measure": "orders", "filters": ""}
        if ask:
            asked = question(ask)
            values |= {
                "measure": asked.measures[0].partition("@")[0],
                "period": str(asked.period or "last_30_days"),
                "filters": msgspec.json.encode(asked.filters).decode() if asked.filters else "",
            }
        return await _form(request, tx, values, None)

    @post()
    async def add(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        tx.actor.require("analytics.read")
        values = await _values(request)
        try:
            made = await alerts.add_alert(tx, await _draft(tx, values), now=now)
        except Refusal as refusal:
            return await _form(request, tx, values, None, problem_of(refusal, values))
        return redirect(request, f"/alerts/{made.id}", toast=f"{made.name} is watched.")

    @get("/{alert_id:uuid}")
    async def show_one(
        self, request: AnyRequest, alert_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        found = await alerts.get_alert(tx, alert_id)
        return await _form(request, tx, await _shown(tx, found), found, now=now)

    @post("/{alert_id:uuid}")
    async def change(
        self, request: AnyRequest, alert_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        found = await alerts.get_alert(tx, alert_id)
        values = await _values(request)
        try:
            changed = await alerts.change_alert(
                tx, alert_id, await _draft(tx, values), is_current=lambda _: None, now=now
            )
        except Invalid as refusal:
            return await _form(request, tx, values, found, problem_of(refusal, values), now=now)
        return redirect(request, f"/alerts/{alert_id}", toast=f"{changed.name} is saved.")

    @post("/{alert_id:uuid}/mute")
    async def mute(
        self, request: AnyRequest, alert_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        """For so many hours; none of them lets it speak again."""
        form = await read_form(request)
        hours = whole_of(form.get("hours", "0"), field="hours", least=0, most=24 * 365)
        until = now + timedelta(hours=hours) if hours else None
        await alerts.mute_alert(tx, alert_id, until=until, now=now)
        told = "It is quiet." if hours else "It speaks again."
        return redirect(request, f"/alerts/{alert_id}", toast=told)

    @post("/{alert_id:uuid}/removal")
    async def remove(
        self, request: AnyRequest, alert_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        await alerts.remove_alert(tx, alert_id, now=now)
        return redirect(request, "/alerts", toast="The alert is gone.")


def rule(draft: AlertDraft, currency: str) -> str:
    """`Revenue, last 7 days: above ₹1,00,000.00`."""
    label = label_of(draft)
    days = PERIODS.get(str(draft.query.period or "last_30_days"), "").lower()
    if draft.kind == "threshold":
        limit = figure(draft.limit, unit_of(draft), currency)
        return f"{label}, {days}: {draft.side} {limit}"
    if draft.kind == "change":
        way = {"above": "up by", "below": "down by", "either": "changes by"}[draft.side]
        return f"{label}, {days}: {way} {draft.limit * 100:g} % or more"
    return f"{label} by day: unlike the 28 days before, z-score {draft.limit:g}"


async def _form(
    request: AnyRequest,
    tx: Tx,
    values: Mapping[str, str],
    found: Alert | None,
    problem: Problem = NO_PROBLEM,
    now: datetime | None = None,
) -> Response[Any]:
    currency = (await identity.get_organisation(tx.with_all_grants())).currency
    is_owner = found is None or found.owner_id == tx.actor.user_id
    unit = unit_of(found.draft) if found else ""
    history = await alerts.history_of(tx, found.id) if found else []
    return page(
        request,
        "console/alert.html",
        status=problem.status,
        found=found,
        values=values,
        problem=problem,
        groups=[(one, [m for m in latest() if m.dataset == key]) for key, one in DATASETS.items()],
        periods=PERIODS.items(),
        kinds=KINDS.items(),
        sides=SIDES.items(),
        every=EVERY.items(),
        states=STATES,
        told=SAID,
        rule=rule(found.draft, currency) if found else "",
        standing=_now(found, currency) if found else "",
        is_quiet=bool(found and found.muted_until and now and found.muted_until > now),
        history=[(one, figure(one.value, unit, currency)) for one in history],
        is_owner=is_owner,
        may_remove=is_owner or tx.actor.may(CONFIGURE),
    )


def _now(found: Alert, currency: str) -> str:
    if found.checked_at is None or found.as_of is None:
        return "Not looked at yet"
    if found.state == "firing":
        return said(
            found, Reading(value=found.value, score=found.score, as_of=found.as_of), currency
        )
    return figure(found.value, unit_of(found.draft), currency)


async def _values(request: AnyRequest) -> dict[str, str]:
    """A question handed on by a tile becomes its first measure, over everything."""
    values = await read_form(request)
    if values.get("ask"):
        values["measure"] = question(values["ask"]).measures[0].partition("@")[0]
    return values


async def _shown(tx: Tx, found: Alert) -> dict[str, str]:
    draft = found.draft
    currency = (await identity.get_organisation(tx.with_all_grants())).currency
    return {
        "name": draft.name,
        "measure": draft.query.measures[0].partition("@")[0],
        "period": str(draft.query.period or "last_30_days"),
        "filters": msgspec.json.encode(draft.query.filters).decode() if draft.query.filters else "",
        "kind": draft.kind,
        "side": draft.side,
        "limit": _limit_text(draft, currency),
        "every": str(draft.every_minutes),
        "again": str(draft.again_after_hours or ""),
        "is_active": "true" if found.is_active else "",
    }


def _limit_text(draft: AlertDraft, currency: str) -> str:
    if draft.kind == "anomaly":
        return f"{draft.limit:g}"
    if draft.kind == "change" or unit_of(draft) == "ratio":
        return f"{draft.limit * 100:g}"
    if unit_of(draft) == "money":
        return decimal_text(round(draft.limit), currency)
    return f"{draft.limit:g}"


async def _draft(tx: Tx, values: Mapping[str, str]) -> AlertDraft:
    """Limits as people type them: money in whole units, shares and changes in per cent."""
    measure = values.get("measure", "")
    query: dict[str, Any] = {"measures": [measure], "period": values.get("period", "last_30_days")}
    if values.get("filters"):
        query["filters"] = _rule(values["filters"])
    unit = str(find_metric(measure, field="measure").unit)
    currency = (await identity.get_organisation(tx.with_all_grants())).currency
    kind = values.get("kind", "threshold")
    given: dict[str, Any] = {
        "name": values.get("name", ""),
        "query": query,
        "kind": kind,
        "side": values.get("side", "above"),
        "limit": _limit(values.get("limit", ""), kind, unit, currency),
        "every_minutes": values.get("every", "60"),
        "again_after_hours": values.get("again") or None,
        "is_active": values.get("is_active", "true") == "true",
    }
    return convert(given, AlertDraft, WORDS)


def _limit(text: str, kind: str, unit: str, currency: str) -> float:
    if kind == "threshold" and unit == "money":
        return minor_of(text, field="limit", currency=currency)
    try:
        number = float(text.replace(",", "").replace("%", ""))
    except ValueError as reason:
        raise Invalid("Give a number.", field="limit") from reason
    is_share = kind == "change" or (kind == "threshold" and unit == "ratio")
    return number / 100 if is_share else number


def _rule(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as reason:
        raise Invalid("This is no filter.", field="filters") from reason
