"""Campaigns drafted, looked at before they leave, and sent on their way, over HTTP."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from tandem.crm.marketing import service
from tandem.crm.marketing.domain.approvals import (
    Approval,
    ApprovalNeeded,
    ApprovalNotAsked,
    Request,
)
from tandem.crm.marketing.domain.campaigns import (
    Campaign,
    CampaignFixed,
    CampaignIncomplete,
    Kind,
    PerMinute,
    Plan,
    Schedule,
    State,
)
from tandem.crm.notifications import service as notifications
from tandem.crm.notifications.domain.domain_limits import DOMAINS_MAX, DomainWait
from tandem.flows import campaign_approval, campaigns
from tandem.flows.audiences import AudiencePreview
from tandem.flows.campaigns import Explanation, TestMessages
from tandem.kernel.errors import Forbidden, IllegalMove, Invalid, NotFound, StaleVersion
from tandem.kernel.http import (
    Cursor,
    IfMatch,
    LimitParameter,
    Now,
    Transaction,
    check_if_match,
    etag,
    refusals,
)
from tandem.kernel.pages import LIMIT_DEFAULT, Page

Words = Annotated[str | None, QueryParameter(max_length=100, pattern=r"^[^\x00%_\\]*$")]
StateFilter = Annotated[State | None, QueryParameter(name="state")]


class Pace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Messages in any 60 seconds; null is as fast as it goes."""

    per_minute: PerMinute | None


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    message_ids: Annotated[list[UUID], msgspec.Meta(max_length=5)]


class Approvals(msgspec.Struct, frozen=True, kw_only=True):
    items: Annotated[list[Approval], msgspec.Meta(max_length=20)]


class DomainWaits(msgspec.Struct, frozen=True, kw_only=True):
    items: Annotated[list[DomainWait], msgspec.Meta(max_length=DOMAINS_MAX)]


class CampaignFlowsController(Controller):
    path = "/v1/campaigns"
    tags = ("marketing",)

    @get("/", responses=refusals(Forbidden, Invalid))
    async def list_campaigns(
        self,
        tx: Transaction,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
        wanted: StateFilter = None,
        kind: FromQuery[Kind | None] = None,
        q: Words = None,
    ) -> Page[Campaign]:
        """Newest first; `q` is part of a name."""
        return await service.list_campaigns(
            tx, limit=limit, cursor=cursor, state=wanted, kind=kind, words=q
        )

    @get("/{campaign_id:uuid}/domain-waits", responses=refusals(Forbidden, NotFound))
    async def list_domain_waits(self, campaign_id: FromPath[UUID], tx: Transaction) -> DomainWaits:
        """How many of it wait for the limit of their recipients' domain, most first."""
        campaign = await service.get_campaign(tx, campaign_id)
        items = await notifications.domain_waits(tx.with_all_grants(), campaign.feed)
        return DomainWaits(items=items)

    @get("/{campaign_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def get_campaign(
        self, campaign_id: FromPath[UUID], tx: Transaction
    ) -> Response[Campaign]:
        found = await service.get_campaign(tx, campaign_id)
        return Response(found, headers=etag(found.version))

    @post("/", responses=refusals(Forbidden, NotFound, Invalid))
    async def add_campaign(
        self, data: JSONBody[Plan], tx: Transaction, now: Now
    ) -> Response[Campaign]:
        """A draft. Nothing leaves before it is scheduled."""
        return _answer(await campaigns.add_campaign(tx, data, now=now), status=201)

    @put(
        "/{campaign_id:uuid}",
        responses=refusals(Forbidden, NotFound, Invalid, CampaignFixed, StaleVersion),
    )
    async def change_campaign(
        self,
        campaign_id: FromPath[UUID],
        data: JSONBody[Plan],
        tx: Transaction,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response[Campaign]:
        """Another plan in place of a draft's."""
        campaign = await service.lock_campaign(tx, campaign_id)
        check_if_match(if_match, campaign.version)
        return _answer(await campaigns.change_campaign(tx, campaign, data, now=now))

    @get("/{campaign_id:uuid}/preview", responses=refusals(Forbidden, NotFound))
    async def preview(
        self, campaign_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> AudiencePreview:
        """Whom it would reach if it left now, and why others would get nothing, by reason."""
        return await campaigns.preview(tx, campaign_id, now=now)

    @post(
        "/{campaign_id:uuid}/test-messages",
        responses=refusals(Forbidden, NotFound, Invalid, CampaignIncomplete),
    )
    async def send_test(
        self, campaign_id: FromPath[UUID], data: JSONBody[TestMessages], tx: Transaction, now: Now
    ) -> Sent:
        """To some addresses of one's own; outside every count and limit."""
        campaign = await service.get_campaign(tx, campaign_id)
        return Sent(message_ids=await campaigns.send_test(tx, campaign, data, now=now))

    @put(
        "/{campaign_id:uuid}/schedule",
        responses=refusals(
            Forbidden,
            NotFound,
            Invalid,
            CampaignIncomplete,
            ApprovalNeeded,
            IllegalMove,
            StaleVersion,
        ),
    )
    async def schedule(
        self,
        campaign_id: FromPath[UUID],
        data: JSONBody[Schedule],
        tx: Transaction,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response[Campaign]:
        """Promise an hour; without one it begins at once."""
        campaign = await service.lock_campaign(tx, campaign_id)
        check_if_match(if_match, campaign.version)
        return _answer(await campaigns.schedule(tx, campaign, data, now=now))

    @delete(
        "/{campaign_id:uuid}/schedule",
        status_code=200,
        responses=refusals(Forbidden, NotFound, IllegalMove),
    )
    async def unschedule(
        self, campaign_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Campaign]:
        """Back to a draft, while its hour has not come."""
        campaign = await service.lock_campaign(tx, campaign_id)
        return _answer(await service.unschedule(tx, campaign, now=now))

    @post("/{campaign_id:uuid}/pause", responses=refusals(Forbidden, NotFound, IllegalMove))
    async def pause(
        self, campaign_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Campaign]:
        """Nothing of it is taken in hand any more; what is in hand leaves."""
        campaign = await service.lock_campaign(tx, campaign_id)
        return _answer(await campaigns.pause(tx, campaign, now=now), status=201)

    @post(
        "/{campaign_id:uuid}/resumption",
        responses=refusals(Forbidden, NotFound, ApprovalNeeded, IllegalMove),
    )
    async def resume(
        self, campaign_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Campaign]:
        campaign = await service.lock_campaign(tx, campaign_id)
        return _answer(await campaigns.resume(tx, campaign, now=now), status=201)

    @post("/{campaign_id:uuid}/cancellation", responses=refusals(Forbidden, NotFound, IllegalMove))
    async def cancel(
        self, campaign_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Campaign]:
        """For good; whoever was not written to yet never is."""
        campaign = await service.lock_campaign(tx, campaign_id)
        return _answer(await campaigns.cancel(tx, campaign, now=now), status=201)

    @get("/{campaign_id:uuid}/approvals", responses=refusals(Forbidden, NotFound))
    async def list_approvals(self, campaign_id: FromPath[UUID], tx: Transaction) -> Approvals:
        """Every yes that was asked for, newest first, with what had changed since the last one."""
        await service.get_campaign(tx, campaign_id)
        return Approvals(items=await service.list_approvals(tx, campaign_id))

    @post(
        "/{campaign_id:uuid}/approvals",
        responses=refusals(Forbidden, NotFound, CampaignIncomplete, ApprovalNotAsked),
    )
    async def ask_approval(
        self, campaign_id: FromPath[UUID], data: JSONBody[Request], tx: Transaction, now: Now
    ) -> Approval:
        """Ask a second person to say yes to it as it is now; a change voids it."""
        campaign = await service.lock_campaign(tx, campaign_id)
        return await campaign_approval.ask(tx, campaign, note=data.note, now=now)

    @put("/{campaign_id:uuid}/pace", responses=refusals(Forbidden, NotFound, Invalid))
    async def set_pace(
        self, campaign_id: FromPath[UUID], data: JSONBody[Pace], tx: Transaction, now: Now
    ) -> Response[Campaign]:
        """Also while it is sending."""
        campaign = await service.lock_campaign(tx, campaign_id)
        return _answer(await campaigns.set_pace(tx, campaign, per_minute=data.per_minute, now=now))

    @get(
        "/{campaign_id:uuid}/recipients/{customer_id:uuid}/explanation",
        responses=refusals(Forbidden, NotFound),
    )
    async def explain(
        self, campaign_id: FromPath[UUID], customer_id: FromPath[UUID], tx: Transaction
    ) -> Explanation:
        """Why somebody was or was not written to: every rule asked, and every try."""
        await service.get_campaign(tx, campaign_id)
        return await campaigns.explain(tx, campaign_id, customer_id)


def _answer(campaign: Campaign, *, status: int = 200) -> Response[Campaign]:
    return Response(campaign, status_code=status, headers=etag(campaign.version))
