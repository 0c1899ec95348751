"""The sandbox's own pages: what there is, what is broken on purpose, what time it is, what was
sent. Plain forms, so that everything works without a script."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from tandem.sandbox.clock import ClockRefused
from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.faults import FaultRefused, NewFault
from tandem.sandbox.mailbox.messages import count_messages
from tandem.sandbox.pages import page

STEPS = (
    ("-1h", "1 hour back"),
    ("1h", "1 hour"),
    ("6h", "6 hours"),
    ("1d", "1 day"),
    ("7d", "1 week"),
)

Form = URLEncodedBody[Mapping[str, str]]


def routes() -> Sequence[ControllerRouterHandler]:
    return [IndexController]


class IndexController(Controller):
    path = "/"

    @get("/")
    async def show_index(self, deps: NamedDependency[Dependencies]) -> Response[str]:
        return _index(deps)

    @get("/webhooks")
    async def show_webhooks(self, deps: NamedDependency[Dependencies]) -> Response[str]:
        return page(
            "webhooks.html",
            section="webhooks",
            deliveries=[
                {"row": delivery, "at": datetime.fromtimestamp(delivery.queued_at).astimezone()}
                for delivery in deps.webhooks.list_deliveries(limit=100)
            ],
            endpoints=[found for found in deps.webhooks.list_endpoints() if found.is_disabled],
        )

    @post("/forms/faults")
    async def add_fault(self, data: Form, deps: NamedDependency[Dependencies]) -> Response[Any]:
        """The target and kind come as one choice, `sms:429`."""
        target, _, kind = data.get("what", "").partition(":")
        given = {
            "target": target,
            "kind": kind,
            "count": data.get("count") or 1,
            "match": data.get("match", "").strip(),
            "seconds": data.get("seconds") or None,
        }
        try:
            deps.faults.add(msgspec.convert(given, NewFault, strict=False))
        except (FaultRefused, msgspec.ValidationError) as refused:
            return _index(deps, notice=str(refused))
        return _back("/")

    @post("/forms/faults/{fault_id:int}/removal")
    async def remove_fault(
        self, fault_id: FromPath[int], deps: NamedDependency[Dependencies]
    ) -> Response[Any]:
        deps.faults.clear(fault_id)
        return _back("/")

    @post("/forms/clock")
    async def move_clock(self, data: Form, deps: NamedDependency[Dependencies]) -> Response[Any]:
        """A span in `advance`; without one the clock goes back to the machine's time."""
        try:
            if span := data.get("advance", "").strip():
                deps.clock.advance(span)
            else:
                deps.clock.set_offset(0)
        except ClockRefused as refused:
            return _index(deps, notice=str(refused))
        return _back("/")

    @post("/forms/webhooks/{delivery_id:int}/redelivery")
    async def send_again(
        self, delivery_id: FromPath[int], deps: NamedDependency[Dependencies]
    ) -> Response[Any]:
        deps.webhooks.send_again(delivery_id)
        return _back("/webhooks")

    @post("/forms/webhooks/enabling")
    async def enable(self, data: Form, deps: NamedDependency[Dependencies]) -> Response[Any]:
        deps.webhooks.enable(data.get("provider", ""), data.get("url", ""))
        return _back("/webhooks")


def _index(deps: Dependencies, notice: str | None = None) -> Response[str]:
    return page(
        "index.html",
        status=400 if notice else 200,
        notice=notice,
        settings=deps.settings,
        targets=sorted(deps.faults.targets.values(), key=lambda target: target.name),
        faults=deps.faults.list_waiting(),
        now=deps.clock.now(),
        offset=deps.clock.offset_seconds,
        steps=STEPS,
        mail_count=count_messages(deps.store),
    )


def _back(path: str) -> Redirect:
    return Redirect(path, status_code=303)
