"""Campaigns over HTTP, as far as marketing alone knows them. The rest: see flows."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from tandem.contracts.address import FILLED
from tandem.crm.marketing import service
from tandem.crm.marketing.domain.campaigns import Campaign, Money, feed_of
from tandem.crm.marketing.domain.engagement import Engagement, Type, Verdict
from tandem.crm.marketing.domain.recipients import Recipient
from tandem.crm.marketing.domain.recipients import State as Standing
from tandem.crm.marketing.domain.results import Stats
from tandem.kernel.errors import Forbidden, Invalid, NotFound
from tandem.kernel.http import Cursor, LimitParameter, Now, Transaction, etag, refusals
from tandem.kernel.pages import LIMIT_DEFAULT, Page
from tandem.kernel.patterns import whole

StandingFilter = Annotated[Standing | None, QueryParameter(name="state")]
Reason = Annotated[str | None, QueryParameter(pattern=whole(r"[a-z_:]{1,60}"))]


class Cost(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """In minor units of the company's currency."""

    cost_minor: Money
    budget_minor: Money | None = None


class NewVerdict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    verdict: Verdict
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=FILLED)]


class CampaignsController(Controller):
    path = "/v1/campaigns"
    tags = ("marketing",)

    @put("/{campaign_id:uuid}/cost", responses=refusals(Forbidden, NotFound))
    async def state_cost(
        self, campaign_id: FromPath[UUID], data: JSONBody[Cost], tx: Transaction, now: Now
    ) -> Response[Campaign]:
        """What it cost and may cost; at any time, also after it has ended."""
        campaign = await service.lock_campaign(tx, campaign_id)
        changed = await service.state_cost(
            tx, campaign, cost_minor=data.cost_minor, budget_minor=data.budget_minor, now=now
        )
        return Response(changed, headers=etag(changed.version))

    @get("/{campaign_id:uuid}/recipients", responses=refusals(Forbidden, NotFound, Invalid))
    async def list_recipients(
        self,
        campaign_id: FromPath[UUID],
        tx: Transaction,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
        wanted: StandingFilter = None,
        reason: Reason = None,
        variant_id: FromQuery[UUID | None] = None,
    ) -> Page[Recipient]:
        """Everybody the campaign was for, by id, with what became of them and why."""
        await service.get_campaign(tx, campaign_id)
        return await service.list_recipients(
            tx,
            campaign_id,
            limit=limit,
            cursor=cursor,
            state=wanted,
            reason=reason,
            variant_id=variant_id,
        )

    @get("/{campaign_id:uuid}/stats", responses=refusals(Forbidden, NotFound))
    async def get_stats(
        self,
        campaign_id: FromPath[UUID],
        tx: Transaction,
        now: Now,
        human_only: FromQuery[bool] = True,
    ) -> Stats:
        """What came of it, counted from the rows; without what machines did unless asked for."""
        campaign = await service.get_campaign(tx, campaign_id)
        return await service.stats(tx, campaign, human_only=human_only, now=now)

    @get("/{campaign_id:uuid}/engagement", responses=refusals(Forbidden, NotFound, Invalid))
    async def list_engagement(
        self,
        campaign_id: FromPath[UUID],
        tx: Transaction,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
        kind: FromQuery[Type | None] = None,
        verdict: FromQuery[Verdict | None] = None,
    ) -> Page[Engagement]:
        """Openings and clicks, newest first, each with its verdict and the reason."""
        await service.get_campaign(tx, campaign_id)
        return await service.list_engagement(
            tx, feed_of(campaign_id), limit=limit, cursor=cursor, kind=kind, verdict=verdict
        )


class EngagementController(Controller):
    path = "/v1/engagement"
    tags = ("marketing",)

    @post("/{engagement_id:uuid}/verdict", responses=refusals(Forbidden, NotFound))
    async def overrule(
        self,
        engagement_id: FromPath[UUID],
        data: JSONBody[NewVerdict],
        tx: Transaction,
        now: Now,
    ) -> Engagement:
        """Say by hand whether a person did it; whoever counted it otherwise is told."""
        return await service.overrule(tx, engagement_id, data.verdict, reason=data.reason, now=now)
