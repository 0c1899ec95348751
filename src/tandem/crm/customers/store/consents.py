"""The consent ledger, what it comes to, and suppressed addresses."""

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString
from uuid import UUID

import msgspec

from tandem.crm.customers.domain.consents import (
    Consent,
    ConsentEvent,
    ConsentRequest,
    Suppression,
)
from tandem.kernel.db import Query, Tx
from tandem.kernel.ids import new_id

WRITE = Query(
    """
    with told as (
        insert into customers.consent_event
               (org_id, id, customer_id, purpose, channel, action, state, notice_version, locale,
                source, ip, evidence, actor_label, occurred_at)
        values (:org_id, :id, :customer_id, :purpose, :channel, :action, :state, :notice_version,
                :locale, :source, :ip, :evidence, :actor_label, :occurred_at)
    )
    insert into customers.consent as known
           (org_id, customer_id, purpose, channel, state, notice_version, since)
    values (:org_id, :customer_id, :purpose, :channel, :state, :notice_version, :occurred_at)
        on conflict (org_id, customer_id, purpose, channel) do update
       set state = excluded.state, notice_version = excluded.notice_version,
           since = excluded.since
    """
)

CURRENT = Query(
    """
    select purpose, channel, state, notice_version, since
      from customers.consent
     where org_id = :org_id and customer_id = :customer_id
     order by purpose, channel
    """
)

HISTORY = Query(
    """
    select id, purpose, channel, action, state, notice_version, locale, source, ip, evidence,
           actor_label, occurred_at
      from customers.consent_event
     where org_id = :org_id and customer_id = :customer_id
     order by id desc
     limit 500
    """
)

WORDS_BEFORE_MERGES = Query(
    """
    select last.purpose, last.channel, own.state, own.occurred_at as said_at
      from (select distinct on (purpose, channel) purpose, channel, action
              from customers.consent_event
             where org_id = :org_id and customer_id = :customer_id
             order by purpose, channel, id desc) last
      left join lateral (
           select e.state, e.occurred_at
             from customers.consent_event e
            where e.org_id = :org_id and e.customer_id = :customer_id
              and e.purpose = last.purpose and e.channel = last.channel
              and e.action not in ('merge', 'undo_merge')
            order by e.id desc
            limit 1) own on true
     where last.action in ('merge', 'undo_merge')
     order by last.purpose, last.channel
    """
)

_REQUEST: LiteralString = """
    select id, customer_id, purpose, channel, notice_version, created_at, confirmed_at
      from customers.consent_request
"""
GET_REQUEST = Query(_REQUEST + "where org_id = :org_id and id = :id")
LOCK_REQUEST = Query(_REQUEST + "where org_id = :org_id and id = :id for update")

INSERT_REQUEST = Query(
    """
    insert into customers.consent_request
           (org_id, id, customer_id, purpose, channel, notice_version, created_at)
    values (:org_id, :id, :customer_id, :purpose, :channel, :notice_version, :created_at)
    """
)

CONFIRM_REQUEST = Query(
    """
    update customers.consent_request
       set confirmed_at = :now
     where org_id = :org_id and id = :id
    """
)

SUPPRESS = Query(
    """
    insert into customers.suppression as held
           (org_id, channel, address_hash, reason, detail, since)
    values (:org_id, :channel, :address_hash, :reason, :detail, :since)
        on conflict (org_id, channel, address_hash) do update
       set reason = excluded.reason, detail = excluded.detail
     where held.reason not in ('erased', 'legal')
    """
)

RELEASE = Query(
    """
    delete from customers.suppression
     where org_id = :org_id and channel = :channel and address_hash = :address_hash
       and reason not in ('erased', 'legal')
    """
)

FIND = Query(
    """
    select channel, reason, detail, since
      from customers.suppression
     where org_id = :org_id and channel = :channel and address_hash = :address_hash
    """
)

SUPPRESSED = Query(
    """
    select s.channel, s.address_hash, s.reason, s.since
      from unnest(:channels::text[], :hashes::bytea[]) as asked (channel, hash)
      join customers.suppression s
        on s.org_id = :org_id and s.channel = asked.channel and s.address_hash = asked.hash
     order by s.channel
    """
)

# Joins, not look-ups within look-ups: a thousand asked are a thousand steps into an index.
JUDGED = Query(
    """
    select s.reason as suppressed, c.state
      from unnest(:channels::text[], :addresses::text[], :hashes::bytea[], :purposes::text[],
                  :customer_ids::uuid[])
           with ordinality as asked (channel, address, hash, purpose, customer_id, place)
      left join customers.contact_key k
        on asked.customer_id is null and k.org_id = :org_id and k.value = asked.address
       and k.kind = case asked.channel when 'email' then 'email' else 'phone' end
      left join customers.consent c
        on c.org_id = :org_id and c.customer_id = coalesce(asked.customer_id, k.customer_id)
       and c.purpose = asked.purpose and c.channel = asked.channel
      left join customers.suppression s
        on s.org_id = :org_id and s.channel = asked.channel and s.address_hash = asked.hash
     order by asked.place
    """
)


class Suppressed(msgspec.Struct, frozen=True, kw_only=True):
    channel: str
    address_hash: bytes
    reason: str
    since: datetime


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    suppressed: str | None
    state: str | None


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """`state` is what the person themselves said last, and None if they never did."""

    purpose: str
    channel: str
    state: str | None
    said_at: datetime | None


async def write(
    tx: Tx,
    customer_id: UUID,
    *,
    purpose: str,
    channel: str,
    action: str,
    state: str,
    source: str,
    occurred_at: datetime,
    notice_version: str = "",
    locale: str = "",
    ip: str = "",
    evidence: str = "",
) -> None:
    await tx.run(
        WRITE,
        id=new_id(),
        customer_id=customer_id,
        purpose=purpose,
        channel=channel,
        action=action,
        state=state,
        notice_version=notice_version,
        locale=locale,
        source=source,
        ip=ip,
        evidence=evidence,
        actor_label=tx.actor.label,
        occurred_at=occurred_at,
    )


async def current(tx: Tx, customer_id: UUID) -> list[Consent]:
    return await tx.many(CURRENT, Consent, customer_id=customer_id)


async def history(tx: Tx, customer_id: UUID) -> list[ConsentEvent]:
    return await tx.many(HISTORY, ConsentEvent, customer_id=customer_id)


async def words_before_merges(tx: Tx, customer_id: UUID) -> list[Word]:
    """For what a merge, or its undoing, said the last word about."""
    return await tx.many(WORDS_BEFORE_MERGES, Word, customer_id=customer_id)


async def add_request(tx: Tx, request: ConsentRequest) -> None:
    row = msgspec.structs.asdict(request)
    del row["confirmed_at"]
    await tx.run(INSERT_REQUEST, **row)


async def get_request(tx: Tx, request_id: UUID) -> ConsentRequest | None:
    return await tx.one_or_none(GET_REQUEST, ConsentRequest, id=request_id)


async def lock_request(tx: Tx, request_id: UUID) -> ConsentRequest | None:
    return await tx.one_or_none(LOCK_REQUEST, ConsentRequest, id=request_id)


async def confirm_request(tx: Tx, request_id: UUID, now: datetime) -> None:
    await tx.run(CONFIRM_REQUEST, id=request_id, now=now)


async def suppress(
    tx: Tx, *, channel: str, hashed: bytes, reason: str, detail: str, since: datetime
) -> None:
    """An address suppressed for good stays so, whatever comes later."""
    await tx.run(
        SUPPRESS, channel=channel, address_hash=hashed, reason=reason, detail=detail, since=since
    )


async def release(tx: Tx, channel: str, hashed: bytes) -> bool:
    return bool(await tx.run(RELEASE, channel=channel, address_hash=hashed))


async def find_suppression(tx: Tx, channel: str, hashed: bytes) -> Suppression | None:
    return await tx.one_or_none(FIND, Suppression, channel=channel, address_hash=hashed)


async def suppressed(tx: Tx, asked: Sequence[tuple[str, bytes]]) -> list[Suppressed]:
    """Which of these channels and hashes nobody may write to."""
    return await tx.many(
        SUPPRESSED,
        Suppressed,
        channels=[channel for channel, _ in asked],
        hashes=[hashed for _, hashed in asked],
    )


async def judged(
    tx: Tx,
    *,
    channels: Sequence[str],
    addresses: Sequence[str],
    hashes: Sequence[bytes],
    purposes: Sequence[str],
    customer_ids: Sequence[UUID | None],
) -> list[Judged]:
    """For each asked, in order: why the address is suppressed, and the consent of its holder."""
    return await tx.many(
        JUDGED,
        Judged,
        channels=list(channels),
        addresses=list(addresses),
        hashes=list(hashes),
        purposes=list(purposes),
        customer_ids=list(customer_ids),
    )
