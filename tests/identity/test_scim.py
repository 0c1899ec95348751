"""A-AUT-18 and A-AUT-9: a company's directory manages its people here, and nothing beyond."""

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import httpx2 as httpx
import pytest
from litestar import Litestar
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

from tandem.crm.identity import service as identity
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tests.givens import api_key_of, visitor
from tests.identity.at_work import SAME_SITE, at_work, hire
from tests.serving import serving

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@pytest.fixture
async def directory(
    app: Litestar, database: Database, actor: Actor
) -> AsyncIterator[httpx.AsyncClient]:
    async with visitor(app) as opened:
        key = await api_key_of(database, actor, "identity.scim")
        opened.headers["authorization"] = f"Bearer {key}"
        opened.headers["content-type"] = "application/scim+json"
        yield opened


@pytest.fixture
async def boss(app: Litestar, database: Database, org_id: UUID) -> AsyncIterator[httpx.AsyncClient]:
    _, email = await hire(database, org_id)
    async with at_work(app, email) as browser:
        yield browser


async def _user(directory: httpx.AsyncClient, email: str = "", **more: Any) -> dict[str, Any]:
    body = {"schemas": [USER], "userName": email or f"{uuid4().hex}@example.test", **more}
    answer = await directory.post("/scim/v2/Users", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def _group(directory: httpx.AsyncClient, *members: str) -> dict[str, Any]:
    body = {
        "schemas": [GROUP],
        "displayName": "Warehouse",
        "members": [{"value": member} for member in members],
    }
    answer = await directory.post("/scim/v2/Groups", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def _patch(directory: httpx.AsyncClient, path: str, *operations: Any) -> httpx.Response:
    return await directory.patch(
        f"/scim/v2/{path}", json={"schemas": [PATCH], "Operations": list(operations)}
    )


async def test_the_independent_tester_finds_nothing(
    database: Database, actor: Actor, settings: Any, boss: httpx.AsyncClient
) -> None:
    key = await api_key_of(database, actor, "identity.scim")
    found = await asyncio.to_thread(_check, settings, key)
    wrong = [
        f"{result.status.name} {result.title}: {result.reason}"
        for result in found
        if result.status not in {Status.SUCCESS, Status.SKIPPED}
    ]
    assert wrong == [], "\n".join(wrong)
    assert sum(result.status is Status.SUCCESS for result in found) > 40


def _check(settings: Any, key: str) -> Any:
    assert threading.current_thread() is not threading.main_thread()
    with serving(settings) as url:
        headers = {"authorization": f"Bearer {key}"}
        with httpx.Client(base_url=f"{url}/scim/v2", headers=headers, timeout=20) as client:
            return check_server(SyncSCIMClient(client))


async def test_somebody_new_signs_in_with_the_default_role_and_nothing_more(
    directory: httpx.AsyncClient, boss: httpx.AsyncClient
) -> None:
    made = await _user(
        directory,
        "Meera@Example.test",
        name={"givenName": "Meera", "familyName": "Rao"},
        externalId="42",
    )
    assert (made["active"], made["externalId"]) == (True, "42")
    people = {one["id"]: one for one in (await boss.get("/v1/users")).json()}
    member = people[made["id"]]
    assert (member["email"], member["name"]) == ("meera@example.test", "Meera Rao")
    assert member["role_keys"] == ["read_only"]
    again = await directory.post(
        "/scim/v2/Users", json={"schemas": [USER], "userName": "meera@example.TEST"}
    )
    assert (again.status_code, again.json()["scimType"]) == (409, "uniqueness")
    asked = {"filter": 'userName eq "MEERA@example.test" and active eq true'}
    found = (await directory.get("/scim/v2/Users", params=asked)).json()
    assert [one["id"] for one in found["Resources"]] == [made["id"]]
    wrong = await directory.get("/scim/v2/Users", params={"filter": "userName like 1"})
    assert (wrong.status_code, wrong.json()["scimType"]) == (400, "invalidFilter")


async def test_somebody_disabled_loses_every_session_within_a_second(
    app: Litestar,
    directory: httpx.AsyncClient,
    database: Database,
    org_id: UUID,
    boss: httpx.AsyncClient,
) -> None:
    user_id, email = await hire(database, org_id, "operations")
    async with at_work(app, email) as browser:
        assert (await browser.get("/v1/me")).status_code == 200
        off = await _patch(
            directory, f"Users/{user_id}", {"op": "replace", "path": "active", "value": False}
        )
        assert (off.status_code, off.json()["active"]) == (200, False)
        for _ in range(400):
            if (await browser.get("/v1/me")).status_code == 401:
                break
            await asyncio.sleep(0.05)
        else:
            raise AssertionError("the session still works")
        back = await _patch(
            directory, f"Users/{user_id}", {"op": "replace", "value": {"active": True}}
        )
        assert back.json()["active"] is True
        assert (await browser.get("/v1/me")).status_code == 401


async def test_the_last_administrator_stays(
    directory: httpx.AsyncClient, boss: httpx.AsyncClient, database: Database, org_id: UUID
) -> None:
    me = (await boss.get("/v1/me")).json()["user_id"]
    off = {"op": "replace", "path": "active", "value": False}
    assert (await _patch(directory, f"Users/{me}", off)).status_code == 409
    assert (await directory.delete(f"/scim/v2/Users/{me}")).status_code == 409
    assert (await boss.get("/v1/me")).status_code == 200
    other, _ = await hire(database, org_id)
    assert (await _patch(directory, f"Users/{other}", off)).status_code == 200


async def test_a_group_gives_a_role_only_when_an_administrator_says_so_and_never_everything(
    directory: httpx.AsyncClient, boss: httpx.AsyncClient
) -> None:
    made = await _user(directory)
    group = await _group(directory, made["id"])
    assert await _roles(boss, made["id"]) == ["read_only"]
    path = f"/v1/scim-groups/{group['id']}/role"
    refused = await boss.put(path, json={"role_key": "admin"})
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert (await directory.put(path, json={"role_key": "stock"})).status_code == 403
    assert (await boss.put(path, json={"role_key": "stock"})).status_code == 200
    assert await _roles(boss, made["id"]) == ["read_only", "stock"]
    gone = {"op": "remove", "path": f'members[value eq "{made["id"]}"]'}
    assert (await _patch(directory, f"Groups/{group['id']}", gone)).status_code == 200
    assert await _roles(boss, made["id"]) == ["read_only"]
    back = {"op": "add", "path": "members", "value": [{"value": made["id"]}]}
    assert (await _patch(directory, f"Groups/{group['id']}", back)).status_code == 200
    assert await _roles(boss, made["id"]) == ["read_only", "stock"]
    settings = {"default_role_key": "admin", "allows_administrators": False}
    assert (await boss.put("/v1/scim-settings", json=settings)).status_code == 403
    settings = {"default_role_key": "read_only", "allows_administrators": True}
    assert (await boss.put("/v1/scim-settings", json=settings)).status_code == 200
    assert (await boss.put(path, json={"role_key": "admin"})).status_code == 200
    assert await _roles(boss, made["id"]) == ["read_only", "admin"]
    assert (await directory.delete(f"/scim/v2/Groups/{group['id']}")).status_code == 204
    assert await _roles(boss, made["id"]) == ["read_only"]


async def _roles(boss: httpx.AsyncClient, user_id: str) -> list[str]:
    people = {one["id"]: one for one in (await boss.get("/v1/users")).json()}
    roles: list[str] = people[user_id]["role_keys"]
    return roles


async def test_a_directory_does_nothing_but_people_and_only_its_own(
    app: Litestar,
    directory: httpx.AsyncClient,
    database: Database,
    boss: httpx.AsyncClient,
    now: datetime,
) -> None:
    made = await _user(directory)
    for path in ("/v1/users", "/v1/orders", "/v1/api-keys", "/v1/audit-events"):
        assert (await directory.get(path)).status_code == 403
    elsewhere = await identity.found_organisation(
        database, name="Elsewhere", slug=f"e-{made['id']}", now=now
    )
    stranger = Actor(org_id=elsewhere, user_id=None)
    async with visitor(app) as other:
        key = await api_key_of(database, stranger, "identity.scim")
        other.headers["authorization"] = f"Bearer {key}"
        assert (await other.get(f"/scim/v2/Users/{made['id']}")).status_code == 404
        assert (await other.delete(f"/scim/v2/Users/{made['id']}")).status_code == 404
        assert (await other.get("/scim/v2/Users")).json()["totalResults"] == 0
    async with visitor(app) as nobody:
        assert (await nobody.get("/scim/v2/Users")).status_code == 401
    assert (await boss.get("/scim/v2/Nothing")).json()["status"] in {"403", "404"}


async def test_another_address_is_another_person_and_other_companies_keep_theirs(
    app: Litestar,
    directory: httpx.AsyncClient,
    database: Database,
    org_id: UUID,
    boss: httpx.AsyncClient,
) -> None:
    user_id, email = await hire(database, org_id, "operations")
    async with at_work(app, email) as browser:
        moved = await _patch(
            directory,
            f"Users/{user_id}",
            {"op": "replace", "path": "userName", "value": "taken.over@example.test"},
        )
        assert moved.status_code == 200, moved.text
        for _ in range(400):
            if (await browser.get("/v1/me")).status_code == 401:
                break
            await asyncio.sleep(0.05)
        else:
            raise AssertionError("the session still works")
        signed = await browser.post(
            "/v1/sessions", json={"email": email, "password": "x"}, headers=SAME_SITE
        )
        assert signed.status_code == 401


async def test_a_directory_gives_nobody_the_place_of_who_decides_about_rights(
    directory: httpx.AsyncClient, boss: httpx.AsyncClient, database: Database, org_id: UUID
) -> None:
    user_id, email = await hire(database, org_id)
    to = {"op": "replace", "path": "userName", "value": f"thief-{user_id}@example.test"}
    refused = await _patch(directory, f"Users/{user_id}", to)
    assert refused.status_code == 403, refused.text
    assert (await boss.get(f"/v1/users/{user_id}")).json()["email"] == email
    allowed = {"default_role_key": "read_only", "allows_administrators": True}
    assert (await boss.put("/v1/scim-settings", json=allowed)).status_code == 200
    moved = await _patch(directory, f"Users/{user_id}", to)
    assert moved.status_code == 200, moved.text


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"userName": "\\u0000"}', b'{"userName": 1}'])
async def test_junk_is_refused_in_scims_words(directory: httpx.AsyncClient, body: bytes) -> None:
    answer = await directory.post("/scim/v2/Users", content=body)
    assert answer.status_code == 400
    assert answer.json()["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
