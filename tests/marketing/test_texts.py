"""Addresses in texts become short links, where the text is then still what was registered."""

from secrets import randbelow
from typing import Any

import pytest

from tandem.crm.customers import service as customers
from tandem.crm.customers.domain import CustomerDraft
from tandem.crm.customers.domain.consents import NewConsent
from tandem.crm.marketing import service as marketing
from tandem.crm.notifications.domain.messages import Lane
from tandem.crm.notifications.domain.registered import (
    Header,
    NewRegisteredText,
    NewRegistration,
    Registry,
)
from tandem.crm.notifications.domain.rules import SendingRules
from tandem.crm.notifications.service import registered, rules
from tandem.flows.campaign_sending import step
from tandem.flows.send_messages.lanes import run_lane
from tandem.kernel.db import Query
from tandem.kernel.jobs import Work
from tests.marketing.givens import Company
from tests.marketing.test_leaving import post
from tests.marketing.test_links import BROWSER
from tests.marketing.test_stopping import records
from tests.notifications.conftest import resources, sandbox, stand_ins
from tests.sandbox.serving import Sandbox

__all__ = ["post", "resources", "sandbox", "stand_ins"]

PAGE = "https://shop.example.test/collections/spring-teas"
CODES = Query("select count(*)::int as count from marketing.short_link where org_id = :org_id")
ENGAGED = Query(
    """
    select channel, type, verdict, reason, url from marketing.engagement
     where org_id = :org_id order by id
    """
)


async def shorten(company: Company) -> None:
    async with company.work.transaction() as tx:
        before = await rules.get_rules(tx)
        wanted = SendingRules(shortens_links=True)
        await rules.set_rules(tx, wanted, version=before.version, now=company.hands.now())


async def register(company: Company, *bodies: str) -> None:
    """As texts that ask for consent, the only ones to leave for India."""
    now = company.hands.now()
    async with company.work.transaction() as tx:
        headers = [Header(header="NILGRI")]
        await registered.save_registration(
            tx, NewRegistration(entity_id="1" * 19, headers=headers), now=now
        )
        for number, body in enumerate(bodies):
            new = NewRegisteredText(
                registry=Registry.DLT,
                template_id=str(10**18 + number),
                category="service_explicit",
                header="NILGRI",
                body=body,
            )
            await registered.add_text(tx, new, now=now)


async def texted(company: Company, post: Work, sandbox: Sandbox, text: str) -> str:
    """What arrives on the telephone of somebody who agreed to it."""
    now = company.hands.now()
    phone = f"+9198{randbelow(10**8):08}"
    async with company.work.transaction() as tx:
        draft = CustomerDraft(name="Meera Rao", email=None, phone=phone)
        (person,) = await customers.find_or_add(tx, [draft], now=now)
        yes = NewConsent(purpose="marketing", channel="sms", is_granted=True, source="test")
        await customers.record_consent(tx, person.id, yes, now=now)
    everybody = await company.segment([person.id], name=phone)
    words = {"name": "A", "text": text}
    campaign = await company.draft(everybody, name=phone, channel="sms", variants=[words])
    await company.schedule(campaign)
    await step(post, campaign["id"])
    await run_lane(post, Lane.BULK, seconds=20)
    found: list[dict[str, Any]] = sandbox.http.get("/api/messages?kind=sms").json()
    return next(str(one["text"]) for one in found if one["to"] == [phone])


async def test_a_link_in_a_text_is_short_fits_its_variable_and_tells_people_from_machines(
    company: Company, post: Work, sandbox: Sandbox
) -> None:
    await shorten(company)
    await register(company, "Spring is here: {#var#} Nilgiri")
    got = await texted(company, post, sandbox, f"Spring is here: {PAGE} Nilgiri")
    short = got.removeprefix("Spring is here: ").removesuffix(" Nilgiri")
    assert len(short) <= 30
    assert short.startswith("http://shop.test/l/")
    code = short.removeprefix("http://shop.test")
    company.hands.advance(minutes=5)
    seen = await company.client.head(code, headers={"user-agent": BROWSER})
    led = await company.client.get(code, headers={"user-agent": BROWSER})
    assert (seen.status_code, led.status_code) == (302, 302)
    assert led.headers["location"].startswith(f"{PAGE}?utm_source=")
    assert "utm_medium=sms" in led.headers["location"]
    company.hands.advance(minutes=1)
    async with company.work.transaction() as tx:
        await marketing.settle(tx, now=company.hands.now())
    engaged = [(one["channel"], one["verdict"], one["reason"]) for one in
               await records(company, ENGAGED)]  # fmt: skip
    assert engaged == [("sms", "bot", "head"), ("sms", "human", "no_sign_of_a_machine")]
    for wrong in ("/l/zzzzzzzzz", f"{code}x", "/l/short"):
        assert (await company.client.get(wrong)).status_code == 400


@pytest.mark.parametrize(
    ("body", "text"),
    [
        # The registry has the address itself, to the character.
        (f"Spring: {PAGE} Nilgiri", f"Spring: {PAGE} Nilgiri"),
        # With our longer one it would travel in two parts.
        ("{#var#}" * 6 + " http://t.in/x", "a" * 146 + " http://t.in/x"),
    ],
)
async def test_a_text_leaves_as_it_was_written_where_a_short_link_would_cost_more(
    company: Company, post: Work, sandbox: Sandbox, body: str, text: str
) -> None:
    await shorten(company)
    await register(company, body)
    assert await texted(company, post, sandbox, text) == text


async def test_without_leave_from_the_company_no_address_in_a_text_is_shortened(
    company: Company, post: Work, sandbox: Sandbox
) -> None:
    got = await texted(company, post, sandbox, f"Spring: {PAGE}")
    assert got.startswith(f"Spring: {PAGE}")
    assert "/l/" not in got
    (codes,) = await records(company, CODES)
    assert codes["count"] == 0
