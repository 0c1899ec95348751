"""Automations, what each of them did, and which events they wait for."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.crm.sales.domain.automations import Automation, AutomationDraft, Run
from tandem.kernel.db import Query, Tx
from tandem.kernel.ids import new_id
from tandem.kernel.rules import Condition, RuledQuery

LIST = Query(
    """
    select a.id, a.name, a.trigger, a.only_to, a.condition, a.actions, a.is_active, a.version,
           a.created_at, a.updated_at, r.done_count, r.failed_count, r.last_at
      from sales.automation a
      cross join lateral (
           select count(*) filter (where outcome = 'done')::int as done_count,
                  count(*) filter (where outcome <> 'done')::int as failed_count,
                  max(at) as last_at
             from sales.automation_run
            where org_id = :org_id and automation_id = a.id
              and at > :now::timestamptz - interval '30 days') r
     where a.org_id = :org_id and (:id::uuid is null or a.id = :id)
     order by lower(a.name)
     limit 100
    """
)

WAITING = Query(
    """
    select id, name, trigger, only_to, condition, actions, is_active, version, created_at,
           updated_at
      from sales.automation
     where org_id = :org_id and is_active and trigger = any(:triggers::text[])
     order by created_at, id
     limit 100
    """
)

INSERT = Query(
    """
    insert into sales.automation
           (org_id, id, name, trigger, only_to, condition, actions, is_active, created_at,
            updated_at)
    values (:org_id, :id, :name, :trigger, :only_to, :condition::jsonb, :actions::jsonb,
            :is_active, :now, :now)
        on conflict (org_id, lower(name)) do nothing
    returning id
    """
)

LOCK = Query("select version from sales.automation where org_id = :org_id and id = :id for update")

UPDATE = Query(
    """
    update sales.automation a
       set name = :name, trigger = :trigger, only_to = :only_to, condition = :condition::jsonb,
           actions = :actions::jsonb, is_active = :is_active, version = version + 1,
           updated_at = :now
     where org_id = :org_id and id = :id
       and not exists (select from sales.automation other
                        where other.org_id = :org_id and other.id <> :id
                          and lower(other.name) = lower(:name))
    returning id
    """
)

DELETE = Query("delete from sales.automation where org_id = :org_id and id = :id")

CLEAR_TAPS = Query(
    "delete from kernel.event_tap where org_id = :org_id and subscriber = :subscriber"
)

SET_TAPS = Query(
    """
    insert into kernel.event_tap (org_id, topic, subscriber)
    select distinct a.org_id, t.topic, :subscriber
      from sales.automation a
      join unnest(:triggers::text[], :topics::text[]) as t (trigger, topic)
        on t.trigger = a.trigger
     where a.org_id = :org_id and a.is_active
    """
)

LATELY = Query(
    """
    select count(*)::int from sales.automation_run
     where org_id = :org_id and subject_id = :subject_id and automation_id = :automation_id
       and outcome = 'done' and at > :since
    """
)

LOG = Query(
    """
    insert into sales.automation_run
           (org_id, id, automation_id, event_id, subject_kind, subject_id, number, outcome, note,
            at)
    values (:org_id, :id, :automation_id, :event_id, :subject_kind, :subject_id, :number,
            :outcome, :note, :at)
    """
)

FORGET = Query(
    """
    delete from sales.automation_run
     where org_id = :org_id
       and id in (select id from sales.automation_run
                   where org_id = :org_id and at < :before
                   order by at
                   limit :count)
    """
)

RUNS = Query(
    """
    select id, automation_id, subject_kind, subject_id, number, outcome, note, at
      from sales.automation_run
     where org_id = :org_id and automation_id = :automation_id
     order by at desc, id desc
     limit :count
    """
)

LEAD_FACTS = RuledQuery(
    "select {facts} as facts from sales.lead l where l.org_id = :org_id and l.id = :id"
)

DEAL_FACTS = RuledQuery(
    """
    select {facts} as facts
      from sales.opportunity o
      join sales.stage s on s.org_id = o.org_id and s.id = o.stage_id
     where o.org_id = :org_id and o.id = :id
    """
)


async def list_all(tx: Tx, now: datetime, automation_id: UUID | None = None) -> list[Automation]:
    return await tx.many(LIST, Automation, id=automation_id, now=now)


async def waiting(tx: Tx, triggers: Sequence[str]) -> list[Automation]:
    """Those in use, the oldest first."""
    return await tx.many(WAITING, Automation, triggers=list(triggers))


async def insert(tx: Tx, automation_id: UUID, draft: AutomationDraft, now: datetime) -> bool:
    return await tx.value(INSERT, id=automation_id, now=now, **_columns(draft)) is not None


async def lock(tx: Tx, automation_id: UUID) -> int | None:
    """Its version; nobody else changes it until the transaction ends."""
    found: int | None = await tx.value(LOCK, id=automation_id)
    return found


async def update(tx: Tx, automation_id: UUID, draft: AutomationDraft, now: datetime) -> bool:
    return await tx.value(UPDATE, id=automation_id, now=now, **_columns(draft)) is not None


async def delete(tx: Tx, automation_id: UUID) -> None:
    await tx.run(DELETE, id=automation_id)


async def set_taps(tx: Tx, subscriber: str, topics: Sequence[tuple[str, str]]) -> None:
    """Hear of what the automations in use wait for, and of nothing else."""
    await tx.run(CLEAR_TAPS, subscriber=subscriber)
    await tx.run(
        SET_TAPS,
        subscriber=subscriber,
        triggers=[trigger for trigger, _ in topics],
        topics=[topic for _, topic in topics],
    )


async def count_since(tx: Tx, automation_id: UUID, subject_id: UUID, since: datetime) -> int:
    found: int = await tx.value(
        LATELY, automation_id=automation_id, subject_id=subject_id, since=since
    )
    return found


async def log(tx: Tx, run: Run, event_id: UUID) -> None:
    await tx.run(LOG, event_id=event_id, **msgspec.structs.asdict(run))


async def forget(tx: Tx, *, before: datetime, count: int) -> int:
    return await tx.run(FORGET, before=before, count=count)


async def runs(tx: Tx, automation_id: UUID, count: int) -> list[Run]:
    return await tx.many(RUNS, Run, automation_id=automation_id, count=count)


async def facts(tx: Tx, made: Condition, kind: str, subject_id: UUID) -> list[Any] | None:
    """What the condition's leaves look at, in order; None where the record is gone."""
    query = LEAD_FACTS if kind == "lead" else DEAL_FACTS
    found: list[Any] | None = await tx.value(query.with_rule(made), id=subject_id)
    return found


def _columns(draft: AutomationDraft) -> dict[str, Any]:
    given: dict[str, Any] = msgspec.to_builtins(draft)
    return given | {"name": draft.name.strip(), "only_to": draft.only_to.strip()}


def fresh_run(**given: Any) -> Run:
    return Run(id=new_id(), **given)
