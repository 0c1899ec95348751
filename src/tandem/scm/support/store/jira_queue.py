"""What waits to be sent, what arrived, and what both sides disagree about."""

from datetime import datetime
from typing import LiteralString
from uuid import UUID

import msgspec

from tandem.kernel.db import Query, Tx
from tandem.kernel.ids import new_id
from tandem.scm.support.domain.jira_link import Arrival, Clash, Op, Sending

_SENDING: LiteralString = """
    select id, link_id, op, subject_id, state, tries, next_at, error, created_at, done_at
      from support.jira_outbox
"""
_ARRIVAL: LiteralString = """
    select id, connection_id, link_id, webhook_id, issue_id, event, updated, state, note,
           received_at, done_at
      from support.jira_inbox
"""
_CLASH: LiteralString = """
    select id, link_id, kind, ours, theirs, note, found_at, decided_at, decision
      from support.jira_conflict
"""

ADD_SENDING = Query(
    """
    insert into support.jira_outbox
           (org_id, id, link_id, op, subject_id, next_at, created_at)
    values (:org_id, :id, :link_id, :op, :subject_id, :now, :now)
        on conflict do nothing
    """
)

NOTE_SENDING = Query(
    """
    insert into support.jira_outbox
           (org_id, id, link_id, op, state, error, next_at, created_at, done_at)
    values (:org_id, :id, :link_id, :op, 'done', :note, :now, :now, :now)
    """
)

NEXT_SENDING = Query(
    _SENDING
    + """where org_id = :org_id and link_id = :link_id and state in ('waiting', 'dead')
         order by id limit 1"""
)

TRY_SENDING = Query(
    """
    update support.jira_outbox set tries = tries + 1
     where org_id = :org_id and id = :id and state = 'waiting'
    returning tries
    """
)

SETTLE_SENDING = Query(
    """
    update support.jira_outbox
       set state = :state, error = :error, next_at = :next_at, done_at = :done_at
     where org_id = :org_id and id = :id
    """
)

DROP_SENDINGS = Query(
    """
    update support.jira_outbox
       set state = 'dropped', error = :reason, done_at = :now
     where org_id = :org_id and link_id = :link_id and state in ('waiting', 'dead')
    """
)

LIST_SENDINGS = Query(
    _SENDING + "where org_id = :org_id and link_id = :link_id order by id desc limit 100"
)

LIST_HELD = Query(
    """
    select distinct subject_id from support.jira_outbox
     where org_id = :org_id and link_id = :link_id and state in ('dead', 'dropped')
       and op in ('comment', 'file') and subject_id is not null
    """
)

LOCK_SENDING = Query(_SENDING + "where org_id = :org_id and id = :id for update")

LIST_DEAD_SENDINGS = Query(
    _SENDING + "where org_id = :org_id and state = 'dead' order by id limit 200"
)

ADD_ARRIVAL = Query(
    """
    insert into support.jira_inbox
           (org_id, id, connection_id, link_id, webhook_id, issue_id, event, updated, state, note,
            received_at, done_at)
    values (:org_id, :id, :connection_id, :link_id, :webhook_id, :issue_id, :event, :updated,
            :state, :note, :received_at, :done_at)
        on conflict (org_id, connection_id, webhook_id) do nothing
    """
)

SETTLE_ARRIVALS = Query(
    """
    update support.jira_inbox
       set state = :state, note = :note, done_at = :now
     where org_id = :org_id and link_id = :link_id and state = any(:from::text[])
       and received_at <= :until
    """
)

KILL_FIRST_ARRIVAL = Query(
    """
    update support.jira_inbox
       set state = 'dead', note = :note
     where org_id = :org_id
       and id = (select id from support.jira_inbox
                  where org_id = :org_id and link_id = :link_id and state = 'waiting'
                  order by id limit 1)
    """
)

HAS_DEAD_ARRIVAL = Query(
    """
    select exists (select 1 from support.jira_inbox
                    where org_id = :org_id and link_id = :link_id and state = 'dead')
    """
)

LIST_ARRIVALS = Query(
    _ARRIVAL + "where org_id = :org_id and link_id = :link_id order by id desc limit 100"
)

LIST_DEAD_ARRIVALS = Query(
    _ARRIVAL + "where org_id = :org_id and state = 'dead' order by id limit 200"
)

LOCK_ARRIVAL = Query(_ARRIVAL + "where org_id = :org_id and id = :id for update")

SETTLE_ARRIVAL = Query(
    """
    update support.jira_inbox set state = :state, note = :note, done_at = :done_at
     where org_id = :org_id and id = :id
    """
)

FORGET_ARRIVALS = Query(
    """
    delete from support.jira_inbox
     where org_id = :org_id and received_at < :before and state in ('done', 'ignored', 'dropped')
    """
)

OPEN_CLASH = Query(
    """
    insert into support.jira_conflict (org_id, id, link_id, kind, ours, theirs, note, found_at)
    values (:org_id, :id, :link_id, :kind, :ours, :theirs, :note, :now)
        on conflict (org_id, link_id, kind) where decided_at is null do update
       set ours = excluded.ours, theirs = excluded.theirs, note = excluded.note
    """
)

NOTE_CLASH = Query(
    """
    insert into support.jira_conflict
           (org_id, id, link_id, kind, ours, theirs, note, found_at, decided_at, decision)
    values (:org_id, :id, :link_id, :kind, :ours, :theirs, '', :now, :now, :decision)
    """
)

DECIDE_CLASH = Query(
    """
    update support.jira_conflict
       set decided_at = :now, decision = :decision
     where org_id = :org_id and link_id = :link_id and kind = :kind and decided_at is null
    """
)

LIST_CLASHES = Query(
    _CLASH + "where org_id = :org_id and link_id = :link_id order by id desc limit 100"
)

LIST_OPEN_CLASHES = Query(
    _CLASH + "where org_id = :org_id and decided_at is null order by id limit 200"
)

LOCK_CLASH = Query(_CLASH + "where org_id = :org_id and id = :id for update")


async def add_sending(
    tx: Tx, link_id: UUID, op: Op, *, now: datetime, subject_id: UUID | None = None
) -> bool:
    """False when it waits already, or a comment or file was queued before."""
    return bool(
        await tx.run(
            ADD_SENDING, id=new_id(), link_id=link_id, op=op, subject_id=subject_id, now=now
        )
    )


async def note_sending(tx: Tx, link_id: UUID, op: Op, *, note: str, now: datetime) -> None:
    """For the log: it was done with something else."""
    await tx.run(NOTE_SENDING, id=new_id(), link_id=link_id, op=op, note=note[:500], now=now)


async def next_sending(tx: Tx, link_id: UUID) -> Sending | None:
    """The oldest that is not done; a dead one stands before everything later."""
    return await tx.one_or_none(NEXT_SENDING, Sending, link_id=link_id)


async def try_sending(tx: Tx, sending_id: UUID) -> int:
    tries: int = await tx.value(TRY_SENDING, id=sending_id)
    return tries


async def settle_sending(
    tx: Tx,
    sending_id: UUID,
    state: str,
    *,
    now: datetime,
    error: str = "",
    next_at: datetime | None = None,
) -> None:
    done_at = now if state in {"done", "dropped"} else None
    await tx.run(
        SETTLE_SENDING,
        id=sending_id,
        state=state,
        error=error[:500],
        next_at=next_at or now,
        done_at=done_at,
    )


async def drop_sendings(tx: Tx, link_id: UUID, *, reason: str, now: datetime) -> None:
    await tx.run(DROP_SENDINGS, link_id=link_id, reason=reason, now=now)


async def list_sendings(tx: Tx, link_id: UUID) -> list[Sending]:
    """Newest first."""
    return await tx.many(LIST_SENDINGS, Sending, link_id=link_id)


async def held_ids(tx: Tx, link_id: UUID) -> frozenset[UUID]:
    return frozenset(row["subject_id"] for row in await tx.records(LIST_HELD, link_id=link_id))


async def lock_sending(tx: Tx, sending_id: UUID) -> Sending | None:
    return await tx.one_or_none(LOCK_SENDING, Sending, id=sending_id)


async def list_dead_sendings(tx: Tx) -> list[Sending]:
    return await tx.many(LIST_DEAD_SENDINGS, Sending)


async def add_arrival(tx: Tx, arrival: Arrival) -> bool:
    """False when this webhook came before."""
    return bool(await tx.run(ADD_ARRIVAL, **msgspec.structs.asdict(arrival)))


async def settle_arrivals(
    tx: Tx, link_id: UUID, state: str, *, until: datetime, now: datetime, note: str = ""
) -> None:
    """Everything that waited when the issue was read."""
    values = {"from": ["waiting"]}
    await tx.run(
        SETTLE_ARRIVALS, link_id=link_id, state=state, note=note, until=until, now=now, **values
    )


async def kill_first_arrival(tx: Tx, link_id: UUID, *, note: str) -> bool:
    return bool(await tx.run(KILL_FIRST_ARRIVAL, link_id=link_id, note=note[:500]))


async def has_dead_arrival(tx: Tx, link_id: UUID) -> bool:
    return bool(await tx.value(HAS_DEAD_ARRIVAL, link_id=link_id))


async def list_arrivals(tx: Tx, link_id: UUID) -> list[Arrival]:
    """Newest first."""
    return await tx.many(LIST_ARRIVALS, Arrival, link_id=link_id)


async def list_dead_arrivals(tx: Tx) -> list[Arrival]:
    return await tx.many(LIST_DEAD_ARRIVALS, Arrival)


async def lock_arrival(tx: Tx, arrival_id: UUID) -> Arrival | None:
    return await tx.one_or_none(LOCK_ARRIVAL, Arrival, id=arrival_id)


async def settle_arrival(tx: Tx, arrival_id: UUID, state: str, *, note: str, now: datetime) -> None:
    done_at = None if state == "waiting" else now
    await tx.run(SETTLE_ARRIVAL, id=arrival_id, state=state, note=note, done_at=done_at)


async def forget_arrivals(tx: Tx, *, before: datetime) -> int:
    return await tx.run(FORGET_ARRIVALS, before=before)


async def open_clash(
    tx: Tx, link_id: UUID, *, kind: str, ours: str, theirs: str, note: str, now: datetime
) -> None:
    """One open disagreement per kind: the same again only says how it stands now."""
    await tx.run(
        OPEN_CLASH,
        id=new_id(),
        link_id=link_id,
        kind=kind,
        ours=ours[:500],
        theirs=theirs[:500],
        note=note[:500],
        now=now,
    )


async def note_clash(
    tx: Tx, link_id: UUID, *, kind: str, ours: str, theirs: str, decision: str, now: datetime
) -> None:
    """Decided by policy as it was found."""
    await tx.run(
        NOTE_CLASH,
        id=new_id(),
        link_id=link_id,
        kind=kind,
        ours=ours[:500],
        theirs=theirs[:500],
        decision=decision,
        now=now,
    )


async def decide_clash(tx: Tx, link_id: UUID, kind: str, decision: str, *, now: datetime) -> bool:
    return bool(await tx.run(DECIDE_CLASH, link_id=link_id, kind=kind, decision=decision, now=now))


async def list_clashes(tx: Tx, link_id: UUID) -> list[Clash]:
    return await tx.many(LIST_CLASHES, Clash, link_id=link_id)


async def list_open_clashes(tx: Tx) -> list[Clash]:
    return await tx.many(LIST_OPEN_CLASHES, Clash)


async def lock_clash(tx: Tx, clash_id: UUID) -> Clash | None:
    return await tx.one_or_none(LOCK_CLASH, Clash, id=clash_id)
