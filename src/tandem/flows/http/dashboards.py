"""Dashboards over HTTP."""

import functools
from uuid import UUID

from litestar import Controller, Response, delete, get, post, put
from litestar.params import FromPath, JSONBody

from tandem.crm.analytics.domain.dashboards import Dashboard, DashboardDraft, TooManyDashboards
from tandem.flows import dashboards
from tandem.kernel.errors import Forbidden, Invalid, NotFound, StaleVersion
from tandem.kernel.http import IfMatch, Now, Transaction, check_if_match, etag, refusals


class DashboardsController(Controller):
    path = "/v1/dashboards"
    tags = ("analytics",)

    @get(responses=refusals(Forbidden))
    async def list_dashboards(self, tx: Transaction) -> list[Dashboard]:
        """One's own, and those shared with a role one has."""
        return await dashboards.list_dashboards(tx)

    @post(responses=refusals(Forbidden, Invalid, TooManyDashboards))
    async def add_dashboard(
        self, data: JSONBody[DashboardDraft], tx: Transaction, now: Now
    ) -> Response[Dashboard]:
        """Measures keep the versions that they have today, unless they name another."""
        made = await dashboards.add_dashboard(tx, data, now=now)
        return Response(made, status_code=201, headers=etag(made.version))

    @get("/{dashboard_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def get_dashboard(
        self, dashboard_id: FromPath[UUID], tx: Transaction
    ) -> Response[Dashboard]:
        found = await dashboards.get_dashboard(tx, dashboard_id)
        return Response(found, headers=etag(found.version))

    @put("/{dashboard_id:uuid}", responses=refusals(Forbidden, NotFound, Invalid, StaleVersion))
    async def change_dashboard(
        self,
        dashboard_id: FromPath[UUID],
        data: JSONBody[DashboardDraft],
        tx: Transaction,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response[Dashboard]:
        """The dashboard as it shall be. Only its owner may."""
        changed = await dashboards.change_dashboard(
            tx,
            dashboard_id,
            data,
            is_current=functools.partial(check_if_match, if_match),
            now=now,
        )
        return Response(changed, headers=etag(changed.version))

    @delete("/{dashboard_id:uuid}", status_code=204, responses=refusals(Forbidden, NotFound))
    async def remove_dashboard(
        self, dashboard_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> None:
        """Only its owner may."""
        await dashboards.remove_dashboard(tx, dashboard_id, now=now)
