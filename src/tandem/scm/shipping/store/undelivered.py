"""Deliveries tried in vain."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import LiteralString
from uuid import UUID

from tandem.kernel.db import Query, Tx
from tandem.kernel.reach import within_order
from tandem.scm.shipping.domain.undelivered import Case, CaseState

_CASE: LiteralString = """
    select c.id, c.shipment_id, s.number as shipment_number, s.order_id, s.carrier, c.failed_at,
           c.reason, c.attempts, c.state, c.next_on, c.note, c.is_automatic, c.decided_by,
           c.decided_at, c.created_at
      from shipping.ndr_case c
      join shipping.shipment s on s.org_id = :org_id and s.id = c.shipment_id
"""

CLOSE = Query(
    """
    update shipping.ndr_case
       set state = 'closed'
     where org_id = :org_id and shipment_id = :shipment_id and state <> 'closed'
    """
)

OPEN = Query(
    """
    insert into shipping.ndr_case
           (org_id, id, shipment_id, failed_at, reason, attempts, state, created_at)
    values (:org_id, :id, :shipment_id, :failed_at, :reason, :attempts, 'open', :now)
        on conflict (org_id, shipment_id, failed_at) do nothing
    """
)

DECIDE = Query(
    """
    update shipping.ndr_case
       set state = :state, next_on = :next_on, note = :note, is_automatic = :is_automatic,
           decided_by = :decided_by, decided_at = :now
     where org_id = :org_id and id = :id
    """
)

GET = Query(_CASE + "where c.org_id = :org_id and c.id = :id")

NOT_CLOSED = Query(
    _CASE + "where c.org_id = :org_id and c.shipment_id = :shipment_id and c.state <> 'closed'"
)

LIST = Query(
    _CASE
    + f"""
     where c.org_id = :org_id and c.id < :before
       and (cardinality(:states::text[]) = 0 or c.state = any(:states::text[]))
       and (:shipment_id::uuid is null or c.shipment_id = :shipment_id)
       and {within_order("s.order_id")}
     order by c.id desc
     limit :limit
    """
)


async def close(tx: Tx, shipment_id: UUID) -> None:
    await tx.run(CLOSE, shipment_id=shipment_id)


async def open_case(
    tx: Tx,
    *,
    case_id: UUID,
    shipment_id: UUID,
    failed_at: datetime,
    reason: str,
    attempts: int,
    now: datetime,
) -> None:
    await tx.run(
        OPEN,
        id=case_id,
        shipment_id=shipment_id,
        failed_at=failed_at,
        reason=reason,
        attempts=attempts,
        now=now,
    )


async def decide(
    tx: Tx,
    case_id: UUID,
    state: CaseState,
    *,
    next_on: date | None,
    note: str,
    is_automatic: bool,
    now: datetime,
) -> None:
    await tx.run(
        DECIDE,
        id=case_id,
        state=state,
        next_on=next_on,
        note=note,
        is_automatic=is_automatic,
        decided_by=tx.actor.label,
        now=now,
    )


async def find(tx: Tx, case_id: UUID) -> Case | None:
    return await tx.one_or_none(GET, Case, id=case_id)


async def not_closed(tx: Tx, shipment_id: UUID) -> Case | None:
    return await tx.one_or_none(NOT_CLOSED, Case, shipment_id=shipment_id)


async def list_cases(
    tx: Tx, *, states: Sequence[CaseState], shipment_id: UUID | None, before: UUID, limit: int
) -> list[Case]:
    return await tx.many(
        LIST,
        Case,
        states=list(states),
        shipment_id=shipment_id,
        before=before,
        limit=limit,
        **tx.actor.reach("shipping.read").params(),
    )
