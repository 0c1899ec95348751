"""Complaints as records of a person: changing hands, being handed out."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from tandem.kernel.db import Query, Tx

REOWN = Query(
    """
    update support.complaint
       set customer_id = :into, version = version + 1
     where org_id = :org_id and customer_id = :source
       and (:ids::uuid[] is null or id = any(:ids::uuid[]))
    returning id
    """
)

EXPORT = Query(
    """
    select number, subject, category, severity, status, customer_name, customer_email,
           customer_phone, rating, rating_note, opened_at, resolved_at
      from support.complaint
     where org_id = :org_id and customer_id = :customer_id
     order by opened_at, id
     limit 10000
    """
)

OF_PERSON = Query(
    """
    select id, number, order_id from support.complaint
     where org_id = :org_id and customer_id = :customer_id and erased_at is null
       and status in ('resolved', 'closed')
     order by id
    """
)

COUNT_OPEN = Query(
    """
    select count(*) from support.complaint
     where org_id = :org_id and customer_id = :customer_id and erased_at is null
       and status not in ('resolved', 'closed')
    """
)


async def reown(tx: Tx, source: UUID, into: UUID, ids: Sequence[UUID] | None) -> list[UUID]:
    found = await tx.records(
        REOWN, source=source, into=into, ids=None if ids is None else list(ids)
    )
    return [row["id"] for row in found]


async def export(tx: Tx, customer_id: UUID) -> list[dict[str, Any]]:
    return [dict(row) for row in await tx.records(EXPORT, customer_id=customer_id)]
