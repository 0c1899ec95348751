"""Taking waiting messages in hand by lane, in batches; throttled streams; shut channels."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from tandem.crm.notifications.domain.domain_limits import Spending as DomainSpending
from tandem.crm.notifications.domain.messages import Lane, Message, way_by
from tandem.crm.notifications.store import COLUMNS
from tandem.crm.notifications.store.domain_limits import LIMITED
from tandem.kernel.db import Query, Tx

# One step of the index per stream that waits, however many messages each has: of a feed, a channel
# and a domain that has a limit.
STREAMS = Query(
    """
    with recursive stream as (
        (select feed, channel, domain, due_at from notifications.message
          where org_id = :org_id and lane = :lane and state in ('queued', 'held')
          order by feed, channel, domain, due_at limit 1)
        union all
        select following.feed, following.channel, following.domain, following.due_at
          from stream
         cross join lateral (
            select m.feed, m.channel, m.domain, m.due_at from notifications.message m
             where m.org_id = :org_id and m.lane = :lane and m.state in ('queued', 'held')
               and (m.feed, m.channel, m.domain) > (stream.feed, stream.channel, stream.domain)
             order by m.feed, m.channel, m.domain, m.due_at limit 1) as following
    )
    select stream.feed, stream.channel, stream.due_at, feed.per_minute, feed.spent,
           coalesce(feed.is_paused, false) as is_paused, stream.domain, limited.per_second,
           limited.at_once, limited.spent as domain_spent, coalesce(held.in_hand, 0) as in_hand
      from stream
      left join notifications.feed on feed.org_id = :org_id and feed.key = stream.feed
      left join notifications.domain_limit limited
        on limited.org_id = :org_id and limited.domain = stream.domain
      left join lateral (
            select count(*)::int as in_hand from notifications.message m
             where m.org_id = :org_id and m.state = 'sending' and m.domain = limited.domain
           ) as held on limited.at_once is not null
    """
)

RETURNING: LiteralString = ", ".join(
    f"m.{name.strip()}" for name in COLUMNS.replace("\n", " ").split(",")
)
CLAIM = Query(
    """
    with due as (
        select id from notifications.message
         where org_id = :org_id and lane = :lane and feed = :feed and channel = :channel
           and domain = :domain and state in ('queued', 'held') and due_at <= :now
         order by due_at, id
         limit :count
           for update skip locked
    )
    update notifications.message m
       set state = 'sending', attempts = m.attempts + 1, lease_until = :lease_until,
           handed_over_at = null, reason = '', error = '', updated_at = :now, domain = """
    + LIMITED
    + """
      from due
     where m.org_id = :org_id and m.id = due.id
    returning """
    + RETURNING
)

HAND_OVER = Query(
    """
    update notifications.message m
       set handed_over_at = :now, lease_until = :lease_until, updated_at = :now
      from unnest(:ids::uuid[], :attempts::int[]) as asked (id, attempt)
     where m.org_id = :org_id and m.id = asked.id and m.state = 'sending'
       and m.attempts = asked.attempt
    returning m.id
    """
)

LOCK_HELD = Query(
    """
    select id, attempts
      from notifications.message
     where org_id = :org_id and id = any(:ids::uuid[]) and state = 'sending'
     order by id
       for update
    """
)

SETTLE = Query(
    """
    update notifications.message m
       set state = now_is.state, lease_until = null, due_at = now_is.due_at,
           error = now_is.error, reason = now_is.reason, outages = now_is.outages,
           folded = now_is.folded,
           trace = coalesce(now_is.trace, m.trace),
           decided_at = case when now_is.state in ('queued', 'held', 'skipped') then null
                             else m.decided_at end,
           handed_over_at = case when now_is.state in ('queued', 'held', 'skipped') then null
                                 else m.handed_over_at end,
           provider_message_id = coalesce(now_is.provider_message_id, m.provider_message_id),
           text = case when now_is.is_erased then '' else m.text end,
           html = case when now_is.is_erased then '' else m.html end,
           updated_at = :now
      from jsonb_to_recordset(:rows::jsonb) as now_is (
           id uuid, attempts int, state text, due_at timestamptz, error text, reason text,
           outages int, folded int, trace jsonb, provider_message_id text, is_erased boolean)
     where m.org_id = :org_id and m.id = now_is.id and m.state = 'sending'
       and m.attempts = now_is.attempts
    """
)

ALLOW = Query(
    """
    update notifications.message m
       set decided_at = :now, trace = allowed.trace
      from jsonb_to_recordset(:rows::jsonb) as allowed (id uuid, trace jsonb)
     where m.org_id = :org_id and m.id = allowed.id and m.state = 'sending'
    """
)

ADD_ATTEMPTS = Query(
    """
    insert into notifications.attempt (org_id, id, message_id, number, outcome, detail, at)
    select :org_id, id, message_id, number, outcome, detail, :now::timestamptz
      from unnest(:ids::uuid[], :message_ids::uuid[], :numbers::int[], :outcomes::text[],
                  :details::text[]) as tried (id, message_id, number, outcome, detail)
    """
)

COUNT_DUE = Query(
    """
    select count(*) from (
        select from notifications.message
         where org_id = :org_id and lane = :lane and state in ('queued', 'held') and due_at <= :now
         union all
        select from notifications.message
         where org_id = :org_id and lane = :lane and state = 'sending' and handed_over_at is null
         limit :count) as due
    """
)

KEEP_SHUT = Query(
    """
    insert into notifications.gate as gate
           (org_id, channel, failures, shut_until, reason, updated_at)
    values (:org_id, :channel, 1, :shut_until, :reason, :now)
        on conflict (org_id, channel) do update
       set failures = gate.failures + 1, shut_until = excluded.shut_until,
           reason = excluded.reason, updated_at = excluded.updated_at
    """
)

OPEN_GATES = Query(
    """
    delete from notifications.gate where org_id = :org_id and channel = any(:channels::text[])
    """
)

GATES = Query(
    """
    select channel, failures, shut_until, reason
      from notifications.gate
     where org_id = :org_id
     order by channel
    """
)

EXPIRE = Query(
    f"""
    with late as (
        select id from notifications.message
         where org_id = :org_id and state in ('queued', 'held') and not_after <= :now
         order by not_after
         limit :count
           for update skip locked
    )
    update notifications.message m
       set state = 'skipped', reason = 'expired', error = 'It would have come too late.',
           text = case when m.is_secret then '' else m.text end,
           html = case when m.is_secret then '' else m.html end,
           updated_at = :now
      from late
     where m.org_id = :org_id and m.id = late.id
    returning {RETURNING}
    """
)

DUE_LANES = Query(
    """
    select lane from unnest(array['otp', 'transactional', 'bulk']) as lane
     where exists (select from notifications.message m
                    where m.org_id = :org_id and m.lane = lane.lane
                      and m.state in ('queued', 'held'))
    """
)

DECIDE_ANEW = Query(
    """
    update notifications.message
       set due_at = :now, updated_at = :now
     where org_id = :org_id and state = 'held' and due_at > :now
       and reason = any(:reasons::text[])
       and (:customer_id::uuid is null or customer_id = :customer_id)
    """
)


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    feed: str
    channel: str
    due_at: datetime
    per_minute: int | None
    spent: dict[str, int] | None
    is_paused: bool
    domain: str
    per_second: int | None
    at_once: int | None
    domain_spent: dict[str, int] | None
    in_hand: int

    @property
    def way(self) -> str:
        return way_by(self.channel, self.feed)

    @property
    def limit(self) -> DomainSpending | None:
        if self.per_second is None and self.at_once is None:
            return None
        return DomainSpending(
            domain=self.domain,
            per_second=self.per_second,
            at_once=self.at_once,
            spent=self.domain_spent or {},
            in_hand=self.in_hand,
        )


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """A channel, or an address of webhooks (messages.way_by), that could not be reached: `failures`
    in a row, left alone until `shut_until`."""

    channel: str
    failures: int
    shut_until: datetime
    reason: str


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a message in hand; `attempts` proves that it still is in this one."""

    id: UUID
    attempts: int
    state: str
    due_at: datetime
    error: str
    reason: str
    outages: int
    folded: int
    trace: list[Any] | None
    provider_message_id: str | None
    is_erased: bool


async def streams(tx: Tx, lane: Lane) -> list[Stream]:
    return await tx.many(STREAMS, Stream, lane=lane)


async def claim(
    tx: Tx,
    *,
    lane: Lane,
    feed: str,
    channel: str,
    domain: str,
    count: int,
    now: datetime,
    lease_until: datetime,
) -> list[Message]:
    return await tx.many(
        CLAIM,
        Message,
        lane=lane,
        feed=feed,
        channel=channel,
        domain=domain,
        count=count,
        now=now,
        lease_until=lease_until,
    )


async def hand_over(
    tx: Tx, messages: Sequence[Message], *, now: datetime, lease_until: datetime
) -> set[UUID]:
    """Those that are still ours, and from now on may have left. Their lease begins anew."""
    rows = await tx.records(
        HAND_OVER,
        ids=[message.id for message in messages],
        attempts=[message.attempts for message in messages],
        now=now,
        lease_until=lease_until,
    )
    return {row["id"] for row in rows}


async def lock_held(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, int]:
    """Which of them are in hand, by the number of their try."""
    rows = await tx.records(LOCK_HELD, ids=list(ids))
    return {row["id"]: row["attempts"] for row in rows}


async def settle(tx: Tx, settled: Sequence[Settled], now: datetime) -> None:
    await tx.run(SETTLE, rows=msgspec.json.encode(settled).decode(), now=now)


async def allow(tx: Tx, traces: Mapping[UUID, Sequence[Any]], now: datetime) -> None:
    rows = [{"id": message_id, "trace": trace} for message_id, trace in traces.items()]
    await tx.run(ALLOW, rows=msgspec.json.encode(rows).decode(), now=now)


async def add_attempts(
    tx: Tx, tried: Sequence[tuple[UUID, UUID, int, str, str]], now: datetime
) -> None:
    """(id, message, number, outcome, detail) each."""
    await tx.run(
        ADD_ATTEMPTS,
        ids=[one[0] for one in tried],
        message_ids=[one[1] for one in tried],
        numbers=[one[2] for one in tried],
        outcomes=[one[3] for one in tried],
        details=[one[4][:500] for one in tried],
        now=now,
    )


async def count_due(tx: Tx, lane: Lane, *, count: int, now: datetime) -> int:
    """How many of a lane are due, or in hand and not yet handed over, as far as `count`."""
    found: int = await tx.value(COUNT_DUE, lane=lane, count=count, now=now)
    return found


async def keep_shut(
    tx: Tx, channel: str, *, shut_until: datetime, reason: str, now: datetime
) -> None:
    await tx.run(KEEP_SHUT, channel=channel, shut_until=shut_until, reason=reason[:200], now=now)


async def open_gates(tx: Tx, channels: Sequence[str]) -> None:
    await tx.run(OPEN_GATES, channels=list(channels))


async def gates(tx: Tx) -> list[Gate]:
    return await tx.many(GATES, Gate)


async def expire(tx: Tx, *, count: int, now: datetime) -> list[Message]:
    return await tx.many(EXPIRE, Message, count=count, now=now)


async def due_lanes(tx: Tx) -> list[Lane]:
    return [Lane(row["lane"]) for row in await tx.records(DUE_LANES)]


async def decide_anew(
    tx: Tx, *, customer_id: UUID | None, reasons: Sequence[str], now: datetime
) -> int:
    return await tx.run(DECIDE_ANEW, customer_id=customer_id, reasons=list(reasons), now=now)
