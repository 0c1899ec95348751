"""Scoring: rules and thresholds, and building a rule with its effect on real leads."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.crm.sales.domain.scoring import (
    Area,
    Effect,
    ScoreRule,
    ScoreRuleDraft,
    Threshold,
)
from tandem.crm.sales.service import forms, scoring
from tandem.flows import score_leads as flow
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound, Refusal
from tandem.kernel.http import Now, Transaction
from tandem.kernel.http.noting import COMPUTES
from tandem.kernel.ids import parse_id
from tandem.kernel.rules import Vocabulary, describe, read
from tandem.web.console.forms import (
    NO_PROBLEM,
    Problem,
    convert,
    problem_of,
    read_form,
    whole_of,
)
from tandem.web.console.segment_rules import (
    OPERATOR_WORDS,
    Row,
    rows_of_form,
    rows_of_rule,
    rule_of_form,
)
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
WORDS: Mapping[str, str] = {
    "name": "Give the rule a name, 80 letters at most.",
    "points": "Points are a whole number from -1000 to 1000.",
    "half_life_days": "Days are a whole number.",
    "expires_days": "Days are a whole number.",
    "times_max": "Times are a whole number up to 100.",
}
WHOLE = ("half_life_days", "expires_days", "times_max")
THRESHOLDS = 4
TEXT_OPERATORS = ("is", "is_not", "contains", "not_contains", "starts_with")


class LeadScoringPage(Controller):
    path = "/leads/scoring"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        return await _list(request, tx)

    @post("/thresholds")
    async def change_thresholds(
        self, request: AnyRequest, tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        try:
            given = [
                Threshold(
                    name=name[:40],
                    at=whole_of(form.get(f"at_{place}", ""), field="at", least=1, most=100_000),
                )
                for place in range(THRESHOLDS)
                if (name := form.get(f"name_{place}", ""))
            ]
            await scoring.change_thresholds(tx, given, now=now)
        except Refusal as refusal:
            return await _list(request, tx, problem_of(refusal, form), refusal.status)
        return redirect(request, "/leads/scoring", toast="The thresholds are saved.")

    @get("/new")
    async def new(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        tx.actor.require("sales.configure")
        area = request.query_params.get("area", "")
        form = {"area": area if area in set(Area) else "fit", "is_active": "true"}
        return await _builder(request, tx, form)

    @post("/draft", opt=COMPUTES, status_code=200)
    async def draft(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        """The rule as far as it is chosen, and what it would do; keeps nothing."""
        form = await read_form(request)
        problem, effect = NO_PROBLEM, None
        try:
            draft = _draft(form, await flow.vocabulary(tx))
            effect = await scoring.preview(
                tx,
                draft,
                await flow.vocabulary(tx),
                rule_id=parse_id(form.get("id", "")),
                now=now,
            )
        except Refusal as refusal:
            if form.get("points") and (rows_of_form(form) or form.get("event")):
                problem = problem_of(refusal, form)
        return await _builder(request, tx, form, problem=problem, effect=effect)

    @post()
    async def save(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await read_form(request)
        try:
            rule = await _save(tx, form, now)
        except Refusal as refusal:
            problem = problem_of(refusal, form)
            return await _builder(request, tx, form, problem=problem, status=refusal.status)
        said = f"{rule.name} is saved. Every lead is scored anew in the background."
        return redirect(request, "/leads/scoring", toast=said)


class LeadScoringRulePage(Controller):
    path = "/leads/scoring/{rule_id:uuid}"
    include_in_schema = False

    @get()
    async def show(
        self, request: AnyRequest, rule_id: FromPath[UUID], tx: Transaction
    ) -> Response[Any]:
        rule = next((one for one in await scoring.list_rules(tx) if one.id == rule_id), None)
        if rule is None:
            raise NotFound("There is no such rule.")
        return await _builder(request, tx, _form_of(rule))


async def _save(tx: Tx, form: Mapping[str, str], now: datetime) -> ScoreRule:
    words = await flow.vocabulary(tx)
    draft = _draft(form, words)
    if rule_id := parse_id(form.get("id", "")):
        return await scoring.change_rule(tx, rule_id, draft, words, now=now)
    return await scoring.add_rule(tx, draft, words, now=now)


def _draft(form: Mapping[str, str], words: Vocabulary) -> ScoreRuleDraft:
    is_behaviour = form.get("area") == Area.BEHAVIOUR
    given: dict[str, Any] = {
        "name": form.get("name", "") or "This rule",
        "area": form.get("area", ""),
        "points": form.get("points", ""),
        "rule": _behaviour(form) if is_behaviour else rule_of_form(form, words),
        "is_active": form.get("is_active") == "true",
    }
    if is_behaviour:
        given |= {name: form[name] for name in WHOLE if form.get(name)}
    return convert(given, ScoreRuleDraft, WORDS)


def _behaviour(form: Mapping[str, str]) -> dict[str, Any]:
    """One event, with one condition on it if there is a value."""
    if not form.get("event"):
        raise Invalid("Choose what they do.", field="event")
    rule: dict[str, Any] = {"event": form["event"]}
    if form.get("where_field") and form.get("where_value"):
        rule["where"] = [
            {
                "field": form["where_field"],
                "op": form.get("where_op") or "contains",
                "value": form["where_value"],
            }
        ]
    return rule


def _form_of(rule: ScoreRule) -> dict[str, Any]:
    form: dict[str, Any] = {
        "id": str(rule.id),
        "name": rule.name,
        "area": str(rule.area),
        "points": str(rule.points),
        "is_active": "true" if rule.is_active else "",
        **{name: str(getattr(rule, name) or "") for name in WHOLE},
    }
    if rule.area is Area.BEHAVIOUR:
        where = (rule.rule.get("where") or [{}])[0]
        return form | {
            "event": rule.rule["event"],
            "where_field": where.get("field", ""),
            "where_op": where.get("op", ""),
            "where_value": str(where.get("value", "")),
        }
    found = rows_of_rule(rule.rule if {"all", "any"} & set(rule.rule) else {"all": [rule.rule]})
    if found is None:
        return form | {"json": msgspec.json.encode(rule.rule).decode()}
    match, rows = found
    for place, row in enumerate(rows):
        form |= {f"{part}_{place}": getattr(row, part) for part in ("word", "op", "value")}
    return form | {"match": match}


async def _builder(
    request: AnyRequest,
    tx: Tx,
    form: dict[str, Any],
    *,
    problem: Problem = NO_PROBLEM,
    effect: Effect | None = None,
    status: int = 200,
) -> Response[Any]:
    words = (await flow.vocabulary(tx)).without(tx.actor.hidden)
    area = form.get("area", "")
    return page(
        request,
        "console/lead_scoring_rule.html",
        status=status,
        form=form | {"area": area if area in set(Area) else str(Area.FIT)},
        rows=[*rows_of_form(form), Row()],
        words=words,
        events=words.behaviours,
        operators=[(op, OPERATOR_WORDS[op]) for op in TEXT_OPERATORS],
        problem=problem,
        effect=effect,
        may=tx.actor.may("sales.configure"),
    )


async def _list(
    request: AnyRequest, tx: Tx, problem: Problem = NO_PROBLEM, status: int = 200
) -> Response[Any]:
    words = await flow.vocabulary(tx)
    found = await scoring.list_rules(tx)
    names = {str(one.id): one.name for one in await forms.list_forms(tx)}
    return page(
        request,
        "console/lead_scoring.html",
        status=status,
        rules=[(one, _said(one, words, names)) for one in found],
        thresholds=await scoring.list_thresholds(tx),
        places=THRESHOLDS,
        problem=problem,
    )


def _said(rule: ScoreRule, words: Vocabulary, names: Mapping[str, str]) -> str:
    """In words; `names` are those of the forms that it may speak of."""
    try:
        said = describe(read(rule.rule, words), words)
    except Refusal as reason:
        return f"Cannot be read any more: {reason.detail}"
    said = said.replace(" at least once", "").removeprefix("(").removesuffix(")")
    for form_id, name in names.items():
        said = said.replace(form_id, name)
    return said
