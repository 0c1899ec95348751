"""Lists of complaints, and how many wait where."""

from datetime import UTC, datetime
from typing import Any, LiteralString
from uuid import UUID

from tandem.kernel.db import Query, Tx
from tandem.scm.support.domain.complaints import Complaint
from tandem.scm.support.domain.views import Count, Filters, Sort
from tandem.scm.support.store.complaints import COMPLAINT
from tandem.scm.support.store.reached import WITHIN

NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""Where the clock is taken to run out of what has none running."""
LAST = UUID(int=2**128 - 1)
FIRST = UUID(int=0)

_NARROWED: LiteralString = """
       and (cardinality(:statuses::text[]) = 0 or status = any(:statuses::text[]))
       and (:queue = '' or queue = :queue)
       and (:category = '' or category = :category)
       and (:severity::text is null or severity = :severity)
       and (:assignee_id::uuid is null or assignee_id = :assignee_id)
       and (not :is_unassigned::boolean or assignee_id is null)
       and (not :is_overdue::boolean or next_due_at <= :now)
       and (:order_id::uuid is null or order_id = :order_id)
       and (:shipment_id::uuid is null or shipment_id = :shipment_id)
       and (:customer_id::uuid is null or customer_id = :customer_id)
       and (:text = '' or upper(:text) in (upper(number), upper(order_number),
                                           upper(shipment_number), upper(invoice_number))
            or customer_name ilike :pattern or subject ilike :pattern)
"""

LIST_NEWEST = Query(
    COMPLAINT
    + "where org_id = :org_id and id < :before"
    + _NARROWED
    + WITHIN
    + "order by id desc limit :limit"
)

LIST_DUE = Query(
    COMPLAINT
    + """
     where org_id = :org_id
       and (coalesce(next_due_at, '9999-01-01Z'), id) > (:after_due::timestamptz, :after_id::uuid)
    """
    + _NARROWED
    + WITHIN
    + "order by coalesce(next_due_at, '9999-01-01Z'), id limit :limit"
)

COUNT = Query(
    """
    select coalesce(queue, '') as queue, count(*) as unsettled,
           count(*) filter (where assignee_id is null) as unassigned,
           count(*) filter (where next_due_at <= :now) as overdue,
           count(*) filter (where assignee_id = :me) as mine
      from support.complaint
     where org_id = :org_id and status not in ('resolved', 'closed')
    """
    + WITHIN
    + """
     group by grouping sets ((queue), ())
     order by 1
    """
)


async def list_newest(
    tx: Tx, filters: Filters, *, before: UUID | None, count: int, now: datetime
) -> list[Complaint]:
    return await tx.many(
        LIST_NEWEST,
        Complaint,
        before=before or LAST,
        limit=count,
        **_values(filters, now),
        **tx.actor.reach("support.read").params(),
    )


async def list_due(
    tx: Tx, filters: Filters, *, after: tuple[datetime, UUID] | None, count: int, now: datetime
) -> list[Complaint]:
    due, complaint_id = after or (datetime(1, 1, 1, tzinfo=UTC), FIRST)
    return await tx.many(
        LIST_DUE,
        Complaint,
        after_due=due,
        after_id=complaint_id,
        limit=count,
        **_values(filters, now),
        **tx.actor.reach("support.read").params(),
    )


def place_of(complaint: Complaint, sort: Sort) -> tuple[Any, ...]:
    """The sort keys of a row, for its cursor."""
    if sort is Sort.NEWEST:
        return (complaint.id,)
    return complaint.next_due_at or NEVER, complaint.id


async def count(tx: Tx, *, me: UUID | None, now: datetime) -> list[Count]:
    reach = tx.actor.reach("support.read").params()
    return await tx.many(COUNT, Count, me=me, now=now, **reach)


def _values(filters: Filters, now: datetime) -> dict[str, Any]:
    escaped = filters.text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return {
        "statuses": list(filters.statuses),
        "queue": filters.queue,
        "category": filters.category,
        "severity": filters.severity,
        "assignee_id": filters.assignee_id,
        "is_unassigned": filters.is_unassigned,
        "is_overdue": filters.is_overdue,
        "order_id": filters.order_id,
        "shipment_id": filters.shipment_id,
        "customer_id": filters.customer_id,
        "text": filters.text,
        "pattern": f"%{escaped}%",
        "now": now,
    }
