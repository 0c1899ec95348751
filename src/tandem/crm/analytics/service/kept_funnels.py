"""Keeping funnels: a kept one is a question that all may ask; answers are one's own."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from tandem.crm.analytics.domain.funnels import KEPT_MAX, Funnel, FunnelDraft, TooManyFunnels
from tandem.crm.analytics.domain.permissions import READ, WRITE
from tandem.crm.analytics.service.funnels import check
from tandem.crm.analytics.service.people import check_cuts
from tandem.crm.analytics.service.personal import Personal
from tandem.crm.analytics.store import kept_funnels as store
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.ids import new_id

FUNNEL = Personal(kind="funnel", named="a funnel", changes_with=WRITE)


async def list_funnels(tx: Tx) -> list[Funnel]:
    tx.actor.require(READ)
    return await store.list_rows(tx)


async def get_funnel(tx: Tx, funnel_id: UUID) -> Funnel:
    tx.actor.require(READ)
    found = await store.find(tx, funnel_id)
    if found is None:
        raise NotFound("There is no such funnel.")
    return found


async def keep_funnel(tx: Tx, draft: FunnelDraft, *, now: datetime) -> Funnel:
    """Refuses what could never be answered, and more than a company can look through."""
    tx.actor.require(WRITE)
    check_cuts(tx.actor, check(draft.query)[1])
    if await store.count_all(tx) >= KEPT_MAX:
        raise TooManyFunnels(f"There are {KEPT_MAX} funnels. Remove one first.")
    funnel_id = new_id()
    await store.insert(tx, funnel_id, draft, now)
    await FUNNEL.note(tx, "kept", funnel_id, {"name": draft.name}, now)
    return await get_funnel(tx, funnel_id)


async def change_funnel(
    tx: Tx,
    funnel_id: UUID,
    draft: FunnelDraft,
    *,
    is_current: Callable[[int], None],
    now: datetime,
) -> Funnel:
    """Only its owner changes it."""
    tx.actor.require(WRITE)
    found = await _own(tx, funnel_id)
    is_current(found.version)
    check_cuts(tx.actor, check(draft.query)[1])
    await store.save(tx, funnel_id, draft)
    await FUNNEL.note(tx, "changed", funnel_id, {"name": draft.name}, now)
    return await get_funnel(tx, funnel_id)


async def remove_funnel(tx: Tx, funnel_id: UUID, *, now: datetime) -> None:
    tx.actor.require(WRITE)
    found = await _own(tx, funnel_id)
    await store.delete(tx, funnel_id)
    await FUNNEL.note(tx, "removed", funnel_id, {"name": found.name}, now)


async def _own(tx: Tx, funnel_id: UUID) -> Funnel:
    found = await get_funnel(tx, funnel_id)
    FUNNEL.check_owner(tx, found)
    return found
