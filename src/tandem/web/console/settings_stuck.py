"""What stopped after too many failures: shown with its last error, and given new tries."""

from typing import Any

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.flows import stuck_events
from tandem.kernel.errors import NotFound
from tandem.kernel.http import Now, Transaction
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
PATH = "/settings/stuck-events"


class StuckEventsPage(Controller):
    path = PATH
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        stuck = await stuck_events.list_stuck(tx)
        return page(request, "console/settings/stuck_events.html", stuck=stuck)

    @post("/retries")
    async def retry_all(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        count = await stuck_events.retry(tx, None, now=now)
        said = "1 event is tried again." if count == 1 else f"{count} events are tried again."
        return redirect(request, PATH, toast=said)

    @post("/{delivery_id:str}/retries")
    async def retry_one(
        self, request: AnyRequest, delivery_id: FromPath[str], tx: Transaction, now: Now
    ) -> Response[Any]:
        if not (delivery_id.isdecimal() and len(delivery_id) < 16):
            raise NotFound("Nothing of this number is stuck.")
        await stuck_events.retry(tx, int(delivery_id), now=now)
        return redirect(request, PATH, toast="It is tried again.")
