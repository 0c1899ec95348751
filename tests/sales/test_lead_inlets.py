"""Leads of advertisers and of mailboxes: each once, and none lost that could not be read."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2 as httpx
import pytest
from litestar import Litestar

from tandem.crm.sales.domain.inlets import Inlet, Kind, read_ads, read_mail
from tandem.crm.sales.service import inlets
from tandem.crm.sales.store import inlets as store
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.ids import new_id
from tandem.kernel.limits import Limiter
from tests.givens import visitor
from tests.sales.converting import Desk

GOOGLE: dict[str, Any] = {
    "lead_id": "G-1",
    "api_version": "1.0",
    "form_id": 7,
    "campaign_id": 991,
    "google_key": "k",
    "is_test": False,
    "user_column_data": [
        {"column_id": "FULL_NAME", "string_value": "Ravi Kumar", "column_name": "Full Name"},
        {"column_id": "EMAIL", "string_value": "Ravi@Cold.test"},
        {"column_id": "PHONE_NUMBER", "string_value": "098450 12345"},
        {"column_id": "COMPANY_NAME", "string_value": "Kumar Cold Stores"},
        {"column_id": "COUNTRY", "string_value": "India"},
        {"column_id": "which_size", "string_value": "40 feet"},
    ],
}
META: dict[str, Any] = {
    "id": "M-1",
    "created_time": "2026-11-22T10:00:00+0000",
    "field_data": [
        {"name": "first_name", "values": ["Asha"]},
        {"name": "last_name", "values": ["Rao"]},
        {"name": "email", "values": ["asha@teas.test"]},
        {"name": "how_many_crates?", "values": ["12"]},
    ],
}
MAIL = (
    "From: Meera Iyer <meera@iyer.test>\r\nTo: sales@shop.test\r\nSubject: Price of crates\r\n"
    "Message-ID: <1@iyer.test>\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    "<style>p{}</style><p>Please quote <b>40</b> crates.</p><p>Meera</p>\r\n"
)


def an_inlet(kind: Kind, **fields: str) -> Inlet:
    at = datetime(2026, 11, 22, tzinfo=UTC)
    return Inlet(
        id=new_id(), name="Way", kind=kind, source="", campaign_id=None, owner_id=None,
        team_id=None, fields=fields, token="", is_active=True, version=1, created_at=at,
        updated_at=at,
    )  # fmt: skip


class Way:
    def __init__(self, desk: Desk, stranger: httpx.AsyncClient, made: dict[str, Any]) -> None:
        self.desk, self.stranger, self.made = desk, stranger, made
        self.path = f"/v1/public/lead-inlets/{made['token']}"

    async def send(self, body: Any) -> httpx.Response:
        content = body if isinstance(body, str) else json.dumps(body)
        return await self.stranger.post(self.path, content=content.encode())

    async def came(self) -> list[dict[str, Any]]:
        page = await self.desk.read(f"/v1/lead-inlets/{self.made['id']}/arrivals")
        found: list[dict[str, Any]] = page["items"]
        return found


@pytest.fixture
async def stranger(app: Litestar, database: Database) -> httpx.AsyncClient:
    app.state.limiter = Limiter()
    return visitor(app)


async def way(desk: Desk, stranger: httpx.AsyncClient, kind: str, **given: Any) -> Way:
    made = await desk.made("/v1/lead-inlets", name=f"By {kind}", kind=kind, **given)
    return Way(desk, stranger, made)


async def test_an_advertisers_lead_is_one_lead_however_often_it_is_told(
    desk: Desk, stranger: httpx.AsyncClient
) -> None:
    ads = await way(desk, stranger, "ads", source="Google Ads", fields={"Which size": "job_title"})
    first = await ads.send(GOOGLE)
    again = await ads.send(GOOGLE)
    assert (first.status_code, again.json()) == (202, first.json())
    later = await ads.send(GOOGLE | {"lead_id": "G-2"})
    assert (await ads.send(GOOGLE | {"lead_id": "G-3", "is_test": True})).status_code == 202
    [lead] = (await desk.read("/v1/leads"))["items"]
    named = ("name", "email", "phone", "company_name", "country", "job_title", "source")
    assert [lead[name] for name in named] == [
        "Ravi Kumar", "ravi@cold.test", "+919845012345", "Kumar Cold Stores", "IN", "40 feet",
        "Google Ads",
    ]  # fmt: skip
    assert (lead["touch_count"], lead["last_touch"]["utm_campaign"]) == (2, "991")
    came = [(one["state"], one["lead_id"], one["body"]) for one in await ads.came()]
    assert came == [
        ("ignored", None, None),
        ("known", lead["id"], None),
        ("taken", lead["id"], None),
    ]
    assert later.json() != first.json()


async def test_what_cannot_be_taken_in_waits_to_be_mended_or_put_away(
    desk: Desk, stranger: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    made = {"target": "lead", "key": "crates", "kind": "number", "label": "Crates"}
    await desk.made("/v1/custom-fields", **made)
    ads = await way(desk, stranger, "ads", fields={"how_many_crates?": "custom.crates"})
    wrong = [{"name": "email", "values": ["asha at teas"]}, {"name": "name", "values": ["Asha"]}]
    for place, data in enumerate((wrong, [], wrong)):
        answer = await ads.send({"id": f"W-{place}", "field_data": data})
        assert answer.status_code == 202
    assert (await desk.read("/v1/leads"))["items"] == []
    one, nobody, other = await ads.came()
    assert [each["state"] for each in (one, nobody, other)] == ["failed"] * 3
    assert one["facts"] == {"email": "asha at teas", "name": "Asha"} and "W-2" in one["body"]
    assert nobody["reason"] == "Give a name, a company, an e-mail or a phone number."
    at = f"/v1/lead-inlets/{ads.made['id']}/arrivals"

    still = await desk.post(f"{at}/{one['id']}/lead")
    assert (still.status_code, still.json()["code"]) == (422, "email_wrong")
    facts = {"name": "Asha", "email": "asha@teas.test", "custom.crates": "many"}
    assert (await desk.post(f"{at}/{one['id']}/lead", facts=facts)).status_code == 422
    lead = await desk.made(f"{at}/{one['id']}/lead", facts=facts | {"custom.crates": "12"})
    assert (lead["email"], lead["custom"]) == ("asha@teas.test", {"crates": 12})
    twice = await desk.post(f"{at}/{one['id']}/lead", facts=facts)
    assert (twice.status_code, twice.json()["code"]) == (409, "arrival_settled")
    assert (await desk.post(f"{at}/{nobody['id']}/dismissal")).status_code == 204
    async with database.transaction(actor) as tx:
        await store.forget_person(tx, ["asha at TEAS"], now)
    settled = [(each["state"], each["body"], each["attempts"]) for each in await ads.came()]
    assert settled == [("taken", None, 2), ("dismissed", None, 1), ("dismissed", None, 1)]


async def test_nobody_is_told_anything_without_the_address(
    desk: Desk, stranger: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    ads = await way(desk, stranger, "ads")
    for body, status in (
        ("{", 422),
        ("[1]", 422),
        ({"object": "page", "entry": []}, 422),
        ("x" * 300_000, 413),
    ):
        assert (await ads.send(body)).status_code == status
    assert (await stranger.post(f"{ads.path}x", content=b"{}")).status_code == 404
    draft = {"name": "By ads", "kind": "ads", "is_active": False}
    assert (
        await desk.client.put(f"/v1/lead-inlets/{ads.made['id']}", json=draft)
    ).status_code == 200
    assert (await ads.send(META)).status_code == 404
    assert await ads.came() == []
    assert (await desk.post("/v1/lead-inlets", name="by ADS", kind="email")).status_code == 409
    wrong = await desk.post("/v1/lead-inlets", name="Two", kind="ads", fields={"Size": "shoe"})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "fields.Size")
    reader = Actor(org_id=actor.org_id, user_id=new_id(), grants=frozenset({"sales.read"}))
    async with database.transaction(reader) as tx:
        assert [one.token for one in await inlets.list_inlets(tx, now=now)] == [""]


async def test_a_mail_becomes_its_writers_lead_and_old_failures_are_forgotten(
    desk: Desk, stranger: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    post = await way(desk, stranger, "email", source="Mailbox")
    assert (await post.send(MAIL)).status_code == 202
    assert (await post.send(MAIL)).status_code == 202
    away = MAIL.replace("<1@iyer.test>", "<2@iyer.test>\r\nAuto-Submitted: auto-replied")
    assert (await post.send(away)).status_code == 202
    [lead] = (await desk.read("/v1/leads"))["items"]
    assert (lead["name"], lead["email"], lead["source"]) == (
        "Meera Iyer",
        "meera@iyer.test",
        "Mailbox",
    )
    assert lead["description"] == "Price of crates\n\nPlease quote 40 crates.\nMeera"
    assert [one["state"] for one in await post.came()] == ["ignored", "taken"]
    await post.send(MAIL.replace("<1@", "<3@").replace("meera@iyer.test>", "meera@iyer>"))
    assert (await post.came())[0]["state"] == "failed"
    async with database.transaction(actor) as tx:
        await inlets.forget_old(tx, now=database.clock.now() + timedelta(days=91))
    assert ((await post.came())[0]["state"], (await post.came())[0]["body"]) == ("dismissed", None)


def test_answers_are_read_whatever_the_advertiser_calls_them() -> None:
    read = read_ads(json.dumps(META).encode(), an_inlet(Kind.ADS))
    assert read.dedupe == "id:M-1" and read.facts == {
        "name": "Asha Rao",
        "email": "asha@teas.test",
        "description": "how_many_crates?: 12",
    }
    flat = {
        "Your name": "A\r\nBcc: b",
        "Work e-mail": "a@b.test",
        "utm_source": "in",
        "tags": [1, 2],
    }
    read = read_ads(json.dumps(flat).encode(), an_inlet(Kind.ADS))
    assert read.facts == {"name": "A Bcc: b", "email": "a@b.test", "description": "tags: 1, 2"}
    assert read.touch.utm_source == "in" and read.dedupe.startswith("sha:")


@pytest.mark.parametrize(
    ("changed", "ignored"),
    [
        (MAIL.replace("To:", "List-Id: <x>\r\nTo:"), "a newsletter"),
        (MAIL.replace("To:", "Precedence: bulk\r\nTo:"), "a mail to many"),
        (
            MAIL.replace("meera@iyer.test>\r\nTo", "MAILER-DAEMON@x.test>\r\nTo"),
            "a mail that came back",
        ),
        (MAIL.replace("To:", "Auto-Submitted: no\r\nTo:"), ""),
        (MAIL.replace("charset=utf-8", "charset=made-up"), ""),
        (MAIL.replace("Subject: Price", "Subject: =?utf-8?q?broken=ZZ?= Price"), ""),
    ],
)
def test_a_mail_that_nobody_wrote_is_none(changed: str, ignored: str) -> None:
    assert read_mail(changed.encode(), an_inlet(Kind.EMAIL)).ignored == ignored
