"""Messages as records of a person, for the flows that erase and export people.

These check no permission: the flow has, for the person as a whole.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from tandem.kernel.db import Query, Tx

# What still waits to leave is not for an erased person any more. Whoever has a message in hand
# needs its words: it is marked, and emptied once it is settled. One statement, so that none slips
# through while it is taken in hand or settled.
_EMPTIED: LiteralString = """
    update notifications.message
       set recipient = case when state = 'sending' then recipient else 'erased' end,
           subject = case when state = 'sending' then subject else '' end,
           text = case when state = 'sending' then text else '' end,
           html = case when state = 'sending' then html else '' end,
           parameters = case when state = 'sending' then parameters else '{}' end,
           state = case when state in ('queued', 'held') then 'skipped' else state end,
           reason = case when state in ('queued', 'held') then 'cancelled' else reason end,
           error = case when state in ('queued', 'held') then 'The recipient was erased.'
                        else error end,
           is_to_erase = state = 'sending', updated_at = :now
     where org_id = :org_id
"""
ERASE = Query(
    _EMPTIED
    + """
       and recipient <> 'erased'
       and (order_id = any(:order_ids::uuid[]) or recipient = any(:addresses::text[])
            or customer_id = :customer_id)
    """
)
ERASE_SETTLED = Query(_EMPTIED + " and is_to_erase and state <> 'sending'")

REOWN = Query(
    """
    update notifications.message
       set customer_id = :into, updated_at = updated_at
     where org_id = :org_id and customer_id = :source
       and (:ids::uuid[] is null or id = any(:ids::uuid[]))
    returning id
    """
)

FORGET_ZONE = Query(
    """
    delete from notifications.person_zone where org_id = :org_id and customer_id = :customer_id
    """
)

# What staff were told of somebody's records stands under the link to the record.
_LINKED = "substring(link from '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}')::uuid"
FORGET_INBOX = Query(
    f"""
    update notifications.inbox_item set title = 'Erased', body = ''
     where org_id = :org_id and {_LINKED} = any(:ids::uuid[])
    """
)
FORGET_ENTRIES = Query(
    f"""
    update notifications.digest_entry set title = 'Erased', body = ''
     where org_id = :org_id and {_LINKED} = any(:ids::uuid[])
    """
)
FORGET_MAILED = Query(
    """
    update notifications.message
       set subject = 'Erased', text = '', html = '',
           state = case when state in ('queued', 'held') then 'skipped' else state end,
           reason = case when state in ('queued', 'held') then 'cancelled' else reason end,
           updated_at = :now
     where org_id = :org_id and template = 'staff_digest' and state <> 'sending'
       and text like any(:patterns::text[])
    """
)

EXPORT = Query(
    """
    select channel, template, recipient, subject, text, state, created_at
      from notifications.message
     where org_id = :org_id and not is_secret
       and (order_id = any(:order_ids::uuid[]) or recipient = any(:addresses::text[])
            or customer_id = :customer_id)
     order by created_at, id
     limit 10000
    """
)


async def hand_over(
    tx: Tx, source: UUID, into: UUID, ids: Sequence[UUID] | None = None
) -> list[UUID]:
    """Give all messages to one customer, or those named, to another; which they were."""
    rows = await tx.records(REOWN, source=source, into=into, ids=None if ids is None else list(ids))
    return [row["id"] for row in rows]


async def erase_person(
    tx: Tx,
    *,
    order_ids: Sequence[UUID],
    addresses: Sequence[str],
    now: datetime,
    customer_id: UUID | None = None,
) -> int:
    """Empty every message to them, to these addresses or about these orders; how many. What still
    waits is cancelled; what is in hand is emptied when it is settled (`erase_settled`)."""
    if customer_id is not None:
        await tx.run(FORGET_ZONE, customer_id=customer_id)
    return await tx.run(
        ERASE,
        order_ids=list(order_ids),
        addresses=list(addresses),
        customer_id=customer_id,
        now=now,
    )


async def erase_settled(tx: Tx, *, now: datetime) -> int:
    """Empty what was in hand when its recipient was erased, and is not any more."""
    return await tx.run(ERASE_SETTLED, now=now)


async def forget_told(tx: Tx, record_ids: Sequence[UUID], *, now: datetime) -> None:
    """Take these records out of what staff found under the bell and in their mail."""
    ids = list(record_ids)
    await tx.run(FORGET_INBOX, ids=ids)
    await tx.run(FORGET_ENTRIES, ids=ids)
    await tx.run(FORGET_MAILED, patterns=[f"%{one}%" for one in ids], now=now)


async def export_person(
    tx: Tx,
    *,
    order_ids: Sequence[UUID],
    addresses: Sequence[str],
    customer_id: UUID | None = None,
) -> list[dict[str, Any]]:
    found = await tx.records(
        EXPORT, order_ids=list(order_ids), addresses=list(addresses), customer_id=customer_id
    )
    return [dict(row) for row in found]
