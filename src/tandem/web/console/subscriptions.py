"""Reports by mail: what goes out, when, to whom, and what became of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from babel.dates import format_datetime
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath, FromQuery

from tandem.crm.analytics.domain.asking import Ask
from tandem.crm.analytics.domain.catalogue import DATASETS, find_metric
from tandem.crm.analytics.domain.dashboards import READY
from tandem.crm.analytics.domain.exports import ExportDraft
from tandem.crm.analytics.domain.funnels import FunnelAsk
from tandem.crm.analytics.domain.happenings import HAPPENINGS, Chosen, meant
from tandem.crm.analytics.domain.permissions import CONFIGURE, WRITE
from tandem.crm.analytics.domain.retention import RetentionAsk
from tandem.crm.analytics.domain.schedules import Schedule
from tandem.crm.analytics.domain.subscriptions import (
    ENDS,
    Subscription,
    SubscriptionDraft,
)
from tandem.crm.analytics.service import subscriptions
from tandem.crm.identity import service as identity
from tandem.flows import dashboards
from tandem.flows.reports import subscribing
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.http import Now, Transaction
from tandem.web.clocks import zone_options
from tandem.web.console.asked import decoded, question
from tandem.web.console.dashboards import COMPARISONS, PERIODS
from tandem.web.console.forms import NO_PROBLEM, Problem, convert, problem_of
from tandem.web.rendering import LOCALE, page, redirect

AnyRequest = Request[Any, Any, Any]
EVERY: Mapping[str, str] = {
    "day": "every day",
    "week": "every week",
    "month": "every month",
    "quarter": "every quarter",
    "fiscal_year": "every fiscal year (April)",
}
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
TONES = {"sent": "good", "waiting": "info", "failed": "bad", "not_allowed": "warn"}
WORDS = {
    "name": "Give it a name, 80 letters at most.",
    "at": "Give a time such as 08:00.",
    "recipients": "Choose who gets it.",
    "dashboard": "Choose what to send.",
    "day": "A day of the month is from 1 to 31.",
    "period": "Choose the days.",
}


class SubscriptionsPage(Controller):
    path = "/subscriptions"
    include_in_schema = False

    @get()
    async def show(
        self,
        request: AnyRequest,
        tx: Transaction,
        all: FromQuery[bool] = False,  # noqa: A002  a word of the address
    ) -> Response[Any]:
        found = await subscriptions.list_subscriptions(tx, everybodys=all)
        zone = (await identity.get_organisation(tx.with_all_grants())).time_zone
        return page(
            request,
            "console/subscriptions.html",
            items=[(one, said(one), when(one.draft.schedule), _next(one, zone)) for one in found],
            people=await identity.staff_names(tx),
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
        dashboard: FromQuery[str] = "",
        draft: FromQuery[str] = "",
    ) -> Response[Any]:
        tx.actor.require("analytics.read")
        if ask:
            question(ask)
        named = title or (READY[dashboard].name if dashboard in READY else "")
        values = {
            "ask": ask,
            "people": _people_asked(draft) if draft else "",
            "name": named[:80],
            "dashboard": dashboard or "sales",
            "recipients": str(tx.actor.user_id),
        }
        return await _form(request, tx, values, None)

    @post()
    async def add(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        tx.actor.require("analytics.read")
        values = await _values(request)
        try:
            made = await subscribing.add(tx, _draft(values), now=now)
        except Refusal as refusal:
            return await _form(request, tx, values, None, problem_of(refusal, values))
        to = f"/subscriptions/{made.id}"
        return redirect(request, to, toast=f"{made.name} goes out {when(made.draft.schedule)}.")

    @get("/{subscription_id:uuid}")
    async def show_one(
        self, request: AnyRequest, subscription_id: FromPath[UUID], tx: Transaction
    ) -> Response[Any]:
        found = await subscriptions.get_subscription(tx, subscription_id)
        return await _form(request, tx, _shown(found), found)

    @post("/{subscription_id:uuid}")
    async def change(
        self, request: AnyRequest, subscription_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        found = await subscriptions.get_subscription(tx, subscription_id)
        values = await _values(request)
        try:
            changed = await subscribing.change(
                tx, subscription_id, _draft(values), is_current=lambda _: None, now=now
            )
        except Invalid as refusal:
            return await _form(request, tx, values, found, problem_of(refusal, values))
        to = f"/subscriptions/{subscription_id}"
        return redirect(request, to, toast=f"{changed.name} is saved.")

    @post("/{subscription_id:uuid}/runs")
    async def run(
        self, request: AnyRequest, subscription_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        await subscriptions.run_now(tx, subscription_id, now=now)
        return redirect(
            request, f"/subscriptions/{subscription_id}", toast="It is made and sent now."
        )

    @post("/{subscription_id:uuid}/leaving")
    async def leave(
        self, request: AnyRequest, subscription_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        await subscriptions.leave_subscription(tx, subscription_id, now=now)
        return redirect(request, "/subscriptions", toast="You get no more of it.")

    @post("/{subscription_id:uuid}/removal")
    async def remove(
        self, request: AnyRequest, subscription_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        await subscriptions.remove_subscription(tx, subscription_id, now=now)
        return redirect(request, "/subscriptions", toast="The subscription is gone.")


def when(schedule: Schedule) -> str:
    """`every month on the 31st at 08:00`."""
    told = EVERY[schedule.every]
    if schedule.every == "week":
        told = f"every {WEEKDAYS[schedule.weekday]}"
    elif schedule.every != "day":
        told += f", day {schedule.day}"
    return f"{told} at {schedule.at}" + (f" ({schedule.zone})" if schedule.zone else "")


def said(found: Subscription) -> str:
    """What it is of, in words."""
    draft = found.draft
    if draft.query is not None:
        return question_said(draft.query)
    if draft.funnel is not None or draft.retention is not None:
        return people_said(draft.funnel, draft.retention)
    if draft.dashboard is not None and draft.dashboard in READY:
        return f"{READY[draft.dashboard].name} dashboard"
    return "A dashboard of their own"


def question_said(ask: Ask) -> str:
    """`Revenue by channel per week`."""
    metrics = [find_metric(name, field="measures") for name in ask.measures]
    told = " and ".join(one.label for one in metrics)
    known = DATASETS[metrics[0].dataset].dimensions
    if ask.dimensions:
        told += " by " + ", ".join(known[name].label.lower() for name in ask.dimensions)
    return told + (f" per {ask.grain.replace('_', ' ')}" if ask.grain else "")


def people_said(funnel: FunnelAsk | None, retention: RetentionAsk | None) -> str:
    """`Funnel: Order placed, Parcel delivered`."""
    if funnel is not None:
        return "Funnel: " + ", ".join(_label(one) for one in funnel.steps)
    assert retention is not None, "one of the two"
    begins, returns = _label(retention.begins), _label(retention.returns)
    return f"Who comes back: {begins}, then {returns}, per {retention.grain}"


def _label(one: Chosen) -> str:
    """Also of a happening that somebody made up, which is refused when it is saved."""
    return meant(one).label if one.event in HAPPENINGS else one.event


async def _form(
    request: AnyRequest,
    tx: Tx,
    values: Mapping[str, str],
    found: Subscription | None,
    problem: Problem = NO_PROBLEM,
) -> Response[Any]:
    is_owner = found is None or found.owner_id == tx.actor.user_id
    own = await dashboards.list_dashboards(tx)
    named = [(key, one.name) for key, one in READY.items()]
    named += [(str(one.id), one.name) for one in own]
    return page(
        request,
        "console/subscription.html",
        status=problem.status,
        found=found,
        values=values,
        problem=problem,
        question=_asked_said(values),
        dashboards=named,
        filters={key: one.filter_by for key, one in READY.items() if one.filter_by},
        periods=PERIODS.items(),
        comparisons=COMPARISONS.items(),
        every=EVERY.items(),
        weekdays=list(enumerate(WEEKDAYS)),
        time_zones=zone_options(values.get("zone", "")),
        people=await _people(tx, may_others=tx.actor.may(WRITE)),
        may_others=tx.actor.may(WRITE),
        names=await identity.staff_names(tx),
        chosen=values.get("recipients", "").split(),
        is_owner=is_owner,
        is_recipient=found is not None and tx.actor.user_id in found.recipients,
        may_remove=is_owner or tx.actor.may(CONFIGURE),
        history=await subscriptions.history_of(tx, found.id) if found else [],
        ends=ENDS,
        tones=TONES,
        told=when(found.draft.schedule) if found else "",
        about=said(found) if found else "",
    )


async def _people(tx: Tx, *, may_others: bool) -> list[tuple[str, str]]:
    """Who may be chosen: everybody who works here, or oneself alone."""
    people = await identity.staff_names(tx, only_active=True)
    return [
        (str(one), name) for one, name in people.items() if may_others or one == tx.actor.user_id
    ]


async def _values(request: AnyRequest) -> dict[str, str]:
    form = await request.form()
    values = {name: str(value)[:20_000].strip() for name, value in form.multi_items()}
    values["recipients"] = " ".join(str(one) for one in form.getall("recipient", []))
    return values


def _shown(found: Subscription) -> dict[str, str]:
    draft, looking = found.draft, found.draft.looking
    return {
        "ask": msgspec.json.encode(draft.query).decode() if draft.query else "",
        "people": _people_of(draft),
        "name": draft.name,
        "dashboard": draft.dashboard or "",
        "period": str(looking.period) if looking else "last_30_days",
        "compare": looking.compare if looking else "none",
        "only": looking.only if looking else "",
        "file": draft.file,
        "every": draft.schedule.every,
        "at": draft.schedule.at,
        "weekday": str(draft.schedule.weekday),
        "day": str(draft.schedule.day),
        "zone": draft.schedule.zone or "",
        "skip_empty": "true" if draft.skip_empty else "",
        "is_active": "true" if found.is_active else "",
        "recipients": " ".join(str(one) for one in found.recipients),
    }


def _draft(values: Mapping[str, str]) -> SubscriptionDraft:
    """Refuses, naming the field in words."""
    given: dict[str, Any] = {
        "name": values.get("name", ""),
        "file": values.get("file", "xlsx"),
        "skip_empty": values.get("skip_empty") == "true",
        "is_active": values.get("is_active", "true") == "true",
        "recipients": values["recipients"].split(),
        "schedule": {
            "every": values.get("every", "day"),
            "at": values.get("at", ""),
            "weekday": values.get("weekday", "0"),
            "day": values.get("day", "1"),
            "zone": values.get("zone") or None,
        },
    }
    if values.get("ask"):
        given["query"] = msgspec.to_builtins(question(values["ask"]))
    elif values.get("people"):
        given |= msgspec.to_builtins(decoded(values["people"], _People, named="report"))
    else:
        given["dashboard"] = values.get("dashboard", "")
        given["looking"] = {
            name: values[name] for name in ("period", "compare", "only") if values.get(name)
        }
    return convert(given, SubscriptionDraft, WORDS)


class _People(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A funnel or cohorts, as the form carries them."""

    funnel: FunnelAsk | None = None
    retention: RetentionAsk | None = None


def _people_asked(text: str) -> str:
    """Of what a page shows, the question: always of the newest moment."""
    shown = decoded(text, ExportDraft, named="report")
    if shown.funnel is None and shown.retention is None:
        raise Invalid("This address does not name a report.", field="draft")
    kept = _People(
        funnel=shown.funnel and msgspec.structs.replace(shown.funnel, as_of=None),
        retention=shown.retention and msgspec.structs.replace(shown.retention, as_of=None),
    )
    return msgspec.json.encode(kept).decode()


def _people_of(draft: SubscriptionDraft) -> str:
    if draft.funnel is None and draft.retention is None:
        return ""
    return msgspec.json.encode(_People(funnel=draft.funnel, retention=draft.retention)).decode()


def _asked_said(values: Mapping[str, str]) -> str:
    """What the form is of where that cannot be chosen in it."""
    if values.get("ask"):
        return question_said(question(values["ask"]))
    if values.get("people"):
        found = decoded(values["people"], _People, named="report")
        if found.funnel is not None or found.retention is not None:
            return people_said(found.funnel, found.retention)
    return ""


def _next(found: Subscription, zone: str) -> str:
    if not found.is_active:
        return found.stopped_because or "Paused"
    local: datetime = found.next_at.astimezone(ZoneInfo(found.draft.schedule.zone or zone))
    return format_datetime(local, "EEE d MMM, HH:mm", locale=LOCALE)
