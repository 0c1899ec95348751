"""Of two who saw the same version, one writes: also where nobody locks what is read first."""

import asyncio
from typing import Any

import httpx2 as httpx
import pytest

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
