"""Making dashboards, sharing them with roles. What they show is always the looker's own."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.crm.analytics.domain.dashboards import (
    DASHBOARDS_MAX,
    Dashboard,
    DashboardDraft,
    Tile,
    TooManyDashboards,
    check_filter,
    pinned,
)
from tandem.crm.analytics.domain.permissions import READ, WRITE
from tandem.crm.analytics.service.asking import check
from tandem.crm.analytics.service.personal import Personal
from tandem.crm.analytics.store import dashboards as store
from tandem.kernel.actor import Actor
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.ids import new_id

DASHBOARD = Personal(kind="dashboard", named="a dashboard", changes_with=WRITE)


async def list_dashboards(tx: Tx, roles: Sequence[str]) -> list[Dashboard]:
    """One's own, and those shared with a role one has."""
    tx.actor.require(READ)
    return await store.list_rows(tx, roles)


async def get_dashboard(tx: Tx, dashboard_id: UUID, roles: Sequence[str]) -> Dashboard:
    tx.actor.require(READ)
    found = await store.find(tx, dashboard_id, roles)
    if found is None:
        raise NotFound("There is no such dashboard.")
    return found


async def add_dashboard(tx: Tx, draft: DashboardDraft, *, now: datetime) -> Dashboard:
    """Keeps the measures' versions of today. Refuses the hundred and first of one person."""
    tx.actor.require(WRITE)
    if await store.count_own(tx) >= DASHBOARDS_MAX:
        raise TooManyDashboards(f"You have {DASHBOARDS_MAX} dashboards. Remove one first.")
    dashboard_id = new_id()
    await store.insert(tx, dashboard_id, _pinned(draft, tx.actor), now)
    await _note(tx, "added", dashboard_id, draft, now)
    return await get_dashboard(tx, dashboard_id, ())


async def change_dashboard(
    tx: Tx,
    dashboard_id: UUID,
    draft: DashboardDraft,
    *,
    roles: Sequence[str],
    is_current: Callable[[int], None],
    now: datetime,
) -> Dashboard:
    """Only its owner changes it. Tiles that stay as they are may ask for what is gone meanwhile."""
    tx.actor.require(WRITE)
    found = await _own(tx, dashboard_id, roles)
    is_current(found.version)
    await store.save(tx, dashboard_id, _pinned(draft, tx.actor, kept=found.tiles))
    await _note(tx, "changed", dashboard_id, draft, now)
    return await get_dashboard(tx, dashboard_id, roles)


async def remove_dashboard(
    tx: Tx, dashboard_id: UUID, *, roles: Sequence[str], now: datetime
) -> None:
    tx.actor.require(WRITE)
    found = await _own(tx, dashboard_id, roles)
    await store.delete(tx, dashboard_id)
    await _note(tx, "removed", dashboard_id, found, now)


async def _own(tx: Tx, dashboard_id: UUID, roles: Sequence[str]) -> Dashboard:
    found = await get_dashboard(tx, dashboard_id, roles)
    DASHBOARD.check_owner(tx, found)
    return found


def _pinned(draft: DashboardDraft, actor: Actor, kept: Sequence[Tile] = ()) -> DashboardDraft:
    known = [tile.query for tile in kept]
    tiles = []
    for tile in draft.tiles:
        if tile.query in known:
            tiles.append(tile)
        else:
            check(tile.query, actor)
            tiles.append(pinned(tile))
    check_filter(draft)
    return msgspec.structs.replace(draft, tiles=tiles)


async def _note(
    tx: Tx, what: str, dashboard_id: UUID, draft: DashboardDraft | Dashboard, now: datetime
) -> None:
    after = {"name": draft.name, "shared_with": sorted(draft.shared_with)}
    await DASHBOARD.note(tx, what, dashboard_id, after, now)
