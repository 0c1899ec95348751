"""Settings: whose leads become whose, in which order rules are asked, and what they would do."""

import functools
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.crm.sales.domain.assigning import (
    AssignmentRule,
    Choice,
    Directory,
    RuleDraft,
    Strategy,
)
from tandem.crm.sales.domain.leads import LeadDraft, LeadFilters
from tandem.crm.sales.domain.opportunities import escaped
from tandem.crm.sales.service import assigning, assignment_rules, leads
from tandem.flows import assign_leads
from tandem.kernel import rules
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.http import Now, Transaction, check_if_match
from tandem.kernel.ids import parse_id
from tandem.web.console.forms import NO_PROBLEM, Problem, convert, problem_of, read_form, whole_of
from tandem.web.console.segment_rules import Row, rows_of_form, rows_of_rule, rule_of_form
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
HOME = "/settings/assignment"
STRATEGIES = (
    ("round_robin", "In turn"),
    ("least_busy", "To whoever has the fewest open leads"),
    ("territory", "In turn among those of a territory"),
    ("owner", "Always to the same person"),
)
WORDS: Mapping[str, str] = {
    "name": "Give the rule a name, 80 letters at most.",
    "load_cap": "A cap is a whole number.",
    "owner_id": "Say whose the leads become.",
}
TRIED = ("name", "company_name", "email", "city", "country", "source")


class AssignmentPage(Controller):
    path = HOME
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        return await _list(request, tx)

    @post("/order")
    async def order(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        """The rules by their ids, as they stand on the page."""
        form = await read_form(request)
        try:
            ids = [parse_id(one) for one in form.get("ids", "").split(",")]
            if not all(ids):
                raise Invalid("Name every rule once.", field="ids")
            await assignment_rules.order_rules(tx, [one for one in ids if one], now=now)
        except Refusal as refusal:
            return await _list(request, tx, problem_of(refusal, form), status=refusal.status)
        return redirect(request, HOME, toast="The order is saved.")

    @post("/simulation")
    async def simulate(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        """Whom a lead would go to, and why nobody else; nothing changes."""
        form = await read_form(request)
        try:
            choice = await _simulated(tx, form, now)
        except Refusal as refusal:
            problem = problem_of(refusal, form, form="simulation")
            return await _list(request, tx, problem, status=refusal.status)
        return await _list(request, tx, Problem(detail="", values=form), choice=choice)

    @get("/new")
    async def new(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        tx.actor.require("sales.configure")
        return await _form(request, tx, {"strategy": "round_robin", "is_active": "true"})

    @post("/draft")
    async def draft(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        """The form with what was chosen so far; saves nothing."""
        tx.actor.require("sales.configure")
        return await _form(request, tx, await _read(request))

    @post()
    async def save(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        tx.actor.require("sales.configure")
        form = await _read(request)
        people = await assign_leads.directory(tx)
        try:
            draft = _draft(form, people)
            if known := parse_id(form.get("id", "")):
                seen = functools.partial(check_if_match, form.get("version"))
                rule = await assignment_rules.change_rule(
                    tx, known, draft, people, is_current=seen, now=now
                )
            else:
                rule = await assignment_rules.add_rule(tx, draft, people, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form)
            return await _form(request, tx, form, problem, refusal.status)
        return redirect(request, HOME, toast=f"The rule {rule.name} is saved.")


class AssignmentRulePage(Controller):
    path = f"{HOME}/{{rule_id:uuid}}"
    include_in_schema = False

    @get()
    async def edit(
        self, request: AnyRequest, rule_id: FromPath[UUID], tx: Transaction
    ) -> Response[Any]:
        tx.actor.require("sales.configure")
        return await _form(request, tx, _form_of(await assignment_rules.get_rule(tx, rule_id)))

    @post("/removal")
    async def remove(
        self, request: AnyRequest, rule_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        await assignment_rules.remove_rule(tx, rule_id, now=now)
        return redirect(request, HOME, toast="The rule is removed.")


async def _read(request: AnyRequest) -> dict[str, str]:
    """Checked people, joined into one value."""
    form = await read_form(request)
    chosen = (await request.form()).getall("user_ids", [])
    return form | {"user_ids": ",".join(str(one) for one in chosen)}


def _draft(form: Mapping[str, str], people: Directory) -> RuleDraft:
    cap = form.get("load_cap", "")
    has_condition = bool(rows_of_form(form) or form.get("json"))
    strategy = form.get("strategy", "")
    values: dict[str, Any] = {
        "name": form.get("name", ""),
        "strategy": strategy,
        "user_ids": [one for one in form.get("user_ids", "").split(",") if one],
        "load_cap": whole_of(cap, field="load_cap", least=0, most=10_000) if cap else None,
        "keeps_hours": "keeps_hours" in form,
        "is_active": "is_active" in form,
        **{name: form[name] for name in _ids_of(strategy) if form.get(name)},
    }
    if strategy in (Strategy.OWNER, Strategy.TERRITORY):
        values["user_ids"] = []
    if has_condition:
        values["condition"] = rule_of_form(form, assignment_rules.vocabulary(people))
    return convert(values, RuleDraft, WORDS)


def _ids_of(strategy: str) -> tuple[str, ...]:
    """What the strategy looks at; the other choosers are not shown."""
    return {
        "territory": ("territory_id",),
        "owner": ("owner_id",),
    }.get(strategy, ("team_id",))


async def _simulated(tx: Tx, form: Mapping[str, str], now: datetime) -> Choice:
    people = await assign_leads.directory(tx)
    if number := form.get("lead", ""):
        filters = LeadFilters(words=escaped(number[:100]))
        found = await leads.list_leads(tx, filters, limit=2)
        if len(found.items) != 1:
            said = "Several leads fit." if found.items else "No lead fits that."
            raise Invalid(f"{said} Give its number.", field="lead")
        return await assigning.simulate(tx, people, lead_id=found.items[0].id, now=now)
    given = {name: form.get(name, "") for name in TRIED}
    given["country"] = given["country"].upper()
    draft = convert(given, LeadDraft, {"country": "Two letters, as IN."})
    return await assigning.simulate(tx, people, draft=draft, now=now)


async def _list(
    request: AnyRequest,
    tx: Tx,
    problem: Problem = NO_PROBLEM,
    *,
    choice: Choice | None = None,
    status: int = 200,
) -> Response[Any]:
    found = await assignment_rules.list_rules(tx)
    people = await assign_leads.directory(tx)
    whole = tx.actor.reach("sales.read").is_all
    return page(
        request,
        "console/settings/assignment.html",
        status=status,
        rules=[(one, _said(one, people)) for one in found],
        strategies=dict(STRATEGIES),
        people={one.id: one.name for one in people.people.values()},
        teams=people.teams,
        territories=people.territories,
        waiting=await assigning.count_waiting(tx) if whole else 0,
        verdict=choice,
        problem=problem,
    )


async def _form(
    request: AnyRequest,
    tx: Tx,
    form: Mapping[str, str],
    problem: Problem = NO_PROBLEM,
    status: int = 200,
) -> Response[Any]:
    people = await assign_leads.directory(tx)
    sellers = sorted(
        (one for one in people.people.values() if one.may_sell), key=lambda one: one.name.casefold()
    )
    return page(
        request,
        "console/settings/assignment_rule.html",
        status=status,
        form=form,
        chosen=form.get("user_ids", "").split(","),
        rows=[*rows_of_form(form), Row()],
        words=assignment_rules.vocabulary(people).without(tx.actor.hidden),
        sellers=sellers,
        teams=[("", "None"), *((str(one.id), one.name) for one in people.teams.values())],
        territories=[
            ("", "The one that the lead is in"),
            *((str(one.id), one.name) for one in people.territories.values()),
        ],
        strategies=STRATEGIES,
        problem=problem,
    )


def _form_of(rule: AssignmentRule) -> dict[str, str]:
    ids = ("team_id", "territory_id", "owner_id")
    form = {
        "id": str(rule.id),
        "version": str(rule.version),
        "name": rule.name,
        "strategy": str(rule.strategy),
        "user_ids": ",".join(str(one) for one in rule.user_ids),
        "load_cap": "" if rule.load_cap is None else str(rule.load_cap),
        **{name: str(value) for name in ids if (value := getattr(rule, name))},
        **({"keeps_hours": "true"} if rule.keeps_hours else {}),
        **({"is_active": "true"} if rule.is_active else {}),
    }
    if rule.condition is None:
        return form
    shown = rows_of_rule(rule.condition)
    if shown is None:
        return form | {"json": msgspec.json.format(msgspec.json.encode(rule.condition)).decode()}
    match, rows = shown
    for place, row in enumerate(rows):
        form |= {f"{name}_{place}": value for name, value in msgspec.structs.asdict(row).items()}
    return form | {"match": match}


def _said(rule: AssignmentRule, people: Directory) -> str:
    if rule.condition is None:
        return "Every lead"
    words = assignment_rules.vocabulary(people)
    try:
        said = rules.describe(rules.read(rule.condition, words), words)
    except Refusal as reason:
        return f"Cannot be read any more: {reason.detail}"
    return said.removeprefix("(").removesuffix(")")
