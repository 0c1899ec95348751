"""Buyers and owners are reminded of what waits: each once, as the company set it up."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx2 as httpx
import pytest
from litestar import Litestar

from tandem.flows.quotes import reminding
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query
from tandem.kernel.jobs import Work
from tandem.kernel.resources import Resources
from tests.clocks import Stopped
from tests.flows.shop import open_shop
from tests.identity.company import hire
from tests.sales.quoting import Quoting

MAILED = Query(
    """
    select recipient, subject from notifications.message
     where org_id = :org_id and template = 'quote_expiring' order by id
    """
)
TOLD = Query(
    """
    select kind, title, link, user_id from notifications.inbox_item
     where org_id = :org_id and kind in ('quote_unanswered', 'deal_rotting') order by kind, id
    """
)


@pytest.fixture
async def quoting(
    client: httpx.AsyncClient,
    app: Litestar,
    database: Database,
    actor: Actor,
    now: datetime,
    tmp_path: object,
) -> Quoting:
    async with database.transaction(actor) as tx:
        shop = await open_shop(tx, now)
    return Quoting(client, app, database, actor, shop, str(tmp_path))


async def rows(database: Database, actor: Actor, query: Query) -> list[tuple[Any, ...]]:
    async with database.transaction(actor) as tx:
        return [tuple(row) for row in await tx.records(query)]


async def test_what_waits_is_told_once_to_whoever_it_waits_for(
    quoting: Quoting, database: Database, actor: Actor, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        asha = await hire(tx, "asha", "sales", now)
    today = now.astimezone(ZoneInfo("Asia/Kolkata")).date()

    def until(days: int) -> str:
        return (today + timedelta(days=days)).isoformat()

    hers = {"owner_id": str(asha.id)}
    deal = await quoting.deal(**hers)
    soon = await quoting.sent(deal, valid_until=until(5))
    late = await quoting.sent(await quoting.deal("Later", **hers), valid_until=until(30))
    answered = await quoting.sent(await quoting.deal("No", **hers), valid_until=until(5))
    assert (await quoting.buyer.post(f"/q/{soon['token']}/seen")).status_code == 204
    await quoting.decline(answered)

    clock = Stopped(now + timedelta(hours=1))
    work = Work(Database(database.pool, clock), Resources(), actor.org_id)
    await reminding.remind(work)
    assert await rows(database, actor, MAILED) == []
    clock.at = now + timedelta(days=3)
    for _ in range(2):
        await reminding.remind(work)
    assert [one[0] for one in await rows(database, actor, MAILED)] == ["meera@example.test"]
    told = await rows(database, actor, TOLD)
    assert [(one[0], one[2], one[3]) for one in told] == [
        ("quote_unanswered", f"/quotes/{soon['id']}", asha.id)
    ]
    page = await quoting.client.get(f"/quotes/{soon['id']}")
    assert "The buyer was reminded" in page.text and "The owner was reminded" in page.text
    assert (await quoting.read(late))["buyer_reminded_at"] is None

    clock.at = now + timedelta(days=15)
    for _ in range(2):
        await reminding.tell_rotting(work)
    rotten = [one for one in await rows(database, actor, TOLD) if one[0] == "deal_rotting"]
    assert len(rotten) == len({one[2] for one in rotten}) == 3
    assert [one[3] for one in rotten if one[2] == f"/deals/{deal['id']}"] == [asha.id]


async def test_nobody_is_reminded_where_the_company_wants_none(
    quoting: Quoting, database: Database, actor: Actor, now: datetime
) -> None:
    at = "/settings/sales-reminders"
    wrong = await quoting.client.post(at, data={"buyer_days": "90"})
    assert wrong.status_code == 422 and "from 1 to 60" in wrong.text
    shown = await quoting.client.get("/v1/sales-reminders")
    assert shown.json() == {"buyer_days": 3, "owner_days": 2, "tells_rotting": True}
    saved = await quoting.client.post(at, data={"buyer_days": "", "owner_days": ""})
    assert saved.status_code == 303
    assert (await quoting.client.get("/v1/sales-reminders")).json() == {
        "buyer_days": None,
        "owner_days": None,
        "tells_rotting": False,
    }
    quote = await quoting.sent(valid_until=(now + timedelta(days=4)).date().isoformat())
    await quoting.buyer.post(f"/q/{quote['token']}/seen")
    work = Work(
        Database(database.pool, Stopped(now + timedelta(days=3))), Resources(), actor.org_id
    )
    await reminding.remind(work)
    await reminding.tell_rotting(work)
    assert (await rows(database, actor, MAILED), await rows(database, actor, TOLD)) == ([], [])
