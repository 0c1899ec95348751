"""Give leads to people: by the rules, by hand, and once more when nobody was there before."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from tandem.contracts.sales import LeadAssigned
from tandem.crm.sales.domain.assigning import (
    AssignmentEntry,
    AssignmentRule,
    Choice,
    Directory,
    How,
    Tried,
    choose,
    pool_of,
)
from tandem.crm.sales.domain.leads import Lead, LeadDraft, NewTouch, StatusKind
from tandem.crm.sales.domain.permissions import READ, WRITE
from tandem.crm.sales.service.assignment_rules import vocabulary
from tandem.crm.sales.service.leads import get_lead, lock_lead
from tandem.crm.sales.service.reps import reps_now
from tandem.crm.sales.store import assigning as store
from tandem.kernel import audit, rules
from tandem.kernel.db import Tx
from tandem.kernel.errors import Conflict, Invalid
from tandem.kernel.fields import FieldKept
from tandem.kernel.ids import new_id

BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)
OPEN = (StatusKind.OPEN, StatusKind.QUALIFIED)
NO_TOUCH = NewTouch()
CUSTOM_TYPES: Mapping[rules.Kind, Any] = {
    rules.Kind.TEXT: str,
    rules.Kind.NUMBER: Decimal,
    rules.Kind.FLAG: bool,
    rules.Kind.DATE: date,
    rules.Kind.TAGS: list[str],
}


class LeadSettled(Conflict):
    """It was converted or lost; nobody needs to work it."""

    code = "lead_settled"


async def assign(
    tx: Tx,
    lead_id: UUID,
    directory: Directory,
    *,
    how: How,
    keeper_id: UUID | None = None,
    now: datetime,
) -> Choice:
    """Give a lead away by the first rule that holds and has somebody eligible.

    A lead captured or taken up that has an owner already, or is settled, is left alone; the keeper
    is an owner whom nobody chose and who gives way. Where nobody is eligible the lead waits, and
    keeps the owner it has. All cursors are held until the
    transaction ends, so that no two leads take one turn.
    """
    lead = await lock_lead(tx, lead_id)
    if how == "by_hand":
        tx.actor.require_with(WRITE, lead)
        _check_open(lead)
    elif lead.owner_id not in (None, keeper_id) or lead.kind not in OPEN:
        await store.wait_no_more(tx, lead_id)
        return Choice(owner_id=lead.owner_id)
    await store.lock_turns(tx)
    choice = await _by_rules(tx, directory, now=now, lead=lead)
    if choice.owner_id is None:
        if lead.owner_id is None:
            await store.wait(tx, lead_id, now)
        return choice
    assert choice.rule_id is not None, "a rule chose"
    await store.take_turn(tx, choice.rule_id, choice.owner_id)
    await _hand_over(tx, lead, choice, how=how, now=now)
    return choice


async def give(
    tx: Tx, lead_id: UUID, owner_id: UUID, directory: Directory, *, now: datetime
) -> Choice:
    """Give a lead to somebody by name, whatever the rules say. Their turn is not used up."""
    lead = await lock_lead(tx, lead_id)
    tx.actor.require_with(WRITE, lead)
    _check_open(lead)
    person = directory.people.get(owner_id)
    if person is None or not person.may_sell:
        raise Invalid("Nobody who works leads has this id.", field="owner_id")
    choice = Choice(owner_id=owner_id, owner_name=person.name)
    await _hand_over(tx, lead, choice, how="by_hand", now=now)
    return choice


async def simulate(
    tx: Tx,
    directory: Directory,
    *,
    lead_id: UUID | None = None,
    draft: LeadDraft | None = None,
    now: datetime,
) -> Choice:
    """Who would get this lead, or one like the draft, and why nobody else. Changes nothing."""
    tx.actor.require(READ)
    if (lead_id is None) == (draft is None):
        raise Invalid("Name a lead or describe one.", field="lead_id")
    lead = None if lead_id is None else await get_lead(tx, lead_id)
    return await _by_rules(tx, directory, now=now, lead=lead, draft=draft, is_full=True)


async def list_log(tx: Tx, lead_id: UUID) -> list[AssignmentEntry]:
    """Who got the lead and why, newest first."""
    await get_lead(tx, lead_id)
    return await store.list_log(tx, lead_id)


async def waits_since(tx: Tx, lead_id: UUID) -> datetime | None:
    """Since when nobody was eligible for it; None for a lead that does not wait."""
    await get_lead(tx, lead_id)
    return await store.waits_since(tx, lead_id)


async def list_waiting(
    tx: Tx, *, after_at: datetime = BEFORE_ALL, after_id: UUID = UUID(int=0), limit: int
) -> list[UUID]:
    """Leads that nobody was eligible for, those who wait longest first."""
    tx.actor.require(READ)
    return await store.waiting(tx, after_at=after_at, after_id=after_id, limit=limit)


async def forget(tx: Tx, lead_id: UUID) -> None:
    """It waits no more: it is no lead any longer."""
    tx.actor.require(WRITE)
    await store.wait_no_more(tx, lead_id)


async def count_waiting(tx: Tx) -> int:
    tx.actor.require_everywhere(READ)
    return await store.count_waiting(tx)


async def _by_rules(
    tx: Tx,
    directory: Directory,
    *,
    now: datetime,
    lead: Lead | None = None,
    draft: LeadDraft | None = None,
    is_full: bool = False,
) -> Choice:
    """With `is_full` every rule explains itself; else the first answer ends it."""
    territory_id = lead.territory_id if lead else draft.territory_id if draft else None
    tried: list[Tried] = []
    found = Choice()
    for rule in await store.list_rules(tx):
        if not rule.is_active:
            continue
        asked = await _ask(tx, rule, directory, lead, draft, now=now)
        if not is_full:
            asked = msgspec.structs.replace(asked, explanation=None)
        if not asked.holds:
            tried.append(asked)
            continue
        if found.owner_id is not None:
            tried.append(msgspec.structs.replace(asked, note="A rule before it gave it away."))
            continue
        pool, land = pool_of(rule, directory, territory_id)
        reps = await reps_now(tx, directory, pool, now=now)
        chosen, passed = choose(rule, pool, reps, rule.last_user_id, directory.zone)
        note = "" if pool else "There is nobody in its pool."
        tried.append(msgspec.structs.replace(asked, passed=passed, note=note))
        if chosen is None:
            continue
        found = Choice(
            owner_id=chosen.id,
            owner_name=chosen.name,
            rule_id=rule.id,
            rule_name=rule.name,
            team_id=rule.team_id,
            territory_id=land,
        )
        if not is_full:
            break
    return msgspec.structs.replace(found, tried=tried)


async def _ask(
    tx: Tx,
    rule: AssignmentRule,
    directory: Directory,
    lead: Lead | None,
    draft: LeadDraft | None,
    *,
    now: datetime,
) -> Tried:
    """Whether the rule's condition holds. One that can no longer be understood, because a field
    of it was taken away, holds for nobody and says so."""
    if rule.condition is None:
        return Tried(rule_id=rule.id, rule_name=rule.name, holds=True, says="every lead")
    words = vocabulary(directory)
    try:
        condition = rules.read(rule.condition, words, field="condition")
    except rules.RuleWrong as reason:
        return Tried(rule_id=rule.id, rule_name=rule.name, holds=False, says="", note=reason.detail)
    moment = rules.Moment(now=now, zone=directory.zone)
    if lead is not None:
        row = await store.facts(tx, rules.facts(condition, words, moment), lead.id)
        explanation = rules.explain_row(condition, row, words, moment)
    else:
        assert draft is not None, "a lead or a draft"
        known = facts_of_draft(draft, directory.custom_fields, now)
        facts = rules.facts_of(known, {}, words, moment)
        explanation = rules.explain(condition, facts, words, moment)
    return Tried(
        rule_id=rule.id,
        rule_name=rule.name,
        holds=explanation.holds,
        says=rules.describe(condition, words),
        explanation=explanation if _may_explain(tx, rule.condition, words) else None,
    )


def _may_explain(tx: Tx, condition: Any, words: rules.Vocabulary) -> bool:
    """An explanation tells what was found in each field that the condition asks for."""
    try:
        rules.read(condition, words.without(tx.actor.hidden), field="condition")
    except FieldKept:
        return False
    return True


def facts_of_draft(
    draft: LeadDraft, fields: Sequence[rules.CustomField], now: datetime
) -> dict[str, Any]:
    """What the words of a condition would see of a lead that does not exist yet."""
    touch = draft.touch or NO_TOUCH
    email = draft.email.strip().lower()
    ids = ("owner_id", "team_id", "territory_id")
    return {
        **msgspec.structs.asdict(draft),
        **{name: str(value) for name in ids if (value := getattr(draft, name))},
        **{f"custom.{field.key}": _custom(draft, field) for field in fields},
        "utm_source": touch.utm_source,
        "utm_medium": touch.utm_medium,
        "utm_campaign": touch.utm_campaign,
        "first_utm_source": touch.utm_source,
        "first_utm_campaign": touch.utm_campaign,
        "email": email,
        "email_domain": email.partition("@")[2],
        "channel": "manual",
        "kind": "open",
        "score": 0,
        "fit_score": 0,
        "behaviour_score": 0,
        "touch_count": 1,
        "created_at": now,
    }


def _custom(draft: LeadDraft, field: rules.CustomField) -> Any:
    """Of another type than the field's it counts as unset, as it does in SQL."""
    try:
        return msgspec.convert(draft.custom.get(field.key), CUSTOM_TYPES[field.kind] | None)
    except msgspec.ValidationError:
        return None


async def _hand_over(tx: Tx, lead: Lead, choice: Choice, *, how: How, now: datetime) -> None:
    await store.own(
        tx,
        lead.id,
        owner_id=choice.owner_id,
        team_id=choice.team_id,
        territory_id=choice.territory_id,
        now=now,
    )
    await store.wait_no_more(tx, lead.id)
    await store.log(
        tx,
        AssignmentEntry(
            id=new_id(),
            lead_id=lead.id,
            at=now,
            how=how,
            rule_id=choice.rule_id,
            rule_name=choice.rule_name,
            owner_id=choice.owner_id,
            owner_name=choice.owner_name,
            from_owner_id=lead.owner_id,
            actor_label=tx.actor.label,
            tried=choice.tried,
        ),
    )
    if how == "by_hand":
        await audit.write(
            tx,
            action="sales.lead_assigned",
            subject_kind="lead",
            subject_id=lead.id,
            now=now,
            before={"owner_id": msgspec.to_builtins(lead.owner_id)},
            after={"owner_id": str(choice.owner_id), "rule": choice.rule_name},
        )
    await tx.publish(
        LeadAssigned(
            lead_id=lead.id,
            number=lead.number,
            customer_id=lead.customer_id,
            owner_id=choice.owner_id,
            team_id=choice.team_id or lead.team_id,
            territory_id=choice.territory_id or lead.territory_id,
            rule_id=choice.rule_id,
        )
    )


def _check_open(lead: Lead) -> None:
    if lead.kind not in OPEN:
        raise LeadSettled(f"The lead is {lead.kind}. Take it up again first.")
