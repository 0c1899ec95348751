"""A campaign through the real ledger and a real mail server, with workers that die on the way."""

import asyncio
import random
from collections import Counter
from uuid import UUID

import pytest

from tandem.contracts.notifications import MessageEngaged
from tandem.crm.customers import service as customers
from tandem.crm.customers.domain.consents import NewConsent
from tandem.crm.notifications.domain.messages import Lane
from tandem.flows import opt_out
from tandem.flows.campaign_sending import step
from tandem.flows.send_messages.claiming import Ready, take_in_hand
from tandem.flows.send_messages.lanes import run_lane, send_all
from tandem.flows.send_messages.sweeping import tidy
from tandem.kernel import outbox
from tandem.kernel.db import Query
from tandem.kernel.jobs import Work
from tandem.kernel.resources import Resources
from tests.marketing.givens import Company
from tests.marketing.test_stopping import records, tell
from tests.notifications.conftest import resources, sandbox, stand_ins
from tests.sandbox.serving import Sandbox

__all__ = ["resources", "sandbox", "stand_ins"]

LEDGER = Query(
    "select state, count(*)::int as count from notifications.message"
    " where org_id = :org_id and feed = :feed group by state"
)
SENT = Query(
    "select id, customer_id, recipient from notifications.message"
    " where org_id = :org_id and feed = :feed and state = 'sent' order by id"
)
CONSENT = Query(
    "select state from customers.consent"
    " where org_id = :org_id and customer_id = :customer_id and purpose = 'marketing'"
)


async def dying(work: Work, campaign_id: str, hands: random.Random) -> None:
    """A worker that is killed at some moment of its turn."""
    try:
        await asyncio.wait_for(step(work, campaign_id), hands.uniform(0.001, 0.05))
    except TimeoutError:
        return


def receivers(sandbox: Sandbox, beginning: str) -> list[str]:
    found = sandbox.http.get("/api/messages?kind=email").json()
    return [to for one in found for to in one["to"] if to.startswith(beginning)]


@pytest.fixture
def post(company: Company, resources: Resources) -> Work:
    return Work(company.database, resources, company.actor.org_id)


async def test_workers_that_die_while_planning_lose_nobody_and_write_to_nobody_twice(
    company: Company, post: Work, sandbox: Sandbox
) -> None:
    """A-MKT-1, with a campaign's rows: two workers at once, killed thirty times, then the mail."""
    everybody = await company.segment(await company.people(120, prefix="mkt1-"))
    campaign = await company.draft(everybody)
    await company.schedule(campaign)
    chance = random.Random(20261123)
    for _ in range(15):
        await asyncio.gather(*(dying(post, campaign["id"], chance) for _ in range(2)))
    await asyncio.gather(step(post, campaign["id"]), step(post, campaign["id"]))
    assert await company.states(campaign) == {"queued": 120}

    feed = f"campaign:{campaign['id']}"
    for _ in range(6):
        try:
            await asyncio.wait_for(run_lane(post, Lane.BULK, seconds=10), chance.uniform(0.05, 0.3))
        except TimeoutError:
            company.hands.advance(minutes=3)
            await tidy(post)
    for _ in range(
        2
    ):  # What was being claimed as the last one died is freed and sent by the second.
        company.hands.advance(minutes=3)
        await tidy(post)
        await asyncio.gather(*(run_lane(post, Lane.BULK, seconds=20) for _ in range(2)))
    ledger = {row["state"]: row["count"] for row in await records(company, LEDGER, feed=feed)}
    assert sum(ledger.values()) == 120
    assert set(ledger) <= {"sent", "unknown"}
    assert ledger.get("unknown", 0) <= 6 * 8
    got = Counter(receivers(sandbox, "mkt1-"))
    assert max(got.values()) == 1
    assert ledger["sent"] <= len(got) <= 120


async def test_a_letter_says_how_to_leave_to_people_and_to_programs(
    company: Company, post: Work, sandbox: Sandbox
) -> None:
    (customer_id,) = await company.people(1, prefix="leaver")
    campaign = await company.draft(await company.segment([customer_id]))
    await company.schedule(campaign)
    await step(post, campaign["id"])
    await run_lane(post, Lane.BULK, seconds=20)
    feed = f"campaign:{campaign['id']}"
    (sent,) = await records(company, SENT, feed=feed)
    mail = next(
        one
        for one in sandbox.http.get("/api/messages?kind=email").json()
        if sent["recipient"] in one["to"]
    )
    headers = {str(name).lower(): str(value) for name, value in mail["headers"]}
    assert headers["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    assert headers["list-id"] == f"<marketing.{company.actor.org_id}.list>"
    way = headers["list-unsubscribe"].strip("<>")
    token = way.rpartition("/")[2]
    assert way.startswith("http://shop.test/v1/public/unsubscribe/")
    assert f"http://shop.test/u/{token}" in mail["html"]
    assert f"http://shop.test/u/{token}" in mail["text"]
    assert "http://shop.test/l/" in mail["html"]
    assert "https://shop.example.test" not in mail["html"]

    await opt_out.say_no(company.database, token, now=company.hands.now())
    (consent,) = await records(company, CONSENT, customer_id=customer_id)
    assert consent["state"] == "withdrawn"
    said = MessageEngaged(
        message_id=sent["id"], order_id=None, channel="email", template="campaign",
        customer_id=customer_id, feed=feed, action="unsubscribed", at=company.hands.now(),
        purpose="marketing",
    )  # fmt: skip
    await tell(company, "marketing.note_engaged", [said, said])
    stats = (await company.client.get(f"/v1/campaigns/{campaign['id']}/stats")).json()
    assert stats["variants"][0]["unsubscribed"] == 1
    assert (await company.told()).count("unsubscribed") == 1


async def test_who_leaves_between_planning_and_hand_over_is_not_written_to(
    company: Company, post: Work, sandbox: Sandbox
) -> None:
    """A-MKT-8, with a campaign's rows."""
    stays, leaves = await company.people(2, prefix="between")
    campaign = await company.draft(await company.segment([stays, leaves]))
    await company.schedule(campaign)
    await step(post, campaign["id"])
    answer = await company.client.post(
        f"/v1/customers/{leaves}/consents",
        json={
            "purpose": "marketing",
            "channel": "email",
            "is_granted": False,
            "source": "phone",
        },
    )
    assert answer.is_success
    await run_lane(post, Lane.BULK, seconds=20)
    feed = f"campaign:{campaign['id']}"
    assert [one["customer_id"] for one in await records(company, SENT, feed=feed)] == [stays]
    ledger = {row["state"]: row["count"] for row in await records(company, LEDGER, feed=feed)}
    assert ledger == {"sent": 1, "skipped": 1}
    assert UUID(campaign["id"])


async def test_nobody_is_written_to_half_a_minute_after_saying_no(
    company: Company, post: Work, sandbox: Sandbox
) -> None:
    """A-CUS-14, with a campaign's rows: some wait, some are in a slow sender's hand, some left."""
    ids = await company.people(160, prefix="slow")
    campaign = await company.draft(await company.segment(ids))
    await company.schedule(campaign)
    await step(post, campaign["id"])
    await send_all(post, await taken(post, 40), asyncio.Semaphore(8))
    in_hand = await taken(post, 100)
    async with company.work.transaction() as tx:
        for who in ids:
            no = NewConsent(purpose="marketing", channel="email", is_granted=False, source="phone")
            await customers.record_consent(tx, who, no, now=company.hands.now())
    company.hands.advance(seconds=31)
    await send_all(post, in_hand, asyncio.Semaphore(8))
    assert len(receivers(sandbox, "slow")) == 40
    await run_lane(post, Lane.BULK, seconds=20)
    await outbox.drain(company.database)
    assert await company.states(campaign) == {"sent": 40, "skipped:no_consent": 120}
    assert len(receivers(sandbox, "slow")) == 40


async def taken(post: Work, count: int) -> list[Ready]:
    ready = await take_in_hand(post, Lane.BULK, count=count)
    assert ready is not None
    assert len(ready) == count
    return ready
