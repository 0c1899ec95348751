"""Inlets: made, changed, their addresses; what came by them, and what becomes of it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from tandem.crm.sales.domain.inlets import (
    DAYS_KEPT,
    INLETS_MAX,
    Arrival,
    ArrivalSettled,
    Inlet,
    InletDraft,
    InletTaken,
    State,
    check_fields,
)
from tandem.crm.sales.domain.leads import Captured, Channel, LeadDraft
from tandem.crm.sales.domain.permissions import CONFIGURE, READ, WRITE
from tandem.crm.sales.service.capturing import capture
from tandem.crm.sales.store import inlets as store
from tandem.kernel import audit, tokens
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound
from tandem.kernel.ids import new_id
from tandem.kernel.pages import Page, decode_cursor, page_of

LINK = "sales.inlet"
UNKNOWN = "There is no such inlet."
REASON_MAX = 500


async def list_inlets(tx: Tx, *, now: datetime) -> list[Inlet]:
    """By name. Whoever may not configure sees no addresses: they are secrets."""
    tx.actor.require(READ)
    found = await store.list_all(tx, now)
    return found if tx.actor.may(CONFIGURE) else [_without_token(one) for one in found]


async def get_inlet(tx: Tx, inlet_id: UUID, *, now: datetime) -> Inlet:
    tx.actor.require(READ)
    found = await store.list_all(tx, now, inlet_id)
    if not found:
        raise NotFound(UNKNOWN)
    return found[0] if tx.actor.may(CONFIGURE) else _without_token(found[0])


async def add_inlet(tx: Tx, draft: InletDraft, *, now: datetime) -> Inlet:
    """Its address is made once and never changes. Refuses fields that leads do not have, and a
    name there is already."""
    tx.actor.require(CONFIGURE)
    check_fields(draft.fields)
    if len(await store.list_all(tx, now)) >= INLETS_MAX:
        raise Invalid(f"There may be {INLETS_MAX} inlets at most.")
    inlet_id = new_id()
    [token] = await tokens.issue(tx, kind=LINK, entity_ids=[inlet_id])
    if not await store.insert(tx, inlet_id, draft, token, now):
        raise InletTaken("There is an inlet with this name.", field="name")
    await _note(tx, "added", inlet_id, now, after=msgspec.to_builtins(draft))
    return await get_inlet(tx, inlet_id, now=now)


async def change_inlet(
    tx: Tx,
    inlet_id: UUID,
    draft: InletDraft,
    *,
    is_current: Callable[[int], None] | None = None,
    now: datetime,
) -> Inlet:
    """As it shall be, for what comes from now on; the kind stays."""
    tx.actor.require(CONFIGURE)
    check_fields(draft.fields)
    version = await store.lock(tx, inlet_id)
    before = await get_inlet(tx, inlet_id, now=now)
    if is_current is not None and version is not None:
        is_current(version)
    if draft.kind is not before.kind:
        raise Invalid("What comes by an inlet stays of one kind.", field="kind")
    if not await store.update(tx, inlet_id, draft, now):
        raise InletTaken("There is an inlet with this name.", field="name")
    plain = msgspec.to_builtins(_without_token(before))
    await _note(tx, "changed", inlet_id, now, before=plain, after=msgspec.to_builtins(draft))
    return await get_inlet(tx, inlet_id, now=now)


async def open_inlet(tx: Tx, inlet_id: UUID, *, now: datetime) -> Inlet:
    """For whoever holds its address. Raises NotFound for one that is switched off."""
    found = await store.list_all(tx, now, inlet_id)
    if not found or not found[0].is_active:
        raise NotFound(UNKNOWN)
    return found[0]


async def claim(tx: Tx, inlet: Inlet, dedupe: str, *, now: datetime) -> tuple[UUID, bool]:
    """The arrival, and whether it is new. The same `dedupe` is one arrival for ever."""
    arrival_id = new_id()
    if await store.claim(tx, arrival_id, inlet.id, dedupe, now):
        return arrival_id, True
    return await store.known(tx, inlet.id, dedupe), False


async def ignore(tx: Tx, arrival_id: UUID, reason: str, *, now: datetime) -> None:
    await store.settle(tx, arrival_id, State.IGNORED, reason=reason, settled_at=now)


async def take(
    tx: Tx, inlet: Inlet, arrival_id: UUID, draft: LeadDraft, *, more: int = 0, now: datetime
) -> Captured:
    """It becomes a lead, or one more touch of somebody known: once, by the arrival's id."""
    found = await capture(tx, draft, channel=Channel.OTHER, dedupe=f"arrival:{arrival_id}", now=now)
    await store.settle(
        tx,
        arrival_id,
        State.TAKEN if found.is_new else State.KNOWN,
        lead_id=found.lead.id,
        settled_at=now,
        more=more,
    )
    return found


async def fail(
    tx: Tx, arrival_id: UUID, reason: str, facts: dict[str, str], body: str, *, more: int = 0
) -> None:
    """It is kept as it came, for somebody to look at."""
    await store.settle(
        tx,
        arrival_id,
        State.FAILED,
        reason=reason[:REASON_MAX],
        facts=facts,
        body=body,
        settled_at=None,
        more=more,
    )


async def list_arrivals(
    tx: Tx, inlet_id: UUID, *, state: State | None = None, limit: int, cursor: str | None = None
) -> Page[Arrival]:
    """The newest first; for who sees everybody's leads."""
    tx.actor.require_everywhere(READ)
    before_id = decode_cursor(cursor, UUID)[0] if cursor else None
    found = await store.arrivals(
        tx, inlet_id, None if state is None else str(state), before_id=before_id, count=limit + 1
    )
    return page_of(found, limit, lambda one: (one.id,))


async def lock_failed(tx: Tx, inlet_id: UUID, arrival_id: UUID) -> Arrival:
    """Refuses what was settled (409)."""
    tx.actor.require_everywhere(WRITE)
    found = await store.find_arrival(tx, inlet_id, arrival_id)
    if found is None:
        raise NotFound("There is no such arrival.")
    if found.state is not State.FAILED:
        raise ArrivalSettled(f"It is {found.state} already.")
    return found


async def dismiss(tx: Tx, inlet_id: UUID, arrival_id: UUID, *, now: datetime) -> None:
    """Nobody needs it; what was sent is forgotten."""
    await lock_failed(tx, inlet_id, arrival_id)
    await store.settle(tx, arrival_id, State.DISMISSED, reason="put away", settled_at=now)
    await audit.write(
        tx,
        action="sales.arrival_dismissed",
        subject_kind="arrival",
        subject_id=arrival_id,
        now=now,
    )


async def forget_old(tx: Tx, *, now: datetime) -> None:
    """Failed ones that nobody took in for 90 days."""
    await store.forget_old(tx, now - timedelta(days=DAYS_KEPT), now)


def _without_token(inlet: Inlet) -> Inlet:
    return msgspec.structs.replace(inlet, token="")


async def _note(tx: Tx, what: str, subject_id: UUID, now: datetime, **facts: Any) -> None:
    await audit.write(
        tx,
        action=f"sales.inlet_{what}",
        subject_kind="inlet",
        subject_id=subject_id,
        now=now,
        **facts,
    )
