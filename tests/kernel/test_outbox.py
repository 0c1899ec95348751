import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID, uuid4

import msgspec
import pytest

from tandem.kernel import outbox
from tandem.kernel.actor import Actor
from tandem.kernel.clock import Clock
from tandem.kernel.db import Database, Query, Tx
from tandem.kernel.events import Event, subscribe, subscribe_many
from tests.clocks import Stopped


class Rang(Event, frozen=True, kw_only=True):
    topic: ClassVar[str] = "test.rang.v1"
    bell: UUID
    place: int

    def key(self) -> str:
        return str(self.bell)


NOTE = Query(
    """
    insert into kernel.number_series (org_id, kind, period, next_value)
    values (:org_id, 'heard', :period, 1)
    """
)
HEARD = Query(
    """
    select period from kernel.number_series
     where org_id = :org_id and kind = 'heard'
     order by period
    """
)
broken: set[int] = set()
order: list[tuple[UUID, int]] = []


@subscribe(Rang, "test.hear")
async def hear(tx: Tx, event: Rang, now: datetime) -> None:
    await tx.run(NOTE, period=f"{event.bell}-{event.place:03}")
    if event.place in broken:
        raise RuntimeError("the ear is broken")
    order.append((event.bell, event.place))


class Heard(msgspec.Struct):
    period: str


class Waiting(msgspec.Struct):
    attempts: int


ATTEMPTS = Query("select attempts from kernel.delivery where org_id = :org_id order by id")


async def heard(database: Database, actor: Actor) -> list[str]:
    async with database.transaction(actor) as tx:
        return [row.period for row in await tx.many(HEARD, Heard)]


async def test_an_event_of_a_rolled_back_change_is_never_told(
    database: Database, actor: Actor
) -> None:
    with pytest.raises(RuntimeError):
        async with database.transaction(actor) as tx:
            await tx.publish(Rang(bell=uuid4(), place=1))
            raise RuntimeError
    await outbox.drain(database)
    assert await heard(database, actor) == []


async def test_many_relays_give_one_effect_in_order_per_key(
    database: Database, actor: Actor
) -> None:
    bells = [uuid4() for _ in range(5)]
    order.clear()
    async with database.transaction(actor) as tx:
        for place in range(12):
            await tx.publish(*(Rang(bell=bell, place=place) for bell in bells))
    stop = asyncio.Event()
    relays = [asyncio.create_task(outbox.relay(database, stop)) for _ in range(4)]
    async with asyncio.timeout(20):
        while len(await heard(database, actor)) < 60:  # noqa: ASYNC110  relays have no event
            await asyncio.sleep(0)
    stop.set()
    await asyncio.gather(*relays)
    for bell in bells:
        assert [place for rung, place in order if rung == bell] == list(range(12))
    assert len(await heard(database, actor)) == 60


async def test_a_failing_handler_leaves_nothing_waits_and_is_parked_until_retried(
    database: Database, actor: Actor, tmp_path: object
) -> None:
    bell = uuid4()
    broken.add(777)
    clock_file = f"{tmp_path}/clock.json"
    database.clock = Clock(clock_file)
    async with database.transaction(actor) as tx:
        await tx.publish(Rang(bell=bell, place=777), Rang(bell=bell, place=778))
    for hour in range(outbox.ATTEMPTS_MAX):
        with open(clock_file, "w") as file:  # noqa: ASYNC230  a few bytes
            file.write(f'{{"offset_seconds": {timedelta(hours=hour).total_seconds()}}}')
        assert await outbox.relay_once(database) == 1
    assert await heard(database, actor) == []
    async with database.transaction(actor) as tx:
        parked = await outbox.list_parked(tx)
        assert [(row.subscriber, row.attempts) for row in parked] == [("test.hear", 12)]
        assert "the ear is broken" in (parked[0].last_error or "")
        broken.discard(777)
        assert await outbox.retry_parked(tx) == 1
    await outbox.drain(database)
    assert [one[-3:] for one in await heard(database, actor)] == ["777", "778"]
    async with database.transaction(actor) as tx:
        assert await tx.many(ATTEMPTS, Waiting) == []


class Chimed(Rang, frozen=True, kw_only=True):
    topic: ClassVar[str] = "test.chimed.v1"


sittings: list[int] = []


@subscribe_many(Chimed, "test.hear_all")
async def hear_all(tx: Tx, events: Sequence[Chimed], now: datetime) -> None:
    assert len({event.key() for event in events}) == len(events)
    for event in events:
        await tx.run(NOTE, period=f"{event.bell}-{event.place:03}")
        if event.place in broken:
            raise RuntimeError("the ear is broken")
    sittings.append(len(events))


async def test_who_takes_many_gets_them_together_in_order_per_key_and_one_at_fault_harms_no_other(
    database: Database, actor: Actor
) -> None:
    bells = [uuid4() for _ in range(60)]
    clock = database.clock = Stopped(database.clock.now())
    broken.add(555)
    sittings.clear()
    async with database.transaction(actor) as tx:
        await tx.publish(*(Chimed(bell=bell, place=0) for bell in bells))
        await tx.publish(Chimed(bell=bells[0], place=555), Chimed(bell=bells[0], place=556))
        await tx.publish(*(Chimed(bell=bell, place=1) for bell in bells[1:]))
    await outbox.drain(database)
    assert sittings == [60, *[1] * 59], "one of a batch fails: each is tried alone"
    wanted = [f"{bell}-000" for bell in bells] + [f"{bell}-001" for bell in bells[1:]]
    assert await heard(database, actor) == sorted(wanted), "what follows the failed one waits"
    async with database.transaction(actor) as tx:
        assert [row.attempts for row in await tx.many(ATTEMPTS, Waiting)] == [1, 0]
    broken.discard(555)
    clock.at += timedelta(minutes=1)
    await outbox.drain(database)
    rung = [one[-3:] for one in await heard(database, actor) if one.startswith(str(bells[0]))]
    assert rung == ["000", "555", "556"]
