"""Settings: automations, what they did, and a form for when, which and what."""

import functools
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.crm.sales.domain.automations import (
    FOR_LEADS,
    Action,
    Automation,
    AutomationDraft,
    Trigger,
    described,
)
from tandem.crm.sales.domain.leads import LeadFilters
from tandem.crm.sales.domain.opportunities import Filters, escaped
from tandem.crm.sales.service import automations, leads, list_opportunities
from tandem.flows import automations as flow
from tandem.kernel import rules
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.http import Now, Transaction, check_if_match
from tandem.kernel.http.noting import COMPUTES
from tandem.kernel.ids import parse_id
from tandem.web.console.forms import NO_PROBLEM, Problem, convert, problem_of, read_form
from tandem.web.console.segment_rules import Row, rows_of_form, rows_of_rule, rule_of_form
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
HOME = "/settings/automations"
SLOTS = 5
TRIGGERS = (
    ("lead_came", "A lead comes for the first time"),
    ("lead_came_again", "A lead comes once more"),
    ("lead_moved", "A lead's status changes"),
    ("lead_crossed", "A lead's score rises over a threshold"),
    ("lead_assigned", "A lead gets an owner"),
    ("deal_opened", "A deal is opened"),
    ("deal_moved", "A deal moves to another stage"),
    ("deal_won", "A deal is won"),
    ("deal_lost", "A deal is lost"),
)
ONLY_TO: Mapping[str, str] = {
    "lead_moved": "Only into the status",
    "lead_crossed": "Only over the threshold",
    "deal_opened": "Only in the stage",
    "deal_moved": "Only into the stage",
    "deal_lost": "Only for the reason",
}
ACTIONS = (
    ("add_task", "Add a task"),
    ("tell", "Tell somebody"),
    ("add_note", "Write a note"),
    ("give_to", "Give it to somebody"),
    ("assign", "Assign it by the rules"),
    ("move_to", "Move it to a status"),
    ("add_tags", "Tag it"),
)
LEADS_ONLY = frozenset(str(one.__struct_config__.tag) for one in FOR_LEADS)
WORDS: Mapping[str, str] = {
    "name": "Give the automation a name, 80 letters at most.",
    "actions": "Say what shall be done, and with which words.",
    "due_days": "Days are a whole number up to 365.",
}


class AutomationsPage(Controller):
    path = HOME
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        found = await automations.list_automations(tx, now=now)
        people, statuses = await flow.names(tx)
        lines = [
            (one, await _said(tx, one), [described(each, people, statuses) for each in one.actions])
            for one in found
        ]
        return page(
            request, "console/settings/automations.html", lines=lines, triggers=dict(TRIGGERS)
        )

    @get("/new")
    async def new(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        tx.actor.require("sales.configure")
        return await _form(request, tx, {"trigger": "lead_came", "is_active": "true"}, now)

    @post("/draft", opt=COMPUTES, status_code=200)
    async def draft(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        """The form with what was chosen so far; saves nothing."""
        tx.actor.require("sales.configure")
        return await _form(request, tx, await read_form(request), now)

    @post()
    async def save(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        tx.actor.require("sales.configure")
        form = await read_form(request)
        try:
            draft = await _draft(tx, form)
            if known := parse_id(form.get("id", "")):
                seen = functools.partial(check_if_match, form.get("version"))
                made = await flow.change_automation(tx, known, draft, is_current=seen, now=now)
            else:
                made = await flow.add_automation(tx, draft, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form)
            return await _form(request, tx, form, now, problem=problem, status=refusal.status)
        return redirect(request, HOME, toast=f"The automation {made.name} is saved.")


class AutomationPage(Controller):
    path = f"{HOME}/{{automation_id:uuid}}"
    include_in_schema = False

    @get()
    async def edit(
        self, request: AnyRequest, automation_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        tx.actor.require("sales.configure")
        found = await automations.get_automation(tx, automation_id, now=now)
        return await _form(request, tx, _form_of(found), now)

    @post("/removal")
    async def remove(
        self, request: AnyRequest, automation_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        await automations.remove_automation(tx, automation_id, now=now)
        return redirect(request, HOME, toast="The automation is removed.")

    @post("/trial", opt=COMPUTES, status_code=200)
    async def try_out(
        self, request: AnyRequest, automation_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        """What would happen to a lead or a deal there is; nothing changes."""
        tx.actor.require("sales.configure")
        form = await read_form(request)
        found = await automations.get_automation(tx, automation_id, now=now)
        shown = _form_of(found) | {"tried": form.get("tried", "")}
        try:
            subject_id = await _named(tx, found.trigger, form.get("tried", ""))
            trial = await flow.try_out(tx, automation_id, subject_id, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form, form="trial")
            return await _form(request, tx, shown, now, problem=problem, status=refusal.status)
        return await _form(request, tx, shown, now, trial=trial)


async def _named(tx: Tx, trigger: Trigger, words: str) -> UUID:
    """The one lead or deal with this number or name."""
    text = escaped(words[:100])
    if trigger.subject == "lead":
        listed = await leads.list_leads(tx, LeadFilters(words=text), limit=2)
        found = [one.id for one in listed.items]
    else:
        deals = await list_opportunities(tx, Filters(words=text), limit=2)
        found = [one.id for one in deals.items]
    if not words or len(found) != 1:
        said = "Several fit." if found and words else "Nothing fits that."
        raise Invalid(f"{said} Give the number.", field="tried")
    return found[0]


async def _draft(tx: Tx, form: Mapping[str, str]) -> AutomationDraft:
    trigger = form.get("trigger", "")
    subject = Trigger(trigger).subject if trigger in set(Trigger) else "lead"
    values: dict[str, Any] = {
        "name": form.get("name", ""),
        "trigger": trigger,
        "only_to": form.get("only_to", "") if trigger in ONLY_TO else "",
        "actions": [one for place in range(SLOTS) if (one := _action(form, place))],
        "is_active": "is_active" in form,
    }
    if rows_of_form(form) or form.get("json"):
        values["condition"] = rule_of_form(form, await flow.vocabulary(tx, subject))
    return convert(values, AutomationDraft, WORDS)


def _action(form: Mapping[str, str], place: int) -> dict[str, Any] | None:
    def of(name: str) -> str:
        return form.get(f"{name}_{place}", "").strip()

    do, who = of("do"), of("who") or None
    match do:
        case "":
            return None
        case "add_task":
            days = of("days")
            due: Any = int(days) if days.isdecimal() and len(days) < 4 else days or 1
            kind = of("kind") or "task"
            return {"do": do, "title": of("text"), "kind": kind, "due_days": due,
                    "assignee_id": who}  # fmt: skip
        case "tell":
            return {"do": do, "text": of("text"), "user_id": who}
        case "add_note":
            return {"do": do, "text": of("text")}
        case "give_to":
            return {"do": do, "owner_id": who}
        case "move_to":
            return {"do": do, "status_id": of("status") or None}
        case "add_tags":
            tags = [one.strip() for one in of("text").split(",") if one.strip()]
            return {"do": do, "tags": tags}
    return {"do": do}


def _slot(action: Action) -> dict[str, str]:
    """The action as fields of the form."""
    given: dict[str, Any] = msgspec.to_builtins(action)
    who = given.get("assignee_id") or given.get("user_id") or given.get("owner_id")
    return {
        "do": given["do"],
        "text": given.get("title") or given.get("text") or ", ".join(given.get("tags", ())),
        "kind": given.get("kind", ""),
        "days": str(given.get("due_days", "")),
        "who": who or "",
        "status": given.get("status_id", ""),
    }


async def _said(tx: Tx, one: Automation) -> str:
    if one.condition is None:
        return ""
    words = await flow.vocabulary(tx, one.trigger.subject)
    try:
        said = rules.describe(rules.read(one.condition, words), words)
    except Refusal as reason:
        return f"cannot be read any more: {reason.detail}"
    return said.removeprefix("(").removesuffix(")")


async def _form(
    request: AnyRequest,
    tx: Tx,
    form: Mapping[str, str],
    now: datetime,
    *,
    problem: Problem = NO_PROBLEM,
    trial: flow.Trial | None = None,
    status: int = 200,
) -> Response[Any]:
    trigger = form.get("trigger", "")
    subject = Trigger(trigger).subject if trigger in set(Trigger) else "lead"
    people, statuses = await flow.names(tx)
    known = parse_id(form.get("id", ""))
    sees_all = tx.actor.reach("sales.read").is_all
    slots = [
        {name: form.get(f"{name}_{place}", "") for name in
         ("do", "text", "kind", "days", "who", "status")}
        for place in range(SLOTS)
    ]  # fmt: skip
    return page(
        request,
        "console/settings/automation.html",
        status=status,
        form=form,
        subject=subject,
        triggers=TRIGGERS,
        only_to=ONLY_TO.get(trigger, ""),
        actions=[one for one in ACTIONS if subject == "lead" or one[0] not in LEADS_ONLY],
        slots=[*(one for one in slots if one["do"]), {}][:SLOTS],
        rows=[*rows_of_form(form), Row()],
        words=(await flow.vocabulary(tx, subject)).without(tx.actor.hidden),
        people=sorted(people.items(), key=lambda one: one[1].casefold()),
        statuses=list(statuses.items()),
        runs=await automations.list_runs(tx, known, now=now) if known and sees_all else None,
        trial=trial,
        problem=problem,
    )


def _form_of(one: Automation) -> dict[str, str]:
    form = {
        "id": str(one.id),
        "version": str(one.version),
        "name": one.name,
        "trigger": str(one.trigger),
        "only_to": one.only_to,
        **({"is_active": "true"} if one.is_active else {}),
    }
    for place, action in enumerate(one.actions[:SLOTS]):
        form |= {f"{name}_{place}": value for name, value in _slot(action).items()}
    if one.condition is None:
        return form
    shown = rows_of_rule(one.condition)
    if shown is None:
        return form | {"json": msgspec.json.format(msgspec.json.encode(one.condition)).decode()}
    match, rows = shown
    for place, row in enumerate(rows):
        form |= {f"{name}_{place}": value for name, value in msgspec.structs.asdict(row).items()}
    return form | {"match": match}
