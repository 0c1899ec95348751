"""The ledger in batches: plan, cancel, fold, read."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from tandem.crm.notifications.domain.messages import Lane, Message, State
from tandem.crm.notifications.store import COLUMNS, GET
from tandem.crm.notifications.store.domain_limits import LIMITED
from tandem.kernel.db import Query, Tx

PLAN = Query(
    """
    with asked as (
        select * from jsonb_to_recordset(:rows::jsonb) as asked (
            place int, id uuid, dedupe text, channel text, template text, order_id uuid,
            recipient text, sender_name text, subject text, text text, html text,
            is_secret boolean, not_after timestamptz, state text, due_at timestamptz, error text,
            purpose text, customer_id uuid, lane text, feed text, template_version_id uuid,
            parameters jsonb, reason text)
    ), made as (
        insert into notifications.message
               (org_id, id, dedupe, channel, template, order_id, recipient, sender_name, subject,
                text, html, is_secret, not_after, state, due_at, error, purpose, customer_id, lane,
                feed, template_version_id, parameters, reason, domain, created_at, updated_at)
        select :org_id, id, dedupe, channel, template, order_id, recipient, sender_name, subject,
               text, html, is_secret, not_after, state, due_at, error, purpose, customer_id, lane,
               feed, template_version_id, parameters, reason, """
    + LIMITED
    + """,
               :now::timestamptz, :now::timestamptz
          from asked
         order by place
            on conflict (org_id, dedupe, channel) do nothing
        returning id, dedupe, channel, state
    )
    select coalesce(made.id, known.id) as id,
           made.id = asked.id and made.state = 'queued' as is_waiting
      from asked
      left join made on made.dedupe = asked.dedupe and made.channel = asked.channel
      left join notifications.message known
        on known.org_id = :org_id and known.dedupe = asked.dedupe
       and known.channel = asked.channel
     order by asked.place
    """
)

FIND_SAID = Query(
    """
    select id from notifications.message
     where org_id = :org_id and dedupe = :dedupe and channel = :channel
    """
)

_CANCELLED: LiteralString = """
       set state = 'skipped', reason = 'cancelled', error = :reason, updated_at = :now,
           text = case when is_secret then '' else text end,
           html = case when is_secret then '' else html end
     where org_id = :org_id and state in ('queued', 'held')
"""
_RETURNING: LiteralString = f" returning {COLUMNS}"
CANCEL_FEED = Query("update notifications.message" + _CANCELLED + "and feed = :feed" + _RETURNING)
CANCEL_DEDUPE = Query(
    "update notifications.message" + _CANCELLED + "and dedupe = :dedupe" + _RETURNING
)
CANCEL_CUSTOMER = Query(
    "update notifications.message"
    + _CANCELLED
    + "and customer_id = :customer_id and (:feed::text is null or feed = :feed)"
    + _RETURNING
)

SET_FEED = Query(
    """
    insert into notifications.feed (org_id, key, per_minute, is_paused, reason, updated_at)
    values (:org_id, :key, :per_minute, :is_paused, :reason, :now)
        on conflict (org_id, key) do update
       set per_minute = excluded.per_minute, is_paused = excluded.is_paused,
           reason = excluded.reason, updated_at = excluded.updated_at
    """
)

FEED = Query(
    """
    select key, per_minute, is_paused, reason, updated_at
      from notifications.feed
     where org_id = :org_id and key = :key
    """
)

_LEDGER: LiteralString = f"""
    select {COLUMNS}
      from notifications.message
     where org_id = :org_id
       and (:states::text[] is null or state = any(:states))
       and (:channel::text is null or channel = :channel)
       and (:kind::text is null or template = :kind)
       and (:after_id::uuid is null or id < :after_id)
"""
_NEWEST: LiteralString = " order by id desc limit :count"
OF_CUSTOMER = Query(_LEDGER + "and customer_id = :customer_id" + _NEWEST)
OF_FEED = Query(_LEDGER + "and feed = :feed" + _NEWEST)
OF_ALL = Query(_LEDGER + _NEWEST)

COUNT_OF_FEED = Query(
    """
    select state, reason, count(*)::int as count
      from notifications.message
     where org_id = :org_id and feed = :feed
     group by state, reason
     order by state, reason
    """
)


REPLAY = Query(
    """
    with dead as (
        select id from notifications.message
         where org_id = :org_id and state = :state
           and state in ('failed', 'unknown', 'bounced', 'complained')
           and (:feed::text is null or feed = :feed)
           and (:kind::text is null or template = :kind)
           and (text <> '' or not is_secret) and words_forgotten_at is null
         order by id
         limit :count
           for update skip locked
    ), again as (
        update notifications.message m
           set state = 'queued', attempts = 0, outages = 0, look_ups = 0, due_at = :now,
               error = '', reason = '', receipt = '', handed_over_at = null, updated_at = :now
          from dead
         where m.org_id = :org_id and m.id = dead.id
        returning m.lane
    )
    select lane, count(*)::int as count from again group by lane order by lane
    """
)


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """`per_minute`: at most so many hand-overs in any 60 seconds; None: as fast as it goes."""

    key: str
    per_minute: int | None
    is_paused: bool
    reason: str
    updated_at: datetime


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    state: str
    reason: str
    count: int


async def plan(tx: Tx, messages: Sequence[Message], *, now: datetime) -> list[tuple[UUID, bool]]:
    """Each message's id in the ledger, and whether this call has queued it."""
    rows = [_row(place, message) for place, message in enumerate(messages)]
    found = await tx.records(PLAN, rows=msgspec.json.encode(rows).decode(), now=now)
    planned = []
    for message, row in zip(messages, found, strict=True):
        known = row["id"]
        if known is None:  # said meanwhile by a transaction that this statement could not see
            known = await tx.value(FIND_SAID, dedupe=message.dedupe, channel=message.channel)
        planned.append((known, bool(row["is_waiting"])))
    return planned


_PLANNED = """id dedupe channel template order_id recipient sender_name subject text html is_secret
    not_after state due_at error purpose customer_id lane feed template_version_id parameters
    reason"""


def _row(place: int, message: Message) -> dict[str, Any]:
    return {"place": place} | {name: getattr(message, name) for name in _PLANNED.split()}


async def cancel(
    tx: Tx,
    *,
    feed: str | None,
    dedupe: str | None,
    customer_id: UUID | None,
    reason: str,
    now: datetime,
) -> list[Message]:
    """What was still waiting and is not any more."""
    said = {"reason": reason, "now": now}
    if dedupe is not None:
        return await tx.many(CANCEL_DEDUPE, Message, dedupe=dedupe, **said)
    if customer_id is not None:
        return await tx.many(CANCEL_CUSTOMER, Message, customer_id=customer_id, feed=feed, **said)
    return await tx.many(CANCEL_FEED, Message, feed=feed, **said)


async def set_feed(
    tx: Tx, key: str, *, per_minute: int | None, is_paused: bool, reason: str, now: datetime
) -> None:
    await tx.run(
        SET_FEED, key=key, per_minute=per_minute, is_paused=is_paused, reason=reason, now=now
    )


async def find(tx: Tx, message_id: UUID) -> Message | None:
    return await tx.one_or_none(GET, Message, id=message_id)


async def replay(
    tx: Tx, state: State, *, feed: str | None, kind: str | None, count: int, now: datetime
) -> dict[Lane, int]:
    """How many of each lane wait again."""
    rows = await tx.records(REPLAY, state=state, feed=feed, kind=kind, count=count, now=now)
    return {Lane(row["lane"]): row["count"] for row in rows}


async def find_feed(tx: Tx, key: str) -> Feed | None:
    return await tx.one_or_none(FEED, Feed, key=key)


async def count_of_feed(tx: Tx, feed: str) -> list[Tally]:
    return await tx.many(COUNT_OF_FEED, Tally, feed=feed)


async def page(
    tx: Tx,
    *,
    customer_id: UUID | None,
    feed: str | None,
    states: Sequence[str] | None,
    channel: str | None,
    kind: str | None,
    after_id: UUID | None,
    count: int,
) -> list[Message]:
    """Newest first."""
    asked: dict[str, Any] = {
        "states": list(states) if states else None,
        "channel": channel,
        "kind": kind,
        "after_id": after_id,
        "count": count,
    }
    if customer_id is not None:
        return await tx.many(OF_CUSTOMER, Message, customer_id=customer_id, **asked)
    if feed is not None:
        return await tx.many(OF_FEED, Message, feed=feed, **asked)
    return await tx.many(OF_ALL, Message, **asked)
