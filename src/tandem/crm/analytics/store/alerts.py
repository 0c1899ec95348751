"""Alerts and what they said."""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.crm.analytics.domain.alerts import Alert, AlertDraft, AlertEvent, Reading
from tandem.kernel.db import Query, Tx

LIST = Query(
    """
    select id, owner_id, draft, is_active, state, value, score, as_of, checked_at, fired_at,
           muted_until, next_at, stopped_because, version, created_at
      from analytics.alert
     where org_id = :org_id and (:everybodys::boolean or owner_id = :user_id)
     order by lower(draft ->> 'name'), id
     limit 500
    """
)
FIND = Query(
    """
    select id, owner_id, draft, is_active, state, value, score, as_of, checked_at, fired_at,
           muted_until, next_at, stopped_because, version, created_at
      from analytics.alert
     where org_id = :org_id and id = :id
    """
)
LOCK = Query(
    """
    select id, owner_id, draft, is_active, state, value, score, as_of, checked_at, fired_at,
           muted_until, next_at, stopped_because, version, created_at
      from analytics.alert
     where org_id = :org_id and id = :id and is_active
     order by id
       for update
    """
)
COUNT_OWN = Query(
    "select count(*) from analytics.alert where org_id = :org_id and owner_id = :user_id"
)
INSERT = Query(
    """
    insert into analytics.alert (org_id, id, owner_id, draft, is_active, next_at, created_at)
    values (:org_id, :id, :owner_id, :draft::jsonb, :is_active, :now, :now)
    """
)
SAVE = Query(
    """
    update analytics.alert
       set draft = :draft::jsonb, is_active = :is_active, next_at = :now, state = 'unknown',
           value = null, score = null, stopped_because = '', version = version + 1
     where org_id = :org_id and id = :id
    """
)
MUTE = Query(
    """
    update analytics.alert set muted_until = :until, version = version + 1
     where org_id = :org_id and id = :id
    """
)
DELETE = Query("delete from analytics.alert where org_id = :org_id and id = :id")
CLAIM = Query(
    """
    update analytics.alert
       set next_at = :now::timestamptz + make_interval(mins => (draft ->> 'every_minutes')::int)
     where org_id = :org_id and id = (
           select id from analytics.alert
            where org_id = :org_id and is_active and next_at <= :now
            order by next_at, id
            limit 1
              for update skip locked)
    returning id
    """
)
RECORD = Query(
    """
    update analytics.alert
       set state = :state, value = :value, score = :score, as_of = :as_of, checked_at = :now,
           fired_at = case when :has_fired then :now else fired_at end
     where org_id = :org_id and id = :id
    """
)
STOP = Query(
    """
    update analytics.alert
       set is_active = false, stopped_because = :reason, version = version + 1
     where org_id = :org_id and id = :id
    """
)
ADD_EVENT = Query(
    """
    insert into analytics.alert_event (org_id, id, alert_id, at, kind, value, score, as_of, is_told)
    values (:org_id, :id, :alert_id, :at, :kind, :value, :score, :as_of, :is_told)
    """
)
HISTORY = Query(
    """
    select id, alert_id, at, kind, value, score, as_of, is_told
      from analytics.alert_event
     where org_id = :org_id and alert_id = :alert_id
     order by id desc
     limit :count
    """
)


async def list_rows(tx: Tx, user_id: UUID, *, everybodys: bool) -> list[Alert]:
    return await tx.many(LIST, Alert, user_id=user_id, everybodys=everybodys)


async def find(tx: Tx, alert_id: UUID) -> Alert | None:
    return await tx.one_or_none(FIND, Alert, id=alert_id)


async def lock(tx: Tx, alert_id: UUID) -> Alert | None:
    return await tx.one_or_none(LOCK, Alert, id=alert_id)


async def count_own(tx: Tx, user_id: UUID) -> int:
    number: int = await tx.value(COUNT_OWN, user_id=user_id)
    return number


async def insert(tx: Tx, alert_id: UUID, owner_id: UUID, draft: AlertDraft, now: datetime) -> None:
    await tx.run(INSERT, id=alert_id, owner_id=owner_id, now=now, **_values(draft))


async def save(tx: Tx, alert_id: UUID, draft: AlertDraft, now: datetime) -> None:
    await tx.run(SAVE, id=alert_id, now=now, **_values(draft))


async def mute(tx: Tx, alert_id: UUID, until: datetime | None) -> None:
    await tx.run(MUTE, id=alert_id, until=until)


async def delete(tx: Tx, alert_id: UUID) -> None:
    await tx.run(DELETE, id=alert_id)


async def claim(tx: Tx, now: datetime) -> UUID | None:
    """One that is due, not due again before its time: whoever dies over it misses one look."""
    found: UUID | None = await tx.value(CLAIM, now=now)
    return found


async def record(
    tx: Tx, alert_id: UUID, reading: Reading, *, state: str, has_fired: bool, now: datetime
) -> None:
    facts = msgspec.structs.asdict(reading)
    await tx.run(RECORD, id=alert_id, state=state, has_fired=has_fired, now=now, **facts)


async def stop(tx: Tx, alert_id: UUID, *, reason: str) -> None:
    await tx.run(STOP, id=alert_id, reason=reason[:200])


async def add_event(tx: Tx, event: AlertEvent) -> None:
    await tx.run(ADD_EVENT, **msgspec.structs.asdict(event))


async def history(tx: Tx, alert_id: UUID, *, count: int) -> list[AlertEvent]:
    return await tx.many(HISTORY, AlertEvent, alert_id=alert_id, count=count)


def _values(draft: AlertDraft) -> dict[str, object]:
    return {"draft": msgspec.json.encode(draft).decode(), "is_active": draft.is_active}
