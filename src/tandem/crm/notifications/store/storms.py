"""Too many alike at once: the rest becomes one message that counts them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.crm.notifications.domain.messages import Message
from tandem.crm.notifications.store.lanes import RETURNING
from tandem.kernel.db import Query, Tx

COLLAPSE = Query(
    f"""
    with more as (
        select id from notifications.message
         where org_id = :org_id and recipient = :recipient and template = :kind
           and created_at > :since and channel = :channel and state in ('queued', 'held')
         order by id
           for update skip locked
    )
    update notifications.message m
       set state = 'skipped', reason = 'collapsed', error = :error, text = '', html = '',
           trace = :trace, updated_at = :now
      from more
     where m.org_id = :org_id and m.id = more.id
    returning {RETURNING}
    """
)

FOLD = Query(
    """
    update notifications.message
       set folded = folded + :more, updated_at = :now
     where org_id = :org_id and id = :id and state in ('queued', 'held')
    returning folded
    """
)


async def collapse(
    tx: Tx, like: Message, *, since: datetime, error: str, trace: Sequence[Any], now: datetime
) -> list[Message]:
    """Everything else of this kind that waits for this address: skipped."""
    return await tx.many(
        COLLAPSE,
        Message,
        recipient=like.recipient,
        kind=like.template,
        channel=like.channel,
        since=since,
        error=error,
        trace=msgspec.to_builtins(trace),
        now=now,
    )


async def fold(tx: Tx, message_id: UUID, more: int, now: datetime) -> int | None:
    """How many are folded into it now; None when it has left already."""
    found: int | None = await tx.value(FOLD, id=message_id, more=more, now=now)
    return found
