"""How people, tests and scripts steer the sandbox: faults, the clock and a look at webhooks."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from litestar import Controller, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler

from tandem.sandbox.clock import Clock, ClockRefused
from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.faults import Fault, FaultRefused, NewFault
from tandem.sandbox.webhook_queue import Delivery, Endpoint


class MoveClock(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Exactly one of the three."""

    offset_seconds: int | None = None
    advance: str | None = None
    at: datetime | None = None


class ClockFace(msgspec.Struct, frozen=True, kw_only=True):
    now: datetime
    offset_seconds: int


class WebhookDesk(msgspec.Struct, frozen=True, kw_only=True):
    deliveries: Sequence[Delivery]
    endpoints: Sequence[Endpoint]


def routes(_: Dependencies) -> Sequence[ControllerRouterHandler]:
    return [ControlController]


class ControlController(Controller):
    path = "/sandbox"

    @get("/faults")
    async def list_faults(self, deps: NamedDependency[Dependencies]) -> list[Fault]:
        return deps.faults.list_waiting()

    @post("/faults")
    async def add_fault(
        self, data: JSONBody[NewFault], deps: NamedDependency[Dependencies]
    ) -> Fault:
        """Break the next `count` matching requests or webhooks."""
        try:
            return deps.faults.add(data)
        except FaultRefused as refused:
            raise HTTPException(str(refused), status_code=400) from refused

    @delete("/faults")
    async def clear_faults(self, deps: NamedDependency[Dependencies]) -> None:
        deps.faults.clear()

    @get("/clock")
    async def read_clock(self, deps: NamedDependency[Dependencies]) -> ClockFace:
        return _face(deps.clock)

    @post("/clock", status_code=200)
    async def move_clock(
        self, data: JSONBody[MoveClock], deps: NamedDependency[Dependencies]
    ) -> ClockFace:
        """Move the present, for the sandbox and for every process that reads the clock file."""
        try:
            _move(deps.clock, data)
        except ClockRefused as refused:
            raise HTTPException(str(refused), status_code=400) from refused
        return _face(deps.clock)

    @get("/webhooks")
    async def list_webhooks(
        self, deps: NamedDependency[Dependencies], provider: str | None = None
    ) -> WebhookDesk:
        return WebhookDesk(
            deliveries=deps.webhooks.list_deliveries(provider=provider),
            endpoints=deps.webhooks.list_endpoints(),
        )

    @post("/webhooks/{delivery_id:int}/redelivery")
    async def send_webhook_again(
        self, delivery_id: int, deps: NamedDependency[Dependencies]
    ) -> Response[None]:
        found = deps.webhooks.send_again(delivery_id)
        return Response(None, status_code=202 if found else 404)


def _move(clock: Clock, move: MoveClock) -> None:
    match move:
        case MoveClock(offset_seconds=int(seconds), advance=None, at=None):
            clock.set_offset(seconds)
        case MoveClock(offset_seconds=None, advance=str(span), at=None):
            clock.advance(span)
        case MoveClock(offset_seconds=None, advance=None, at=datetime() as instant):
            clock.move_to(instant)
        case _:
            raise ClockRefused("Give exactly one of offset_seconds, advance and at.")


def _face(clock: Clock) -> ClockFace:
    return ClockFace(now=clock.now(), offset_seconds=clock.offset_seconds)
