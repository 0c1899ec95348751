"""A second person's yes to journeys: who they take in is asked of customers."""

from datetime import datetime
from uuid import UUID

from tandem.crm.customers import service as customers
from tandem.crm.marketing import service as marketing
from tandem.crm.marketing.domain.approvals import ApprovalNeeded
from tandem.crm.marketing.domain.journey_approvals import JourneyApproval
from tandem.crm.marketing.domain.journey_paths import check_plan
from tandem.crm.marketing.domain.journeys import Journey
from tandem.crm.marketing.domain.permissions import WRITE
from tandem.crm.marketing.service import journey_approvals as service
from tandem.flows import journey_checks
from tandem.kernel.db import Tx


async def ask(tx: Tx, journey: Journey, *, note: str, now: datetime) -> JourneyApproval:
    """Takes a locked journey, and only one that could be published as it is."""
    tx.actor.require(WRITE)
    check_plan(journey.plan)
    await journey_checks.check_named(tx, journey.plan)
    trusted = tx.with_all_grants()
    begins = journey.plan.entry.segment_id if journey.plan.entry.by == "segment" else None
    people = await customers.count_audience(trusted, [begins], []) if begins else None
    return await service.ask(
        tx, journey, people=people, segments=await _segments(tx, journey), note=note, now=now
    )


async def check_approved(tx: Tx, journey: Journey) -> None:
    """Refuses ApprovalNeeded."""
    if await is_lacking(tx, journey):
        raise ApprovalNeeded("It writes to whoever comes: somebody else must approve it first.")


async def is_lacking(tx: Tx, journey: Journey) -> bool:
    """Whether its draft lacks a yes that the company wants."""
    rule = (await marketing.get_rule(tx.with_all_grants())).rule
    if rule.people_max is None:
        return False
    return await service.lacks(tx, journey, rule, segments=await _segments(tx, journey))


async def _segments(tx: Tx, journey: Journey) -> dict[UUID, int]:
    """The versions of the rules that say who is meant; lists that it only writes into are none."""
    named = sorted(journey_checks.asked_segments(journey.plan))
    found = [await customers.get_segment(tx.with_all_grants(), one) for one in named]
    return {one.id: one.version for one in found}
