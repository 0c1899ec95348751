"""Messages as records of a person, for the flows that erase and export people.

These check no permission: the flow has, for the person as a whole.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from tandem.kernel.db import Query, Tx

# What still waits to leave is not for an erased person any more.
ERASE = Query(
    """
    update notifications.message
       set recipient = 'erased', subject = '', text = '', html = '',
           state = case when state = 'queued' then 'failed' else state end,
           error = case when state = 'queued' then 'The recipient was erased.' else error end,
           updated_at = :now
     where org_id = :org_id and state <> 'sending' and recipient <> 'erased'
       and (order_id = any(:order_ids::uuid[]) or recipient = any(:addresses::text[]))
    """
)

EXPORT = Query(
    """
    select channel, template, recipient, subject, text, state, created_at
      from notifications.message
     where org_id = :org_id and not is_secret
       and (order_id = any(:order_ids::uuid[]) or recipient = any(:addresses::text[]))
     order by created_at, id
     limit 10000
    """
)


async def erase_person(
    tx: Tx, *, order_ids: Sequence[UUID], addresses: Sequence[str], now: datetime
) -> int:
    """Empty every message to these addresses or about these orders; how many."""
    return await tx.run(ERASE, order_ids=list(order_ids), addresses=list(addresses), now=now)


async def export_person(
    tx: Tx, *, order_ids: Sequence[UUID], addresses: Sequence[str]
) -> list[dict[str, Any]]:
    found = await tx.records(EXPORT, order_ids=list(order_ids), addresses=list(addresses))
    return [dict(row) for row in found]
