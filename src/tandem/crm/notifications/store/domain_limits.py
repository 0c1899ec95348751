"""Limits of recipients' domains: kept, counted under their lock, and what waits for them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import LiteralString
from uuid import UUID

import msgspec

from tandem.crm.notifications.domain.domain_limits import DomainLimit, DomainWait, Spending
from tandem.kernel.db import Query, Tx

LIMITED: LiteralString = """
       coalesce((select l.domain from notifications.domain_limit l
                  where l.org_id = :org_id and l.domain = lower(split_part(recipient, '@', 2))
                    and channel = 'email' and lane = 'bulk'), '')
"""
"""The limited domain of a message's recipient, else empty; in a statement about messages."""

KEEP = Query(
    """
    with given as (
        select domain, per_second, at_once
          from unnest(:domains::text[], :per_seconds::int[], :at_onces::int[])
               as given (domain, per_second, at_once)
    ), gone as (
        delete from notifications.domain_limit
         where org_id = :org_id and domain <> all(:domains::text[])
    )
    insert into notifications.domain_limit as kept
           (org_id, domain, per_second, at_once, updated_at)
    select :org_id, domain, per_second, at_once, :now::timestamptz from given order by domain
        on conflict (org_id, domain) do update
       set per_second = excluded.per_second, at_once = excluded.at_once,
           updated_at = excluded.updated_at
    """
)

STAND_ANEW = Query(
    "update notifications.message set domain = "
    + LIMITED
    + """
     where org_id = :org_id and state in ('queued', 'held') and domain <> """
    + LIMITED
)

LOCK = Query(
    """
    select domain, per_second, at_once, spent, 0 as in_hand
      from notifications.domain_limit
     where org_id = :org_id and domain = any(:domains::text[])
     order by domain
       for update
    """
)

UNDER_WAY = Query(
    """
    select domain, count(*)::int as under_way
      from notifications.message
     where org_id = :org_id and state = 'sending' and handed_over_at is not null
       and domain = any(:domains::text[]) and id <> all(:asking::uuid[])
     group by domain
    """
)

SPEND = Query(
    """
    update notifications.domain_limit
       set spent = :spent
     where org_id = :org_id and domain = :domain
    """
)

WAITS = Query(
    """
    select l.domain, l.per_second, l.at_once, count(*)::int as waiting
      from notifications.domain_limit l
      join notifications.message m
        on m.org_id = :org_id and m.feed = :feed and m.domain = l.domain
       and m.state in ('queued', 'held')
     where l.org_id = :org_id
     group by l.domain, l.per_second, l.at_once
     order by waiting desc, l.domain
    """
)


async def keep(tx: Tx, limits: Sequence[DomainLimit], now: datetime) -> None:
    """These and no others; whatever waits stands in its new line at once."""
    await tx.run(
        KEEP,
        domains=[one.domain for one in limits],
        per_seconds=[one.per_second for one in limits],
        at_onces=[one.at_once for one in limits],
        now=now,
    )
    await tx.run(STAND_ANEW)


async def lock(tx: Tx, domains: Sequence[str], *, asking: Sequence[UUID]) -> list[Spending]:
    """In the order everybody locks them in, with how many are under way by now besides those who
    ask."""
    limits = await tx.many(LOCK, Spending, domains=list(domains))
    rows = await tx.records(UNDER_WAY, domains=list(domains), asking=list(asking))
    counted = {row["domain"]: row["under_way"] for row in rows}
    return [msgspec.structs.replace(one, in_hand=counted.get(one.domain, 0)) for one in limits]


async def spend(tx: Tx, domain: str, spent: Mapping[str, int]) -> None:
    await tx.run(SPEND, domain=domain, spent=dict(spent))


async def waits(tx: Tx, feed: str) -> list[DomainWait]:
    """Most first."""
    return await tx.many(WAITS, DomainWait, feed=feed)
