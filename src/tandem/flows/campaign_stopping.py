"""A campaign that goes wrong stops itself, and its owner hears of it once."""

from datetime import datetime
from uuid import UUID

from tandem.contracts.marketing import CampaignExpired, CampaignPaused
from tandem.crm.identity import service as identity
from tandem.crm.marketing import service as marketing
from tandem.crm.notifications import service as notifications
from tandem.kernel.company import clock_time
from tandem.kernel.db import Tx
from tandem.kernel.events import subscribe
from tandem.kernel.jobs import Work, job

BY_HAND = "by_hand"
NOTICE = "campaign_notice"


@job(marketing.WATCH)
async def watch(work: Work, campaign_id: str) -> None:
    """Asked for when a message fails, bounces or is called spam; many ask for one look."""
    async with work.transaction() as tx:
        campaign = await marketing.lock_campaign(tx, UUID(campaign_id))
        stop = await marketing.must_stop(tx, campaign)
        if stop is None:
            return
        now = work.now()
        await notifications.set_feed(
            tx,
            campaign.feed,
            per_minute=campaign.per_minute,
            is_paused=True,
            reason=stop.reason,
            now=now,
        )
        await marketing.pause(tx, campaign, reason=stop.reason, says=stop.says, now=now)


@subscribe(CampaignPaused, "marketing.tell_of_pause")
async def tell_of_pause(tx: Tx, event: CampaignPaused, now: datetime) -> None:
    """Whoever pauses by hand knows it already."""
    if event.reason == BY_HAND:
        return
    campaign = await marketing.get_campaign(tx, event.campaign_id)
    occasion = f"paused:{event.campaign_id}:{campaign.version}"
    what = f"“{event.name}” has stopped itself. {campaign.state_reason}"
    await _tell(tx, event.owner_id, event.campaign_id, what, occasion, now)


@subscribe(CampaignExpired, "marketing.tell_of_expiry")
async def tell_of_expiry(tx: Tx, event: CampaignExpired, now: datetime) -> None:
    when = await clock_time(tx, event.scheduled_at)
    what = f"“{event.name}” was to leave on {when} and could not. Nothing was sent."
    await _tell(tx, event.owner_id, event.campaign_id, what, f"expired:{event.campaign_id}", now)


async def _tell(
    tx: Tx, owner_id: UUID | None, campaign_id: UUID, what: str, occasion: str, now: datetime
) -> None:
    """To the owner; to whoever runs the company where the owner has left or was a key."""
    people = [one for one in await identity.list_users(tx) if one.is_active]
    owner = [one for one in people if one.id == owner_id]
    told = owner or [one for one in people if "admin" in one.role_keys][:1]
    company = (await identity.get_organisation(tx)).name
    for one in told:
        await notifications.send(
            tx,
            template=NOTICE,
            order_id=None,
            email=one.email,
            phone=None,
            parameters={
                "company": company,
                "name": one.name,
                "what": what,
                "campaign_link": f"/campaigns/{campaign_id}",
            },
            dedupe=f"{NOTICE}:{occasion}",
            now=now,
        )
