"""Complaints as records of a person: changing hands, being erased, being handed out."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

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

ERASE = Query(
    """
    update support.complaint
       set customer_name = 'Erased', customer_email = null, customer_phone = null,
           subject = 'Erased', rating_note = '', erased_at = :now, version = version + 1,
           updated_at = :now
     where org_id = :org_id and customer_id = :customer_id and erased_at is null
       and status in ('resolved', 'closed')
    returning id, number, order_id
    """
)

# The hash goes too: it would let anybody prove what had been written.
ERASE_WORDS = Query(
    """
    update support.message
       set body = '', sha256 = '', author_label = case when author_kind in ('staff', 'system')
           then author_label else 'Erased' end
     where org_id = :org_id and complaint_id = any(:ids::uuid[])
    """
)

FILES = Query(
    """
    select blob_id from support.file
     where org_id = :org_id and complaint_id = any(:ids::uuid[])
     order by id
    """
)

# A file's row stays where Jira's copy is still to be deleted by it; nothing leads to bytes.
ERASE_FILES = Query(
    """
    update support.file
       set filename = 'Erased', sha256 = id::text,
           author_label = case when author_kind in ('staff', 'system')
               then author_label else 'Erased' end
     where org_id = :org_id and complaint_id = any(:ids::uuid[])
    """
)

# What was done and when stays; what somebody wrote about it does not.
ERASE_STEPS = Query(
    """
    update support.step
       set note = '', actor_label = case when actor_kind in ('staff', 'system')
           then actor_label else 'Erased' end
     where org_id = :org_id and complaint_id = any(:ids::uuid[])
    """
)

IDS = Query(
    """
    select id from support.complaint
     where org_id = :org_id and customer_id = :customer_id
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


class ErasedComplaint(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    number: str
    order_id: UUID | None


async def reown(tx: Tx, source: UUID, into: UUID, ids: Sequence[UUID] | None) -> list[UUID]:
    found = await tx.records(
        REOWN, source=source, into=into, ids=None if ids is None else list(ids)
    )
    return [row["id"] for row in found]


async def erase(tx: Tx, customer_id: UUID, now: datetime) -> list[ErasedComplaint]:
    """Those that are over; whose is still open keeps its words until it is settled."""
    found = await tx.many(ERASE, ErasedComplaint, customer_id=customer_id, now=now)
    ids = [one.id for one in found]
    await tx.run(ERASE_WORDS, ids=ids)
    await tx.run(ERASE_FILES, ids=ids)
    await tx.run(ERASE_STEPS, ids=ids)
    return found


async def files(tx: Tx, ids: Sequence[UUID]) -> list[UUID]:
    return [row["blob_id"] for row in await tx.records(FILES, ids=list(ids))]


async def ids(tx: Tx, customer_id: UUID) -> list[UUID]:
    return [row["id"] for row in await tx.records(IDS, customer_id=customer_id)]


async def count_open(tx: Tx, customer_id: UUID) -> int:
    found: int = await tx.value(COUNT_OPEN, customer_id=customer_id)
    return found


async def export(tx: Tx, customer_id: UUID) -> list[dict[str, Any]]:
    return [dict(row) for row in await tx.records(EXPORT, customer_id=customer_id)]
