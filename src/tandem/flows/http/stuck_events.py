"""What stopped after too many failures, over HTTP."""

from typing import Annotated

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, PathParameter

from tandem.flows import stuck_events
from tandem.kernel.errors import Forbidden, NotFound
from tandem.kernel.http import Now, Transaction, refusals
from tandem.kernel.outbox import Parked


class Retried(msgspec.Struct, kw_only=True):
    count: int


class StuckEventsController(Controller):
    path = "/v1/stuck-events"
    tags = ("operations",)

    @get(responses=refusals(Forbidden))
    async def list_stuck(self, tx: Transaction) -> list[Parked]:
        """Reactions that failed twelve times and wait for a person, at most 200."""
        return await stuck_events.list_stuck(tx)

    @post("/retries", responses=refusals(Forbidden))
    async def retry_all(self, tx: Transaction, now: Now) -> Retried:
        """Give all of them new tries."""
        return Retried(count=await stuck_events.retry(tx, None, now=now))

    @post("/{delivery_id:int}/retries", responses=refusals(Forbidden, NotFound))
    async def retry_one(
        self,
        delivery_id: FromPath[Annotated[int, PathParameter(ge=1, le=10**15)]],
        tx: Transaction,
        now: Now,
    ) -> Retried:
        """Give one of them new tries."""
        return Retried(count=await stuck_events.retry(tx, delivery_id, now=now))
