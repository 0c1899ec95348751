"""Complaints to begin with."""

from datetime import datetime
from typing import Any
from uuid import UUID

from tandem.kernel.db import Query, Tx
from tandem.scm.support import service
from tandem.scm.support.domain.complaints import Complaint, Links, NewComplaint
from tandem.scm.support.domain.statuses import Channel, Origin

EVENTS = Query(
    """
    select topic, payload from kernel.event
     where org_id = :org_id and topic like 'support.%'
     order by seq
    """
)


def draft(**facts: Any) -> NewComplaint:
    usual: dict[str, Any] = {
        "category": "damaged",
        "subject": "Arrived damaged",
        "channel": Channel.PHONE,
    }
    return NewComplaint(**{**usual, **facts})


async def a_complaint(tx: Tx, *, now: datetime, order_id: UUID | None = None) -> Complaint:
    links = Links(order_id=order_id, order_number="R1001" if order_id else "")
    return await service.open_complaint(tx, draft(links=links), origin=Origin.STAFF, now=now)


async def told(tx: Tx) -> list[tuple[str, dict[str, Any]]]:
    """Every event support has told, oldest first: (topic, payload)."""
    await tx.end()
    return [(row["topic"], row["payload"]) for row in await tx.records(EVENTS)]
