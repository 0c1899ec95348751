"""What the ledger knows of somebody when the send policy asks, and the company's rules."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.crm.notifications.domain.policy import Sent
from tandem.crm.notifications.domain.rules import RulesKept, SendingRules
from tandem.kernel.db import Query, Tx

RULES = Query("select document, version from notifications.sending_rules where org_id = :org_id")

SAVE_RULES = Query(
    """
    insert into notifications.sending_rules as kept (org_id, document, version, updated_at)
    values (:org_id, :document, 1, :now)
        on conflict (org_id) do update
       set document = excluded.document, version = kept.version + 1,
           updated_at = excluded.updated_at
     where kept.version = :version
    returning version
    """
)

ZONES = Query(
    """
    select customer_id, time_zone
      from notifications.person_zone
     where org_id = :org_id and customer_id = any(:customer_ids::uuid[])
    """
)

SET_ZONE = Query(
    """
    insert into notifications.person_zone (org_id, customer_id, time_zone, updated_at)
    values (:org_id, :customer_id, :time_zone, :now)
        on conflict (org_id, customer_id) do update
       set time_zone = excluded.time_zone, updated_at = excluded.updated_at
    """
)

LATELY = Query(
    """
    select customer_id, purpose, channel, decided_at as at
      from notifications.message
     where org_id = :org_id and customer_id = any(:customer_ids::uuid[])
       and customer_id is not null and decided_at > :since and purpose <> 'service'
       and state in ('sending', 'sent', 'delivered', 'complained', 'unknown')
       and id <> all(:asking::uuid[])
     order by decided_at
    """
)

# One look into the index for each, whatever the planner thinks of the table: joined, it may rather
# read all messages of the day. `not in` a list that is made once is hashed, while `<> all` goes
# through it for every row.
ALIKE = Query(
    """
    select place,
           (select count(*)::int
              from notifications.message m
             where m.org_id = :org_id and m.recipient = asked.recipient
               and m.template = asked.kind and m.created_at > :since
               and m.channel = asked.channel
               and m.state in ('sending', 'sent', 'delivered', 'bounced', 'unknown')
               and m.decided_at > :since
               and m.id not in (select unnest(:asking::uuid[]))) as count
      from unnest(:recipients::text[], :kinds::text[], :channels::text[])
           with ordinality as asked (recipient, kind, channel, place)
     order by place
    """
)

GATES = Query(
    """
    select channel, shut_until
      from notifications.gate
     where org_id = :org_id and shut_until > :now
    """
)

# In one order of their own, so that two senders never wait for each other.
TAKE_TURNS = Query(
    """
    select pg_advisory_xact_lock(hashtextextended((:org_id::uuid)::text || who, 0))
      from (select who from unnest(:whose::text[]) as asked (who) group by who order by who) one
    """
)


async def read_rules(tx: Tx) -> RulesKept:
    found = await tx.records(RULES)
    if not found:
        return RulesKept(rules=SendingRules(), version=0)
    return RulesKept(
        rules=msgspec.convert(found[0]["document"], SendingRules), version=found[0]["version"]
    )


async def save_rules(tx: Tx, rules: SendingRules, *, version: int, now: datetime) -> int | None:
    """The new version; None when somebody saved another one meanwhile."""
    document = msgspec.to_builtins(rules)
    found: int | None = await tx.value(SAVE_RULES, document=document, version=version, now=now)
    return found


async def zones(tx: Tx, customer_ids: Sequence[UUID]) -> dict[UUID, str]:
    rows = await tx.records(ZONES, customer_ids=list(customer_ids))
    return {row["customer_id"]: row["time_zone"] for row in rows}


async def set_zone(tx: Tx, customer_id: UUID, time_zone: str, *, now: datetime) -> None:
    await tx.run(SET_ZONE, customer_id=customer_id, time_zone=time_zone, now=now)


async def lately(
    tx: Tx, customer_ids: Sequence[UUID], *, asking: Sequence[UUID], since: datetime
) -> dict[UUID, list[Sent]]:
    rows = await tx.records(
        LATELY, customer_ids=list(customer_ids), asking=list(asking), since=since
    )
    found: dict[UUID, list[Sent]] = {}
    for row in rows:
        one = Sent(purpose=row["purpose"], channel=row["channel"], at=row["at"])
        found.setdefault(row["customer_id"], []).append(one)
    return found


async def alike(
    tx: Tx,
    asked: Sequence[tuple[str, str, str]],
    *,
    asking: Sequence[UUID],
    since: datetime,
) -> list[int]:
    """For each (recipient, kind, channel): how many were sent since then."""
    columns: dict[str, Any] = {
        "recipients": [one[0] for one in asked],
        "kinds": [one[1] for one in asked],
        "channels": [one[2] for one in asked],
    }
    rows = await tx.records(ALIKE, **columns, asking=list(asking), since=since)
    return [row["count"] for row in rows]


async def shut_gates(tx: Tx, now: datetime) -> dict[str, datetime]:
    return {row["channel"]: row["shut_until"] for row in await tx.records(GATES, now=now)}


async def take_turns(tx: Tx, whose: Sequence[str]) -> None:
    """One after the other for these names, until the transaction ends."""
    await tx.records(TAKE_TURNS, whose=list(whose))
