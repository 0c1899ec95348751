"""What statuses ask of leads, and the gate in front of each."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.crm.sales.domain.lead_statuses import Status
from tandem.crm.sales.domain.leads import Lead, StatusKind
from tandem.crm.sales.domain.permissions import CONFIGURE, READ
from tandem.crm.sales.domain.qualifying import (
    Checklist,
    Needs,
    NeedsDraft,
    Step,
    Ticked,
    check_entry,
    check_needs,
    is_filled,
)
from tandem.crm.sales.service.lead_statuses import ensure_statuses, list_statuses
from tandem.crm.sales.store import qualifying as store
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound
from tandem.kernel.ids import new_id


async def get_needs(tx: Tx, status_id: UUID) -> Needs:
    """What this status asks of a lead."""
    tx.actor.require(READ)
    _named(await list_statuses(tx), status_id)
    return (await store.needs(tx, status_id)).get(status_id, Needs(status_id=status_id))


async def set_needs(
    tx: Tx, status_id: UUID, draft: NeedsDraft, *, custom_keys: Sequence[str], now: datetime
) -> Needs:
    """What it shall ask: steps named by id stay with their ticks, others are new, the rest goes.

    Leads that stand in the status stay there; the gate is for who comes.
    """
    tx.actor.require(CONFIGURE)
    status = _named(await ensure_statuses(tx), status_id)
    if status.kind is StatusKind.LOST:
        raise Invalid("Whoever is lost needs nothing for it.", field="status_id")
    check_needs(draft, custom_keys)
    before = await get_needs(tx, status_id)
    known = {step.id for step in before.steps}
    if not {step.id for step in draft.steps if step.id} <= known:
        raise Invalid("A step that is named by its id must be there.", field="steps")
    after = Needs(
        status_id=status_id,
        required_fields=list(dict.fromkeys(draft.required_fields)),
        steps=[
            Step(
                id=step.id or new_id(),
                status_id=status_id,
                text=step.text.strip(),
                is_required=step.is_required,
            )
            for step in draft.steps
        ],
    )
    await store.save_needs(tx, after)
    await audit.write(
        tx,
        action="sales.status_needs_changed",
        subject_kind="lead_status",
        subject_id=status_id,
        now=now,
        before=msgspec.to_builtins(before),
        after=msgspec.to_builtins(after),
    )
    return after


async def checklists(tx: Tx, lead: Lead) -> list[Checklist]:
    """For a lead that the actor was shown: each status that asks for something, and how far it
    is."""
    asked = await store.needs(tx)
    ticks = await store.ticks(tx, lead.id)
    found = []
    for status in await list_statuses(tx):
        if status.id not in asked:
            continue
        needs = asked[status.id]
        fields = {field: is_filled(lead, field) for field in needs.required_fields}
        steps = [
            Ticked(
                step=step,
                at=ticks[step.id].at if step.id in ticks else None,
                actor_label=ticks[step.id].actor_label if step.id in ticks else "",
            )
            for step in needs.steps
        ]
        missing = [field for field, is_there in fields.items() if not is_there]
        missing += [one.step.text for one in steps if one.at is None and one.step.is_required]
        found.append(
            Checklist(
                status_id=status.id,
                status_name=status.name,
                kind=status.kind,
                fields=fields,
                steps=steps,
                missing=missing,
            )
        )
    return found


async def check_may_enter(tx: Tx, lead: Lead, *statuses: Status) -> None:
    """Refuses (Invalid) with the first thing that one of these statuses asks for and is missing."""
    asked = await store.needs(tx)
    if not any(status.id in asked for status in statuses):
        return
    ticks = await store.ticks(tx, lead.id)
    for status in statuses:
        if needs := asked.get(status.id):
            check_entry(lead, status.name, needs, ticks)


async def known_steps(tx: Tx) -> set[UUID]:
    return {step.id for needs in (await store.needs(tx)).values() for step in needs.steps}


def _named(statuses: Sequence[Status], status_id: UUID) -> Status:
    for status in statuses:
        if status.id == status_id:
            return status
    raise NotFound("There is no such status.")
