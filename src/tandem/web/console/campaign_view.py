"""One campaign's page: what is to be done with it now, how far it is, and what came of it."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response

from tandem.crm.analytics.domain.attribution import WINDOWS
from tandem.crm.customers import service as customers
from tandem.crm.identity import service as identity
from tandem.crm.marketing import service as marketing
from tandem.crm.marketing.domain.approvals import MAY_BE_ASKED, Approval, author_of
from tandem.crm.marketing.domain.campaigns import Campaign, State
from tandem.crm.marketing.domain.results import Stats
from tandem.crm.notifications import service as notifications
from tandem.crm.notifications.domain.domain_limits import DomainWait
from tandem.crm.notifications.domain.template_versions import Rendered
from tandem.flows import campaign_approval
from tandem.flows import campaigns as flow
from tandem.flows.audiences import AudiencePreview
from tandem.flows.campaign_letters import shown
from tandem.kernel.db import Tx
from tandem.web.console.attribution import MODELS, money_of_campaign
from tandem.web.console.forms import NO_PROBLEM, Problem
from tandem.web.rendering import page

AnyRequest = Request[Any, Any, Any]
TONES = {
    "draft": "quiet",
    "scheduled": "info",
    "building": "info",
    "sending": "info",
    "paused": "warn",
    "done": "good",
    "cancelled": "quiet",
    "expired": "bad",
}
PARTS = (
    ("reached", "Reached", ("sent", "delivered", "complained")),
    ("waiting", "Waiting", ("planned", "queued", "held")),
    ("wrong", "Went wrong", ("bounced", "failed", "unknown")),
    ("left", "Left out", ("skipped", "holdout")),
)


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the whole, for a bar."""

    key: str
    name: str
    count: int
    percent: float


class Yes(msgspec.Struct, frozen=True, kw_only=True):
    """What a second person said, or is to say. `people` is set where a yes is lacking; `is_shown`
    where there is anything to say of it."""

    people: int | None
    asked: list[Approval]
    names: dict[UUID, str]
    is_own: bool

    @property
    def is_shown(self) -> bool:
        return self.people is not None or bool(self.asked)

    def name(self, who: UUID | None) -> str:
        return self.names.get(who, "Somebody") if who else "An API key"


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    weight: int
    said: Rendered


def state_of(text: str) -> State | None:
    return next((one for one in State if one == text), None)


async def campaign_page(
    request: AnyRequest,
    tx: Tx,
    campaign_id: UUID,
    now: datetime,
    problem: Problem = NO_PROBLEM,
    status: int = 200,
) -> Response[Any]:
    campaign = await marketing.get_campaign(tx, campaign_id)
    human_only = request.query_params.get("machines") != "shown"
    is_ahead = campaign.state in (State.DRAFT, State.SCHEDULED)
    stats = await marketing.stats(tx, campaign, human_only=human_only, now=now)
    return page(
        request,
        "console/campaign.html",
        status=status,
        campaign=campaign,
        tone=TONES[campaign.state],
        tones=TONES,
        problem=problem,
        is_ahead=is_ahead,
        preview=await _preview(tx, campaign, now) if is_ahead else None,
        stats=stats,
        bars=_bars(stats),
        waits=await _waits(tx, campaign),
        money=None if is_ahead else await money_of_campaign(request, tx, campaign.id, now),
        models=MODELS,
        windows=WINDOWS,
        letters=[
            Letter(name=one.name, weight=one.weight, said=await shown(tx, campaign, one))
            for one in campaign.variants
        ],
        segments=await _segments(tx),
        approval=await _approval(tx, campaign),
        owner=await _owner(tx, campaign),
        reason_says=flow.reason_says,
        human_only=human_only,
    )


async def _preview(tx: Tx, campaign: Campaign, now: datetime) -> AudiencePreview | None:
    """Only for who may see all customers; others plan without the counts."""
    if not campaign.include_ids or not tx.actor.reach("customers.read").is_all:
        return None
    return await flow.preview(tx, campaign.id, now=now)


async def _waits(tx: Tx, campaign: Campaign) -> list[DomainWait]:
    """Recipients' domains whose limit it waits for."""
    if campaign.state is not State.SENDING:
        return []
    return await notifications.domain_waits(tx.with_all_grants(), campaign.feed)


async def _segments(tx: Tx) -> dict[UUID, str]:
    if not tx.actor.may("customers.read"):
        return {}
    return {one.id: one.name for one in await customers.list_segments(tx)}


async def _approval(tx: Tx, campaign: Campaign) -> Yes:
    is_open = campaign.state in MAY_BE_ASKED
    asked = await marketing.list_approvals(tx, campaign.id)
    people = await identity.list_users(tx.with_all_grants()) if asked else []
    hands = (campaign.created_by, campaign.changed_by, campaign.owner_id)
    me = author_of(tx.actor)
    return Yes(
        people=await campaign_approval.lacking(tx, campaign) if is_open else None,
        asked=asked,
        names={one.id: one.name for one in people},
        is_own=me in (*hands, asked[0].asked_by if asked else None),
    )


async def _owner(tx: Tx, campaign: Campaign) -> str:
    people = await identity.list_users(tx.with_all_grants())
    return next((one.name for one in people if one.id == campaign.owner_id), "–")


def _bars(stats: Stats) -> list[Bar]:
    whole = max(1, stats.total)
    return [
        Bar(key=key, name=name, count=count, percent=count * 100 / whole)
        for key, name, states in PARTS
        if (count := sum(stats.states.get(one, 0) for one in states))
    ]
