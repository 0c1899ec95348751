"""Whom the company writes to: a segment, consent, a journey and a campaign."""

from tandem.app.demo.days import Days
from tandem.crm.customers import service as customers
from tandem.crm.customers.domain.consents import NewConsent
from tandem.crm.customers.domain.segments import NewSegment
from tandem.crm.marketing.domain.campaigns import NewVariant, Schedule
from tandem.crm.marketing.domain.campaigns import Plan as Campaign
from tandem.crm.marketing.domain.journeys import (
    Act,
    Entry,
    NewJourney,
    Plan,
    Send,
    Step,
    Wait,
    WaitFor,
)
from tandem.crm.marketing.service import journeys
from tandem.flows import campaigns

REFUSES_EVERY = 4
"""One in so many never agreed: a preview without anybody left out teaches nothing."""
DAY = 24 * 60
LETTER = """<html><body><p>Dear {{ customer.first_name }},</p>
<p>the first mogra of the monsoon is in. <a href="https://demo.tandem.test/monsoon">Have a look</a>,
or <a href="https://demo.tandem.test/samples">ask for a sample</a>.</p></body></html>"""


async def begin(days: Days) -> None:
    async with days.ago(20.5) as (tx, now):
        people = (await customers.list_customers(tx, limit=50)).items
        for place, one in enumerate(people):
            if place % REFUSES_EVERY:
                yes = NewConsent(
                    purpose="marketing", channel="email", is_granted=True, source="counter"
                )
                await customers.record_consent(tx, one.id, yes, now=now)
        friends = await customers.add_segment(
            tx, NewSegment(name="Friends of the house", description="Kept by hand."), now=now
        )
        locked = await customers.lock_segment(tx, friends.id)
        await customers.add_to_segment(tx, locked, [one.id for one in people], now=now)
        rule = {"event": "order_placed", "count": {"op": "gte", "n": 1}, "within": "P30D"}
        body = NewSegment(
            name="Bought this month", description="At least one order in thirty days.", rule=rule
        )
        await customers.add_segment(tx, body, now=now)
        made = await journeys.add_journey(tx, _welcome(), now=now)
        locked_journey = await journeys.lock_journey(tx, made.id)
        await journeys.publish(
            tx, locked_journey, moves_people=False, enrols_members=False, now=now
        )


def _welcome() -> NewJourney:
    thanks = Send(
        id="thanks",
        subject="Thank you, {{ customer.first_name }}",
        html=LETTER.replace("monsoon is in", "season goes well with your order"),
    )
    more = Send(id="more", subject="A sample for you", html=LETTER)
    call = Act(id="call", what="add_task", title="Ask how the first order was", days=2)
    steps: list[Step] = [
        thanks,
        WaitFor(id="click", happening="clicked", minutes=7 * DAY, then=[more], otherwise=[call]),
        Wait(id="month", minutes=30 * DAY),
    ]
    return NewJourney(name="After the first order", plan=Plan(entry=Entry(by="order"), steps=steps))


async def send_campaign(days: Days) -> None:
    """It leaves as soon as a worker runs."""
    async with days.ago(0) as (tx, now):
        named = {one.name: one.id for one in await customers.list_segments(tx)}
        plan = Campaign(
            name="Monsoon mogra",
            include_ids=[named["Friends of the house"]],
            variants=[
                NewVariant(name="Plain", subject="The first mogra of the monsoon", html=LETTER),
                NewVariant(
                    name="By name", subject="{{ customer.first_name }}, it rains mogra", html=LETTER
                ),
            ],
            tracks_opens=True,
            cost_minor=1_200_00,
        )
        made = await campaigns.add_campaign(tx, plan, now=now)
        await campaigns.schedule(tx, made, Schedule(), now=now)
