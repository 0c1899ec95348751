"""What a session is worth, where it shows, and what ends it. A-AUT-5 (sessions), A-AUT-19."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import httpx2 as httpx
import msgspec
import pytest
from litestar import Litestar

from tandem.app.asgi import equip
from tandem.app.settings import Settings
from tandem.crm.identity.domain import SESSION_IDLE, SESSION_LIFE, WrongCredentials
from tandem.crm.identity.service import factors
from tandem.crm.identity.service.sessions import end_sessions_of, list_sessions
from tandem.kernel.actor import Actor, StepUpNeeded
from tandem.kernel.db import Database, Query
from tandem.web.console.live import watch_of
from tests.givens import visitor
from tests.identity import doors
from tests.identity.doors import OTHER_PASSWORD, PASSWORD, browser
from tests.waiting import until

SAME = {"sec-fetch-site": "same-origin"}
DISABLE = Query(
    "update identity.user_account set is_active = false where org_id = :org_id and id = :id"
)


@asynccontextmanager
async def signed_in(app: Litestar, email: str) -> AsyncIterator[httpx.AsyncClient]:
    async with visitor(app) as client:
        answer = await client.post("/v1/sessions", json={"email": email, "password": PASSWORD})
        assert answer.status_code == 201, answer.text
        yield client


async def ends_within_a_second(client: httpx.AsyncClient, since: float) -> None:
    while (await client.get("/v1/me")).status_code != 401:
        assert time.monotonic() - since < 20, "still open"
        await asyncio.sleep(0.05)
    assert time.monotonic() - since < 3.0, "a second, and what a loaded machine adds"


async def test_a_session_has_an_idle_and_an_absolute_end(
    database: Database, actor: Actor, now: datetime
) -> None:
    who = await doors.member(database, actor, now=now)
    opened = await doors.enter(database, who, now=now)
    assert opened.expires_at == now + SESSION_LIFE
    assert await doors.is_open(database, opened.token, now + SESSION_LIFE - timedelta(seconds=1))
    assert not await doors.is_open(database, opened.token, now + SESSION_LIFE)
    me = await doors.acting(database, opened, now)
    async with database.transaction(me) as tx:
        listed = await list_sessions(tx, now=now)
        assert [(one.id, one.user_agent, one.address) for one in listed] == [
            (opened.session_id, "Tests", "203.0.113.7")
        ]
        assert await list_sessions(tx, now=now + SESSION_IDLE) == []


async def test_signing_in_again_ends_the_session_one_came_with(
    database: Database, actor: Actor, now: datetime
) -> None:
    who = await doors.member(database, actor, now=now)
    planted = await doors.enter(database, who, now=now)
    came = msgspec.structs.replace(browser(), old_token=planted.token)
    opened = await doors.enter(database, who, now=now, visitor=came)
    assert opened.token != planted.token
    assert len(opened.token) == len(planted.token) == 43, "256 bits in base64"
    assert not await doors.is_open(database, planted.token, now)
    assert await doors.is_open(database, opened.token, now)


@pytest.mark.parametrize("ending", ["revoked", "others", "disabled", "removed", "password"])
async def test_whatever_ends_a_session_ends_it_within_a_second(
    app: Litestar, database: Database, actor: Actor, ending: str
) -> None:
    now = database.clock.now()
    who = await doors.member(database, actor, now=now)
    async with signed_in(app, who.email) as here, signed_in(app, who.email) as there:
        assert (await there.get("/v1/me")).status_code == 200
        listed = (await there.get("/v1/me/sessions")).json()
        if ending == "revoked":
            newest_first = sorted(listed, key=lambda one: one["created_at"])
            path = f"/v1/me/sessions/{newest_first[-1]['id']}"
            assert (await here.delete(path, headers=SAME)).status_code == 204
        elif ending == "others":
            assert (await here.delete("/v1/me/sessions", headers=SAME)).status_code == 204
        elif ending == "disabled":
            async with database.transaction(actor) as tx:
                assert await tx.run(DISABLE, id=who.user_id) == 1
        elif ending == "removed":
            async with database.transaction(actor) as tx:
                assert await end_sessions_of(tx, who.user_id, now=now) == 2
        else:
            change = {"old": PASSWORD, "new": OTHER_PASSWORD}
            changed = await here.put("/v1/me/password", json=change, headers=SAME)
            assert changed.status_code == 204, changed.text
        await ends_within_a_second(there, time.monotonic())
        is_open = (await here.get("/v1/me")).status_code == 200
        assert is_open is (ending in {"revoked", "others", "password"})


async def test_nobody_ends_the_session_of_somebody_else(
    app: Litestar, database: Database, actor: Actor
) -> None:
    now = database.clock.now()
    one, other = [await doors.member(database, actor, now=now) for _ in range(2)]
    async with signed_in(app, one.email) as mine, signed_in(app, other.email) as theirs:
        theirs_id = (await theirs.get("/v1/me/sessions")).json()[0]["id"]
        answer = await mine.delete(f"/v1/me/sessions/{theirs_id}", headers=SAME)
        assert answer.status_code == 404
        assert len((await theirs.get("/v1/me/sessions")).json()) == 1


async def test_a_sensitive_act_asks_again_and_the_proof_gives_the_session_a_new_token(
    app: Litestar, database: Database, actor: Actor, now: datetime
) -> None:
    who = await doors.member(database, actor, now=now)
    opened = await doors.enter(database, who, now=now)
    me = await doors.acting(database, opened, now)
    later = now + timedelta(minutes=11)
    with pytest.raises(StepUpNeeded):
        async with database.transaction(me) as tx:
            await factors.begin_time_code(tx, now=later)
    with pytest.raises(factors.WrongPassword):
        await factors.step_up(database, me, password="not it at all", visitor=browser(), now=later)
    fresh = await factors.step_up(database, me, password=PASSWORD, visitor=browser(), now=later)
    assert not await doors.is_open(database, opened.token, later)
    assert await doors.is_open(database, fresh, later)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "same-origin"}, 204),
        ({"sec-fetch-site": "cross-site", "origin": "https://evil.test"}, 403),
        ({"sec-fetch-site": "same-site", "origin": "http://other.test"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://evil.test"}, 403),
        ({"origin": "http://evil://test"}, 403),
        ({}, 403),
    ],
)
async def test_a_write_with_the_cookie_comes_from_our_own_pages_only(
    app: Litestar, database: Database, actor: Actor, headers: dict[str, str], status: int
) -> None:
    who = await doors.member(database, actor, now=database.clock.now())
    async with signed_in(app, who.email) as client:
        answer = await client.delete("/v1/me/sessions", headers=headers)
        assert answer.status_code == status


async def test_nobody_is_signed_in_from_another_site(
    app: Litestar, database: Database, actor: Actor
) -> None:
    who = await doors.member(database, actor, now=database.clock.now())
    body = {"email": who.email, "password": PASSWORD}
    foreign = {"origin": "https://evil.test"}
    doors_of = (("/v1/sessions", {"json": body}), ("/sign-in", {"data": body}))
    async with visitor(app) as client:
        # Older browsers tell the origin alone.
        for headers in (foreign, {**foreign, "sec-fetch-site": "cross-site"}):
            for path, sent in doors_of:
                answer = await client.post(path, headers=headers, **sent)  # type: ignore[arg-type]
                assert answer.status_code == 403
                assert "tandem_session" not in answer.headers.get("set-cookie", "")


async def test_no_other_origin_is_let_read_anything(client: httpx.AsyncClient) -> None:
    origin = {"origin": "https://evil.test"}
    asked = await client.options(
        "/v1/me", headers={**origin, "access-control-request-method": "GET"}
    )
    answers = [asked, await client.get("/v1/me", headers=origin)]
    for answer in answers:
        assert not [name for name in answer.headers if name.startswith("access-control-")]


async def test_every_answer_carries_its_guards(client: httpx.AsyncClient, app: Litestar) -> None:
    api = await client.get("/v1/me")
    refused = await client.get("/v1/users/00000000-0000-0000-0000-000000000000")
    for answer in (api, refused):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    async with visitor(app) as somebody:
        page = await somebody.get("/sign-in")
    assert "frame-ancestors 'self'" in page.headers["content-security-policy"]
    assert "object-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"


async def test_over_tls_the_cookie_is_bound_to_this_host_and_signing_out_clears_the_site(
    app: Litestar, settings: Settings, database: Database, actor: Actor
) -> None:
    who = await doors.member(database, actor, now=database.clock.now())
    secure = msgspec.structs.replace(settings, base_url="https://shop.test")
    equip(app.state, secure, database)
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="https://shop.test") as client:
        body = {"email": who.email, "password": PASSWORD}
        answer = await client.post("/v1/sessions", json=body)
        cookies = {one.split("=")[0]: one for one in answer.headers.get_list("set-cookie")}
        for name in ("__Host-tandem_session", "__Host-tandem_browser"):
            flags = cookies[name].lower()
            assert "httponly" in flags
            assert "secure" in flags
            assert "samesite=lax" in flags
            assert "path=/" in flags
            assert "domain" not in flags
        assert (await client.get("/v1/me")).status_code == 200
        ended = await client.delete("/v1/sessions/current", headers=SAME)
        assert ended.headers["clear-site-data"] == '"cache", "storage"'
        assert (await client.get("/v1/me")).status_code == 401


async def test_the_verbs_of_a_person_are_not_for_keys(client: httpx.AsyncClient) -> None:
    for method, path in (
        ("GET", "/v1/me/sessions"),
        ("GET", "/v1/me/factors"),
        ("POST", "/v1/me/time-code"),
        ("POST", "/v1/me/recovery-codes"),
    ):
        answer = await client.request(method, path)
        assert (answer.status_code, answer.json()["permission"]) == (403, "person"), path


async def test_a_person_without_any_company_left_is_told_what_a_stranger_is(
    database: Database, actor: Actor, now: datetime
) -> None:
    who = await doors.member(database, actor, now=now)
    async with database.transaction(actor) as tx:
        await tx.run(DISABLE, id=who.user_id)
    with pytest.raises(WrongCredentials):
        await doors.enter(database, who, now=now)


async def test_a_consoles_stream_ends_with_its_session(
    app: Litestar, database: Database, actor: Actor
) -> None:
    """What the page reads, without a server in between: it ends by itself."""
    who = await doors.member(database, actor, now=database.clock.now())
    async with signed_in(app, who.email) as here, signed_in(app, who.email) as there:
        reading = asyncio.create_task(there.get("/console/stream"))
        watch = watch_of(database, actor.org_id)
        await asyncio.to_thread(until, lambda: watch.watchers, "the stream begins")
        assert (await here.delete("/v1/me/sessions", headers=SAME)).status_code == 204
        answer = await asyncio.wait_for(reading, 20)
    assert answer.text.startswith("retry: 2000")
