"""Links that show numbers, over HTTP. What they show is a page: /embed/{token}."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from tandem.crm.analytics.domain.links import LinkDraft, ReportLink, TooManyLinks
from tandem.crm.analytics.service import links
from tandem.flows import report_links
from tandem.kernel.errors import Forbidden, Invalid, NotFound
from tandem.kernel.http import Now, Transaction, refusals


class ReportLinks(msgspec.Struct, frozen=True, kw_only=True):
    items: Annotated[list[ReportLink], msgspec.Meta(max_length=200)]


class ReportLinksController(Controller):
    path = "/v1/report-links"
    tags = ("analytics",)

    @get(responses=refusals(Forbidden))
    async def list_links(
        self, tx: Transaction, now: Now, everybodys: FromQuery[bool] = False
    ) -> ReportLinks:
        """One's own, newest first; everybody's for who may configure analytics."""
        return ReportLinks(items=await links.list_links(tx, now=now, everybodys=everybodys))

    @post(responses=refusals(Forbidden, NotFound, Invalid, TooManyLinks))
    async def add_link(self, data: JSONBody[LinkDraft], tx: Transaction, now: Now) -> ReportLink:
        """Whoever has its `path` sees this as its maker may, until it expires or is taken back."""
        return await report_links.add_link(tx, data, now=now)

    @delete("/{link_id:uuid}", status_code=200, responses=refusals(Forbidden, NotFound))
    async def revoke_link(self, link_id: FromPath[UUID], tx: Transaction, now: Now) -> ReportLink:
        """It shows nothing from now on, for good."""
        return await links.revoke_link(tx, link_id, now=now)
