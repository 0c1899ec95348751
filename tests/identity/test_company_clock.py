"""Pages go by the clock of the company they are of: what they print, and the days they are asked
for."""

from datetime import datetime
from zoneinfo import ZoneInfo

import httpx2 as httpx
import pytest
from litestar import Litestar

from tandem.crm.identity import service as identity
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tests.flows.shop import basket, open_shop, post_order

FIRST, LAST = "Pacific/Kiritimati", "Pacific/Pago_Pago"
"""25 hours apart: at no instant is it the same day in both."""


def printed(at: datetime, zone: str) -> str:
    local = at.astimezone(ZoneInfo(zone))
    return f'title="{local:%A} {local.day} {local:%B %Y, %H:%M:%S} '


@pytest.mark.parametrize(("zone", "elsewhere"), [(FIRST, LAST), (LAST, FIRST)])
async def test_times_are_printed_and_days_are_read_by_the_companys_own_clock(
    client: httpx.AsyncClient,
    database: Database,
    actor: Actor,
    now: datetime,
    zone: str,
    elsewhere: str,
) -> None:
    async with database.transaction(actor) as tx:
        shop = await open_shop(tx, now)
    warm = await client.get("/orders")
    assert warm.status_code == 200
    saved = await client.post("/settings/company", data={"name": "Island", "time_zone": zone})
    assert saved.status_code == 303
    order = (await post_order(client, basket(shop))).json()
    placed_at = datetime.fromisoformat(order["placed_at"])

    shown = (await client.get(f"/orders/{order['id']}")).text
    assert printed(placed_at, zone) in shown
    assert printed(placed_at, elsewhere) not in shown

    for where, is_found in ((zone, True), (elsewhere, False)):
        day = placed_at.astimezone(ZoneInfo(where)).date().isoformat()
        listed = (await client.get("/orders", params={"from": day, "to": day})).text
        assert (order["number"] in listed) is is_found
        noted = await client.get("/settings/audit", params={"since": day, "until": day})
        assert (f"/orders/{order['id']}" in noted.text or order["number"] in noted.text) is is_found


async def test_another_process_goes_by_a_changed_clock_within_a_second(
    app: Litestar, database: Database, actor: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    zones, at = app.state.zones, 1000.0
    monkeypatch.setattr("tandem.web.clocks.time.monotonic", lambda: at)
    assert await zones.zone_of(database, actor.org_id) == "Asia/Kolkata"
    async with database.transaction(actor) as tx:
        await identity.update_organisation(tx, name="Island", time_zone=FIRST, now=now)
    at += 0.9
    assert await zones.zone_of(database, actor.org_id) == "Asia/Kolkata"
    at += 0.2
    assert await zones.zone_of(database, actor.org_id) == FIRST
