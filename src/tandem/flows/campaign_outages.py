"""While a channel cannot be reached its campaigns stand still, and go on by themselves afterwards.

What they have in the ledger waits there: one message at a time finds out whether the channel can be
reached again, which opens it for all. Only that no more people are put into the ledger meanwhile,
and that the campaign says why, is done here.
"""

from datetime import timedelta

from tandem.crm.marketing import service as marketing
from tandem.crm.marketing.domain.campaigns import OUTAGE, Campaign
from tandem.crm.notifications.domain.messages import way_by
from tandem.crm.notifications.service import leaving
from tandem.flows.campaign_sending import go_on
from tandem.kernel.jobs import Work, every

FAILURES_MIN = 8
"""Tries in a row: about five minutes, as they are made less and less often."""
ALONE_FOR = timedelta(minutes=2)
"""A channel by which nothing waits that could try it is tried again after that."""


@every(15, "marketing.outages")
async def look(work: Work) -> None:
    async with work.transaction() as tx:
        gates = await leaving.list_gates(tx)
        shut = {gate.channel: gate for gate in gates if gate.failures >= FAILURES_MIN}
        for way, gate in sorted(shut.items()):
            channel = way.partition(" ")[0]
            for campaign in await marketing.sending_by(tx, channel):
                if _way(campaign) == way:
                    says = _says(channel, gate.reason)
                    await marketing.pause(tx, campaign, reason=OUTAGE, says=says, now=work.now())
        known = {gate.channel: gate for gate in gates}
        for campaign in await marketing.waiting_for_way(tx):
            held = known.get(_way(campaign))
            if held is not None and held.shut_until + ALONE_FOR > work.now():
                continue
            await marketing.resume(tx, campaign, now=work.now())
            await go_on(tx, campaign.id)


def _way(campaign: Campaign) -> str:
    return way_by(campaign.channel, campaign.feed)


def _says(channel: str, reason: str) -> str:
    return (
        f"{channel} cannot be reached: {reason.rstrip('.')}. "
        "It goes on by itself when it can be again."
    )
