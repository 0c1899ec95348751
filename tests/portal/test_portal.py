"""AUT-24: buyers sign in by code, see what is theirs, and nothing else of anybody's."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from uuid import uuid4
from zoneinfo import ZoneInfo

import asyncpg
import httpx2 as httpx
import msgspec
import pytest
from litestar import Litestar

from tandem.contracts.orders import OrderSnapshot
from tandem.crm.identity import service as identity
from tandem.flows import merge, portal
from tandem.flows.customer_holders import Person
from tandem.flows.place_order.basket import Buyer
from tandem.flows.portal_holders import erase_sessions, export_sessions
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.jobs import Work
from tandem.kernel.resources import Resources
from tests.flows.shop import basket, open_shop, place
from tests.givens import visitor

ASHA = Buyer(name="Asha Rao", email="asha@example.test", phone="98765 43211")
MEERA = "meera@example.test"
SAME_SITE = {"sec-fetch-site": "same-origin"}
NEWEST_CODE = "select id from identity.buyer_code where org_id = $1 order by id desc limit 1"
SENT = """
    select text from notifications.message
     where org_id = $1 and dedupe = $2 order by channel limit 1
"""
Ask = Callable[[str], Awaitable[str]]


@pytest.fixture
async def slug(database: Database, actor: Actor) -> str:
    async with database.transaction(actor) as tx:
        return (await identity.get_organisation(tx)).slug


@pytest.fixture
async def bought(database: Database, actor: Actor, now: datetime) -> list[OrderSnapshot]:
    """Meera's order and Asha's."""
    async with database.transaction(actor) as tx:
        shop = await open_shop(tx, now)
    baskets = [basket(shop), basket(shop, customer=ASHA)]
    placed = await place(database, actor, baskets, now)
    return [order for order in placed if isinstance(order, OrderSnapshot)]


@pytest.fixture
async def browser(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    async with visitor(app) as opened:
        opened.headers.update(SAME_SITE)
        yield opened


@pytest.fixture
def code_for(
    browser: httpx.AsyncClient, database: Database, actor: Actor, slug: str, owner_dsn: str
) -> Ask:
    """What the worker sends to that address; empty when nobody has it."""

    async def ask(contact: str) -> str:
        asked = await browser.post(f"/account/at/{slug}", data={"contact": contact})
        assert asked.status_code == 200
        owner = await asyncpg.connect(owner_dsn)
        code_id = await owner.fetchval(NEWEST_CODE, actor.org_id)
        await portal.send_code(Work(database, Resources(), actor.org_id), str(code_id), contact)
        text = await owner.fetchval(SENT, actor.org_id, f"buyer_code:{code_id}")
        await owner.close()
        found = re.search(r"\b\d{6}\b", text or "")
        return found[0] if found else ""

    return ask


@pytest.fixture
async def meera(
    browser: httpx.AsyncClient, slug: str, bought: list[OrderSnapshot], code_for: Ask
) -> httpx.AsyncClient:
    """Her browser, signed in."""
    assert await _enter(browser, slug, await code_for(MEERA)) == 303
    return browser


async def _enter(browser: httpx.AsyncClient, slug: str, code: str) -> int:
    return (await browser.post(f"/account/at/{slug}/code", data={"code": code})).status_code


@pytest.mark.parametrize("contact", ["Meera@Example.test", "98765 43210", "+919876543210"])
async def test_a_buyer_signs_in_with_address_or_phone_and_sees_their_own_orders_only(
    browser: httpx.AsyncClient,
    database: Database,
    actor: Actor,
    slug: str,
    bought: list[OrderSnapshot],
    code_for: Ask,
    contact: str,
    now: datetime,
) -> None:
    own, other = bought
    code = await code_for(contact)
    assert await _enter(browser, slug, code) == 303
    page = await browser.get("/account")
    assert own.number in page.text and other.number not in page.text
    async with database.transaction(actor) as tx:
        await identity.update_organisation(tx, name="Dubai", time_zone="Asia/Dubai", now=now)
    shown = await browser.get(f"/account/orders/{own.id}")
    assert shown.status_code == 200 and own.public_token in shown.text
    assert f"{own.placed_at.astimezone(ZoneInfo('Asia/Dubai')):%H:%M}</time>" in shown.text
    for foreign in (other.id, uuid4()):
        refused = await browser.get(f"/account/orders/{foreign}")
        assert refused.status_code == 404
        assert other.number not in refused.text and other.public_token not in refused.text
    assert (await browser.post("/account/sign-out")).status_code == 303
    assert (await browser.get("/account")).status_code == 401


async def test_a_code_goes_by_mail_wherever_there_is_an_address_and_the_pages_say_why(
    browser: httpx.AsyncClient,
    database: Database,
    actor: Actor,
    slug: str,
    code_for: Ask,
    owner_dsn: str,
    now: datetime,
) -> None:
    """ASVS V6.6.1."""
    async with database.transaction(actor) as tx:
        shop = await open_shop(tx, now)
    only_phone = Buyer(name="Ravi", phone="98765 43212")
    baskets = [basket(shop), basket(shop, customer=only_phone)]
    _, own = await place(database, actor, baskets, now)
    assert isinstance(own, OrderSnapshot)
    mailed, texted = await code_for("98765 43210"), await code_for("98765 43212")
    owner = await asyncpg.connect(owner_dsn)
    sent = await owner.fetch(
        "select channel, recipient, text from notifications.message"
        " where org_id = $1 and template = 'buyer_code' order by id",
        actor.org_id,
    )
    await owner.close()
    assert [(row["channel"], row["recipient"]) for row in sent] == [
        ("email", MEERA),
        ("sms", "+919876543212"),
    ]
    assert mailed in sent[0]["text"] and texted in sent[1]["text"]
    assert "nobody will ask you for it" in sent[1]["text"]
    assert await _enter(browser, slug, texted) == 303
    assert own.number in (await browser.get("/account")).text
    door = await browser.get(f"/account/at/{slug}")
    asked = await browser.post(f"/account/at/{slug}", data={"contact": "98765 43210"})
    for page in (door, asked):
        assert "How safe are codes by text?" in page.text and "by e-mail where" in page.text


async def test_a_buyer_is_nobody_everywhere_else(
    app: Litestar,
    meera: httpx.AsyncClient,
    bought: list[OrderSnapshot],
) -> None:
    session = meera.cookies["tandem_buyer"]
    tried = 0
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if "GET" not in handler.http_methods or handler.opt.get("public"):
                continue
            path = re.sub(r"\{[^}]*\}", str(bought[0].id), route.path_format)
            if handler.opt.get("static") or "stream" in path or "live" in path:
                continue
            answer = await meera.get(path)
            assert answer.status_code in {302, 303, 401, 404, 405}, (path, answer.status_code)
            assert bought[0].number not in answer.text
            tried += 1
    assert tried > 60
    for name, value in (("tandem_session", session), ("tandem_buyer", "x" * 43)):
        async with visitor(app) as other:
            other.cookies.set(name, value)
            assert (await other.get("/v1/me")).status_code == 401
            assert (await other.get("/account")).status_code == 401
    bearer = {"authorization": f"Bearer {session}"}
    async with visitor(app) as script:
        assert (await script.get("/v1/me", headers=bearer)).status_code == 401


async def test_an_address_that_nobody_has_is_answered_alike_and_gets_nothing(
    browser: httpx.AsyncClient,
    slug: str,
    bought: list[OrderSnapshot],
    code_for: Ask,
) -> None:
    pages = []
    for contact in ("meera@example.test", "nobody@example.test", "junk", "", "\x00"):
        answer = await browser.post(f"/account/at/{slug}", data={"contact": contact})
        shown = re.sub(r'nonce-?="?[^"\s]*', "", answer.text.replace(contact or "\x01", ""))
        pages.append((answer.status_code, len(shown) // 100))
    assert len(set(pages[:2])) == 1
    assert {status for status, _ in pages} == {200}
    assert await code_for("no@example.test") == ""
    assert await _enter(browser, slug, "000000") == 401
    for nowhere in ("no-such-shop", "a%00b", "%C3%A9t%C3%A9", "x" * 200):
        assert (await browser.get(f"/account/at/{nowhere}")).status_code == 404


async def test_five_tries_then_the_right_code_is_wrong_too(
    browser: httpx.AsyncClient,
    slug: str,
    bought: list[OrderSnapshot],
    code_for: Ask,
) -> None:
    code = await code_for(MEERA)
    wrong = f"{(int(code) + 1) % 10**6:06}"
    for _ in range(5):
        assert await _enter(browser, slug, wrong) == 401
    assert await _enter(browser, slug, code) == 401
    assert (await browser.get("/account")).status_code == 401


async def test_a_phone_is_not_flooded_and_a_code_not_guessed_by_asking_again(
    browser: httpx.AsyncClient,
    slug: str,
    bought: list[OrderSnapshot],
    code_for: Ask,
) -> None:
    """Six asks are what one network has in a minute; from elsewhere it is the customer's limit."""
    codes = [await code_for(MEERA) for _ in range(6)]
    assert all(codes[:5]) and codes[5] == ""
    assert await _enter(browser, slug, codes[4]) == 401, "asked for before the last one"


async def test_a_session_ends_with_its_customer(
    app: Litestar,
    meera: httpx.AsyncClient,
    database: Database,
    actor: Actor,
    bought: list[OrderSnapshot],
    now: datetime,
) -> None:
    """Merged into somebody else, they do not become them; erased, nothing of them is left."""
    own, other = bought
    async with database.transaction(actor) as tx:
        assert len(await export_sessions(tx, Person(customer_id=own.customer_id))) == 1
        await merge.merge(tx, other.customer_id, own.customer_id, now=now)
        assert await export_sessions(tx, Person(customer_id=own.customer_id)) == []
        assert (await erase_sessions(tx, Person(customer_id=other.customer_id), now)).erased == 0
    assert (await meera.get("/account")).status_code == 401


async def test_a_code_works_once_and_in_the_browser_that_asked_for_it(
    app: Litestar,
    browser: httpx.AsyncClient,
    slug: str,
    bought: list[OrderSnapshot],
    code_for: Ask,
) -> None:
    code = await code_for(MEERA)
    asked = browser.cookies["tandem_buyer_code"]
    async with visitor(app) as thief:
        thief.headers.update(SAME_SITE)
        assert await _enter(thief, slug, code) == 401
    assert await _enter(browser, slug, code) == 303
    async with visitor(app) as late:
        late.headers.update(SAME_SITE)
        late.cookies.set("tandem_buyer_code", asked)
        assert await _enter(late, slug, code) == 401


async def test_a_buyer_of_one_company_is_none_of_another(
    meera: httpx.AsyncClient,
    database: Database,
    actor: Actor,
    bought: list[OrderSnapshot],
    now: datetime,
) -> None:
    other = await identity.found_organisation(
        database, name="Other", slug=f"o-{uuid4().hex}", now=now
    )
    stranger = msgspec.structs.replace(actor, org_id=other)
    async with database.transaction(stranger) as tx:
        shop = await open_shop(tx, now)
    [theirs] = await place(database, stranger, [basket(shop)], now)
    assert isinstance(theirs, OrderSnapshot)
    assert (await meera.get(f"/account/orders/{theirs.id}")).status_code == 404
    assert bought[0].number in (await meera.get("/account")).text
