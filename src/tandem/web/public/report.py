"""A dashboard or an answer for whoever has its link: to look at, in frames of sites it names."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import Controller, Request, Response, get
from litestar.params import FromPath

from tandem.crm.analytics import service as analytics
from tandem.crm.analytics.domain.funnels import FunnelAsk, FunnelResult
from tandem.crm.analytics.domain.links import LinkDraft, LinkRefused, refused
from tandem.crm.analytics.domain.retention import RetentionAsk, RetentionResult
from tandem.crm.analytics.service import links
from tandem.flows import report_links
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Tx
from tandem.kernel.errors import Forbidden, Refusal
from tandem.kernel.http import PUBLIC, Now, Store
from tandem.kernel.http.access import limited
from tandem.kernel.limits import Limit
from tandem.web.company import find_company
from tandem.web.console import figures, funnels, retention, tiles
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
        people = await _people(seen.tx, link.draft, now)
    answer = page(
        request,
        "public/report.html",
        company=company,
        name=seen.name,
        numbers=[one for one in views if one.shape == "number"],
        tiles=[one for one in views if one.shape != "number"],
        as_of=people.as_of or max((one.as_of for one in views if one.as_of), default=now),
        people=people,
        compared=next((one.compared for one in views if one.compared), ""),
        expires_at=link.expires_at,
    )
    return framed(answer, link.allowed_origins)


class _People(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown of a funnel, or of cohorts."""

    problem: str = ""
    as_of: datetime | None = None
    funnel: FunnelResult | None = None
    bars: list[funnels.Bar] = []
    days: str = ""
    cohorts: RetentionResult | None = None
    rows: list[retention.Row] = []
    heads: list[str] = []
    averages: list[str] = []


async def _people(tx: Tx, draft: LinkDraft, now: datetime) -> _People:
    """Raises LinkRefused where the owner may not ask it any more."""
    try:
        if draft.funnel is not None:
            return await _funnel(tx, draft.funnel, now)
        if draft.retention is not None:
            return await _cohorts(tx, draft.retention, now)
    except Forbidden as reason:
        raise refused() from reason
    except Refusal as refusal:
        return _People(problem=refusal.detail)
    return _People()


async def _funnel(tx: Tx, ask: FunnelAsk, now: datetime) -> _People:
    found = await analytics.run_funnel(tx, ask, now)
    return _People(
        as_of=found.as_of,
        funnel=found,
        bars=funnels.bars_of(ask, found),
        days=funnels.days_said(found),
    )


async def _cohorts(tx: Tx, ask: RetentionAsk, now: datetime) -> _People:
    found = await analytics.run_retention(tx, ask, now)
    return _People(
        as_of=found.as_of,
        cohorts=found,
        rows=retention.rows_of(ask, found),
        heads=retention.heads_of(ask),
        averages=[figures.exact(one, "ratio", "") for one in found.averages],
    )
