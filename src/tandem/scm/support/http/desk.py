"""The desk's settings: calendar, targets, queues, categories."""

from litestar import Controller, Response, get, put
from litestar.params import JSONBody

from tandem.kernel.calendars import CalendarWrong
from tandem.kernel.errors import Forbidden, StaleVersion
from tandem.kernel.http import IfMatch, Now, Transaction, check_if_match, etag, refusals
from tandem.scm.support import service
from tandem.scm.support.domain.desk import Desk, DeskWrong


class DeskController(Controller):
    path = "/v1/support-settings"
    tags = ("support",)

    @get("/", responses=refusals(Forbidden))
    async def get_settings(self, tx: Transaction) -> Response[Desk]:
        """Version 0 is the usual desk, never saved."""
        tx.actor.require("support.read")
        held = await service.get_desk(tx)
        return Response(held.desk, headers=etag(held.version))

    @put("/", responses=refusals(Forbidden, StaleVersion, DeskWrong, CalendarWrong))
    async def put_settings(
        self, data: JSONBody[Desk], tx: Transaction, now: Now, if_match: IfMatch = None
    ) -> Response[Desk]:
        """Replace the settings whole; complaints opened before keep the times they were given."""
        check_if_match(if_match, await service.lock_desk(tx))
        held = await service.save_desk(tx, data, now=now)
        return Response(held.desk, headers=etag(held.version))
