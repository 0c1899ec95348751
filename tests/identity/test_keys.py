"""AUT-11 and A-AUT-9: keys that cannot be guessed, cannot grow and cannot outlive their maker."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx2 as httpx
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from litestar import Litestar

from tandem.crm.identity.domain.keys import (
    check_networks,
    in_common,
    is_well_formed,
    is_within,
    new_access_token,
    new_api_key,
)
from tandem.crm.identity.sessions import COOKIE
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.errors import Invalid
from tests.givens import api_key_of, visitor
from tests.identity.at_work import at_work, hire


@pytest.fixture
async def boss(app: Litestar, database: Database, org_id: UUID) -> AsyncIterator[httpx.AsyncClient]:
    _, email = await hire(database, org_id)
    async with at_work(app, email) as browser:
        yield browser


async def _make(boss: httpx.AsyncClient, *grants: str, **terms: Any) -> dict[str, Any]:
    answer = await boss.post(
        "/v1/api-keys", json={"name": "shop", "grants": list(grants) or ["orders.read"], **terms}
    )
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def _with(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


async def _status(app: Litestar, key: str, path: str = "/v1/me") -> int:
    async with visitor(app) as script:
        return (await script.get(path, headers=_with(key))).status_code


async def _until(app: Litestar, key: str, status: int, path: str = "/v1/me") -> float:
    began = time.monotonic()
    while time.monotonic() - began < 20:
        if await _status(app, key, path) == status:
            return time.monotonic() - began
        await asyncio.sleep(0.05)
    raise AssertionError(f"{path} never answered {status}")


@given(st.text(max_size=90))
@hypothesis(max_examples=100, deadline=None)
def test_junk_is_known_for_junk_without_a_question(text: str) -> None:
    assert not is_well_formed(text)


def test_one_wrong_letter_anywhere_shows() -> None:
    for key in (new_api_key()[0], new_access_token()):
        assert is_well_formed(key)
        for place in range(len(key)):
            other = "a" if key[place] != "a" else "b"
            assert not is_well_formed(key[:place] + other + key[place + 1 :])


async def test_junk_never_reaches_the_database(app: Litestar, boss: httpx.AsyncClient) -> None:
    made = await _make(boss)
    asked: list[bytes] = []
    real = app.state.authenticator._of_key

    async def counting(secret_hash: bytes) -> Actor | None:
        asked.append(secret_hash)
        found: Actor | None = await real(secret_hash)
        return found

    app.state.authenticator._of_key = counting
    for junk in (made["key"][:-1] + "~", "tdm_", "tdm_00000000_made_up", made["key"] + "x"):
        assert await _status(app, junk) == 401
    assert asked == []
    assert await _status(app, made["key"]) == 200
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("asked", "held", "both"),
    [
        (["*"], ["orders.read"], ["orders.read"]),
        (["orders.*"], ["orders.read", "stock.read"], ["orders.read"]),
        (["orders.read"], ["orders.*"], ["orders.read"]),
        (["orders.read"], ["*"], ["orders.read"]),
        (["orders.read"], ["orders.read@own"], ["orders.read@own"]),
        (["orders.read@own"], ["orders.read"], ["orders.read@own"]),
        (["orders.read@team"], ["orders.read@territory"], ["orders.read@own"]),
        (["orders.read@team"], ["orders.*@subtree"], ["orders.read@team"]),
        (["orders.read"], ["orders.write"], []),
        (["orders.read"], [], []),
        (["*"], ["*"], ["*"]),
    ],
)
def test_what_two_lists_of_grants_have_in_common(
    asked: list[str], held: list[str], both: list[str]
) -> None:
    assert in_common(asked, held) == both
    assert in_common(held, asked) == both


async def test_a_key_makes_reads_replaces_and_revokes_no_keys(
    app: Litestar, boss: httpx.AsyncClient, owner_dsn: str
) -> None:
    made = await _make(boss, "*")
    path = f"/v1/api-keys/{made['api_key']['id']}"
    async with visitor(app) as script:
        script.headers.update(_with(made["key"]))
        answers = [
            await script.get("/v1/api-keys"),
            await script.post("/v1/api-keys", json={"name": "heir", "grants": ["orders.read"]}),
            await script.post(f"{path}/rotation", json={}),
            await script.delete(path),
        ]
    assert [answer.status_code for answer in answers] == [403] * 4
    assert {answer.json()["code"] for answer in answers} == {"key_forbidden"}
    assert len((await boss.get("/v1/api-keys")).json()) == 1
    assert await _status(app, made["key"]) == 200
    log = (await boss.get("/v1/audit-events", params={"action": "access.refused"})).json()
    assert sorted(row["after"]["method"] for row in log["items"]) == ["DELETE", "POST", "POST"]


async def test_a_key_can_never_exceed_its_maker(
    app: Litestar, database: Database, org_id: UUID, boss: httpx.AsyncClient, owner_dsn: str
) -> None:
    _, email = await hire(database, org_id, "finance")
    await _grant(owner_dsn, org_id, "finance", "identity.manage", "identity.read")
    async with at_work(app, email) as clerk:
        for grants in (["*"], ["orders.write"], ["orders.*"], ["invoicing.read", "stock.read"]):
            refused = await clerk.post("/v1/api-keys", json={"name": "more", "grants": grants})
            assert (refused.status_code, refused.json()["code"]) == (403, "more_than_held")
        nul = {"name": "x\x00", "grants": ["invoicing.read"]}
        assert (await clerk.post("/v1/api-keys", json=nul)).status_code == 422
        none = await clerk.post("/v1/api-keys", json={"name": "none", "grants": []})
        assert none.status_code == 422
        assert (await clerk.get("/v1/api-keys")).json() == []
        made = await _make(clerk, "invoicing.read")
    assert await _status(app, made["key"], "/v1/invoices") == 200
    assert await _status(app, made["key"], "/v1/payments") == 403


async def _grant(dsn: str, org_id: UUID, role: str, *more: str, less: str = "") -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(
        """
        update identity.role set grants = array_remove(grants || $3::text[], $4)
         where org_id = $1 and key = $2
        """,
        org_id,
        role,
        list(more),
        less,
    )
    await connection.close()


async def test_what_its_maker_loses_a_key_loses_within_a_second(
    app: Litestar, database: Database, org_id: UUID, owner_dsn: str
) -> None:
    user_id, email = await hire(database, org_id, "finance")
    await _grant(owner_dsn, org_id, "finance", "identity.manage")
    async with at_work(app, email) as clerk:
        made = await _make(clerk, "invoicing.read", "payments.read")
    assert await _status(app, made["key"], "/v1/payments") == 200
    await _grant(owner_dsn, org_id, "finance", less="payments.*")
    assert await _until(app, made["key"], 403, "/v1/payments") < 2
    assert await _status(app, made["key"], "/v1/invoices") == 200
    connection = await asyncpg.connect(owner_dsn)
    await connection.execute(
        "update identity.user_account set is_active = false where id = $1", user_id
    )
    await connection.close()
    assert await _until(app, made["key"], 401) < 2


async def test_the_record_of_a_key_names_its_maker(app: Litestar, boss: httpx.AsyncClient) -> None:
    made = await _make(boss, "*")
    async with visitor(app) as script:
        script.headers.update(_with(made["key"]))
        body = {"name": "By key", "time_zone": "Asia/Kolkata"}
        assert (await script.put("/v1/company", json=body)).status_code == 200
    log = (await boss.get("/v1/audit-events", params={"action": "organisation"})).json()["items"]
    assert log[0]["actor_id"] == made["api_key"]["id"]
    assert log[0]["on_behalf_of"] == made["api_key"]["created_by"]


async def test_a_replaced_key_goes_on_for_the_overlap_and_then_ends(
    app: Litestar, boss: httpx.AsyncClient
) -> None:
    made = await _make(boss, "orders.read", networks=["127.0.0.0/8"], per_minute=90)
    path = f"/v1/api-keys/{made['api_key']['id']}/rotation"
    fresh = (await boss.post(path, json={"overlap_hours": 1})).json()
    assert fresh["key"] != made["key"]
    for same in ("name", "grants", "networks", "per_minute"):
        assert fresh["api_key"][same] == made["api_key"][same]
    assert fresh["api_key"]["replaces_id"] == made["api_key"]["id"]
    assert await _status(app, made["key"]) == await _status(app, fresh["key"]) == 200
    assert (await boss.post(path, json={"overlap_hours": 1})).status_code == 409, "it has one"
    raced = f"/v1/api-keys/{(await _make(boss, 'orders.read'))['api_key']['id']}/rotation"
    answers = await asyncio.gather(*(boss.post(raced, json={}) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    at_once = await boss.post(
        f"/v1/api-keys/{fresh['api_key']['id']}/rotation", json={"overlap_hours": 0}
    )
    assert at_once.status_code == 201
    await _until(app, fresh["key"], 401)
    assert await _status(app, made["key"]) == 200
    ended = await boss.post(f"/v1/api-keys/{fresh['api_key']['id']}/rotation", json={})
    assert ended.status_code == 409
    for bad in ({"overlap_hours": 721}, {"overlap_hours": -1}):
        assert (await boss.post(path, json=bad)).status_code == 422
    assert (await boss.post(f"/v1/api-keys/{uuid4()}/rotation", json={})).status_code == 404


async def test_a_key_works_from_its_networks_only(app: Litestar, boss: httpx.AsyncClient) -> None:
    inside = await _make(boss, networks=["127.0.0.0/8"])
    outside = await _make(boss, networks=["203.0.113.0/24", "2001:db8::/48"])
    assert await _status(app, inside["key"]) == 200
    assert await _status(app, outside["key"]) == 401
    async with visitor(app) as browser:
        for key in (inside["key"], outside["key"]):
            browser.cookies.set(COOKIE, key)
            assert (await browser.get("/v1/orders")).status_code == 401, "a key is no cookie"
    for wrong in ("203.0.113.1/24", "everywhere", "::/129", "10.0.0.0/8 "):
        refused = await boss.post(
            "/v1/api-keys", json={"name": "x", "grants": ["orders.read"], "networks": [wrong]}
        )
        assert refused.status_code == (201 if wrong.endswith(" ") else 422), wrong


def test_networks_hold_addresses_in_every_spelling() -> None:
    assert check_networks(["10.0.0.0/8", "10.0.0.0/8", "::1"]) == ["10.0.0.0/8", "::1/128"]
    assert is_within("10.1.2.3", ["10.0.0.0/8"])
    assert is_within("::ffff:10.1.2.3", ["10.0.0.0/8"])
    assert not is_within("11.1.2.3", ["10.0.0.0/8"])
    assert not is_within("unknown", ["10.0.0.0/8"])
    with pytest.raises(Invalid):
        check_networks(["10.0.0.1/8"])


async def test_a_key_has_a_limit_of_its_own(app: Litestar, boss: httpx.AsyncClient) -> None:
    slow = await _make(boss, per_minute=3)
    other = await _make(boss)
    assert [await _status(app, slow["key"]) for _ in range(4)] == [200, 200, 200, 429]
    assert await _status(app, other["key"]) == 200


async def test_a_key_ends_on_its_day_and_its_last_use_is_kept(
    app: Litestar, boss: httpx.AsyncClient, owner_dsn: str
) -> None:
    made = await _make(boss, expires_in_days=1)
    assert made["api_key"]["last_used_at"] is None
    assert await _status(app, made["key"]) == 200
    [listed] = (await boss.get("/v1/api-keys")).json()
    assert listed["last_used_at"] is not None
    connection = await asyncpg.connect(owner_dsn)
    await connection.execute(
        "update identity.api_key set expires_at = $2 where id = $1",
        UUID(made["api_key"]["id"]),
        app.state.database.clock.now() - timedelta(seconds=1),
    )
    await connection.close()
    assert await _until(app, made["key"], 401) < 2


async def test_a_revoked_key_stops_within_a_second(app: Litestar, boss: httpx.AsyncClient) -> None:
    made = await _make(boss)
    assert await _status(app, made["key"]) == 200
    assert (await boss.delete(f"/v1/api-keys/{made['api_key']['id']}")).status_code == 204
    assert await _until(app, made["key"], 401) < 2


async def test_the_same_idempotency_key_makes_one_key_and_its_answer_is_kept_sealed(
    boss: httpx.AsyncClient, owner_dsn: str
) -> None:
    key = {"idempotency-key": uuid4().hex}
    body = {"name": "once", "grants": ["orders.read"]}
    answers = [await boss.post("/v1/api-keys", json=body, headers=key) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    other = await boss.post("/v1/api-keys", json={**body, "name": "two"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert [one["name"] for one in (await boss.get("/v1/api-keys")).json()] == ["once"]
    connection = await asyncpg.connect(owner_dsn)
    kept = await connection.fetchval(
        "select body from kernel.idempotency where key = $1", key["idempotency-key"]
    )
    await connection.close()
    assert answers[0].json()["key"].encode() not in kept


async def test_a_key_of_one_company_is_none_of_another(
    app: Litestar, database: Database, boss: httpx.AsyncClient, actor: Actor
) -> None:
    other = Actor(org_id=uuid4(), user_id=None)
    made = await _make(boss)
    await api_key_of(database, other)
    path = f"/v1/api-keys/{made['api_key']['id']}"
    async with visitor(app) as script:
        script.headers.update(_with(await api_key_of(database, other)))
        assert (await script.delete(path)).status_code == 403
    assert await _status(app, made["key"]) == 200
