"""The send policy as campaigns ask it: about a batch of people, before anything is planned.

A campaign that asks for consent goes to those who have neither given nor refused it, and to nobody
else; the policy then judges it like a message that asks none.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from tandem.crm.customers import service as customers
from tandem.crm.customers.domain.audiences import Reachable
from tandem.crm.customers.domain.consents import MayContact
from tandem.crm.marketing.domain.campaigns import Campaign, Kind, written
from tandem.crm.notifications.domain.messages import SERVICE, Channel, Lane, Step
from tandem.crm.notifications.domain.policy import SendAsk, Verdict
from tandem.flows import send_policy
from tandem.flows.campaign_calls import address_of
from tandem.kernel.db import Tx

KIND = "campaign"
KIND_OPT_IN = "consent_request"
UNDECIDED = ("consent:none", "consent:pending")


def kind_of(campaign: Campaign) -> str:
    return KIND_OPT_IN if campaign.kind is Kind.OPT_IN else KIND


def purpose_of(campaign: Campaign) -> str:
    """Asking for consent cannot itself ask for it; everything else does."""
    return SERVICE if campaign.kind is Kind.OPT_IN else campaign.purpose


async def judge(
    tx: Tx, campaign: Campaign, people: Sequence[Reachable], *, now: datetime
) -> list[Verdict]:
    """One verdict for each, in order; at most 1,000."""
    asks = [
        SendAsk(
            customer_id=person.id,
            channel=Channel(campaign.channel.value),
            address=address_of(campaign, person),
            purpose=purpose_of(campaign),
            kind=kind_of(campaign),
            lane=Lane.BULK,
            at=now,
            feed=campaign.feed,
        )
        for person in people
    ]
    verdicts = await send_policy.decide(tx, asks, now=now, with_gates=False)
    if campaign.kind is not Kind.OPT_IN:
        return verdicts
    undecided = await _undecided(tx, campaign, people)
    return [
        verdict if one == "" else _not_asked(one, verdict)
        for one, verdict in zip(undecided, verdicts, strict=True)
    ]


async def _undecided(tx: Tx, campaign: Campaign, people: Sequence[Reachable]) -> list[str]:
    """Why somebody is not to be asked; empty for those who are."""
    reached = [person for person in people if person.address(campaign.channel)]
    standings = await customers.may_contact(
        tx.with_all_grants(),
        [
            MayContact(
                channel=written(campaign.channel),
                address=person.address(campaign.channel),
                purpose=campaign.purpose,
                customer_id=person.id,
            )
            for person in reached
        ],
    )
    found = {
        person.id: _why_not(standing.is_allowed, standing.reason)
        for person, standing in zip(reached, standings, strict=True)
    }
    return [found.get(person.id, "") for person in people]


def _why_not(is_allowed: bool, reason: str) -> str:
    if is_allowed:
        return "consented"
    if reason in UNDECIDED:
        return ""
    return "suppressed" if reason.startswith("suppressed") else "no_consent"


def _not_asked(reason: str, verdict: Verdict) -> Verdict:
    step = Step(rule="undecided", outcome="skipped", detail=reason)
    return msgspec.structs.replace(
        verdict, action="skip", reason=reason, until=None, trace=[step, *verdict.trace]
    )
