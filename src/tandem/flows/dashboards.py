"""Dashboards where they need to know which roles the asker has."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from tandem.crm.analytics import service as analytics
from tandem.crm.analytics.domain.dashboards import Dashboard, DashboardDraft
from tandem.crm.identity import service as identity
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid


async def list_dashboards(tx: Tx) -> list[Dashboard]:
    return await analytics.list_dashboards(tx, await _roles(tx))


async def get_dashboard(tx: Tx, dashboard_id: UUID) -> Dashboard:
    return await analytics.get_dashboard(tx, dashboard_id, await _roles(tx))


async def add_dashboard(tx: Tx, draft: DashboardDraft, *, now: datetime) -> Dashboard:
    """Refuses to share it with a role that there is none of."""
    await _check_roles(tx, draft)
    return await analytics.add_dashboard(tx, draft, now=now)


async def change_dashboard(
    tx: Tx,
    dashboard_id: UUID,
    draft: DashboardDraft,
    *,
    is_current: Callable[[int], None],
    now: datetime,
) -> Dashboard:
    await _check_roles(tx, draft)
    roles = await _roles(tx)
    return await analytics.change_dashboard(
        tx, dashboard_id, draft, roles=roles, is_current=is_current, now=now
    )


async def remove_dashboard(tx: Tx, dashboard_id: UUID, *, now: datetime) -> None:
    await analytics.remove_dashboard(tx, dashboard_id, roles=await _roles(tx), now=now)


async def _roles(tx: Tx) -> list[str]:
    """A key of the API has no roles: it sees what it made itself."""
    people = await identity.list_users(tx.with_all_grants())
    return next((each.role_keys for each in people if each.id == tx.actor.user_id), [])


async def _check_roles(tx: Tx, draft: DashboardDraft) -> None:
    known = {role.key for role in await identity.list_roles(tx.with_all_grants())}
    for place, key in enumerate(draft.shared_with):
        if key not in known:
            raise Invalid("There is no such role.", field=f"shared_with[{place}]")
