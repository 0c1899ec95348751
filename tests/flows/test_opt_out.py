"""Saying no under a link: by a mail program in one request, by a person on a page; and never by
looking."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import httpx2 as httpx
import pytest
from litestar import Litestar

from tandem.contracts.notifications import MessageEngaged
from tandem.crm.customers import service as customers
from tandem.crm.customers.domain import Customer, NewContact, NewCustomer
from tandem.crm.customers.domain.consents import Channel as Way
from tandem.crm.customers.domain.consents import MayContact, NewConsent
from tandem.crm.customers.domain.erasing import NewErasure
from tandem.crm.notifications.domain.categories import Mandatory
from tandem.crm.notifications.domain.messages import Channel, Lane
from tandem.crm.notifications.domain.opting_out import LinkUnknown
from tandem.crm.notifications.domain.policy import SendAsk
from tandem.crm.notifications.service import opting_out
from tandem.crm.notifications.service.opting_out import unsubscribe_token
from tandem.crm.notifications.service.preferences import Choice
from tandem.flows import opt_out
from tandem.flows.erase import carry_out
from tandem.flows.merge import merge
from tandem.flows.send_policy import decide
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Tx
from tandem.kernel.events import subscription
from tests.givens import visitor as somebody

EMAIL, PHONE = "asha@example.test", "+919876543210"
BODY = "List-Unsubscribe=One-Click"
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
async def visitor(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    async with somebody(app) as caller:
        yield caller


@pytest.fixture
async def asha(database: Database, actor: Actor, now: datetime) -> Customer:
    """Agreed to marketing by mail and text, and to the newsletter by mail."""
    async with database.transaction(actor) as tx:
        asha = await customers.add_customer(
            tx,
            NewCustomer(
                name="Asha Rao",
                emails=[NewContact(value=EMAIL)],
                phones=[NewContact(value=PHONE)],
            ),
            now=now,
        )
        await agree(tx, asha.id, "marketing", "email", now)
        await agree(tx, asha.id, "marketing", "sms", now)
        await agree(tx, asha.id, "news", "email", now)
        return asha


async def agree(tx: Tx, customer_id: UUID, purpose: str, way: Way, now: datetime) -> None:
    consent = NewConsent(purpose=purpose, channel=way, is_granted=True, source="a form")
    await customers.record_consent(tx, customer_id, consent, now=now)


def token_of(asha: Customer, actor: Actor, purpose: str = "marketing", **more: UUID) -> str:
    return unsubscribe_token(actor.org_id, asha.id, purpose, "email", EMAIL, **more)


async def states(database: Database, actor: Actor, asha_id: UUID) -> dict[str, str]:
    async with database.transaction(actor) as tx:
        known = await customers.list_consents(tx, asha_id)
    return {f"{one.purpose}.{one.channel}": one.state for one in known}


AGREED = {"marketing.email": "granted", "marketing.sms": "granted", "news.email": "granted"}
ENDED = AGREED | {"marketing.email": "withdrawn", "marketing.sms": "withdrawn"}


async def test_one_request_ends_the_purpose_by_every_way_and_twice_is_once(
    visitor: httpx.AsyncClient, database: Database, actor: Actor, asha: Customer
) -> None:
    at = f"/v1/public/unsubscribe/{token_of(asha, actor)}"
    for _ in range(50):
        for method in ("GET", "HEAD", "OPTIONS"):
            looked = await visitor.request(method, at)
            assert looked.status_code < 500
    led = await visitor.get(at)
    page = at.replace("/v1/public/unsubscribe", "/u")
    assert (led.status_code, led.headers["location"]) == (303, page)
    assert await states(database, actor, asha.id) == AGREED
    for _ in range(3):
        answer = await visitor.post(at, content=BODY, headers=FORM)
        assert (answer.status_code, answer.json()) == (200, {"purpose": "marketing"})
        assert "set-cookie" not in answer.headers
    assert await states(database, actor, asha.id) == ENDED
    async with database.transaction(actor) as tx:
        events = await customers.list_consent_events(tx, asha.id)
        asks = [
            MayContact(channel="email", address=EMAIL, purpose=purpose, customer_id=asha.id)
            for purpose in ("marketing", "news", "service")
        ]
        allowed = [one.is_allowed for one in await customers.may_contact(tx, asks)]
    assert [one.action for one in events].count("withdraw") == 2
    assert allowed == [False, True, True]


async def test_a_browser_of_another_site_may_say_no_too(
    visitor: httpx.AsyncClient, database: Database, actor: Actor, asha: Customer
) -> None:
    """Webmail posts from its own origin; no cookie of ours says anything here."""
    away = {**FORM, "origin": "https://mail.test", "sec-fetch-site": "cross-site"}
    for purpose, at in (("marketing", "/v1/public/unsubscribe"), ("news", "/u")):
        token = token_of(asha, actor, purpose)
        answer = await visitor.post(f"{at}/{token}", content=BODY, headers=away)
        assert answer.status_code == 200
    assert await states(database, actor, asha.id) == ENDED | {"news.email": "withdrawn"}


async def test_who_unsubscribes_at_the_provider_has_said_no_until_they_say_yes_again(
    database: Database, actor: Actor, asha: Customer, now: datetime
) -> None:
    reported = subscription(MessageEngaged.topic, "opt_out.reported")
    assert reported

    async def tell(action: str, purpose: str) -> None:
        event = MessageEngaged(
            message_id=uuid4(), order_id=None, channel="email", template="campaign",
            customer_id=asha.id, purpose=purpose, action=action, at=now + timedelta(minutes=1),
        )  # fmt: skip
        async with database.transaction(Actor.system(actor.org_id)) as tx:
            await reported.take(tx, [event], now + timedelta(minutes=5))

    await tell("clicked", "marketing")
    await tell("unsubscribed", "service")
    assert await states(database, actor, asha.id) == AGREED
    for _ in range(2):
        await tell("unsubscribed", "marketing")
        assert await states(database, actor, asha.id) == ENDED
    async with database.transaction(actor) as tx:
        (last, *_) = await customers.list_consent_events(tx, asha.id)
        assert (last.action, last.source) == ("withdraw", "the provider's report")
        await agree(tx, asha.id, "marketing", "email", now + timedelta(minutes=6))
    await tell("unsubscribed", "marketing")
    assert await states(database, actor, asha.id) == ENDED | {"marketing.email": "granted"}


async def test_a_link_that_is_cut_changed_or_for_somebody_else_is_not_there(
    visitor: httpx.AsyncClient, database: Database, actor: Actor, asha: Customer
) -> None:
    whole = token_of(asha, actor)
    swapped = ("B" if whole[30] == "A" else "A").join((whole[:30], whole[31:]))
    wrong = [
        whole[:-1],
        whole[:-4],
        whole + "A",
        swapped,
        "x",
        "%00" * 8,
        "é" * 20,
        token_of(asha, actor, purpose="service"),
        unsubscribe_token(uuid4(), asha.id, "marketing", "email", EMAIL),
        unsubscribe_token(actor.org_id, uuid4(), "marketing", "email", EMAIL),
    ]
    for token in wrong:
        answer = await visitor.post(f"/v1/public/unsubscribe/{token}", content=BODY, headers=FORM)
        assert answer.status_code == 404, token
    assert await states(database, actor, asha.id) == AGREED


async def test_an_erased_person_stays_suppressed_and_their_link_leads_nowhere(
    database: Database, actor: Actor, asha: Customer, now: datetime
) -> None:
    token = token_of(asha, actor)
    async with database.transaction(actor) as tx:
        erasure = await customers.request_erasure(
            tx, asha.id, NewErasure(reason="asked", is_urgent=True), now=now
        )
        await carry_out(tx, erasure.id, now=now)
    with pytest.raises(LinkUnknown):
        await opt_out.say_no(database, token, now=now)
    async with database.transaction(actor) as tx:
        ask = MayContact(channel="email", address=EMAIL, purpose="marketing")
        (standing,) = await customers.may_contact(tx, [ask])
    assert (standing.is_allowed, standing.reason) == (False, "suppressed:erased")


async def test_a_merged_persons_old_link_speaks_for_who_they_are_now(
    database: Database, actor: Actor, asha: Customer, now: datetime
) -> None:
    token = token_of(asha, actor)
    async with database.transaction(actor) as tx:
        other = await customers.add_customer(
            tx, NewCustomer(name="A. Rao", allow_duplicate=True), now=now
        )
        await merge(tx, other.id, asha.id, now=now)
        await agree(tx, other.id, "marketing", "email", now)
    await opt_out.say_no(database, token, now=now)
    assert (await states(database, actor, other.id))["marketing.email"] == "withdrawn"


async def test_what_is_switched_off_is_skipped_and_says_why_and_the_mandatory_is_sent(
    database: Database, actor: Actor, asha: Customer, now: datetime
) -> None:
    def ask(kind: str) -> SendAsk:
        return SendAsk(
            customer_id=asha.id,
            channel=Channel.SMS,
            address=PHONE,
            purpose="service",
            kind=kind,
            lane=Lane.TRANSACTIONAL,
            at=now,
        )

    token = token_of(asha, actor)
    off = [
        Choice(category="delivery", way="sms", pace="off"),
        Choice(category="complaints", way="sms", pace="off"),
    ]
    await opt_out.choose(database, token, [], off, now=now)
    with pytest.raises(Mandatory):
        orders_off = Choice(category="orders", way="sms", pace="off")
        await opt_out.choose(database, token, [], [orders_off], now=now)
    async with database.transaction(actor) as tx:
        asks = [ask("arriving"), ask("order_confirmed"), ask("buyer_code")]
        verdicts = await decide(tx, asks, now=now, with_gates=False)
    assert [(one.action, one.reason) for one in verdicts] == [
        ("skip", "preference"),
        ("send", ""),
        ("send", ""),
    ]
    assert "arriving by sms" in verdicts[0].detail


async def test_staff_write_down_what_a_customer_asked_for(
    client: httpx.AsyncClient, asha: Customer
) -> None:
    at = f"/v1/customer-notification-preferences/{asha.id}"
    choice = {"category": "delivery", "way": "sms", "pace": "off"}
    answer = await client.put(at, json={"choices": [choice]})
    assert answer.status_code == 200
    found = {f"{one['category']}.{one['way']}": one for one in (await client.get(at)).json()}
    assert (found["delivery.sms"]["pace"], found["delivery.sms"]["decided_by"]) == ("off", "person")
    wrong = await client.put(at, json={"choices": [{**choice, "category": "orders"}]})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "category_mandatory")
    assert (await client.get(f"{at[:-4]}0000")).status_code == 404


async def test_headers_name_the_one_click_address() -> None:
    assert opting_out.unsubscribe_headers("https://shop.test/", "t") == {
        "List-Unsubscribe": "<https://shop.test/v1/public/unsubscribe/t>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
