"""Recipients: written down in batches, decided about in batches, followed one by one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import LiteralString
from uuid import UUID

import msgspec

from tandem.crm.marketing.domain.recipients import FROM, Count, Decided, Recipient, State
from tandem.kernel.db import Query, Tx

_RECIPIENT: LiteralString = """
    select customer_id, channel, variant_id, state, reason, message_id, planned_at, decided_at,
           updated_at
      from marketing.campaign_recipient
"""

PLAN = Query(
    """
    insert into marketing.campaign_recipient
           (org_id, campaign_id, customer_id, channel, variant_id, state, planned_at, updated_at)
    select :org_id, :campaign_id, customer_id, :channel, variant_id, state, :now, :now
      from unnest(:customer_ids::uuid[], :variant_ids::uuid[], :states::text[])
           as given (customer_id, variant_id, state)
        on conflict do nothing
    """
)

# Two workers may release at once: each takes other rows. Whoever waits for a trial's winner is no
# row of the first one's index: to step over a million of them takes seconds.
TAKE_PLANNED = Query(
    _RECIPIENT
    + """
     where org_id = :org_id and campaign_id = :campaign_id and state = 'planned'
       and variant_id is not null
     order by customer_id
     limit :count
       for update skip locked
    """
)

TAKE_AFTER_TRIAL = Query(
    """
    select customer_id, channel, coalesce(variant_id, :winner_id::uuid) as variant_id, state,
           reason, message_id, planned_at, decided_at, updated_at
      from marketing.campaign_recipient
     where org_id = :org_id and campaign_id = :campaign_id and state = 'planned'
     order by customer_id
     limit :count
       for update skip locked
    """
)

DECIDE = Query(
    """
    update marketing.campaign_recipient r
       set state = given.state, reason = given.reason, message_id = given.message_id,
           variant_id = coalesce(r.variant_id, :winner_id::uuid),
           trace = given.trace::jsonb, decided_at = :now, updated_at = :now
      from unnest(:customer_ids::uuid[], :states::text[], :reasons::text[], :message_ids::uuid[],
                  :traces::text[]) as given (customer_id, state, reason, message_id, trace)
     where r.org_id = :org_id and r.campaign_id = :campaign_id
       and r.customer_id = given.customer_id and r.state = 'planned'
    """
)

FOLLOW = Query(
    """
    update marketing.campaign_recipient r
       set state = :state, reason = told.reason, updated_at = :now
      from unnest(:message_ids::uuid[], :reasons::text[]) as told (message_id, reason)
     where r.org_id = :org_id and r.message_id = told.message_id
       and r.state = any(:from_states::text[])
    returning r.message_id, r.campaign_id, r.customer_id, r.channel, r.variant_id
    """
)

DROP_PLANNED = Query(
    """
    update marketing.campaign_recipient
       set state = 'skipped', reason = :reason, decided_at = :now, updated_at = :now
     where org_id = :org_id and campaign_id = :campaign_id and state = 'planned'
    """
)

FORGET_PLANNED = Query(
    """
    delete from marketing.campaign_recipient
     where org_id = :org_id and campaign_id = :campaign_id and state in ('planned', 'holdout')
       and message_id is null
    """
)

COUNTS = Query(
    """
    select state, reason, variant_id, count(*)::int as count
      from marketing.campaign_recipient
     where org_id = :org_id and campaign_id = :campaign_id
     group by state, reason, variant_id
     order by state, reason, variant_id
    """
)

HAS_OPEN = Query(
    """
    select exists (
        select from marketing.campaign_recipient
         where org_id = :org_id and campaign_id = :campaign_id
           and state in ('planned', 'queued', 'held'))
    """
)

WAITS_FOR_TRIAL = Query(
    """
    select exists (
        select from marketing.campaign_recipient
         where org_id = :org_id and campaign_id = :campaign_id and state = 'planned'
           and variant_id is null)
    """
)

IS_SAMPLE_SENT = Query(
    """
    select not exists (
        select from marketing.campaign_recipient
         where org_id = :org_id and campaign_id = :campaign_id
           and state in ('planned', 'queued') and variant_id is not null)
    """
)

LIST = Query(
    _RECIPIENT
    + """
     where org_id = :org_id and campaign_id = :campaign_id
       and (:state::text is null or state = :state)
       and (:reason::text is null or reason = :reason)
       and (:variant_id::uuid is null or variant_id = :variant_id)
       and (:after_id::uuid is null or customer_id > :after_id)
     order by customer_id
     limit :count
    """
)

GET = Query(
    _RECIPIENT
    + """
     where org_id = :org_id and campaign_id = :campaign_id and customer_id = :customer_id
    """
)

TRACE = Query(
    """
    select trace
      from marketing.campaign_recipient
     where org_id = :org_id and campaign_id = :campaign_id and customer_id = :customer_id
    """
)

BY_MESSAGE = Query(
    """
    select message_id, campaign_id, customer_id, channel, variant_id
      from marketing.campaign_recipient
     where org_id = :org_id and message_id = :message_id
    """
)

OF_CUSTOMER = Query(
    """
    select r.campaign_id, c.name, r.channel, r.state, r.reason, r.planned_at, r.updated_at
      from marketing.campaign_recipient r
      join marketing.campaign c on c.org_id = :org_id and c.id = r.campaign_id
     where r.org_id = :org_id and r.customer_id = :customer_id
     order by r.planned_at desc, r.campaign_id
     limit 1000
    """
)

MOVE = Query(
    """
    update marketing.campaign_recipient r
       set customer_id = :into_id
     where r.org_id = :org_id and r.customer_id = :source_id
       and (:campaign_ids::uuid[] is null or r.campaign_id = any(:campaign_ids))
       and not exists (
           select from marketing.campaign_recipient other
            where other.org_id = :org_id and other.campaign_id = r.campaign_id
              and other.channel = r.channel and other.customer_id = :into_id)
    returning r.campaign_id
    """
)


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """Whose message it was."""

    message_id: UUID
    campaign_id: UUID
    customer_id: UUID
    channel: str
    variant_id: UUID | None


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign that somebody was in."""

    campaign_id: UUID
    name: str
    channel: str
    state: State
    reason: str
    planned_at: datetime
    updated_at: datetime


async def plan(
    tx: Tx,
    campaign_id: UUID,
    channel: str,
    rows: Sequence[tuple[UUID, UUID | None, State]],
    now: datetime,
) -> int:
    """Write down `(customer, variant, planned or holdout)`; who is there already stays."""
    return await tx.run(
        PLAN,
        campaign_id=campaign_id,
        channel=channel,
        customer_ids=[row[0] for row in rows],
        variant_ids=[row[1] for row in rows],
        states=[row[2] for row in rows],
        now=now,
    )


async def take_planned(
    tx: Tx, campaign_id: UUID, winner_id: UUID | None, count: int
) -> list[Recipient]:
    if winner_id is None:
        return await tx.many(TAKE_PLANNED, Recipient, campaign_id=campaign_id, count=count)
    return await tx.many(
        TAKE_AFTER_TRIAL, Recipient, campaign_id=campaign_id, winner_id=winner_id, count=count
    )


async def waits_for_trial(tx: Tx, campaign_id: UUID) -> bool:
    return bool(await tx.value(WAITS_FOR_TRIAL, campaign_id=campaign_id))


async def is_sample_sent(tx: Tx, campaign_id: UUID) -> bool:
    return bool(await tx.value(IS_SAMPLE_SENT, campaign_id=campaign_id))


async def decide(
    tx: Tx,
    campaign_id: UUID,
    winner_id: UUID | None,
    decided: Sequence[Decided],
    now: datetime,
) -> int:
    return await tx.run(
        DECIDE,
        campaign_id=campaign_id,
        winner_id=winner_id,
        customer_ids=[one.customer_id for one in decided],
        states=[one.state for one in decided],
        reasons=[one.reason for one in decided],
        message_ids=[one.message_id for one in decided],
        traces=[msgspec.json.encode(one.trace).decode() for one in decided],
        now=now,
    )


async def follow(
    tx: Tx, told: Mapping[UUID, str], state: State, *, now: datetime
) -> list[Followed]:
    """Where messages got to, each with a reason; absent where the row knows better, or is no
    campaign's."""
    return await tx.many(
        FOLLOW,
        Followed,
        message_ids=list(told),
        reasons=list(told.values()),
        state=state,
        from_states=list(FROM[state]),
        now=now,
    )


async def drop_planned(tx: Tx, campaign_id: UUID, *, reason: str, now: datetime) -> int:
    return await tx.run(DROP_PLANNED, campaign_id=campaign_id, reason=reason, now=now)


async def forget_planned(tx: Tx, campaign_id: UUID) -> int:
    """Take back a list that nobody of was written to."""
    return await tx.run(FORGET_PLANNED, campaign_id=campaign_id)


async def counts(tx: Tx, campaign_id: UUID) -> list[Count]:
    return await tx.many(COUNTS, Count, campaign_id=campaign_id)


async def has_open(tx: Tx, campaign_id: UUID) -> bool:
    return bool(await tx.value(HAS_OPEN, campaign_id=campaign_id))


async def list_recipients(
    tx: Tx,
    campaign_id: UUID,
    *,
    state: State | None,
    reason: str | None,
    variant_id: UUID | None,
    after_id: UUID | None,
    count: int,
) -> list[Recipient]:
    return await tx.many(
        LIST,
        Recipient,
        campaign_id=campaign_id,
        state=state,
        reason=reason,
        variant_id=variant_id,
        after_id=after_id,
        count=count,
    )


async def find(tx: Tx, campaign_id: UUID, customer_id: UUID) -> Recipient | None:
    return await tx.one_or_none(GET, Recipient, campaign_id=campaign_id, customer_id=customer_id)


async def trace(tx: Tx, campaign_id: UUID, customer_id: UUID) -> list[dict[str, object]]:
    found = await tx.value(TRACE, campaign_id=campaign_id, customer_id=customer_id)
    return list(found or [])


async def by_message(tx: Tx, message_id: UUID) -> Followed | None:
    return await tx.one_or_none(BY_MESSAGE, Followed, message_id=message_id)


async def of_customer(tx: Tx, customer_id: UUID) -> list[Taken]:
    return await tx.many(OF_CUSTOMER, Taken, customer_id=customer_id)


async def move(
    tx: Tx, source_id: UUID, into_id: UUID, campaign_ids: Sequence[UUID] | None
) -> list[UUID]:
    """Hand rows over to another customer; a campaign both were in keeps its own two."""
    found = await tx.records(
        MOVE,
        source_id=source_id,
        into_id=into_id,
        campaign_ids=None if campaign_ids is None else list(campaign_ids),
    )
    return [row["campaign_id"] for row in found]
