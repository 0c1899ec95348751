"""Answers that are kept: for exactly who would get the same one, and no longer than they hold."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from tandem.app.wiring import import_reactions
from tandem.crm.analytics.domain.asking import Ask
from tandem.crm.analytics.domain.calendar import Grain
from tandem.crm.analytics.domain.funnels import FunnelAsk
from tandem.crm.analytics.domain.happenings import Chosen
from tandem.crm.analytics.domain.retention import RetentionAsk
from tandem.crm.analytics.service import run, run_funnel, run_retention
from tandem.crm.analytics.service.remembering import ANSWERS, PART_KEPT, Memory
from tandem.flows import analyse
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.errors import Forbidden
from tandem.kernel.fields import FieldKept
from tandem.kernel.ids import new_id
from tandem.kernel.outbox import drain
from tandem.scm.orders import service as orders
from tandem.scm.orders.domain.views import Filters
from tests.analytics.givens import Counted, confirmed, placed
from tests.identity.company import actor_of, found

LOOKING = ("asha", "mona", "rina", "raj", "sam")
PLACED = Chosen(event="order_placed")
FUNNEL = FunnelAsk(steps=[PLACED, Chosen(event="order_confirmed")])
COHORTS = RetentionAsk(begins=PLACED, returns=PLACED, periods=2, grain=Grain.DAY)
SIZE = 100


async def test_everybody_who_asks_after_another_gets_their_own_numbers(
    database: Database, now: datetime
) -> None:
    """A-ANA-6, ANA-19: rep, manager, other team, one after another, first new and then kept: a
    number, a funnel and cohorts. Who lost the permission gets nothing of what is kept."""
    import_reactions()
    company = await found(database, now)
    await drain(database)
    async with database.transaction(company.actor()) as tx:
        assert await analyse.digest(tx, now=database.clock.now())
    asked_at = database.clock.now()
    seen: dict[str, tuple[int, int, int]] = {}
    before = ANSWERS.hits
    for who in (*LOOKING, *reversed(LOOKING), *LOOKING):
        actor = await actor_of(database, company, who, now)
        async with database.transaction(actor) as tx:
            visible = len((await orders.list_orders(tx, Filters(), limit=200)).items)
            placed_orders = await run(tx, Ask(measures=["orders_placed"]), asked_at)
            funnel = await run_funnel(tx, FUNNEL, asked_at)
            cohorts = await run_retention(tx, COHORTS, asked_at)
        told = (
            int(placed_orders.totals[0].value or 0),
            funnel.entered,
            sum(one.size for one in cohorts.cohorts),
        )
        assert told[0] == visible, who
        assert seen.setdefault(who, told) == told, who
    assert ANSWERS.hits - before == 2 * len(LOOKING) * 3
    assert seen["rina"][0] < seen["mona"][0] and seen["sam"][0] < seen["asha"][0]
    assert seen["rina"][1] < seen["asha"][1]
    vera = await actor_of(database, company, "vera", now)
    async with database.transaction(vera) as tx:
        with pytest.raises(Forbidden):
            await run(tx, Ask(measures=["orders_placed"]), asked_at)
        with pytest.raises(Forbidden):
            await run_funnel(tx, FUNNEL, asked_at)
    kept_back = msgspec.structs.replace(company.actor(), hidden=frozenset({"order.channel"}))
    async with database.transaction(kept_back) as tx:
        assert (await run_funnel(tx, FUNNEL, asked_at)).entered == seen["asha"][1]
        with pytest.raises(FieldKept):
            await run_funnel(tx, msgspec.structs.replace(FUNNEL, breakdown="channel"), asked_at)


async def test_a_kept_answer_ends_with_the_watermark(database: Database, actor: Actor) -> None:
    company = Counted(database, actor)
    ask = Ask(measures=["orders_placed"])
    order = placed(100_00)
    await company.tell(order)
    assert (await company.answer(ask)).totals[0].value == 1
    before = ANSWERS.hits
    kept = await company.answer(ask)
    assert (kept.totals[0].value, ANSWERS.hits - before) == (1, 1)
    company.clock.at += timedelta(seconds=1)
    await company.tell(confirmed(order), placed(50_00))
    fresh = await company.answer(ask)
    assert (fresh.totals[0].value, ANSWERS.hits - before) == (2, 1)
    again = await company.answer(Ask(measures=["orders_placed"], as_of=kept.as_of))
    assert again.totals == kept.totals
    other = Actor(org_id=new_id(), user_id=new_id(), grants=frozenset({"*"}))
    assert (await company.answer(ask, actor=other)).totals[0].value == 0


def test_memory_is_bounded_in_all_and_for_each_company() -> None:
    memory = Memory(most=10 * SIZE, company_most=4 * SIZE)
    now = datetime(2026, 11, 22, tzinfo=UTC)
    until = now + PART_KEPT
    answer = "x" * (SIZE - 2)
    first, second, third = (UUID(int=place) for place in range(3))
    for place in range(6):
        memory.keep(b"a%d" % place, first, answer, until)
    assert memory.bytes_held == 4 * SIZE
    assert memory.find(b"a1", str, now) is None, "the oldest went"
    assert memory.find(b"a2", str, now) == answer
    for place in range(4):
        memory.keep(b"b%d" % place, second, answer, until)
        memory.keep(b"c%d" % place, third, answer, until)
    assert memory.bytes_held == 10 * SIZE
    assert memory.find(b"a3", str, now) is None
    assert memory.find(b"a2", str, now) == answer, "asked for lately, so it stays"
    assert memory.find(b"a2", str, until) is None, "not longer than it holds"
    memory.keep(b"huge", third, "x" * 2_000_000, until)
    assert memory.find(b"huge", str, now) is None
    memory.clear()
    assert memory.bytes_held == 0
