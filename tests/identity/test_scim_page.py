"""The settings page of a directory, as plain forms."""

import re
from collections.abc import AsyncIterator
from uuid import UUID

import httpx2 as httpx
import pytest
from litestar import Litestar

from tandem.kernel.db import Database
from tests.givens import visitor
from tests.identity.at_work import at_work, hire

PAGE = "/settings/directory"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"


@pytest.fixture
async def boss(app: Litestar, database: Database, org_id: UUID) -> AsyncIterator[httpx.AsyncClient]:
    _, email = await hire(database, org_id)
    async with at_work(app, email) as browser:
        yield browser


def _token(page: httpx.Response) -> str:
    assert page.status_code == 200, page.text
    [token] = re.findall(r'data-copy="(tdm_\w+)"', page.text)
    return str(token)


async def _call(app: Litestar, token: str, name: str = "") -> int:
    """What the directory is answered: to a group it sends, or to a look at its people."""
    headers = {"authorization": f"Bearer {token}", "content-type": "application/scim+json"}
    async with visitor(app) as directory:
        directory.headers.update(headers)
        if not name:
            return (await directory.get("/scim/v2/Users")).status_code
        body = {"schemas": [GROUP], "displayName": name}
        return (await directory.post("/scim/v2/Groups", json=body)).status_code


async def test_a_token_is_shown_once_and_replaced_and_the_state_follows(
    app: Litestar, boss: httpx.AsyncClient
) -> None:
    before = (await boss.get(PAGE)).text
    assert "Not set up" in before and "No groups yet" in before and "/scim/v2" in before
    first = _token(await boss.post(f"{PAGE}/token"))
    waiting = (await boss.get(PAGE)).text
    assert first not in waiting and "Waiting for its first call" in waiting
    assert await _call(app, first) == 200
    second = _token(await boss.post(f"{PAGE}/token"))
    assert second != first
    assert [await _call(app, token) for token in (first, second)] == [200, 200]
    keys = {key["name"]: key for key in (await boss.get("/v1/api-keys")).json()}
    assert keys["Directory"]["grants"] == ["identity.scim"]


async def test_a_group_gets_a_role_and_loses_it_and_the_changes_are_told(
    app: Litestar, boss: httpx.AsyncClient
) -> None:
    token = _token(await boss.post(f"{PAGE}/token"))
    assert await _call(app, token, "Warehouse & <Gate>") == 201
    page = (await boss.get(PAGE)).text
    assert "Warehouse &amp; &lt;Gate&gt;" in page
    [path] = re.findall(r'action="(/settings/directory/groups/[\w-]+)"', page)
    for role in ("stock", ""):
        assert (await boss.post(path, data={"role_key": role})).status_code == 303
        [group] = (await boss.get("/v1/scim-groups")).json()
        assert group["role_key"] == (role or None)
    refused = await boss.post(path, data={"role_key": "admin"})
    assert refused.status_code == 403
    assert "The settings do not allow a group to give everything." in refused.text
    assert (await boss.post(path, data={"role_key": "nowhere"})).status_code == 422
    [group] = (await boss.get("/v1/scim-groups")).json()
    assert group["role_key"] is None
    told = (await boss.get(PAGE)).text
    assert "scim.group_added" in told and "scim.group_mapped" in told


async def test_the_default_role_is_kept_and_never_is_everything(boss: httpx.AsyncClient) -> None:
    wanted = {"default_role_key": "support", "allows_administrators": "true"}
    assert (await boss.post(PAGE, data=wanted)).status_code == 303
    kept = {"default_role_key": "support", "allows_administrators": True}
    assert (await boss.get("/v1/scim-settings")).json() == kept
    for role, status in (("admin", 403), ("nowhere", 422), ("", 422)):
        assert (await boss.post(PAGE, data={"default_role_key": role})).status_code == status, role
    assert (await boss.get("/v1/scim-settings")).json() == kept


async def test_somebody_without_the_permission_is_told_so_and_changes_nothing(
    app: Litestar, database: Database, org_id: UUID, boss: httpx.AsyncClient
) -> None:
    _, email = await hire(database, org_id, "operations")
    async with at_work(app, email) as clerk:
        for path in ("", "/token"):
            refused = await clerk.post(f"{PAGE}{path}", data={"default_role_key": "support"})
            assert refused.status_code == 403, path
        assert (await clerk.get(PAGE)).status_code == 403
    assert (await boss.get("/v1/scim-settings")).json()["default_role_key"] == "read_only"
    assert "Not set up" in (await boss.get(PAGE)).text
