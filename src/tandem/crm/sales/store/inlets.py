"""Inlets, and everything that came by them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.crm.sales.domain.inlets import Arrival, Inlet, InletDraft, State
from tandem.kernel.db import Query, Tx

LIST = Query(
    """
    select i.id, i.name, i.kind, i.source, i.campaign_id, i.owner_id, i.team_id, i.fields, i.token,
           i.is_active, i.version, i.created_at, i.updated_at, a.came, a.waiting
      from sales.inlet i
      cross join lateral (
           select count(*) filter (where received_at > :now::timestamptz - interval '30 days')::int
                      as came,
                  count(*) filter (where state = 'failed')::int as waiting
             from sales.arrival where org_id = :org_id and inlet_id = i.id) a
     where i.org_id = :org_id and (:id::uuid is null or i.id = :id)
     order by lower(i.name)
     limit 100
    """
)

INSERT = Query(
    """
    insert into sales.inlet
           (org_id, id, name, kind, source, campaign_id, owner_id, team_id, fields, token,
            is_active, created_at, updated_at)
    values (:org_id, :id, :name, :kind, :source, :campaign_id, :owner_id, :team_id,
            :fields::jsonb, :token, :is_active, :now, :now)
        on conflict (org_id, lower(name)) do nothing
    returning id
    """
)

LOCK = Query("select version from sales.inlet where org_id = :org_id and id = :id for update")

UPDATE = Query(
    """
    update sales.inlet i
       set name = :name, source = :source, campaign_id = :campaign_id, owner_id = :owner_id,
           team_id = :team_id, fields = :fields::jsonb, is_active = :is_active,
           version = version + 1, updated_at = :now
     where org_id = :org_id and id = :id
       and not exists (select from sales.inlet other
                        where other.org_id = :org_id and other.id <> :id
                          and lower(other.name) = lower(:name))
    returning id
    """
)

FIND_ARRIVAL = Query(
    """
    select id, inlet_id, state, reason, facts, body, lead_id, attempts, received_at, settled_at
      from sales.arrival
     where org_id = :org_id and inlet_id = :inlet_id and id = :id
       for update
    """
)

CLAIM = Query(
    """
    insert into sales.arrival (org_id, id, inlet_id, dedupe, state, received_at)
    values (:org_id, :id, :inlet_id, :dedupe, 'ignored', :now)
        on conflict (org_id, inlet_id, dedupe) do nothing
    returning id
    """
)

KNOWN = Query(
    """
    select id from sales.arrival
     where org_id = :org_id and inlet_id = :inlet_id and dedupe = :dedupe
    """
)

SETTLE = Query(
    """
    update sales.arrival
       set state = :state, reason = :reason, facts = :facts::jsonb, body = :body,
           lead_id = :lead_id, settled_at = :settled_at, attempts = attempts + :more
     where org_id = :org_id and id = :id
    """
)

ARRIVALS = Query(
    """
    select id, inlet_id, state, reason, facts, body, lead_id, attempts, received_at, settled_at
      from sales.arrival
     where org_id = :org_id and inlet_id = :inlet_id
       and (:state::text is null or state = :state)
       and (:before_id::uuid is null or id < :before_id)
     order by id desc
     limit :count
    """
)

FORGET_OLD = Query(
    """
    update sales.arrival
       set state = 'dismissed', reason = 'nobody took it in', facts = null, body = null,
           settled_at = :now
     where org_id = :org_id and state = 'failed' and received_at < :before
    """
)

FORGET_PERSON = Query(
    """
    update sales.arrival
       set state = 'dismissed', reason = 'erased', facts = null, body = null, settled_at = :now
     where org_id = :org_id and state = 'failed'
       and exists (select from unnest(:words::text[]) as word
                    where position(word in lower(body)) > 0)
    """
)


async def list_all(tx: Tx, now: datetime, inlet_id: UUID | None = None) -> list[Inlet]:
    return await tx.many(LIST, Inlet, id=inlet_id, now=now)


async def insert(tx: Tx, inlet_id: UUID, draft: InletDraft, token: str, now: datetime) -> bool:
    given = _columns(draft)
    return await tx.value(INSERT, id=inlet_id, token=token, now=now, **given) is not None


async def lock(tx: Tx, inlet_id: UUID) -> int | None:
    """Its version; nobody else changes it until the transaction ends."""
    found: int | None = await tx.value(LOCK, id=inlet_id)
    return found


async def update(tx: Tx, inlet_id: UUID, draft: InletDraft, now: datetime) -> bool:
    given = _columns(draft)
    del given["kind"]
    return await tx.value(UPDATE, id=inlet_id, now=now, **given) is not None


async def find_arrival(tx: Tx, inlet_id: UUID, arrival_id: UUID) -> Arrival | None:
    """Locked: two who settle it go one after the other."""
    return await tx.one_or_none(FIND_ARRIVAL, Arrival, inlet_id=inlet_id, id=arrival_id)


async def claim(tx: Tx, arrival_id: UUID, inlet_id: UUID, dedupe: str, now: datetime) -> bool:
    """False where it came before."""
    made = await tx.value(CLAIM, id=arrival_id, inlet_id=inlet_id, dedupe=dedupe, now=now)
    return made is not None


async def known(tx: Tx, inlet_id: UUID, dedupe: str) -> UUID:
    found: UUID = await tx.value(KNOWN, inlet_id=inlet_id, dedupe=dedupe)
    return found


async def settle(
    tx: Tx,
    arrival_id: UUID,
    state: State,
    *,
    reason: str = "",
    facts: dict[str, str] | None = None,
    body: str | None = None,
    lead_id: UUID | None = None,
    settled_at: datetime | None,
    more: int = 0,
) -> None:
    """`more` counts one more attempt."""
    await tx.run(
        SETTLE,
        id=arrival_id,
        state=str(state),
        reason=reason,
        facts=facts,
        body=body,
        lead_id=lead_id,
        settled_at=settled_at,
        more=more,
    )


async def arrivals(
    tx: Tx, inlet_id: UUID, state: str | None, *, before_id: UUID | None, count: int
) -> list[Arrival]:
    return await tx.many(
        ARRIVALS, Arrival, inlet_id=inlet_id, state=state, before_id=before_id, count=count
    )


async def forget_old(tx: Tx, before: datetime, now: datetime) -> None:
    await tx.run(FORGET_OLD, before=before, now=now)


async def forget_person(tx: Tx, words: Sequence[str], now: datetime) -> None:
    """What was never taken in and has one of these e-mails or phones in it."""
    await tx.run(FORGET_PERSON, words=[word.lower() for word in words if word], now=now)


def _columns(draft: InletDraft) -> dict[str, Any]:
    given = msgspec.structs.asdict(draft)
    return given | {"name": draft.name.strip(), "kind": str(draft.kind)}
