from uuid import uuid4

import httpx2 as httpx
import pytest
from litestar import Litestar

from tandem.crm.identity import service as identity
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tests.givens import visitor

PASSWORD = "correct horse battery"


async def person(database: Database, actor: Actor, role: str = "admin") -> str:
    email = f"{uuid4().hex}@example.test"
    async with database.transaction(actor) as tx:
        await identity.add_user(
            tx, email=email, name="Ravi", password=PASSWORD, role_key=role, now=database.clock.now()
        )
    return email


async def test_a_person_signs_in_is_known_and_signs_out(
    app: Litestar, database: Database, actor: Actor
) -> None:
    email = await person(database, actor, "finance")
    async with visitor(app) as browser:
        opened = await browser.post("/v1/sessions", json={"email": email, "password": PASSWORD})
        assert opened.status_code == 201
        assert "httponly" in opened.headers["set-cookie"].lower()
        me = (await browser.get("/v1/me")).json()
        assert (me["label"], me["org_id"]) == ("Ravi", str(actor.org_id))
        assert "invoicing.*" in me["grants"]
        same = {"sec-fetch-site": "same-origin"}
        ended = await browser.delete("/v1/sessions/current", headers=same)
        assert ended.status_code == 204
        browser.cookies.clear()
        assert (await browser.get("/v1/me")).json()["code"] == "unauthenticated"


async def test_a_wrong_password_and_an_unknown_address_are_answered_alike(
    app: Litestar, database: Database, actor: Actor
) -> None:
    email = await person(database, actor)
    async with visitor(app) as browser:
        answers = [
            await browser.post("/v1/sessions", json={"email": who, "password": "not the one it is"})
            for who in (email, "nobody@example.test")
        ]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].json() == answers[1].json()


@pytest.mark.parametrize("email", ["a\0@b.test", "a\u202e@b.test", "a@b\u200b.test", "a@b.test\n"])
async def test_an_address_with_what_cannot_be_seen_is_none(
    app: Litestar, client: httpx.AsyncClient, email: str
) -> None:
    async with visitor(app) as browser:
        for path in ("/v1/sessions", "/v1/sign-in-codes", "/v1/password-resets"):
            more = {"password": "x"} if path == "/v1/sessions" else {}
            answer = await browser.post(path, json={"email": email, **more})
            assert (answer.status_code, answer.json()["field"]) == (422, "email")
    invited = await client.post("/v1/invitations", json={"email": email, "role_keys": ["sales"]})
    assert (invited.status_code, invited.json()["field"]) == (422, "email")


@pytest.mark.parametrize(
    ("asked", "gone_to"),
    [
        ("/orders?q=a%20b&page=2#x", "/orders?q=a%20b&page=2#x"),
        ("/कृपया", "/%E0%A4%95%E0%A5%83%E0%A4%AA%E0%A4%AF%E0%A4%BE"),
        ("//evil.test", "/"),
        ("/\\evil.test", "/"),
        ("https://evil.test", "/"),
        ("/x\r\nset-cookie: a=b", "/"),
    ],
)
async def test_after_signing_in_one_goes_on_inside_only(
    app: Litestar, database: Database, actor: Actor, asked: str, gone_to: str
) -> None:
    email = await person(database, actor)
    async with visitor(app) as browser:
        form = {"email": email, "password": PASSWORD, "next": asked}
        answer = await browser.post("/sign-in", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, gone_to)


async def test_a_write_from_another_site_with_our_cookie_is_refused(
    app: Litestar, database: Database, actor: Actor
) -> None:
    email = await person(database, actor)
    async with visitor(app) as browser:
        await browser.post("/v1/sessions", json={"email": email, "password": PASSWORD})
        refused = await browser.post(
            "/v1/api-keys",
            json={"name": "stolen", "grants": ["*"]},
            headers={"sec-fetch-site": "cross-site", "origin": "http://evil.test"},
        )
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


async def test_a_stale_change_of_the_company_is_refused_and_changes_nothing(
    client: httpx.AsyncClient,
) -> None:
    first = await client.get("/v1/company")
    body = {"name": "New Name", "time_zone": "Asia/Kolkata"}
    tag = {"if-match": first.headers["etag"]}
    assert (await client.put("/v1/company", json=body, headers=tag)).status_code == 200
    stale = await client.put("/v1/company", json={**body, "name": "Other"}, headers=tag)
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")
    assert (await client.get("/v1/company")).json()["name"] == "New Name"


async def test_bad_input_names_the_field(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/api-keys", json={"name": "", "grants": ["x"]})
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["code"] == "invalid"
    assert answer.json()["errors"][0]["field"]
    assert (await client.post("/v1/api-keys", content=b"{")).status_code == 400
