"""Who gets a stop: by hand, by itself, offered, full, gone."""

import asyncio
import itertools
from datetime import datetime, timedelta
from uuid import uuid4

import msgspec
import pytest

from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.errors import IllegalMove
from tandem.scm.delivery import service
from tandem.scm.delivery.domain.deliveries import DriverFull, NobodyAvailable, Report
from tandem.scm.delivery.domain.fleet import DriverBusy, DriverInactive, UnknownDriver
from tandem.scm.delivery.domain.statuses import NotYours, Status
from tests.delivery.givens import (
    DOOR,
    HUB,
    a_delivery,
    a_driver,
    brought_to,
    statuses_of,
)
from tests.delivery.positions import stand_at
from tests.delivery.traces import at


async def test_a_stop_changes_hands_until_it_is_picked_up(
    database: Database, boss: Actor, now: datetime
) -> None:
    async with database.transaction(boss) as tx:
        ravi, mary = await a_driver(tx, now), await a_driver(tx, now, "Mary D'Souza")
        opened = await a_delivery(tx, now)
    await brought_to(database, boss.org_id, ravi, opened.id, Status.AT_PICKUP, now)
    async with database.transaction(boss) as tx:
        given = await service.assign(tx, opened.id, driver_id=mary.driver.id, now=now)
        again = await service.assign(tx, opened.id, driver_id=mary.driver.id, now=now)
    assert (given.status, given.driver_id, again) == (Status.ASSIGNED, mary.driver.id, given)
    with pytest.raises(NotYours):
        async with database.transaction(ravi.actor(boss.org_id)) as tx:
            await service.report(tx, opened.id, Report(status=Status.PICKED_UP), now=now)
    await brought_to(database, boss.org_id, mary, opened.id, Status.PICKED_UP, now)
    with pytest.raises(IllegalMove):
        async with database.transaction(boss) as tx:
            await service.assign(tx, opened.id, driver_id=ravi.driver.id, now=now)
    async with database.transaction(boss) as tx:
        assert (await statuses_of(tx, opened.id))[-6:] == [
            "at_pickup",
            "unassigned",
            "assigned",
            "accepted",
            "at_pickup",
            "picked_up",
        ]


async def test_automatic_assignment_takes_the_nearest_with_room(
    database: Database, boss: Actor, now: datetime
) -> None:
    async with database.transaction(boss) as tx:
        policy, _ = await service.get_policy(tx)
        policy = msgspec.structs.replace(policy, pickup_lat=HUB[0], pickup_lon=HUB[1])
        await service.set_policy(tx, policy, now=now)
        far, near = await a_driver(tx, now, "Far Away"), await a_driver(tx, now, "Near By")
        full = await a_driver(tx, now, "Full Up", stops_max=1)
        off = await a_driver(tx, now, "Off Duty")
        await service.end_shift(tx, off.driver.id, now=now)
        busy = await a_delivery(tx, now)
        await service.assign(tx, busy.id, driver_id=full.driver.id, now=now)
        opened = await a_delivery(tx, now)
        unseen = await a_driver(tx, now, "Un Seen")
    for crew, metres in ((far, 4_000.0), (near, 700.0), (full, 10.0), (off, 5.0)):
        await stand_at(database, boss.org_id, crew, at(*HUB, metres, 0.0), now)
    async with database.transaction(boss) as tx:
        given = await service.assign(tx, opened.id, driver_id=None, now=now)
    assert given.driver_id == near.driver.id
    assert unseen.driver.id != given.driver_id


async def test_nobody_on_shift_refuses_and_leaves_the_delivery_waiting(
    database: Database, boss: Actor, now: datetime
) -> None:
    async with database.transaction(boss) as tx:
        crew = await a_driver(tx, now)
        await service.end_shift(tx, crew.driver.id, now=now)
        opened = await a_delivery(tx, now)
    with pytest.raises(NobodyAvailable):
        async with database.transaction(boss) as tx:
            await service.assign(tx, opened.id, driver_id=None, now=now)
    async with database.transaction(boss) as tx:
        assert (await service.get_delivery(tx, opened.id)) == opened


async def test_a_driver_who_is_full_gone_or_unknown_gets_nothing(
    database: Database, boss: Actor, now: datetime
) -> None:
    async with database.transaction(boss) as tx:
        crew = await a_driver(tx, now, stops_max=1)
        one, two = await a_delivery(tx, now), await a_delivery(tx, now)
        await service.assign(tx, one.id, driver_id=crew.driver.id, now=now)
    with pytest.raises(DriverFull):
        async with database.transaction(boss) as tx:
            await service.assign(tx, two.id, driver_id=crew.driver.id, now=now)
    with pytest.raises(UnknownDriver):
        async with database.transaction(boss) as tx:
            await service.assign(tx, two.id, driver_id=uuid4(), now=now)
    async with database.transaction(boss) as tx:
        away = msgspec.structs.replace(crew.driver, is_active=False)
    with pytest.raises(DriverBusy, match=one.shipment_number):
        async with database.transaction(boss) as tx:
            await service.change_driver(tx, away, now=now)
    async with database.transaction(boss) as tx:
        await service.unassign(tx, one.id, reason="leaves us", now=now)
        await service.change_driver(tx, away, now=now)
    with pytest.raises(DriverInactive):
        async with database.transaction(boss) as tx:
            await service.assign(tx, two.id, driver_id=crew.driver.id, now=now)


async def test_an_offer_nobody_answers_goes_to_the_next_and_then_back(
    database: Database, boss: Actor, now: datetime
) -> None:
    async with database.transaction(boss) as tx:
        near, far = await a_driver(tx, now, "Near By"), await a_driver(tx, now, "Far Away")
        opened = await a_delivery(tx, now)
    await stand_at(database, boss.org_id, near, at(*DOOR, 300.0, 0.0), now)
    await stand_at(database, boss.org_id, far, at(*DOOR, 3_000.0, 0.0), now)
    async with database.transaction(boss) as tx:
        offered = await service.offer(tx, opened.id, driver_id=None, now=now)
    assert (offered.driver_id, offered.offered_until) == (
        near.driver.id,
        now + timedelta(seconds=60),
    )
    async with database.transaction(boss) as tx:
        assert await service.expire_offers(tx, now=now + timedelta(seconds=59)) == 0
        assert await service.expire_offers(tx, now=now + timedelta(seconds=61)) == 1
        second = await service.get_delivery(tx, opened.id)
    assert (second.status, second.driver_id) == (Status.OFFERED, far.driver.id)
    async with database.transaction(far.actor(boss.org_id)) as tx:
        no = Report(status=Status.UNASSIGNED, reason="flat tyre")
        free = await service.report(tx, opened.id, no, now=now)
    assert (free.status, free.driver_id) == (Status.UNASSIGNED, None)
    async with database.transaction(boss) as tx:
        rows = await service.list_statuses(tx, opened.id)
    assert [(row.status, row.reason) for row in rows][1:] == [
        ("offered", ""),
        ("unassigned", "offer timed out"),
        ("offered", ""),
        ("unassigned", "declined: flat tyre"),
    ]


async def test_an_accepted_offer_is_assigned_and_accepted_in_two_rows(
    database: Database, boss: Actor, now: datetime
) -> None:
    async with database.transaction(boss) as tx:
        crew = await a_driver(tx, now)
        opened = await a_delivery(tx, now)
        await service.offer(tx, opened.id, driver_id=crew.driver.id, now=now)
    async with database.transaction(crew.actor(boss.org_id)) as tx:
        yes = await service.report(tx, opened.id, Report(status=Status.ACCEPTED), now=now)
    assert (yes.status, yes.stop_seq, yes.offered_until) == (Status.ACCEPTED, 1, None)
    async with database.transaction(boss) as tx:
        assert await statuses_of(tx, opened.id) == [
            "unassigned",
            "offered",
            "assigned",
            "accepted",
        ]


async def test_two_dispatchers_at_once_give_a_delivery_to_one_driver(
    database: Database, boss: Actor, now: datetime
) -> None:
    async with database.transaction(boss) as tx:
        crews = [await a_driver(tx, now, f"Driver {letter}") for letter in "abcd"]
        opened = await a_delivery(tx, now)

    async def give(index: int) -> None:
        async with database.transaction(boss) as tx:
            await service.assign(tx, opened.id, driver_id=crews[index % 4].driver.id, now=now)

    await asyncio.gather(*(give(index) for index in range(16)))
    async with database.transaction(boss) as tx:
        final = await service.get_delivery(tx, opened.id)
        rows = await service.list_statuses(tx, opened.id)
    assert final.status is Status.ASSIGNED
    assert rows[-1].status is Status.ASSIGNED
    for before, after in itertools.pairwise(rows):
        assert (before.status, after.status) in {
            ("unassigned", "assigned"),
            ("assigned", "unassigned"),
        }


async def test_a_driver_with_room_for_one_takes_the_one_that_was_offered(
    database: Database, boss: Actor, now: datetime
) -> None:
    async with database.transaction(boss) as tx:
        crew = await a_driver(tx, now, stops_max=1)
        opened = await a_delivery(tx, now)
        await service.offer(tx, opened.id, driver_id=crew.driver.id, now=now)
    async with database.transaction(crew.actor(boss.org_id)) as tx:
        yes = await service.report(tx, opened.id, Report(status=Status.ACCEPTED), now=now)
    assert yes.status is Status.ACCEPTED
