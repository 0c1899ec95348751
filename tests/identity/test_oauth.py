"""OAuth 2 client credentials, in the words of RFC 6749, 7009 and 7662."""

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx2 as httpx
import pytest
from litestar import Litestar

from tandem.kernel.db import Database
from tests.givens import visitor
from tests.identity.at_work import at_work, hire

GRANT = {"grant_type": "client_credentials"}


@pytest.fixture
async def boss(app: Litestar, database: Database, org_id: UUID) -> AsyncIterator[httpx.AsyncClient]:
    _, email = await hire(database, org_id)
    async with at_work(app, email) as browser:
        yield browser


@pytest.fixture
async def script(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    async with visitor(app) as opened:
        yield opened


async def _client(boss: httpx.AsyncClient, *grants: str) -> dict[str, str]:
    answer = await boss.post(
        "/v1/api-keys",
        json={"name": "erp", "grants": list(grants) or ["orders.*"], "is_client": True},
    )
    made = answer.json()
    return {
        "client_id": made["api_key"]["prefix"],
        "client_secret": made["key"],
        "id": made["api_key"]["id"],
    }


async def _token(script: httpx.AsyncClient, client: dict[str, str], **more: str) -> Any:
    fields = {k: v for k, v in client.items() if k != "id"}
    return await script.post("/v1/oauth/token", data={**GRANT, **fields, **more})


async def test_a_client_gets_a_short_token_that_works_and_its_secret_does_not(
    boss: httpx.AsyncClient, script: httpx.AsyncClient
) -> None:
    client = await _client(boss, "orders.*", "catalog.read")
    answer = await _token(script, client, scope="orders.read")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    granted = answer.json()
    assert (granted["token_type"], granted["expires_in"]) == ("Bearer", 900)
    assert granted["scope"] == "orders.read"
    bearer = {"authorization": f"Bearer {granted['access_token']}"}
    assert (await script.get("/v1/orders", headers=bearer)).status_code == 200
    assert (await script.get("/v1/products", headers=bearer)).status_code == 403
    secret = {"authorization": f"Bearer {client['client_secret']}"}
    assert (await script.get("/v1/orders", headers=secret)).status_code == 401


async def test_http_basic_is_a_way_too_but_not_both(
    boss: httpx.AsyncClient, script: httpx.AsyncClient
) -> None:
    client = await _client(boss)
    pair = f"{client['client_id']}:{client['client_secret']}".encode()
    basic = {"authorization": "Basic " + base64.b64encode(pair).decode()}
    answer = await script.post("/v1/oauth/token", data=GRANT, headers=basic)
    assert (answer.status_code, answer.json()["scope"]) == (200, "orders.*")
    both = await script.post(
        "/v1/oauth/token",
        data={**GRANT, "client_id": client["client_id"], "client_secret": client["client_secret"]},
        headers=basic,
    )
    assert (both.status_code, both.json()["error"]) == (400, "invalid_request")


async def test_refusals_have_their_codes_and_give_nothing(
    boss: httpx.AsyncClient, script: httpx.AsyncClient
) -> None:
    client = await _client(boss)
    plain = (
        await boss.post("/v1/api-keys", json={"name": "plain", "grants": ["orders.read"]})
    ).json()
    not_a_client = {"client_id": plain["api_key"]["prefix"], "client_secret": plain["key"]}
    other = {**client, "client_id": "tdm_00000000"}
    for asked, status, error in (
        (await _token(script, {**client, "client_secret": "x"}), 401, "invalid_client"),
        (await _token(script, other), 401, "invalid_client"),
        (await _token(script, not_a_client), 401, "invalid_client"),
        (await _token(script, client, grant_type="password"), 400, "unsupported_grant_type"),
        (await _token(script, client, scope="orders.read payments.read"), 400, "invalid_scope"),
        (await _token(script, client, scope="*"), 400, "invalid_scope"),
        (await _token(script, client, scope="'; drop"), 400, "invalid_scope"),
        (await script.post("/v1/oauth/token", json=GRANT), 400, "invalid_request"),
        (
            await script.post(
                "/v1/oauth/token",
                data=GRANT,
                headers={"authorization": "Basic =="},
            ),
            401,
            "invalid_client",
        ),
    ):
        assert (asked.status_code, asked.json()["error"]) == (status, error)
        assert "access_token" not in asked.json()
        assert ("www-authenticate" in asked.headers) == (status == 401)


async def test_introspection_and_revocation_know_the_clients_own_tokens_only(
    boss: httpx.AsyncClient, script: httpx.AsyncClient
) -> None:
    client, stranger = await _client(boss), await _client(boss)
    token = (await _token(script, client)).json()["access_token"]

    async def ask(path: str, who: dict[str, str], what: str) -> Any:
        fields = {key: value for key, value in who.items() if key != "id"}
        return await script.post(f"/v1/oauth/{path}", data={**fields, "token": what})

    known = (await ask("introspection", client, token)).json()
    assert (known["active"], known["scope"]) == (True, "orders.*")
    assert known["client_id"] == client["client_id"]
    assert (await ask("introspection", stranger, token)).json() == {"active": False}
    assert (await ask("introspection", client, "junk")).json() == {"active": False}
    assert (await ask("introspection", client, "")).json() == {"active": False}
    nobody = await ask("introspection", {"client_id": "x", "client_secret": "y"}, token)
    assert nobody.status_code == 401
    assert (await ask("revocation", stranger, token)).status_code == 200
    bearer = {"authorization": f"Bearer {token}"}
    assert (await script.get("/v1/orders", headers=bearer)).status_code == 200
    assert (await ask("revocation", client, token)).status_code == 200
    await _until_refused(script, bearer)
    assert (await ask("introspection", client, token)).json() == {"active": False}


async def test_a_token_dies_with_its_client(
    boss: httpx.AsyncClient, script: httpx.AsyncClient
) -> None:
    client = await _client(boss)
    token = (await _token(script, client)).json()["access_token"]
    bearer = {"authorization": f"Bearer {token}"}
    assert (await script.get("/v1/orders", headers=bearer)).status_code == 200
    assert (await boss.delete(f"/v1/api-keys/{client['id']}")).status_code == 204
    await _until_refused(script, bearer)
    assert (await _token(script, client)).json()["error"] == "invalid_client"


async def _until_refused(script: httpx.AsyncClient, bearer: dict[str, str]) -> None:
    for _ in range(400):
        if (await script.get("/v1/orders", headers=bearer)).status_code == 401:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the token still works")
