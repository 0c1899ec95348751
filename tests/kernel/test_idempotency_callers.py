"""A key belongs to whoever used it: nobody else gets the answer kept under it."""

from uuid import uuid4

import httpx2 as httpx
from litestar import Litestar

from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tests.givens import api_key_of, visitor


async def test_another_caller_with_the_same_key_does_not_get_the_first_ones_answer(
    app: Litestar, client: httpx.AsyncClient, database: Database, actor: Actor
) -> None:
    key = {"idempotency-key": uuid4().hex}
    body = {"title": "Cold store"}
    first = await client.post("/v1/opportunities", json=body, headers=key)
    again = await client.post("/v1/opportunities", json=body, headers=key)
    assert (first.status_code, again.json()) == (201, first.json())
    other = await api_key_of(database, actor, "sales.read", "sales.write")
    async with visitor(app) as colleague:
        colleague.headers["authorization"] = f"Bearer {other}"
        answer = await colleague.post("/v1/opportunities", json=body, headers=key)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert len((await client.get("/v1/opportunities")).json()["items"]) == 1
