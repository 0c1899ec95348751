"""Assignment rules: written, put in order, taken away. Each change is in the audit."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.crm.sales.domain.assigning import (
    RULES_MAX,
    AssignmentRule,
    AssignmentRuleTaken,
    Directory,
    RuleDraft,
    check_draft,
)
from tandem.crm.sales.domain.permissions import CONFIGURE, READ
from tandem.crm.sales.store import assigning as store
from tandem.crm.sales.store.lead_vocabulary import LEADS
from tandem.kernel import audit, rules
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound
from tandem.kernel.ids import new_id


async def list_rules(tx: Tx) -> list[AssignmentRule]:
    """In the order in which they are asked; inactive ones too."""
    tx.actor.require(READ)
    return await store.list_rules(tx)


async def get_rule(tx: Tx, rule_id: UUID) -> AssignmentRule:
    tx.actor.require(READ)
    found = await store.list_rules(tx, rule_id)
    if not found:
        raise NotFound("There is no such rule.")
    return found[0]


async def add_rule(
    tx: Tx, draft: RuleDraft, directory: Directory, *, now: datetime
) -> AssignmentRule:
    """The last one in order. Refuses a condition that cannot be understood (RuleWrong) or asks for
    what is hidden from its author, a pool of nobody, people and teams that are not there, and a
    name there is already."""
    tx.actor.require(CONFIGURE)
    rule_id = new_id()
    rule = _rule(draft, directory, rule_id, hidden=tx.actor.hidden)
    if len(await store.list_rules(tx)) >= RULES_MAX:
        raise Invalid(f"There may be {RULES_MAX} rules at most.")
    if not await store.insert(tx, rule, now):
        raise AssignmentRuleTaken("There is a rule with this name.", field="name")
    await _note(tx, "added", rule_id, now, after=msgspec.to_builtins(draft))
    return await get_rule(tx, rule_id)


async def change_rule(
    tx: Tx,
    rule_id: UUID,
    draft: RuleDraft,
    directory: Directory,
    *,
    is_current: Callable[[int], None] | None = None,
    now: datetime,
) -> AssignmentRule:
    """The rule as it shall be; whose turn it is stays. Refuses what `is_current` refuses of its
    version."""
    tx.actor.require(CONFIGURE)
    before = await get_rule(tx, rule_id)
    if is_current is not None:
        is_current(before.version)
    is_same = draft.condition == before.condition
    hidden = frozenset() if is_same else tx.actor.hidden
    if not await store.update(tx, _rule(draft, directory, rule_id, hidden=hidden)):
        raise AssignmentRuleTaken("There is a rule with this name.", field="name")
    await _note(
        tx,
        "changed",
        rule_id,
        now,
        before=msgspec.to_builtins(before),
        after=msgspec.to_builtins(draft),
    )
    return await get_rule(tx, rule_id)


async def remove_rule(tx: Tx, rule_id: UUID, *, now: datetime) -> None:
    """What it gave away stays given, and its name stays in the log."""
    tx.actor.require(CONFIGURE)
    before = await get_rule(tx, rule_id)
    await store.delete(tx, rule_id)
    await _note(tx, "removed", rule_id, now, before=msgspec.to_builtins(before))


async def order_rules(tx: Tx, ids: Sequence[UUID], *, now: datetime) -> list[AssignmentRule]:
    """The new order, every rule named once."""
    tx.actor.require(CONFIGURE)
    before = [rule.id for rule in await store.list_rules(tx)]
    if sorted(ids) != sorted(before):
        raise Invalid("Name every rule once.", field="ids")
    await store.order(tx, ids)
    await _note(
        tx,
        "ordered",
        tx.actor.org_id,
        now,
        before={"ids": msgspec.to_builtins(before)},
        after={"ids": msgspec.to_builtins(list(ids))},
    )
    return await store.list_rules(tx)


def vocabulary(directory: Directory) -> rules.Vocabulary:
    """What a condition may speak of: the suite's words and the company's own fields of leads."""
    return LEADS.with_custom(directory.custom_fields)


def _rule(
    draft: RuleDraft, directory: Directory, rule_id: UUID, *, hidden: frozenset[str]
) -> AssignmentRule:
    check_draft(draft, directory)
    if draft.condition is not None:
        rules.read(draft.condition, vocabulary(directory).without(hidden), field="condition")
    given: dict[str, Any] = msgspec.structs.asdict(draft) | {"name": draft.name.strip()}
    return AssignmentRule(id=rule_id, position=0, last_user_id=None, version=1, **given)


async def _note(tx: Tx, what: str, subject_id: UUID, now: datetime, **facts: Any) -> None:
    await audit.write(
        tx,
        action=f"sales.assignment_rule_{what}",
        subject_kind="assignment_rule",
        subject_id=subject_id,
        now=now,
        **facts,
    )
