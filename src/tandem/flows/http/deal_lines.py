"""The lines of a deal over HTTP."""

import functools
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, put
from litestar.params import FromPath, JSONBody

from tandem.crm.sales import service
from tandem.crm.sales.domain.lines import Line, LineDrafts
from tandem.crm.sales.domain.opportunities import NotOpen, Opportunity
from tandem.flows.deal_lines import set_lines
from tandem.flows.place_order.pricing import NotForSale, UnknownSku
from tandem.kernel.errors import Forbidden, Invalid, NotFound, StaleVersion
from tandem.kernel.http import IfMatch, Now, Transaction, check_if_match, etag, refusals


class DealLines(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All lines as they shall be, in order."""

    lines: LineDrafts


class DealLinesController(Controller):
    path = "/v1/opportunities/{opportunity_id:uuid}/lines"
    tags = ("sales",)

    @get(responses=refusals(Forbidden, NotFound))
    async def list_lines(self, opportunity_id: FromPath[UUID], tx: Transaction) -> list[Line]:
        """In order, with the tax as it was worked out when they were saved."""
        return await service.list_lines(tx, opportunity_id)

    @put(
        responses=refusals(
            Forbidden, NotFound, Invalid, UnknownSku, NotForSale, NotOpen, StaleVersion
        )
    )
    async def set_lines(
        self,
        opportunity_id: FromPath[UUID],
        data: JSONBody[DealLines],
        tx: Transaction,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response[Opportunity]:
        """Replaces all lines. The deal's amount becomes what they come to without tax."""
        changed = await set_lines(
            tx,
            opportunity_id,
            data.lines,
            is_current=functools.partial(check_if_match, if_match),
            now=now,
        )
        return Response(changed, headers=etag(changed.version))
