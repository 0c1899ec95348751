"""Scores: rules and thresholds, what leads did, and the points of each lead."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.contracts.sales import LeadScored
from tandem.crm.sales.domain.leads import Lead, LeadFilters, Order
from tandem.crm.sales.domain.permissions import CONFIGURE, READ
from tandem.crm.sales.domain.scoring import (
    DEFAULT_THRESHOLDS,
    OCCURRENCES_MAX,
    RULES_MAX,
    Award,
    Effect,
    EffectOn,
    Explained,
    Occurrence,
    ScoreRule,
    ScoreRuleDraft,
    ScoreRuleTaken,
    Threshold,
    adjustment,
    awards,
    check_rule,
    check_thresholds,
    crossed,
    explain,
)
from tandem.crm.sales.service.leads import get_lead
from tandem.crm.sales.store import leads as lead_store
from tandem.crm.sales.store import scoring as store
from tandem.crm.sales.store.score_vocabulary import SCORED
from tandem.kernel import audit, jobs, rules
from tandem.kernel.company import moment_of
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound
from tandem.kernel.ids import new_id

RESCORE = "sales.rescore"
DUE_MAX = 500
PREVIEW_MAX = 500
SAMPLE_MAX = 10


def vocabulary(custom: Sequence[rules.CustomField]) -> rules.Vocabulary:
    return SCORED.with_custom(custom)


async def list_rules(tx: Tx) -> list[ScoreRule]:
    """Fit first; 100 at most."""
    tx.actor.require(READ)
    return await store.list_rules(tx)


async def add_rule(
    tx: Tx, draft: ScoreRuleDraft, words: rules.Vocabulary, *, now: datetime
) -> ScoreRule:
    """Refuses a name that is taken, a rule that cannot be read, and one that asks for what is
    hidden from its author. Every lead is scored anew, in the background."""
    tx.actor.require(CONFIGURE)
    check_rule(draft, words.without(tx.actor.hidden))
    if len(await store.list_rules(tx)) >= RULES_MAX:
        raise Invalid(f"There are {RULES_MAX} rules at most.", field="name")
    rule_id = new_id()
    if not await store.add_rule(tx, rule_id, msgspec.structs.asdict(draft), now):
        raise ScoreRuleTaken("There is a rule with this name.", field="name")
    return await _noted(tx, "sales.score_rule_added", rule_id, None, now)


async def change_rule(
    tx: Tx, rule_id: UUID, draft: ScoreRuleDraft, words: rules.Vocabulary, *, now: datetime
) -> ScoreRule:
    """The rule as it shall be. Points that it gave are given anew by what it says now."""
    tx.actor.require(CONFIGURE)
    before = await store.lock_rule(tx, rule_id)
    if before is None:
        raise NotFound("There is no such rule.")
    is_same = draft.rule == before.rule
    check_rule(draft, words if is_same else words.without(tx.actor.hidden))
    if not await store.save_rule(tx, rule_id, msgspec.structs.asdict(draft), now):
        raise ScoreRuleTaken("There is a rule with this name.", field="name")
    return await _noted(tx, "sales.score_rule_changed", rule_id, before, now)


async def list_thresholds(tx: Tx) -> list[Threshold]:
    tx.actor.require(READ)
    return await _thresholds(tx)


async def change_thresholds(
    tx: Tx, given: Sequence[Threshold], *, now: datetime
) -> list[Threshold]:
    """From now on; what was crossed before is not told again."""
    tx.actor.require(CONFIGURE)
    before, after = await _thresholds(tx), check_thresholds(given)
    await store.save_thresholds(tx, after)
    await audit.write(
        tx,
        action="sales.score_thresholds_changed",
        subject_kind="score_thresholds",
        subject_id=tx.actor.org_id,
        now=now,
        before={one.name: one.at for one in before},
        after={one.name: one.at for one in after},
    )
    return after


async def note_occurrence(tx: Tx, lead_id: UUID, one: Occurrence) -> bool:
    """False where it is known already: it counts once, however often it is told."""
    return await store.add_occurrence(tx, lead_id, one)


async def forget_occurrence(tx: Tx, dedupe: str) -> UUID | None:
    """It turned out to be none; whose it was."""
    return await store.remove_occurrence(tx, dedupe)


async def score(tx: Tx, lead_id: UUID, words: rules.Vocabulary, *, now: datetime) -> None:
    """Bring a lead's points to what the rules say now. Doing it again changes nothing.

    Tells LeadScored when the score changed. For handlers: asks no permission.
    """
    lead = await lead_store.lock(tx, lead_id)
    if lead is None or lead.merged_into_id is not None or lead.erased_at is not None:
        return
    known = await store.live(tx, lead_id, now)
    due = [*await _due(tx, lead, words, now), *(one for one in known if one.rule_id is None)]
    wanted = {_mark(one): one for one in due}
    standing = {_mark(one) for one in known}
    await store.end(tx, [one.id for one in known if _mark(one) not in wanted], now)
    for mark, award in wanted.items():
        if mark not in standing:
            await store.give(tx, lead_id, award, now)
    await _set(tx, lead, list(wanted.values()), now)


async def adjust(
    tx: Tx,
    lead_id: UUID,
    *,
    points: int,
    reason: str,
    occasion: str,
    words: rules.Vocabulary,
    now: datetime,
) -> None:
    """Give or take points that no rule gives; once for the same occasion. For flows."""
    await store.give(tx, lead_id, adjustment(points, reason=reason, occasion=occasion, at=now), now)
    await score(tx, lead_id, words, now=now)


async def hand_over(tx: Tx, source: UUID, into: UUID, *, now: datetime) -> None:
    await store.hand_over(tx, source, into, now)


async def list_due(tx: Tx, now: datetime) -> list[UUID]:
    """Leads whose points are worth less by now, the longest waiting first."""
    return await store.due(tx, now, count=DUE_MAX)


async def page_of_leads(tx: Tx, after_id: UUID | None, *, count: int) -> list[UUID]:
    return await store.page(tx, after_id, count=count)


async def explain_score(tx: Tx, lead_id: UUID, *, now: datetime) -> Explained:
    """Why the score is what it is: every live award and what it is worth now."""
    await get_lead(tx, lead_id)
    return explain(await store.live(tx, lead_id, now), await _thresholds(tx), now)


async def preview(
    tx: Tx,
    draft: ScoreRuleDraft,
    words: rules.Vocabulary,
    *,
    rule_id: UUID | None = None,
    now: datetime,
) -> Effect:
    """What the rule would do to the newest 500 leads that the reader may see; nothing is kept."""
    tx.actor.require(READ)
    check_rule(draft, words.without(tx.actor.hidden))
    rule = ScoreRule(id=rule_id or new_id(), version=0, **msgspec.structs.asdict(draft))
    found = await lead_store.list_rows(
        tx, LeadFilters(), tx.actor.reach(READ), order=Order.NEWEST, before=None, count=PREVIEW_MAX
    )
    did = await store.occurrences(tx, [one.id for one in found], count=OCCURRENCES_MAX)
    moment, met = await moment_of(tx, now), []
    for lead in found:
        given = awards(rule, lead, did[lead.id], words, moment) if rule.is_active else []
        replaced = 0
        if rule_id is not None:
            live = await store.live(tx, lead.id, now)
            replaced = sum(one.worth(now) for one in live if one.rule_id == rule_id)
        after = lead.score - replaced + sum(one.worth(now) for one in given)
        if given:
            met.append(EffectOn(lead_id=lead.id, title=lead.title, before=lead.score, after=after))
    return Effect(looked_at=len(found), met=len(met), sample=met[:SAMPLE_MAX])


async def _due(tx: Tx, lead: Lead, words: rules.Vocabulary, now: datetime) -> list[Award]:
    did = await store.occurrences(tx, [lead.id], count=OCCURRENCES_MAX)
    active = [rule for rule in await store.list_rules(tx) if rule.is_active]
    moment = await moment_of(tx, now)
    return [one for rule in active for one in awards(rule, lead, did[lead.id], words, moment)]


async def _set(tx: Tx, lead: Lead, found: list[Award], now: datetime) -> None:
    thresholds = await _thresholds(tx)
    after = explain(found, thresholds, now)
    changes = [at for one in found if (at := one.changes_at(now)) is not None]
    await store.set_score(
        tx,
        lead.id,
        fit_score=after.fit_score,
        behaviour_score=after.behaviour_score,
        due_at=min(changes, default=None),
    )
    if after.score == lead.score:
        return
    rose, fell = crossed(lead.score, after.score, thresholds)
    await tx.publish(
        LeadScored(
            lead_id=lead.id,
            number=lead.number,
            customer_id=lead.customer_id,
            score=after.score,
            before=lead.score,
            crossed=rose,
            fell_below=fell,
        )
    )


def _mark(one: Award) -> tuple[UUID | None, int, str]:
    return one.rule_id, one.rule_version, one.event_key


async def _thresholds(tx: Tx) -> list[Threshold]:
    found = await store.thresholds(tx)
    return list(DEFAULT_THRESHOLDS) if found is None else found


async def _noted(
    tx: Tx, action: str, rule_id: UUID, before: ScoreRule | None, now: datetime
) -> ScoreRule:
    after = next(one for one in await store.list_rules(tx) if one.id == rule_id)
    await audit.write(
        tx,
        action=action,
        subject_kind="score_rule",
        subject_id=rule_id,
        now=now,
        before=msgspec.to_builtins(before),
        after=msgspec.to_builtins(after),
    )
    await jobs.enqueue(tx, RESCORE, dedupe="all")
    return after
