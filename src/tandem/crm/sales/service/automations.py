"""Automations: written, changed, taken away; what they did, and what they would do."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec

from tandem.crm.sales.domain.automations import (
    AUTOMATIONS_MAX,
    DAYS_KEPT,
    RUNS_A_DAY,
    TOPICS,
    Automation,
    AutomationDraft,
    AutomationTaken,
    MoveTo,
    Run,
    Subject,
    SubjectKind,
    check_draft,
    fits,
)
from tandem.crm.sales.domain.lead_statuses import Status
from tandem.crm.sales.domain.leads import StatusKind
from tandem.crm.sales.domain.permissions import CONFIGURE, READ
from tandem.crm.sales.service.lead_statuses import list_statuses
from tandem.crm.sales.store import automations as store
from tandem.crm.sales.store.deal_vocabulary import DEALS
from tandem.crm.sales.store.lead_vocabulary import LEADS
from tandem.kernel import audit, rules
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound
from tandem.kernel.events import Told
from tandem.kernel.ids import new_id

SUBSCRIBER = "automations.react"
RUNS_SHOWN = 100
FORGOTTEN_AT_ONCE = 5_000
NOTE_MAX = 500
EVERY = rules.Explanation(kind="all", says="every record", holds=True)


async def list_automations(tx: Tx, *, now: datetime) -> list[Automation]:
    """By name, with what they did in the last 30 days."""
    tx.actor.require(READ)
    return await store.list_all(tx, now)


async def get_automation(tx: Tx, automation_id: UUID, *, now: datetime) -> Automation:
    tx.actor.require(READ)
    found = await store.list_all(tx, now, automation_id)
    if not found:
        raise NotFound("There is no such automation.")
    return found[0]


async def add_automation(
    tx: Tx, draft: AutomationDraft, words: rules.Vocabulary, *, now: datetime
) -> Automation:
    """Refuses a condition that cannot be understood or asks for what is hidden from its author,
    what cannot be done with such a record, and a name there is already."""
    tx.actor.require(CONFIGURE)
    await _check(tx, draft, words.without(tx.actor.hidden))
    if len(await store.list_all(tx, now)) >= AUTOMATIONS_MAX:
        raise Invalid(f"There may be {AUTOMATIONS_MAX} automations at most.")
    automation_id = new_id()
    if not await store.insert(tx, automation_id, draft, now):
        raise AutomationTaken("There is an automation with this name.", field="name")
    await _listen(tx)
    await _note(tx, "added", automation_id, now, after=msgspec.to_builtins(draft))
    return await get_automation(tx, automation_id, now=now)


async def change_automation(
    tx: Tx,
    automation_id: UUID,
    draft: AutomationDraft,
    words: rules.Vocabulary,
    *,
    is_current: Callable[[int], None] | None = None,
    now: datetime,
) -> Automation:
    """As it shall be, for what happens from now on. Refuses what `is_current` refuses of its
    version once nobody else can change it."""
    tx.actor.require(CONFIGURE)
    version = await store.lock(tx, automation_id)
    before = await get_automation(tx, automation_id, now=now)
    if is_current is not None and version is not None:
        is_current(version)
    hidden = frozenset() if draft.condition == before.condition else tx.actor.hidden
    await _check(tx, draft, words.without(hidden))
    if not await store.update(tx, automation_id, draft, now):
        raise AutomationTaken("There is an automation with this name.", field="name")
    await _listen(tx)
    await _note(
        tx,
        "changed",
        automation_id,
        now,
        before=msgspec.to_builtins(before),
        after=msgspec.to_builtins(draft),
    )
    return await get_automation(tx, automation_id, now=now)


async def remove_automation(tx: Tx, automation_id: UUID, *, now: datetime) -> None:
    """What it did stays done; its log goes with it."""
    tx.actor.require(CONFIGURE)
    before = await get_automation(tx, automation_id, now=now)
    await store.delete(tx, automation_id)
    await _listen(tx)
    await _note(tx, "removed", automation_id, now, before=msgspec.to_builtins(before))


async def list_runs(tx: Tx, automation_id: UUID, *, now: datetime) -> list[Run]:
    """The newest first, a hundred at most."""
    tx.actor.require_everywhere(READ)
    await get_automation(tx, automation_id, now=now)
    return await store.runs(tx, automation_id, RUNS_SHOWN)


async def asked_by(tx: Tx, told: Told) -> list[Automation]:
    """Those that wait for what just happened, the oldest first."""
    triggers = [trigger for trigger, topic in TOPICS.items() if topic == told.topic]
    found = await store.waiting(tx, triggers)
    return [one for one in found if fits(one, told.topic, told.payload)]


async def explain(
    tx: Tx,
    automation: Automation,
    kind: SubjectKind,
    subject_id: UUID,
    words: rules.Vocabulary,
    moment: rules.Moment,
) -> rules.Explanation:
    """Whether its condition holds of the record, and why. Raises RuleWrong where it can no longer
    be understood."""
    if automation.condition is None:
        return EVERY
    condition = rules.read(automation.condition, words, field="condition")
    row = await store.facts(tx, rules.facts(condition, words, moment), kind, subject_id)
    if row is None:
        raise NotFound("There is no such record.")
    return rules.explain_row(condition, row, words, moment)


async def has_room(tx: Tx, automation_id: UUID, subject_id: UUID, *, now: datetime) -> bool:
    """False once it has acted on the record as often as it may within 24 hours."""
    since = now - timedelta(days=1)
    return await store.count_since(tx, automation_id, subject_id, since) < RUNS_A_DAY


async def log(
    tx: Tx,
    automation: Automation,
    told: Told,
    subject: Subject,
    outcome: Literal["done", "failed", "stopped"],
    note: str,
    *,
    now: datetime,
) -> None:
    run = store.fresh_run(
        automation_id=automation.id,
        subject_kind=subject.kind,
        subject_id=subject.id,
        number=subject.number,
        outcome=outcome,
        note=note[:NOTE_MAX],
        at=now,
    )
    await store.log(tx, run, told.id)


async def forget_old(tx: Tx, *, now: datetime) -> bool:
    """Forget the oldest lines of the log that are over `DAYS_KEPT`. True where more may be left."""
    before = now - timedelta(days=DAYS_KEPT)
    return await store.forget(tx, before=before, count=FORGOTTEN_AT_ONCE) == FORGOTTEN_AT_ONCE


def vocabulary(kind: SubjectKind, own: list[rules.CustomField]) -> rules.Vocabulary:
    """The suite's words for such records, and the company's own fields of them."""
    return (LEADS if kind == "lead" else DEALS).with_custom(own)


async def statuses(tx: Tx) -> Mapping[UUID, Status]:
    """Where a lead may be moved to by itself."""
    found = await list_statuses(tx.with_all_grants())
    return {one.id: one for one in found if one.kind is not StatusKind.CONVERTED}


async def _check(tx: Tx, draft: AutomationDraft, words: rules.Vocabulary) -> None:
    check_draft(draft)
    if draft.condition is not None:
        rules.read(draft.condition, words, field="condition")
    moves = [(place, one) for place, one in enumerate(draft.actions) if isinstance(one, MoveTo)]
    known = await statuses(tx) if moves else {}
    for place, one in moves:
        if one.status_id not in known:
            said = "No lead can be moved there."
            raise Invalid(said, field=f"actions[{place}].status_id")


async def _listen(tx: Tx) -> None:
    await store.set_taps(tx, SUBSCRIBER, [(str(one), topic) for one, topic in TOPICS.items()])


async def _note(tx: Tx, what: str, subject_id: UUID, now: datetime, **facts: Any) -> None:
    await audit.write(
        tx,
        action=f"sales.automation_{what}",
        subject_kind="automation",
        subject_id=subject_id,
        now=now,
        **facts,
    )
