"""A dashboard or an answer for whoever has its link: to look at, in frames of sites it names."""

from datetime import datetime
from typing import Any

from litestar import Controller, Request, Response, get
from litestar.params import FromPath

from tandem.crm.analytics.domain.links import LinkRefused, refused
from tandem.crm.analytics.service import links
from tandem.flows import report_links
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.http import PUBLIC, Now, Store
from tandem.kernel.http.access import limited
from tandem.kernel.limits import Limit
from tandem.web.company import find_company
from tandem.web.console import tiles
from tandem.web.framing import framed
from tandem.web.rendering import page

AnyRequest = Request[Any, Any, Any]
LOOKING = {**PUBLIC, **limited(Limit(name="report_links", count=60, seconds=60))}


class SharedReportPage(Controller):
    path = "/embed/{token:str}"
    include_in_schema = False
    opt = LOOKING

    @get()
    async def show(
        self, request: AnyRequest, token: FromPath[str], database: Store, now: Now
    ) -> Response[Any]:
        """What it shows was fixed when it was made: whoever asks for more by its address is
        refused, not shown less."""
        try:
            return await _report(request, database, token, now)
        except LinkRefused as refusal:
            return page(
                request,
                "public/report_refused.html",
                status=refusal.status,
                refusal=refusal,
                company=None,
            )


async def _report(
    request: AnyRequest, database: Database, token: str, now: datetime
) -> Response[Any]:
    if request.url.query:
        raise refused()
    signed = links.read_token(token)
    async with database.transaction(Actor.public(signed.org_id)) as tx:
        link = await links.open_link(tx, signed, now=now)
        company = await find_company(tx)
        seen = await report_links.look(tx, link, now=now)
        views = [
            await tiles.view(seen.tx, tile, place, now=now) for place, tile in enumerate(seen.tiles)
        ]
    answer = page(
        request,
        "public/report.html",
        company=company,
        name=seen.name,
        numbers=[one for one in views if one.shape == "number"],
        tiles=[one for one in views if one.shape != "number"],
        as_of=max((one.as_of for one in views if one.as_of), default=now),
        compared=next((one.compared for one in views if one.compared), ""),
        expires_at=link.expires_at,
    )
    return framed(answer, link.allowed_origins)
