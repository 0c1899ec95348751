"""What statuses ask of leads, and what leads have ticked off."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.crm.sales.domain.qualifying import Needs, Step
from tandem.kernel.db import Query, Tx

NEEDS = Query(
    """
    select status_id, required_fields
      from sales.status_need
     where org_id = :org_id and (:status_id::uuid is null or status_id = :status_id)
    """
)

STEPS = Query(
    """
    select id, status_id, text, is_required
      from sales.checklist_step
     where org_id = :org_id and (:status_id::uuid is null or status_id = :status_id)
     order by status_id, position
    """
)

SAVE_NEED = Query(
    """
    insert into sales.status_need (org_id, status_id, required_fields)
    values (:org_id, :status_id, :required_fields::text[])
        on conflict (org_id, status_id) do update
       set required_fields = excluded.required_fields
    """
)

DROP_STEPS = Query(
    """
    delete from sales.checklist_step
     where org_id = :org_id and status_id = :status_id and id <> all(:kept::uuid[])
    """
)

SAVE_STEPS = Query(
    """
    insert into sales.checklist_step (org_id, id, status_id, position, text, is_required)
    select :org_id, id, :status_id, position, text, is_required
      from jsonb_to_recordset(:steps::jsonb)
           as given (id uuid, position int, text text, is_required boolean)
        on conflict (org_id, id) do update
       set position = excluded.position, text = excluded.text,
           is_required = excluded.is_required
    """
)

TICKS = Query(
    """
    select step_id, at, actor_label
      from sales.checklist_tick
     where org_id = :org_id and lead_id = :lead_id
    """
)

TICK = Query(
    """
    insert into sales.checklist_tick (org_id, lead_id, step_id, at, actor_label)
    select :org_id, :lead_id, step_id, :now, :actor_label
      from unnest(:step_ids::uuid[]) as given (step_id)
     order by step_id
        on conflict do nothing
    """
)

UNTICK = Query(
    """
    delete from sales.checklist_tick
     where org_id = :org_id and lead_id = :lead_id and step_id <> all(:step_ids::uuid[])
    """
)


class Tick(msgspec.Struct, frozen=True, kw_only=True):
    step_id: UUID
    at: datetime
    actor_label: str


class _Need(msgspec.Struct, frozen=True):
    status_id: UUID
    required_fields: list[str]


async def needs(tx: Tx, status_id: UUID | None = None) -> dict[UUID, Needs]:
    """Of this status or of all; one that asks for nothing is absent."""
    fields = {
        row.status_id: row.required_fields
        for row in await tx.many(NEEDS, _Need, status_id=status_id)
    }
    steps: dict[UUID, list[Step]] = {}
    for step in await tx.many(STEPS, Step, status_id=status_id):
        steps.setdefault(step.status_id, []).append(step)
    return {
        one: Needs(status_id=one, required_fields=fields.get(one, []), steps=steps.get(one, []))
        for one in fields.keys() | steps.keys()
    }


async def save_needs(tx: Tx, needs: Needs) -> None:
    """A step that is not named any more goes, with its ticks."""
    await tx.run(SAVE_NEED, status_id=needs.status_id, required_fields=needs.required_fields)
    await tx.run(DROP_STEPS, status_id=needs.status_id, kept=[step.id for step in needs.steps])
    rows = [
        {"id": str(step.id), "position": place, "text": step.text, "is_required": step.is_required}
        for place, step in enumerate(needs.steps)
    ]
    await tx.run(SAVE_STEPS, status_id=needs.status_id, steps=rows)


async def ticks(tx: Tx, lead_id: UUID) -> dict[UUID, Tick]:
    return {row.step_id: row for row in await tx.many(TICKS, Tick, lead_id=lead_id)}


async def save_ticks(tx: Tx, lead_id: UUID, step_ids: Sequence[UUID], now: datetime) -> None:
    await tx.run(UNTICK, lead_id=lead_id, step_ids=list(step_ids))
    await tx.run(
        TICK, lead_id=lead_id, step_ids=list(step_ids), now=now, actor_label=tx.actor.label
    )
