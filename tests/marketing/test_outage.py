"""A mail server that is gone for an hour and comes back in bad shape, under a running campaign."""

from secrets import randbelow
from uuid import UUID

from tandem.crm.customers import service as customers
from tandem.crm.customers.domain.consents import MayContact
from tandem.crm.marketing import service as marketing
from tandem.crm.notifications import service as notifications
from tandem.crm.notifications.domain.messages import Channel, Lane
from tandem.crm.notifications.domain.outgoing import Outgoing
from tandem.crm.notifications.gateways.port import Mailer, Site, Texter
from tandem.crm.notifications.gateways.smtp import SmtpMailer
from tandem.flows.campaign_outages import look
from tandem.flows.campaign_sending import step
from tandem.flows.campaigns import pause
from tandem.flows.send_messages.lanes import run_lane
from tandem.flows.send_messages.sweeping import tidy
from tandem.kernel import outbox
from tandem.kernel.db import Query
from tandem.kernel.jobs import Work
from tandem.kernel.resources import Resources
from tests.marketing.givens import Company, Json
from tests.marketing.test_leaving import post, receivers
from tests.marketing.test_stopping import records
from tests.notifications.conftest import resources, sandbox, stand_ins
from tests.notifications.givens import SITE
from tests.sandbox.serving import Sandbox, free_port

__all__ = ["post", "resources", "sandbox", "stand_ins"]

PEOPLE = 20
TRIED = Query(
    """
    select sum(attempts)::int as tried, max(attempts - outages)::int as worn,
           count(*) filter (where state = 'sending')::int as in_hand,
           count(*) filter (where state in ('queued', 'held'))::int as waiting
      from notifications.message
     where org_id = :org_id and channel = 'email' and template = 'campaign'
    """
)
TEXT = Query("select state from notifications.message where org_id = :org_id and id = :id")


def by(post: Work, port: int) -> Work:
    held = Resources()
    mailer = SmtpMailer(f"smtp://127.0.0.1:{port}", sender="x@tandem.test", timeout_seconds=0.2)
    held.add(Mailer, mailer)
    held.add(Texter, post.get(Texter))
    held.add(Site, Site(base_url=SITE))
    return Work(post.database, held, post.org_id)


def script(sandbox: Sandbox, *rules: dict[str, str]) -> None:
    assert sandbox.http.put("/sandbox/smtp/rules", json=list(rules)).status_code == 200


async def minutes(company: Company, work: Work, campaign: Json, count: int) -> None:
    """What workers do in that time; what they tell is heard at its end."""
    for _ in range(count):
        company.hands.advance(minutes=1)
        await tidy(work)
        await run_lane(work, Lane.BULK, seconds=20)
        await look(work)
    await run_lane(work, Lane.TRANSACTIONAL, seconds=20)
    await outbox.drain(company.database)
    await step(work, campaign["id"])


async def text_somebody(company: Company) -> UUID:
    one = Outgoing(
        dedupe="text",
        channel=Channel.SMS,
        kind="order_placed",
        purpose="service",
        customer_id=None,
        recipient=f"+9198{randbelow(10**8):08}",
        lane=Lane.TRANSACTIONAL,
        sender_name="Nilgiri",
        text="Your order is on its way.",
    )
    async with company.work.transaction() as tx:
        (message_id,) = await notifications.plan(tx, [one], now=company.hands.now())
    return message_id


async def test_a_campaign_outlives_a_mail_server_that_is_gone_silent_and_moody(
    company: Company, post: Work, sandbox: Sandbox
) -> None:
    """A-MKT-2: refused for an hour, then no banner, 421, 451, 550."""
    everybody = await company.segment(await company.people(PEOPLE, prefix="out"))
    campaign = await company.draft(everybody)
    await company.schedule(campaign)
    await step(post, campaign["id"])

    await minutes(company, by(post, free_port()), campaign, 60)
    down = await company.read(campaign)
    assert (down["state"], down["paused_for"]) == ("paused", "outage")
    assert down["state_reason"].startswith("email cannot be reached: ")
    (after,) = await records(company, TRIED)
    assert (after["worn"], after["in_hand"], after["waiting"]) == (0, 0, PEOPLE)
    assert after["tried"] <= PEOPLE + 60, "after the first batch one at a time finds out"

    text_id = await text_somebody(company)
    script(sandbox, {"pattern": "", "reply": "no_banner"})
    silent = by(post, sandbox.settings.smtp_port)
    await minutes(company, silent, campaign, 3)
    (text,) = await records(company, TEXT, id=text_id)
    assert text["state"] == "sent", "another channel does not wait"
    script(sandbox, {"pattern": "", "reply": "421"})
    await minutes(company, silent, campaign, 3)
    (after,) = await records(company, TRIED)
    assert (after["worn"], after["waiting"]) == (0, PEOPLE)
    assert (await company.read(campaign))["state"] == "paused"

    gone = [{"pattern": f"out{n}@example.test", "reply": "550"} for n in (7, 8)]
    script(sandbox, {"pattern": "", "reply": "greylist"}, *gone)
    await minutes(company, post, campaign, 4)
    script(sandbox)
    assert await company.states(campaign) == {"sent": PEOPLE - 2, "bounced:hard": 2}
    assert (await company.read(campaign))["state"] == "done"
    got = receivers(sandbox, "out")
    assert len(got) == len(set(got)) == PEOPLE - 2
    (after,) = await records(company, TRIED)
    assert after["worn"] == 2
    asked = MayContact(channel="email", address="out7@example.test", purpose="service")
    async with company.work.transaction() as tx:
        (standing,) = await customers.may_contact(tx, [asked])
    assert (standing.is_allowed, standing.reason) == (False, "suppressed:bounced")
    told = await company.told()
    assert told.count("campaign_paused") == 1
    assert told.count("campaign_resumed") == 1


async def test_what_somebody_pauses_meanwhile_does_not_go_on_by_itself(
    company: Company, post: Work, sandbox: Sandbox
) -> None:
    everybody = await company.segment(await company.people(3, prefix="held"))
    campaign = await company.draft(everybody)
    await company.schedule(campaign)
    await step(post, campaign["id"])
    await minutes(company, by(post, free_port()), campaign, 11)
    assert (await company.read(campaign))["paused_for"] == "outage"
    async with company.work.transaction() as tx:
        locked = await marketing.lock_campaign(tx, UUID(campaign["id"]))
        await pause(tx, locked, now=company.hands.now())
    await minutes(company, post, campaign, 5)
    now = await company.read(campaign)
    assert (now["state"], now["paused_for"]) == ("paused", "by_hand")
    assert await company.states(campaign) == {"queued": 3}
    assert receivers(sandbox, "held") == []
