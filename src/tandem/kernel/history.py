"""The event log read back: what happened to one thing, in the order it happened."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.kernel import events, fields
from tandem.kernel.db import Query, Tx


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """One event as it was published; `seq` grows with time within an organisation's key."""

    seq: int
    topic: str
    payload: dict[str, Any]
    actor_kind: str
    actor_label: str
    occurred_at: datetime


READ = Query(
    """
    select seq, topic, payload, actor_kind, actor_label, occurred_at
      from kernel.event
     where org_id = :org_id and key = :key and seq > :after
       and (cardinality(:services::text[]) = 0
            or split_part(topic, '.', 1) = any(:services::text[]))
     order by seq
     limit :limit
    """
)


async def read(
    tx: Tx, key: str, *, services: Sequence[str] = (), after: int = 0, limit: int
) -> list[Happening]:
    """Oldest first, of all services or of these, without what is hidden from the reader: an event
    says whose fields it tells (`resource`, `field_rules`). Events of an order's life all have the
    order's id as their key."""
    found = await tx.many(
        READ, Happening, key=key, services=list(services), after=after, limit=limit
    )
    for one in found if tx.actor.hidden else ():
        fields.strip(one.payload, fields.shape_of(events.kind_of(one.topic)), tx.actor.hidden)
    return found


LAST_ACTOR = Query(
    """
    select actor_id
      from kernel.event
     where org_id = :org_id and key = :key and topic = :topic
     order by seq desc
     limit 1
    """
)


async def last_actor(tx: Tx, topic: str, key: str) -> UUID | None:
    """Who did this to it last; None: the suite itself."""
    found: UUID | None = await tx.value(LAST_ACTOR, topic=topic, key=key)
    return found


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """That something happened, and to what; not what."""

    seq: int
    topic: str
    key: str


LAST = Query("select coalesce(max(seq), 0) from kernel.event where org_id = :org_id")

MARKS = Query(
    """
    select seq, topic, key
      from kernel.event
     where org_id = :org_id and seq > :after
     order by seq
     limit :limit
    """
)


async def last_seq(tx: Tx) -> int:
    """The newest event's place in the organisation's log; 0 when it is empty."""
    found: int = await tx.value(LAST)
    return found


async def marks_after(tx: Tx, after: int, *, limit: int) -> list[Mark]:
    """Oldest first. A place may appear late: it is taken before its transaction ends."""
    return await tx.many(MARKS, Mark, after=after, limit=limit)
