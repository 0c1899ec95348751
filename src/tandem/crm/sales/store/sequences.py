"""Sequences of mails, and the leads that are in them."""

from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from tandem.crm.sales.domain.sequences import Run, Sequence, SequenceDraft
from tandem.kernel.db import Query, Tx

LIST = Query(
    """
    select q.id, q.name, q.steps, q.reply_to, q.asks_consent, q.is_active, q.version, q.created_at,
           q.updated_at, r.running, r.finished, r.replied, r.stopped
      from sales.mail_sequence q
      cross join lateral (
           select count(*) filter (where state = 'running')::int as running,
                  count(*) filter (where state = 'finished')::int as finished,
                  count(*) filter (where state = 'stopped' and reason = 'replied')::int as replied,
                  count(*) filter (where state = 'stopped' and reason <> 'replied')::int as stopped
             from sales.sequence_run
            where org_id = :org_id and sequence_id = q.id) r
     where q.org_id = :org_id and (:id::uuid is null or q.id = :id)
     order by lower(q.name)
     limit 100
    """
)

INSERT = Query(
    """
    insert into sales.mail_sequence
           (org_id, id, name, steps, reply_to, asks_consent, is_active, created_at, updated_at)
    values (:org_id, :id, :name, :steps::jsonb, :reply_to, :asks_consent, :is_active, :now, :now)
        on conflict (org_id, lower(name)) do nothing
    returning id
    """
)

LOCK = Query(
    "select version from sales.mail_sequence where org_id = :org_id and id = :id for update"
)

UPDATE = Query(
    """
    update sales.mail_sequence
       set name = :name, steps = :steps::jsonb, reply_to = :reply_to,
           asks_consent = :asks_consent, is_active = :is_active, version = version + 1,
           updated_at = :now
     where org_id = :org_id and id = :id
       and not exists (select from sales.mail_sequence other
                        where other.org_id = :org_id and other.id <> :id
                          and lower(other.name) = lower(:name))
    returning id
    """
)

_RUN: LiteralString = """
    select r.id, r.sequence_id, q.name as sequence_name, r.lead_id, r.sender_id, r.state, r.reason,
           r.sent, jsonb_array_length(q.steps) as steps, r.due_at, r.started_at, r.ended_at,
           r.actor_label
      from sales.sequence_run r
      join sales.mail_sequence q on q.org_id = r.org_id and q.id = r.sequence_id
"""
FIND_RUN = Query(_RUN + "where r.org_id = :org_id and r.id = :id")
RUNS_OF_LEAD = Query(
    _RUN
    + """
      join sales.lead l on l.org_id = r.org_id and l.id = r.lead_id
     where r.org_id = :org_id and (l.id = :lead_id or l.merged_into_id = :lead_id)
     order by r.id desc
     limit 20
    """
)
RUNS_OF_SEQUENCE = Query(
    _RUN
    + """
     where r.org_id = :org_id and r.sequence_id = :sequence_id
       and (:before_id::uuid is null or r.id < :before_id)
     order by r.id desc
     limit :count
    """
)
LOCK_RUN = Query("select id from sales.sequence_run where org_id = :org_id and id = :id for update")
DUE = Query(
    """
    select r.id
      from sales.sequence_run r
      join sales.mail_sequence q on q.org_id = r.org_id and q.id = r.sequence_id and q.is_active
     where r.org_id = :org_id and r.state = 'running' and r.due_at <= :now
     order by r.due_at, r.id
     limit :count
    """
)
START = Query(
    """
    insert into sales.sequence_run
           (org_id, id, sequence_id, lead_id, sender_id, state, due_at, started_at, actor_label)
    values (:org_id, :id, :sequence_id, :lead_id, :sender_id, 'running', :due_at, :now,
            :actor_label)
        on conflict (org_id, lead_id) where state = 'running' do nothing
    returning id
    """
)
SAVE_RUN = Query(
    """
    update sales.sequence_run
       set state = :state, reason = :reason, sent = :sent, due_at = :due_at, ended_at = :ended_at
     where org_id = :org_id and id = :id
    """
)
RUNNING_OF = Query(
    """
    select r.id
      from sales.sequence_run r
      join sales.lead l on l.org_id = r.org_id and l.id = r.lead_id
     where r.org_id = :org_id and r.state = 'running'
       and (l.id = :lead_id or l.merged_into_id = :lead_id)
     order by r.id
    """
)


async def list_all(tx: Tx, sequence_id: UUID | None = None) -> list[Sequence]:
    return await tx.many(LIST, Sequence, id=sequence_id)


async def insert(tx: Tx, sequence_id: UUID, draft: SequenceDraft, now: datetime) -> bool:
    return await tx.value(INSERT, id=sequence_id, now=now, **_columns(draft)) is not None


async def lock(tx: Tx, sequence_id: UUID) -> int | None:
    """Its version; nobody else changes it until the transaction ends."""
    found: int | None = await tx.value(LOCK, id=sequence_id)
    return found


async def update(tx: Tx, sequence_id: UUID, draft: SequenceDraft, now: datetime) -> bool:
    return await tx.value(UPDATE, id=sequence_id, now=now, **_columns(draft)) is not None


async def find_run(tx: Tx, run_id: UUID) -> Run | None:
    return await tx.one_or_none(FIND_RUN, Run, id=run_id)


async def lock_run(tx: Tx, run_id: UUID) -> Run | None:
    await tx.records(LOCK_RUN, id=run_id)
    return await find_run(tx, run_id)


async def runs_of_lead(tx: Tx, lead_id: UUID) -> list[Run]:
    return await tx.many(RUNS_OF_LEAD, Run, lead_id=lead_id)


async def runs_of(tx: Tx, sequence_id: UUID, *, before_id: UUID | None, count: int) -> list[Run]:
    return await tx.many(
        RUNS_OF_SEQUENCE, Run, sequence_id=sequence_id, before_id=before_id, count=count
    )


async def list_due(tx: Tx, now: datetime, count: int) -> list[UUID]:
    return [row["id"] for row in await tx.records(DUE, now=now, count=count)]


async def start(tx: Tx, run: Run) -> bool:
    """False where the lead is in one already."""
    made = await tx.value(
        START,
        id=run.id,
        sequence_id=run.sequence_id,
        lead_id=run.lead_id,
        sender_id=run.sender_id,
        due_at=run.due_at,
        now=run.started_at,
        actor_label=run.actor_label,
    )
    return made is not None


async def save_run(tx: Tx, run: Run) -> None:
    await tx.run(
        SAVE_RUN,
        id=run.id,
        state=str(run.state),
        reason=run.reason,
        sent=run.sent,
        due_at=run.due_at,
        ended_at=run.ended_at,
    )


async def running_of(tx: Tx, lead_id: UUID) -> list[UUID]:
    """Those of the lead, and of leads that were merged into it."""
    return [row["id"] for row in await tx.records(RUNNING_OF, lead_id=lead_id)]


def _columns(draft: SequenceDraft) -> dict[str, Any]:
    given: dict[str, Any] = msgspec.to_builtins(draft)
    return given | {"name": draft.name.strip(), "reply_to": draft.reply_to.strip().lower()}
