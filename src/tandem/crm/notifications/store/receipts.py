"""What providers told, and who wrote to us."""

from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from tandem.crm.notifications.domain.bounces import Ended
from tandem.kernel.db import Query, Tx
from tandem.kernel.ids import new_id


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    provider_id: UUID
    what: str
    message_id: UUID | None
    report: dict[str, Any]
    state: str
    received_at: datetime


_RECEIPT: LiteralString = """
    select id, provider_id, what, message_id, report, state, received_at
      from notifications.receipt
"""

ADD = Query(
    """
    insert into notifications.receipt
           (org_id, id, provider_id, event_key, what, report, state, received_at)
    values (:org_id, :id, :provider_id, :event_key, :what, :report, :state, :now)
        on conflict (org_id, provider_id, event_key) do nothing
    """
)

SETTLE = Query(
    """
    update notifications.receipt
       set state = :state, message_id = :message_id,
           report = case when :state = 'waiting' then report else '{}' end
     where org_id = :org_id and id = :id
    """
)

LOCK_WAITING = Query(
    _RECEIPT
    + """where org_id = :org_id and state = 'waiting'
          order by received_at, id limit :count for update skip locked"""
)


ENDED_AT = Query(
    """
    select receipt = 'soft_bounce' as is_soft, handed_over_at as at
      from notifications.message
     where org_id = :org_id and recipient = :recipient and channel = :channel
       and handed_over_at is not null
       and (state in ('delivered', 'bounced', 'complained')
            or (state = 'sent' and handed_over_at <= :taken_before))
     order by handed_over_at desc, id desc
     limit :count
    """
)

FORGET = Query(
    """
    delete from notifications.receipt
     where org_id = :org_id and received_at < :before
    """
)

FIND_MESSAGE = Query(
    """
    select id
      from notifications.message
     where org_id = :org_id and provider_message_id = :provider_message_id
    """
)

TALKED = Query(
    """
    insert into notifications.talk (org_id, phone_hash, at)
    values (:org_id, :phone_hash, :at)
        on conflict (org_id, phone_hash) do update set at = greatest(talk.at, excluded.at)
    """
)

LAST_TALK = Query(
    "select at from notifications.talk where org_id = :org_id and phone_hash = :phone_hash"
)


async def add(
    tx: Tx,
    *,
    provider_id: UUID,
    event_key: str,
    what: str,
    report: dict[str, Any],
    state: str,
    now: datetime,
) -> UUID | None:
    """None when the provider told this before."""
    receipt_id = new_id()
    added = await tx.run(
        ADD,
        id=receipt_id,
        provider_id=provider_id,
        event_key=event_key,
        what=what,
        report=report,
        state=state,
        now=now,
    )
    return receipt_id if added else None


async def settle(tx: Tx, receipt_id: UUID, *, state: str, message_id: UUID | None) -> None:
    await tx.run(SETTLE, id=receipt_id, state=state, message_id=message_id)


async def lock_waiting(tx: Tx, *, count: int) -> list[Receipt]:
    return await tx.many(LOCK_WAITING, Receipt, count=count)


async def forget(tx: Tx, *, before: datetime) -> int:
    return await tx.run(FORGET, before=before)


async def ended_at(
    tx: Tx, recipient: str, channel: str, *, taken_before: datetime, count: int
) -> list[Ended]:
    """The last messages to an address that came to an end, newest first."""
    return await tx.many(
        ENDED_AT,
        Ended,
        recipient=recipient,
        channel=channel,
        taken_before=taken_before,
        count=count,
    )


async def find_message(tx: Tx, provider_message_id: str) -> UUID | None:
    found: UUID | None = await tx.value(FIND_MESSAGE, provider_message_id=provider_message_id)
    return found


async def talked(tx: Tx, phone_hash: bytes, *, at: datetime) -> None:
    await tx.run(TALKED, phone_hash=phone_hash, at=at)


async def last_talk(tx: Tx, phone_hash: bytes) -> datetime | None:
    found: datetime | None = await tx.value(LAST_TALK, phone_hash=phone_hash)
    return found
