"""Qualify a lead, give it up with a reason, take it up again; and tick off what was found out."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.contracts.sales import LeadMoved, LeadQualified
from tandem.crm.sales.domain.lead_statuses import Status
from tandem.crm.sales.domain.leads import AlreadyConverted, Lead, StatusKind
from tandem.crm.sales.domain.qualifying import (
    Checklist,
    Disqualification,
    NotRecyclable,
    Ticks,
)
from tandem.crm.sales.service.checklists import check_may_enter, checklists, known_steps
from tandem.crm.sales.service.lead_statuses import first_of, status_of
from tandem.crm.sales.service.leads import get_lead, lock_lead
from tandem.crm.sales.store import leads, qualifying
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid


async def qualify(tx: Tx, lead_id: UUID, *, status_id: UUID | None = None, now: datetime) -> Lead:
    """Into a qualified status, the first one unless named. Refuses with what is missing; a lead
    that stands there already stays as it is."""
    lead = await _lock(tx, lead_id)
    status = await _target(tx, StatusKind.QUALIFIED, status_id)
    if lead.status_id == status.id:
        return lead
    await check_may_enter(tx, lead, status)
    await _move(tx, lead, status, now)
    await tx.publish(LeadQualified(status=status.name, **_names(lead)))
    return await get_lead(tx, lead_id)


async def disqualify(tx: Tx, lead_id: UUID, why: Disqualification, *, now: datetime) -> Lead:
    """Give it up. Refuses without a reason."""
    reason = why.reason.strip()
    if not reason:
        raise Invalid("Say why.", field="reason")
    lead = await _lock(tx, lead_id)
    status = await _target(tx, StatusKind.LOST, why.status_id)
    await _move(tx, lead, status, now, lost_reason=reason)
    return await get_lead(tx, lead_id)


async def recycle(tx: Tx, lead_id: UUID, *, status_id: UUID | None = None, now: datetime) -> Lead:
    """Take up again from the start what was lost or qualified; what is ticked off stays ticked."""
    lead = await _lock(tx, lead_id)
    if lead.kind is StatusKind.OPEN:
        raise NotRecyclable("It is open.")
    status = await _target(tx, StatusKind.OPEN, status_id)
    await check_may_enter(tx, lead, status)
    await _move(tx, lead, status, now)
    return await get_lead(tx, lead_id)


async def list_checklists(tx: Tx, lead_id: UUID) -> list[Checklist]:
    """What each status asks of this lead, and how far it is."""
    return await checklists(tx, await get_lead(tx, lead_id))


async def tick(tx: Tx, lead_id: UUID, ticks: Ticks, *, now: datetime) -> list[Checklist]:
    """Exactly these steps are done. Who ticked one off first stays its name."""
    lead = await _lock(tx, lead_id)
    if not set(ticks.step_ids) <= await known_steps(tx):
        raise Invalid("There is no such step.", field="step_ids")
    await qualifying.save_ticks(tx, lead_id, list(dict.fromkeys(ticks.step_ids)), now)
    await audit.write(
        tx,
        action="sales.lead_checklist_ticked",
        subject_kind="lead",
        subject_id=lead_id,
        now=now,
        after={"step_ids": msgspec.to_builtins(ticks.step_ids)},
    )
    return await checklists(tx, lead)


async def _lock(tx: Tx, lead_id: UUID) -> Lead:
    lead = await lock_lead(tx, lead_id)
    if lead.kind is StatusKind.CONVERTED:
        raise AlreadyConverted("It was converted. Undo the conversion first.")
    return lead


async def _target(tx: Tx, kind: StatusKind, status_id: UUID | None) -> Status:
    if status_id is None:
        return await first_of(tx, kind)
    status = await status_of(tx, status_id)
    if status.kind is not kind:
        raise Invalid(f"{status.name} does not mean {kind}.", field="status_id")
    return status


async def _move(
    tx: Tx, lead: Lead, status: Status, now: datetime, *, lost_reason: str = ""
) -> None:
    after = msgspec.structs.replace(
        lead,
        status_id=status.id,
        status_name=status.name,
        kind=status.kind,
        lost_reason=lost_reason,
    )
    await leads.save(tx, after, now)
    await audit.write(
        tx,
        action="sales.lead_moved",
        subject_kind="lead",
        subject_id=lead.id,
        now=now,
        before={"status": lead.status_name, "lost_reason": lead.lost_reason},
        after={"status": status.name, "lost_reason": lost_reason},
    )
    await tx.publish(
        LeadMoved(status=status.name, kind=status.kind, before=lead.status_name, **_names(lead))
    )


def _names(lead: Lead) -> dict[str, Any]:
    return {"lead_id": lead.id, "number": lead.number, "customer_id": lead.customer_id}
