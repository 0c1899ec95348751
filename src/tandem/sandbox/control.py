"""How scripts and tests steer the sandbox: faults, the clock and a look at webhooks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from litestar import Controller, Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.types import ControllerRouterHandler

from tandem.sandbox.clock import Clock, ClockRefused
from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.faults import Fault, FaultRefused, NewFault
from tandem.sandbox.loopback import NotLoopback
from tandem.sandbox.webhook_queue import Delivery, Endpoint


class MoveClock(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Exactly one of the three. `advance` is a span such as `2h`, `1d 30m` or `-15m`."""

    offset_seconds: int | None = None
    advance: str | None = None
    at: datetime | None = None


class ClockFace(msgspec.Struct, frozen=True, kw_only=True):
    now: datetime
    offset_seconds: int


class SentWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery without its secrets. Times are the machine's own Unix seconds."""

    id: int
    provider: str
    url: str
    event: str
    event_id: str
    body: str
    state: str
    attempts: int
    due_at: float
    queued_at: float
    finished_at: float | None
    status: int | None
    error: str | None
    fault: str | None


class WebhookDesk(msgspec.Struct, frozen=True, kw_only=True):
    deliveries: Sequence[SentWebhook]
    endpoints: Sequence[Endpoint]


class WhichEndpoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    provider: str
    url: str


def routes() -> Sequence[ControllerRouterHandler]:
    return [ControlController]


class ControlController(Controller):
    path = "/sandbox"

    @get("/health")
    async def is_up(self) -> dict[str, str]:
        return {"status": "ok"}

    @get("/faults")
    async def list_faults(self, deps: NamedDependency[Dependencies]) -> list[Fault]:
        return deps.faults.list_waiting()

    @post("/faults")
    async def add_fault(
        self, data: JSONBody[NewFault], deps: NamedDependency[Dependencies]
    ) -> Fault:
        """Break the next `count` matching requests or webhooks."""
        return deps.faults.add(data)

    @delete("/faults")
    async def clear_faults(self, deps: NamedDependency[Dependencies]) -> None:
        deps.faults.clear()

    @delete("/faults/{fault_id:int}")
    async def clear_fault(
        self, fault_id: FromPath[int], deps: NamedDependency[Dependencies]
    ) -> None:
        if deps.faults.clear(fault_id) == 0:
            raise NotFoundException(f"No fault {fault_id}.")

    @get("/clock")
    async def read_clock(self, deps: NamedDependency[Dependencies]) -> ClockFace:
        return _face(deps.clock)

    @post("/clock", status_code=200)
    async def move_clock(
        self, data: JSONBody[MoveClock], deps: NamedDependency[Dependencies]
    ) -> ClockFace:
        """Move the present, for the sandbox and for every process that reads the clock file."""
        _move(deps.clock, data)
        return _face(deps.clock)

    @get("/webhooks")
    async def list_webhooks(
        self, deps: NamedDependency[Dependencies], provider: FromQuery[str | None] = None
    ) -> WebhookDesk:
        """The last 200 deliveries, newest first, and every endpoint that was ever called."""
        deliveries = deps.webhooks.list_deliveries(provider=provider)
        return WebhookDesk(
            deliveries=[_without_secrets(delivery) for delivery in deliveries],
            endpoints=deps.webhooks.list_endpoints(),
        )

    @post("/webhooks/{delivery_id:int}/redelivery", status_code=202)
    async def send_webhook_again(
        self, delivery_id: FromPath[int], deps: NamedDependency[Dependencies]
    ) -> None:
        """Queue a finished delivery once more, under the same event id."""
        if not deps.webhooks.send_again(delivery_id):
            raise NotFoundException(f"No finished delivery {delivery_id}.")

    @post("/webhooks/enabling", status_code=204)
    async def enable_endpoint(
        self, data: JSONBody[WhichEndpoint], deps: NamedDependency[Dependencies]
    ) -> None:
        """Switch an endpoint on again that was disabled after too many failures."""
        deps.webhooks.enable(data.provider, data.url)


def answer_refusal(
    _: Request[Any, Any, Any], refused: FaultRefused | ClockRefused | NotLoopback
) -> Response[dict[str, Any]]:
    return Response({"status_code": 400, "detail": str(refused)}, status_code=400)


REFUSALS = (FaultRefused, ClockRefused, NotLoopback)


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


def _without_secrets(delivery: Delivery) -> SentWebhook:
    facts = {name: getattr(delivery, name) for name in SentWebhook.__struct_fields__}
    return SentWebhook(**facts | {"body": delivery.body.decode("utf-8", "replace")})
