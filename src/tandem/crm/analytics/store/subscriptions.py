"""Subscriptions, their runs and what each recipient got."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.crm.analytics.domain.subscriptions import (
    Delivery,
    Outcome,
    Subscription,
    SubscriptionDraft,
)
from tandem.kernel.db import Query, Tx

LIST = Query(
    """
    select id, owner_id, draft, recipients, is_active, stopped_because, next_at, version,
           created_at
      from analytics.subscription
     where org_id = :org_id
       and (:everybodys::boolean or owner_id = :user_id or :user_id = any(recipients))
     order by lower(draft ->> 'name'), id
     limit 500
    """
)
FIND = Query(
    """
    select id, owner_id, draft, recipients, is_active, stopped_because, next_at, version,
           created_at
      from analytics.subscription
     where org_id = :org_id and id = :id
    """
)
COUNT_OWN = Query(
    "select count(*) from analytics.subscription where org_id = :org_id and owner_id = :user_id"
)
INSERT = Query(
    """
    insert into analytics.subscription
           (org_id, id, owner_id, draft, recipients, is_active, next_at, created_at)
    values (:org_id, :id, :owner_id, :draft::jsonb, :recipients, :is_active, :next_at, :now)
    """
)
SAVE = Query(
    """
    update analytics.subscription
       set draft = :draft::jsonb, recipients = :recipients, is_active = :is_active,
           next_at = :next_at, stopped_because = '', version = version + 1
     where org_id = :org_id and id = :id
    """
)
LEAVE = Query(
    """
    update analytics.subscription
       set recipients = array_remove(recipients, :user_id::uuid), version = version + 1,
           is_active = is_active and cardinality(array_remove(recipients, :user_id::uuid)) > 0
     where org_id = :org_id and id = :id
    """
)
STOP = Query(
    """
    update analytics.subscription
       set is_active = false, stopped_because = :reason, version = version + 1
     where org_id = :org_id and id = :id and is_active
    """
)
DELETE = Query("delete from analytics.subscription where org_id = :org_id and id = :id")
LOCK_DUE = Query(
    """
    select id, owner_id, draft, recipients, is_active, stopped_because, next_at, version,
           created_at
      from analytics.subscription
     where org_id = :org_id and is_active and next_at <= :now
     order by next_at, id
     limit 1
       for update skip locked
    """
)
MOVE_ON = Query(
    "update analytics.subscription set next_at = :next_at where org_id = :org_id and id = :id"
)
ADD_RUN = Query(
    """
    insert into analytics.report_run (org_id, id, subscription_id, slot, missed, created_at)
    values (:org_id, :id, :subscription_id, :slot, :missed, :now)
        on conflict (org_id, subscription_id, slot) do nothing
    """
)
ADD_DELIVERIES = Query(
    """
    insert into analytics.report_delivery (org_id, id, run_id, recipient_id, state, due_at)
    select :org_id, given.id, :run_id, given.recipient_id, 'waiting', :now
      from unnest(:ids::uuid[], :recipients::uuid[]) as given (id, recipient_id)
    """
)
DUE = Query(
    """
    select id from analytics.report_delivery
     where org_id = :org_id and state = 'waiting' and due_at <= :now
     order by due_at, id
     limit 50
    """
)
CLAIM = Query(
    """
    update analytics.report_delivery
       set attempts = attempts + 1, due_at = :due_at
     where org_id = :org_id and id = :id and state = 'waiting' and due_at <= :now
    returning attempts
    """
)
LOCK_DELIVERY = Query(
    """
    select id from analytics.report_delivery
     where org_id = :org_id and id = :id and state = 'waiting' and attempts = :attempts
     order by id
       for update
    """
)
END = Query(
    """
    update analytics.report_delivery
       set state = :state, reason = :reason, export_id = :export_id, row_count = :row_count,
           as_of = :as_of, policy_hash = :policy_hash, sha256 = :sha256, done_at = :now
     where org_id = :org_id and id = :id and state = 'waiting'
    """
)
GET_DELIVERY = Query(
    """
    select d.id, d.run_id, r.subscription_id, r.slot, r.missed, d.recipient_id, d.state, d.reason,
           d.export_id, d.row_count, d.as_of, d.policy_hash, d.sha256, d.attempts, d.done_at
      from analytics.report_delivery d
      join analytics.report_run r on r.org_id = d.org_id and r.id = d.run_id
     where d.org_id = :org_id and d.id = :id
    """
)
HISTORY = Query(
    """
    select d.id, d.run_id, r.subscription_id, r.slot, r.missed, d.recipient_id, d.state, d.reason,
           d.export_id, d.row_count, d.as_of, d.policy_hash, d.sha256, d.attempts, d.done_at
      from analytics.report_run r
      join analytics.report_delivery d on d.org_id = r.org_id and d.run_id = r.id
     where r.org_id = :org_id and r.subscription_id = :subscription_id
       and (:recipient_id::uuid is null or d.recipient_id = :recipient_id)
     order by r.slot desc, d.id
     limit :count
    """
)


class _Id(msgspec.Struct, frozen=True):
    id: UUID


async def list_rows(tx: Tx, user_id: UUID | None, *, everybodys: bool) -> list[Subscription]:
    return await tx.many(LIST, Subscription, user_id=user_id, everybodys=everybodys)


async def find(tx: Tx, subscription_id: UUID) -> Subscription | None:
    return await tx.one_or_none(FIND, Subscription, id=subscription_id)


async def count_own(tx: Tx, user_id: UUID) -> int:
    number: int = await tx.value(COUNT_OWN, user_id=user_id)
    return number


async def insert(
    tx: Tx,
    subscription_id: UUID,
    owner_id: UUID,
    draft: SubscriptionDraft,
    *,
    next_at: datetime,
    now: datetime,
) -> None:
    given = _values(draft)
    await tx.run(INSERT, id=subscription_id, owner_id=owner_id, next_at=next_at, now=now, **given)


async def save(
    tx: Tx, subscription_id: UUID, draft: SubscriptionDraft, *, next_at: datetime
) -> None:
    await tx.run(SAVE, id=subscription_id, next_at=next_at, **_values(draft))


async def leave(tx: Tx, subscription_id: UUID, user_id: UUID) -> None:
    await tx.run(LEAVE, id=subscription_id, user_id=user_id)


async def stop(tx: Tx, subscription_id: UUID, *, reason: str) -> None:
    await tx.run(STOP, id=subscription_id, reason=reason[:200])


async def delete(tx: Tx, subscription_id: UUID) -> None:
    await tx.run(DELETE, id=subscription_id)


async def lock_due(tx: Tx, now: datetime) -> Subscription | None:
    return await tx.one_or_none(LOCK_DUE, Subscription, now=now)


async def move_on(tx: Tx, subscription_id: UUID, next_at: datetime) -> None:
    await tx.run(MOVE_ON, id=subscription_id, next_at=next_at)


async def add_run(
    tx: Tx, run_id: UUID, subscription_id: UUID, slot: datetime, *, missed: int, now: datetime
) -> bool:
    """False: this slot has had its run."""
    given = {"subscription_id": subscription_id, "slot": slot, "missed": missed, "now": now}
    return bool(await tx.run(ADD_RUN, id=run_id, **given))


async def add_deliveries(
    tx: Tx, run_id: UUID, people: Sequence[tuple[UUID, UUID]], now: datetime
) -> None:
    """Pairs of a fresh id and a recipient."""
    ids, recipients = [one for one, _ in people], [one for _, one in people]
    await tx.run(ADD_DELIVERIES, run_id=run_id, ids=ids, recipients=recipients, now=now)


async def due(tx: Tx, now: datetime) -> list[UUID]:
    return [row.id for row in await tx.many(DUE, _Id, now=now)]


async def claim(tx: Tx, delivery_id: UUID, *, now: datetime, due_at: datetime) -> int | None:
    found: int | None = await tx.value(CLAIM, id=delivery_id, now=now, due_at=due_at)
    return found


async def lock_delivery(tx: Tx, delivery_id: UUID, attempts: int) -> bool:
    return bool(await tx.many(LOCK_DELIVERY, _Id, id=delivery_id, attempts=attempts))


async def end(tx: Tx, delivery_id: UUID, outcome: Outcome, now: datetime) -> None:
    await tx.run(END, id=delivery_id, now=now, **msgspec.structs.asdict(outcome))


async def get_delivery(tx: Tx, delivery_id: UUID) -> Delivery:
    return await tx.one(GET_DELIVERY, Delivery, id=delivery_id)


async def history(
    tx: Tx, subscription_id: UUID, *, recipient_id: UUID | None, count: int
) -> list[Delivery]:
    given = {"subscription_id": subscription_id, "recipient_id": recipient_id, "count": count}
    return await tx.many(HISTORY, Delivery, **given)


def _values(draft: SubscriptionDraft) -> dict[str, object]:
    return {
        "draft": msgspec.json.encode(draft).decode(),
        "recipients": list(draft.recipients),
        "is_active": draft.is_active,
    }
