"""A trial at work: when it ends, and which variant everybody else gets."""

from datetime import datetime, timedelta

import msgspec

from tandem.crm.marketing.domain.campaigns import Campaign
from tandem.crm.marketing.domain.trials import choose
from tandem.crm.marketing.service import recipients
from tandem.crm.marketing.service.results import stats
from tandem.crm.marketing.store import campaigns as store
from tandem.kernel import audit
from tandem.kernel.db import Tx


async def go_on_with_trial(tx: Tx, campaign: Campaign, *, now: datetime) -> bool:
    """Once its sample has been written to, the time begins; when that is over there is a winner.
    True when somebody can be written to again. Takes a locked campaign."""
    if campaign.trial is None or campaign.winner_id is not None:
        return False
    if not await recipients.waits_for_trial(tx, campaign.id):
        return False
    if campaign.trial_ends_at is None:
        if await recipients.is_sample_sent(tx, campaign.id):
            ends_at = now + timedelta(minutes=campaign.trial.after_minutes)
            began = msgspec.structs.replace(campaign, trial_ends_at=ends_at)
            await store.save_state(tx, began, now)
        return False
    if now < campaign.trial_ends_at:
        return False
    found = await stats(tx, campaign, human_only=True, now=now)
    chosen = choose(found.variants, campaign.trial.metric)
    after = msgspec.structs.replace(campaign, winner_id=chosen.variant_id, winner_says=chosen.says)
    await store.save_state(tx, after, now)
    await audit.write(
        tx,
        action="marketing.choose_winner",
        subject_kind="campaign",
        subject_id=campaign.id,
        now=now,
        after={"variant_id": str(chosen.variant_id), "reason": chosen.says},
    )
    return True
