from uuid import uuid4

import httpx2 as httpx
from litestar import Litestar

from tandem.crm.identity import service as identity
from tandem.kernel.actor import Actor
from tandem.kernel.clock import clock
from tandem.kernel.db import Database
from tests.givens import api_key_of, visitor

PASSWORD = "correct horse battery"


async def person(database: Database, actor: Actor, role: str = "admin") -> str:
    email = f"{uuid4().hex}@example.test"
    async with database.transaction(actor) as tx:
        await identity.add_user(
            tx, email=email, name="Ravi", password=PASSWORD, role_key=role, now=clock.now()
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


async def test_a_key_can_never_exceed_its_maker(
    app: Litestar, database: Database, actor: Actor
) -> None:
    limited = await api_key_of(database, actor, "identity.manage", "orders.read")
    async with visitor(app) as script:
        script.headers["authorization"] = f"Bearer {limited}"
        refused = await script.post(
            "/v1/api-keys", json={"name": "more", "grants": ["orders.write"]}
        )
        made = await script.post("/v1/api-keys", json={"name": "less", "grants": ["orders.read"]})
    assert (refused.status_code, refused.json()["permission"]) == (403, "orders.write")
    assert made.status_code == 201
    assert made.json()["key"].startswith(made.json()["api_key"]["prefix"])


async def test_a_revoked_key_and_a_made_up_one_are_refused(client: httpx.AsyncClient) -> None:
    made = (await client.post("/v1/api-keys", json={"name": "k", "grants": ["*"]})).json()
    assert (await client.delete(f"/v1/api-keys/{made['api_key']['id']}")).status_code == 204
    for key in (made["key"], "tdm_00000000_made_up"):
        answer = await client.get("/v1/me", headers={"authorization": f"Bearer {key}"})
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def test_the_same_idempotency_key_makes_one_key_and_repeats_its_answer(
    client: httpx.AsyncClient,
) -> None:
    key = {"idempotency-key": uuid4().hex}
    body = {"name": "once", "grants": ["orders.read"]}
    answers = [await client.post("/v1/api-keys", json=body, headers=key) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    other = await client.post("/v1/api-keys", json={**body, "name": "two"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    named = [one["name"] for one in (await client.get("/v1/api-keys")).json()]
    assert named.count("once") == 1
    assert "two" not in named


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
