"""A journey published, paused, resumed and ended, together with the messages it has planned."""

from datetime import datetime

from tandem.crm.marketing.domain.journeys import Journey, State, feed_of
from tandem.crm.marketing.domain.permissions import SEND
from tandem.crm.marketing.service import journeys as service
from tandem.crm.notifications import service as notifications
from tandem.flows import journey_approval, journey_checks
from tandem.kernel.db import Tx


async def publish(
    tx: Tx, journey: Journey, *, moves_people: bool, enrols_members: bool, now: datetime
) -> Journey:
    """As `journeys.publish`; refuses a draft that names what is not there, and ApprovalNeeded where
    the company wants a second person's yes."""
    tx.actor.require(SEND)
    await journey_checks.check_named(tx, journey.plan)
    await journey_approval.check_approved(tx, journey)
    published = await service.publish(
        tx, journey, moves_people=moves_people, enrols_members=enrols_members, now=now
    )
    await _let_flow(tx, journey, published, now)
    return published


async def move(tx: Tx, journey: Journey, to: State, *, now: datetime) -> Journey:
    """What a paused journey has planned waits with it; what an ended one has planned is dropped."""
    moved = await service.move_journey(tx, journey, to, now=now)
    if to is State.ENDED:
        await notifications.cancel(
            tx.with_all_grants(), feed=feed_of(journey.id), reason="The journey ended.", now=now
        )
    await _let_flow(tx, journey, moved, now)
    return moved


async def _let_flow(tx: Tx, before: Journey, after: Journey, now: datetime) -> None:
    """Only what changes is written: whoever walks never waits for it."""
    is_paused = after.state is State.PAUSED
    if is_paused == (before.state is State.PAUSED):
        return
    await notifications.set_feed(
        tx.with_all_grants(), feed_of(after.id), per_minute=None, is_paused=is_paused, now=now
    )
