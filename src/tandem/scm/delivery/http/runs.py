"""Runs, the policy and how good the ETAs were."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody

from tandem.kernel.errors import Forbidden, Invalid, NotFound, StaleVersion
from tandem.kernel.http import (
    LIMIT_DEFAULT,
    Cursor,
    IfMatch,
    LimitParameter,
    Now,
    Transaction,
    check_if_match,
    etag,
    refusals,
)
from tandem.kernel.pages import Page
from tandem.scm.delivery import service
from tandem.scm.delivery.domain.runs import NotTheRunsStops, Run, RunClosed
from tandem.scm.delivery.domain.visibility import Policy
from tandem.scm.delivery.http.playback import From, Until, moment
from tandem.scm.delivery.service.runs import RunStops
from tandem.scm.delivery.store.etas import Accuracy

SPAN_MAX = timedelta(days=366)


class StopOrder(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Every open stop once, in the new order; or `optimise`: always the nearest next."""

    delivery_ids: Annotated[list[UUID], msgspec.Meta(max_length=500)] | None = None
    optimise: bool = False


class RunsController(Controller):
    path = "/v1/runs"
    tags = ("delivery",)

    @get("/", responses=refusals(Forbidden, Invalid))
    async def list_runs(
        self,
        tx: Transaction,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
        driver_id: FromQuery[UUID | None] = None,
        is_open: FromQuery[bool | None] = None,
    ) -> Page[Run]:
        """Newest first."""
        return await service.list_runs(
            tx, driver_id=driver_id, is_open=is_open, limit=limit, cursor=cursor
        )

    @get("/{run_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def get_run(self, run_id: FromPath[UUID], tx: Transaction) -> RunStops:
        """A run with its stops in order."""
        return await service.get_run(tx, run_id)

    @post(
        "/{run_id:uuid}/stop-order",
        responses=refusals(Forbidden, NotFound, RunClosed, NotTheRunsStops),
    )
    async def order_stops(
        self, run_id: FromPath[UUID], data: JSONBody[StopOrder], tx: Transaction, now: Now
    ) -> RunStops:
        """Put the open stops in another order."""
        if data.optimise == (data.delivery_ids is not None):
            raise Invalid("Give the stops in order, or say optimise.", field="delivery_ids")
        return await service.order_stops(tx, run_id, delivery_ids=data.delivery_ids, now=now)


class DeliverySettingsController(Controller):
    path = "/v1"
    tags = ("delivery",)

    @get("/delivery-policy", responses=refusals(Forbidden))
    async def get_policy(self, tx: Transaction) -> Response[Policy]:
        """What the public sees and when, what proof is asked for, how long pings are kept."""
        policy, version = await service.get_policy(tx)
        return Response(policy, headers=etag(version))

    @put("/delivery-policy", responses=refusals(Forbidden, Invalid, StaleVersion))
    async def set_policy(
        self, data: JSONBody[Policy], tx: Transaction, now: Now, if_match: IfMatch = None
    ) -> Response[Policy]:
        """Replace the policy. Tracking pages follow it at once."""
        _, version = await service.get_policy(tx)
        check_if_match(if_match, version)
        return Response(data, headers=etag(await service.set_policy(tx, data, now=now)))

    @get("/eta-accuracy", responses=refusals(Forbidden, Invalid))
    async def eta_accuracy(self, tx: Transaction, since: From, until: Until) -> list[Accuracy]:
        """How far off the predictions made 10, 20 and 30 minutes before arrival were, by source."""
        from_at, to_at = moment(since), moment(until)
        if not timedelta() < to_at - from_at <= SPAN_MAX:
            raise Invalid("Ask for a span of up to a year, from before to.", field="to")
        return await service.accuracy(tx, from_at=from_at, to_at=to_at)
