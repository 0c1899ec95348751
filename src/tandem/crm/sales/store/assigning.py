"""Assignment rules, whose turn it is, the log, and leads that wait for somebody."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.crm.sales.domain.assigning import AssignmentEntry, AssignmentRule
from tandem.kernel.db import Query, Tx
from tandem.kernel.rules import Condition, RuledQuery

LIST = Query(
    """
    select r.id, r.position, r.name, r.condition, r.strategy, r.user_ids, r.team_id,
           r.territory_id, r.owner_id, r.load_cap, r.keeps_hours, r.is_active, r.version,
           s.last_user_id
      from sales.assignment_rule r
      left join sales.assignment_state s on s.org_id = :org_id and s.rule_id = r.id
     where r.org_id = :org_id and (:id::uuid is null or r.id = :id)
     order by r.position, r.id
     limit 100
    """
)

# In one order for everybody; rules that come meanwhile have a row that nobody holds yet.
LOCK_TURNS = Query(
    """
    select rule_id from sales.assignment_state
     where org_id = :org_id
     order by rule_id
       for update
    """
)

INSERT = Query(
    """
    insert into sales.assignment_rule
           (org_id, id, position, name, condition, strategy, user_ids, team_id, territory_id,
            owner_id, load_cap, keeps_hours, is_active, created_at)
    select :org_id, :id, coalesce(max(position), 0) + 1, :name, :condition::jsonb, :strategy,
           :user_ids::uuid[], :team_id, :territory_id, :owner_id, :load_cap, :keeps_hours,
           :is_active, :now
      from sales.assignment_rule where org_id = :org_id
        on conflict do nothing
    """
)

INSERT_TURN = Query("insert into sales.assignment_state (org_id, rule_id) values (:org_id, :id)")

UPDATE = Query(
    """
    update sales.assignment_rule r
       set name = :name, condition = :condition::jsonb, strategy = :strategy,
           user_ids = :user_ids, team_id = :team_id, territory_id = :territory_id,
           owner_id = :owner_id, load_cap = :load_cap, keeps_hours = :keeps_hours,
           is_active = :is_active, version = version + 1
     where org_id = :org_id and id = :id
       and not exists (select from sales.assignment_rule other
                        where other.org_id = :org_id and lower(other.name) = lower(:name)
                          and other.id <> :id)
    """
)

DELETE = Query("delete from sales.assignment_rule where org_id = :org_id and id = :id")

ORDER = Query(
    """
    update sales.assignment_rule r
       set position = given.place::int
      from unnest(:ids::uuid[]) with ordinality as given (id, place)
     where r.org_id = :org_id and r.id = given.id
    """
)

TAKE_TURN = Query(
    """
    update sales.assignment_state
       set last_user_id = :user_id, given = given + 1
     where org_id = :org_id and rule_id = :id
    """
)

FACTS = RuledQuery(
    """
    select {facts} as facts
      from sales.lead l
     where l.org_id = :org_id and l.id = :lead_id
    """
)

OWN = Query(
    """
    update sales.lead
       set owner_id = :owner_id, team_id = coalesce(:team_id, team_id),
           territory_id = coalesce(:territory_id, territory_id), version = version + 1,
           updated_at = :now
     where org_id = :org_id and id = :lead_id
    """
)

LOG = Query(
    """
    insert into sales.assignment_log
           (org_id, id, lead_id, at, how, rule_id, rule_name, owner_id, owner_name,
            from_owner_id, actor_label, tried)
    values (:org_id, :id, :lead_id, :at, :how, :rule_id, :rule_name, :owner_id, :owner_name,
            :from_owner_id, :actor_label, :tried::jsonb)
    """
)

LIST_LOG = Query(
    """
    select id, lead_id, at, how, rule_id, rule_name, owner_id, owner_name, from_owner_id,
           actor_label, tried
      from sales.assignment_log
     where org_id = :org_id and lead_id = :lead_id
     order by id desc
     limit 100
    """
)

WAIT = Query(
    """
    insert into sales.assignment_wait (org_id, lead_id, since)
    values (:org_id, :lead_id, :now)
        on conflict do nothing
    """
)

WAIT_NO_MORE = Query(
    "delete from sales.assignment_wait where org_id = :org_id and lead_id = :lead_id"
)

WAITING = Query(
    """
    select lead_id as id from sales.assignment_wait
     where org_id = :org_id and (since, lead_id) > (:after_at, :after_id)
     order by since, lead_id
     limit :limit
    """
)

IS_WAITING = Query(
    "select since from sales.assignment_wait where org_id = :org_id and lead_id = :lead_id"
)

COUNT_WAITING = Query("select count(*) from sales.assignment_wait where org_id = :org_id")


class _Id(msgspec.Struct, frozen=True):
    id: UUID


async def list_rules(tx: Tx, rule_id: UUID | None = None) -> list[AssignmentRule]:
    return await tx.many(LIST, AssignmentRule, id=rule_id)


async def lock_turns(tx: Tx) -> None:
    """Until the caller's transaction ends nobody else gives leads away by rules."""
    await tx.records(LOCK_TURNS)


async def insert(tx: Tx, rule: AssignmentRule, now: datetime) -> bool:
    """False where the name is taken."""
    if not await tx.run(INSERT, now=now, **_row(rule)):
        return False
    await tx.run(INSERT_TURN, id=rule.id)
    return True


async def update(tx: Tx, rule: AssignmentRule) -> bool:
    return bool(await tx.run(UPDATE, **_row(rule)))


async def delete(tx: Tx, rule_id: UUID) -> bool:
    return bool(await tx.run(DELETE, id=rule_id))


async def order(tx: Tx, ids: Sequence[UUID]) -> None:
    await tx.run(ORDER, ids=list(ids))


async def take_turn(tx: Tx, rule_id: UUID, user_id: UUID) -> None:
    await tx.run(TAKE_TURN, id=rule_id, user_id=user_id)


async def facts(tx: Tx, made: Condition, lead_id: UUID) -> list[Any]:
    """What the rule's leaves look at, in order."""
    found: list[Any] = await tx.value(FACTS.with_rule(made), lead_id=lead_id)
    return found


async def own(
    tx: Tx,
    lead_id: UUID,
    *,
    owner_id: UUID | None,
    team_id: UUID | None,
    territory_id: UUID | None,
    now: datetime,
) -> None:
    await tx.run(
        OWN, lead_id=lead_id, owner_id=owner_id, team_id=team_id, territory_id=territory_id, now=now
    )


async def log(tx: Tx, entry: AssignmentEntry) -> None:
    row = msgspec.structs.asdict(entry)
    row["tried"] = msgspec.to_builtins(entry.tried)
    await tx.run(LOG, **row)


async def list_log(tx: Tx, lead_id: UUID) -> list[AssignmentEntry]:
    return await tx.many(LIST_LOG, AssignmentEntry, lead_id=lead_id)


async def wait(tx: Tx, lead_id: UUID, now: datetime) -> None:
    await tx.run(WAIT, lead_id=lead_id, now=now)


async def wait_no_more(tx: Tx, lead_id: UUID) -> None:
    await tx.run(WAIT_NO_MORE, lead_id=lead_id)


async def waiting(tx: Tx, *, after_at: datetime, after_id: UUID, limit: int) -> list[UUID]:
    """Those who wait longest first."""
    rows = await tx.many(WAITING, _Id, after_at=after_at, after_id=after_id, limit=limit)
    return [row.id for row in rows]


async def waits_since(tx: Tx, lead_id: UUID) -> datetime | None:
    since: datetime | None = await tx.value(IS_WAITING, lead_id=lead_id)
    return since


async def count_waiting(tx: Tx) -> int:
    count: int = await tx.value(COUNT_WAITING)
    return count


def _row(rule: AssignmentRule) -> dict[str, Any]:
    row = msgspec.structs.asdict(rule)
    for name in ("position", "version", "last_user_id"):
        del row[name]
    return row
