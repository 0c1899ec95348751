"""Clocks that ran out, and resolved complaints nobody wrote to any more."""

from datetime import datetime

from tandem.kernel.db import Query, Tx
from tandem.scm.support.domain.complaints import Complaint
from tandem.scm.support.store.complaints import COMPLAINT

BATCH = 100

OVERDUE = Query(
    COMPLAINT
    + """
     where org_id = :org_id
       and next_due_at <= :now
       and (response_due_at <= :now and response_breached_at is null
            or resolution_due_at <= :now and resolution_breached_at is null)
     order by id
     limit :batch
       for update skip locked
    """
)

SILENT = Query(
    COMPLAINT
    + """
     where org_id = :org_id and status = 'resolved' and resolved_at <= :resolved_before
     order by id
     limit :batch
       for update skip locked
    """
)


async def lock_overdue(tx: Tx, now: datetime) -> list[Complaint]:
    """Those whose running out was not told yet."""
    return await tx.many(OVERDUE, Complaint, now=now, batch=BATCH)


async def lock_silent(tx: Tx, resolved_before: datetime) -> list[Complaint]:
    return await tx.many(SILENT, Complaint, resolved_before=resolved_before, batch=BATCH)
