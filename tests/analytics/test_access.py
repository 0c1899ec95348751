"""Who sees which numbers: those of the records they may see anyway, and no others."""

from datetime import datetime
from typing import Any

import pytest

from tandem.contracts.orders import OrderSnapshot
from tandem.crm.analytics.domain.asking import Ask, DrillAsk, Result
from tandem.crm.analytics.service import drill, run
from tandem.crm.sales import service as sales
from tandem.crm.sales.domain.opportunities import Draft
from tandem.flows import analyse
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.errors import Forbidden
from tandem.kernel.outbox import drain
from tandem.scm.orders import service as orders
from tandem.scm.orders.domain.views import Filters
from tests.identity.company import Company, actor_of, found

LOOKING = ("asha", "mona", "rina", "raj", "sam")


@pytest.fixture
async def company(database: Database) -> Company:
    """Orders of six customers that different people look after, and a deal of each seller."""
    now = database.clock.now()
    made = await found(database, now)
    for who in ("rina", "raj", "sam"):
        draft = Draft(title=f"Deal of {who}", amount_minor=len(who) * 100_00)
        async with database.transaction(await actor_of(database, made, who, now)) as tx:
            await sales.open_opportunity(tx, draft, customer_name="", home_currency="INR", now=now)
    await drain(database)
    async with database.transaction(made.actor()) as tx:
        assert await analyse.digest(tx, now=database.clock.now())
    return made


async def answer(database: Database, actor: Actor, *measures: str, **more: Any) -> Result:
    async with database.transaction(actor) as tx:
        return await run(tx, Ask(measures=list(measures), **more), database.clock.now())


async def test_everybody_counts_the_records_that_they_see(
    database: Database, company: Company, now: datetime
) -> None:
    """A-ANA-6: asked one after another, each gets the sum of what the list shows them."""
    hashes: dict[str, str] = {}
    for who in (*LOOKING, *reversed(LOOKING)):
        actor = await actor_of(database, company, who, now)
        visible = await _visible(database, actor)
        result = await answer(database, actor, "orders_placed", "revenue@1", "units")
        assert [cell.value for cell in result.totals[:2]] == [
            len(visible),
            sum(order.total_minor for order in visible),
        ], who
        by_day = await answer(database, actor, "orders_placed", grain="day", period="last_7_days")
        assert sum(row.cells[0].value or 0 for row in by_day.rows) == len(visible)
        assert hashes.setdefault(who, result.policy_hash) == result.policy_hash
        rows = await _rows(database, actor)
        assert {row["number"] for row in rows} == {order.number for order in visible}, who
    assert len(set(hashes.values())) == len(LOOKING)


async def test_a_filter_tells_nothing_of_what_is_not_seen(
    database: Database, company: Company, now: datetime
) -> None:
    """A-ANA-6, differencing: with and without somebody else's customer the numbers are the same."""
    rina = await actor_of(database, company, "rina", now)
    everything = await answer(database, rina, "orders_placed", "revenue@1")
    for whose in ("raj", "sam", "nobody"):
        other = {"field": "customer", "op": "is", "value": str(company.customers[whose])}
        without = await answer(database, rina, "orders_placed", "revenue@1", filters={"not": other})
        assert without.totals == everything.totals
        within = await answer(database, rina, "orders_placed", "revenue@1", filters=other)
        assert [cell.value for cell in within.totals] == [0, 0]
    named = await answer(database, rina, "orders_placed", dimensions=["customer"])
    assert str(company.customers["sam"]) not in {row.keys[0] for row in named.rows}


async def test_sellers_see_their_own_deals_and_their_manager_all_of_them(
    database: Database, company: Company, now: datetime
) -> None:
    seen = {}
    for who in LOOKING:
        actor = await actor_of(database, company, who, now)
        result = await answer(database, actor, "open_deals", "pipeline")
        seen[who] = [cell.value for cell in result.totals]
    assert seen == {
        "asha": [3, 1000_00],
        "mona": [3, 1000_00],
        "rina": [1, 400_00],
        "raj": [1, 300_00],
        "sam": [1, 300_00],
    }


async def test_who_may_not_read_the_records_gets_no_number_of_them(
    database: Database, company: Company, now: datetime
) -> None:
    for who, measure in (("vera", "orders"), ("ned", "orders"), ("rina", "complaints")):
        actor = await actor_of(database, company, who, now)
        with pytest.raises(Forbidden):
            await answer(database, actor, measure)


async def _visible(database: Database, actor: Actor) -> list[OrderSnapshot]:
    async with database.transaction(actor) as tx:
        page = await orders.list_orders(tx, Filters(), limit=200)
        return [await orders.get_order(tx, row.id) for row in page.items]


async def _rows(database: Database, actor: Actor) -> list[dict[str, Any]]:
    wanted = DrillAsk(query=Ask(measures=["orders_placed"]), measure="orders_placed")
    async with database.transaction(actor) as tx:
        found = await drill(tx, wanted, limit=200, cursor=None, now=database.clock.now())
    return [row.shows for row in found.items]
