"""The pages for templates, the inbox and one's own choices, without a browser."""

import re
from collections.abc import AsyncIterator
from datetime import datetime

import httpx2 as httpx
import pytest
from litestar import Litestar

from tandem.contracts.notifications import InboxChanged
from tandem.crm.customers import service as customers
from tandem.crm.customers.domain import NewContact, NewCustomer
from tandem.crm.customers.domain.consents import NewConsent
from tandem.crm.identity import service as identity
from tandem.crm.identity.domain.people import User
from tandem.crm.notifications import service as notifications
from tandem.crm.notifications.service import inbox
from tandem.crm.notifications.service.opting_out import unsubscribe_token
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.web.console.live import Told, is_theirs
from tests.givens import visitor

PASSWORD = "correct horse battery staple"


@pytest.fixture
async def asha(database: Database, actor: Actor, now: datetime) -> User:
    async with database.transaction(actor) as tx:
        return await identity.add_user(
            tx,
            email=f"asha-{actor.org_id.hex[-12:]}@example.test",
            name="Asha Rao",
            password=PASSWORD,
            role_key="admin",
            now=now,
        )


@pytest.fixture
async def desk(app: Litestar, asha: User) -> AsyncIterator[httpx.AsyncClient]:
    async with visitor(app) as page:
        answer = await page.post("/sign-in", data={"email": asha.email, "password": PASSWORD})
        assert answer.status_code == 303
        page.headers["origin"] = "http://test"
        yield page


async def test_words_are_begun_looked_at_tried_and_published_on_pages(
    desk: httpx.AsyncClient, database: Database, actor: Actor, asha: User
) -> None:
    for wrong in ({"name": ""}, {"name": "९"}, {"name": "x", "channel": "fax"}):
        refused = await desk.post("/templates", data={"channel": "email", **wrong})
        assert refused.status_code == 422, wrong
    begun = await desk.post("/templates/ready/order_shipped/email")
    at = begun.headers["location"]
    page = await desk.get(at)
    assert "Your order {{ order }} is on its way" in page.text
    form = {
        "channel": "email",
        "format": "html",
        "subject": "Hello {{ customer.first_name }}",
        "source": "<p>It left: {{ order }} {{ wrong }}</p>",
        "variables": "order! : text (SO-9)",
    }
    looked = await desk.post("/templates/look", data=form)
    assert "It left: SO-9" in looked.text
    assert "sandbox" in looked.headers["content-security-policy"]
    assert "invert" not in looked.text
    dark = await desk.post("/templates/look", data={**form, "shade": "dark"})
    assert "invert" in dark.text and "It left: SO-9" in dark.text
    own = "<style>@media (Prefers-Color-Scheme:dark){p{color:#eee}}</style>" + form["source"]
    theirs = await desk.post("/templates/look", data={**form, "source": own, "shade": "dark"})
    assert "@media all{p{color:#eee}}" in theirs.text and "invert" not in theirs.text
    report = await desk.post("/templates/report", data=form)
    assert "&#39;wrong&#39; is used but not declared." in report.text
    refused = await desk.post(f"{at}/publication", data=form)
    assert refused.status_code == 422
    assert "is used but not declared" in refused.text
    right = {**form, "source": "<p>It left: {{ order }}</p>"}
    tried = await desk.post(f"{at}/test", data=right)
    assert tried.headers["location"] == at
    async with database.transaction(actor) as tx:
        (message,) = (await notifications.list_messages(tx, limit=5, cursor=None)).items
        assert (message.recipient, message.subject) == (asha.email, "[Test] Hello Asha")
        assert await notifications.find_version(tx, "order_shipped", channel="email") is None
    published = await desk.post(f"{at}/publication", data=right)
    assert published.status_code == 303
    async with database.transaction(actor) as tx:
        found = await notifications.find_version(tx, "order_shipped", channel="email")
    assert found is not None
    assert found.source == right["source"]
    again = await desk.post(
        published.headers["location"] + "/versions", data={"from": str(found.id), "locale": "hi"}
    )
    compared = await desk.get(f"{again.headers['location']}?against={found.id}")
    assert "The same words." in compared.text


async def test_what_was_told_is_opened_read_and_followed_from_the_bell(
    desk: httpx.AsyncClient, database: Database, actor: Actor, asha: User, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        for number in range(2):
            await inbox.tell_staff(
                tx,
                [asha.id],
                kind="mention",
                title=f"Ravi names you <{number}>",
                link="/complaints/1",
                dedupe=str(number),
                now=now,
            )
    assert "2<span" in (await desk.get("/inbox/bell")).text
    drawer = (await desk.get("/inbox/drawer")).text
    assert "Ravi names you &lt;1&gt;" in drawer
    item = re.findall(r'action="(/inbox/[0-9a-f-]{36})"', drawer)[0]
    opened = await desk.post(item)
    assert opened.headers["location"] == "/complaints/1"
    assert "1<span" in (await desk.get("/inbox/bell")).text
    newest = item.removeprefix("/inbox/")
    away = {"what": "archived", "until": newest, "back": "//evil.test"}
    assert (await desk.post("/inbox/marks", data=away)).headers["location"] == "/inbox"
    assert "Ravi names you" not in (await desk.get("/inbox")).text
    assert "Ravi names you" in (await desk.get("/inbox?show=archived")).text


async def test_choices_and_hours_are_kept_and_wrong_ones_are_shown_at_the_field(
    desk: httpx.AsyncClient, database: Database
) -> None:
    hours = {
        "zone": "Asia/Kolkata",
        "quiet_from": "22:00",
        "quiet_until": "07:00",
        "digest_at": "08:30",
        "digest_day": "4",
    }
    saved = await desk.post(
        "/me/notifications", data={**hours, "pace.mentions.email": "daily", "pace.x.email": "now"}
    )
    assert saved.status_code == 422
    assert (await desk.get("/v1/notification-preferences")).json()[2]["decided_by"] == "suite"
    saved = await desk.post("/me/notifications", data={**hours, "pace.mentions.email": "daily"})
    assert saved.status_code == 303
    page = (await desk.get("/me/notifications")).text
    assert '<option value="daily" selected>Once a day</option>' in page
    assert 'value="08:30"' in page
    wrong = await desk.post("/me/notifications", data={**hours, "quiet_until": ""})
    assert wrong.status_code == 422
    assert "Quiet hours have a beginning and an end." in wrong.text
    defaults = await desk.post("/settings/notifications", data={"pace.delivery.sms": "off"})
    assert defaults.status_code == 303


async def test_a_person_chooses_under_their_link_and_looking_changes_nothing(
    app: Litestar, database: Database, actor: Actor, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        person = await customers.add_customer(
            tx,
            NewCustomer(
                name="Meera Nair",
                emails=[NewContact(value="meera@example.test")],
                phones=[NewContact(value="+919876543210")],
            ),
            now=now,
        )
        yes = NewConsent(purpose="marketing", channel="email", is_granted=True, source="a form")
        await customers.record_consent(tx, person.id, yes, now=now)
    token = unsubscribe_token(actor.org_id, person.id, "marketing", "email", "meera@example.test")

    async def states() -> dict[str, str]:
        async with database.transaction(actor) as tx:
            known = await customers.list_consents(tx, person.id)
        return {f"{one.purpose}.{one.channel}": one.state for one in known}

    async with visitor(app) as caller:
        page = await caller.get(f"/u/{token}")
        assert page.status_code == 200
        assert "m…@example.test" in page.text
        assert "meera@example.test" not in page.text
        assert await states() == {"marketing.email": "granted"}
        shown = re.findall(r'name="shown" value="([^"]+)"', page.text)
        assert "service:orders:email" not in shown
        on = ["topic:marketing:sms", "service:delivery:email"]
        saved = await caller.post(f"/u/{token}", data={"do": "save", "shown": shown, "on": on})
        assert "Saved." in saved.text
        assert await states() == {"marketing.email": "withdrawn", "marketing.sms": "granted"}
        stopped = await caller.post(f"/u/{token}", data={"do": "stop-all"})
        assert "Done." in stopped.text
        assert set((await states()).values()) == {"withdrawn"}
        for wrong in (token[:-2], "x" * 90):
            for method in ("GET", "POST"):
                answer = await caller.request(method, f"/u/{wrong}", data={"do": "stop"})
                assert answer.status_code == 404


async def test_an_open_page_hears_only_of_its_own_inbox(
    database: Database, actor: Actor, asha: User
) -> None:
    told = Told(InboxChanged.topic, str(asha.id))
    mine = Actor(org_id=actor.org_id, user_id=asha.id, grants=frozenset({"*"}))
    assert await is_theirs(database, mine, told)
    assert not await is_theirs(database, actor, told)


async def test_a_letter_of_blocks_is_written_refused_at_its_field_and_turned_into_mjml(
    desk: httpx.AsyncClient,
) -> None:
    made = await desk.post("/templates", data={"name": "Rain", "channel": "email"})
    begun = await desk.post(
        f"{made.headers['location']}/versions", data={"from": "blocks", "locale": "en"}
    )
    at = begun.headers["location"]
    page = await desk.get(at)
    assert 'name="blk.0.text" value="Hello {{ customer.first_name }}"' in page.text
    # As a browser sends it: the second block was moved up, the columns are new.
    form = {
        "format": "blocks",
        "channel": "email",
        "subject": "Rain",
        "blk.1.kind": "button",
        "blk.1.label": "Go",
        "blk.1.link": "javascript:alert(1)",
        "blk.0.kind": "heading",
        "blk.0.text": "A <b>title</b>",
        "blk.n2.kind": "columns",
        "blk.n2.left.n3.kind": "spacer",
        "blk.n2.left.n3.height": "9",
        "blk.n2.right.n4.kind": "image",
        "blk.n2.right.n4.address": "https://a.test/t.png",
        "blk.n2.right.n4.alt": "Tea",
        "blk.n2.right.n4.width": "",
        "theme.accent": "#a01818",
        "theme.button_text": "",
        "theme.width": "600",
    }
    refused = await desk.post(at, data=form)
    assert refused.status_code == 422
    assert 'id="blk.0.link-e"' not in refused.text
    assert 'aria-describedby="blk.1.link-e"' in refused.text
    assert 'value="A &lt;b&gt;title&lt;/b&gt;"' in refused.text
    assert "Hello {{ customer.first_name }}" not in refused.text
    tall = await desk.post(at, data={**form, "blk.n2.left.n3.height": "tall"})
    assert 'aria-describedby="blk.n2.left.n3.height-e"' in tall.text
    looked = await desk.post("/templates/look", data=form)
    assert "A &lt;b&gt;title&lt;/b&gt;" in looked.text and "javascript" not in looked.text
    saved = await desk.post(at, data={**form, "blk.1.link": "https://a.test"})
    assert saved.status_code == 303
    kept = (await desk.get(f"/v1/notification-template-versions/{at.rsplit('/', 1)[1]}")).json()
    assert [one["kind"] for one in kept["blocks"]] == ["button", "heading", "columns"]
    assert kept["blocks"][2]["right"][0]["width"] is None
    turned = await desk.post(f"{at}/source", data={**form, "blk.1.link": "https://a.test"})
    assert turned.status_code == 303
    page = await desk.get(at)
    assert "&lt;mj-button href=&#34;https://a.test&#34;" in page.text
    back = await desk.post(f"{at}/blocks", data={"format": "mjml", "source": "x", "subject": "R"})
    assert back.status_code == 303
    assert (await desk.post(f"{at}/publication")).status_code == 303
    assert "MJML, made of its blocks" in (await desk.get(at)).text
