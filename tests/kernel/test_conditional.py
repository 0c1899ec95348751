"""Of two who saw the same version, one writes: also where nobody locks what is read first."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx2 as httpx
import pytest
from litestar import Litestar

SETTINGS = {"number_prefix": "W-", "number_width": 4, "number_start": 1, "unpaid_minutes": 30}


async def _order_settings(client: httpx.AsyncClient) -> tuple[str, str, list[dict[str, Any]]]:
    return "PUT", "/v1/order-settings", [SETTINGS | {"unpaid_minutes": n} for n in range(30, 38)]


async def _deal(client: httpx.AsyncClient) -> tuple[str, str, list[dict[str, Any]]]:
    made = (await client.post("/v1/opportunities", json={"title": "Ten benches"})).json()
    bodies = [{"next_step": f"Call {n}"} for n in range(8)]
    return "PATCH", f"/v1/opportunities/{made['id']}", bodies


async def _company(client: httpx.AsyncClient) -> tuple[str, str, list[dict[str, Any]]]:
    bodies = [{"name": f"Traders {n}", "time_zone": "Asia/Kolkata"} for n in range(8)]
    return "PUT", "/v1/company", bodies


@pytest.mark.parametrize("of", [_order_settings, _deal, _company])
async def test_of_eight_with_the_same_version_one_writes(
    client: httpx.AsyncClient, of: Any
) -> None:
    method, path, bodies = await of(client)
    tag = (await client.get(path)).headers["etag"]
    answers = await asyncio.gather(
        *(client.request(method, path, json=one, headers={"if-match": tag}) for one in bodies)
    )
    assert sorted(one.status_code for one in answers) == [200, *[412] * 7]
    [written] = [one.json() for one in answers if one.status_code == 200]
    kept = (await client.get(path)).json()
    assert {name: kept[name] for name in bodies[0]} == {name: written[name] for name in bodies[0]}


FORM = {"content-type": "application/x-www-form-urlencoded"}


async def test_nobody_waits_for_a_form_that_comes_slowly(client: httpx.AsyncClient) -> None:
    made = (await client.post("/v1/customers", json={"name": "Asha"})).json()
    path, others_are_done = f"/v1/customers/{made['id']}", asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield b"tags=slow"
        await others_are_done.wait()
        yield b",later"

    slow = client.post(f"/customers/{made['id']}/tags", content=slowly(), headers=FORM)
    coming = asyncio.create_task(slow)
    async with asyncio.timeout(20):
        for tag in ("first", "second"):
            assert (await client.patch(path, json={"tags": [tag]})).status_code == 200
    others_are_done.set()
    assert (await coming).status_code == 303
    assert (await client.get(path)).json()["tags"] == ["slow", "later"]


@pytest.mark.parametrize("more", [FORM, {"content-type": "text/csv", "idempotency-key": "sheet"}])
async def test_what_breaks_off_on_its_way_changes_nothing(
    client: httpx.AsyncClient, app: Litestar, more: dict[str, str]
) -> None:
    made = (await client.post("/v1/customers", json={"name": "Asha"})).json()
    is_form = more is FORM
    path = f"/customers/{made['id']}/tags" if is_form else "/v1/product-imports"
    begun = b"tags=half" if is_form else b"title,sku,hsn,tax_class,price\nTea,TEA-1,0902,merit,10\n"

    async def broken(scope: Any, receive: Any, send: Any) -> None:
        told = iter([{"type": "http.request", "body": begun, "more_body": True}])

        async def cut() -> Any:
            return next(told, {"type": "http.disconnect"})

        await app(scope, cut, send)

    transport = httpx.ASGITransport(app=broken)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as caller:
        answer = await caller.post(path, headers={**client.headers, **more}, content=begun)
    assert answer.status_code == 500
    assert (await client.get(f"/v1/customers/{made['id']}")).json()["tags"] == []
    assert (await client.get("/v1/products")).json()["items"] == []
