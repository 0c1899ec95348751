"""Pings through the database: stored once, believed in any order, clocks put right."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query
from tandem.scm.delivery import service
from tandem.scm.delivery.domain.deliveries import Report
from tandem.scm.delivery.domain.pings import Ping, Reason
from tandem.scm.delivery.domain.statuses import Status
from tandem.scm.delivery.service.tracks import Playback, forget_pings
from tandem.scm.delivery.store import histories
from tests.delivery.givens import Crew, a_delivery, a_driver, brought_to
from tests.delivery.positions import send
from tests.delivery.traces import (
    START,
    Told,
    at,
    length_m,
    phone_with_faults,
    ping,
    shuffled,
    straight,
    van,
)

BATCH = 60

COUNT = Query("select count(*) from delivery.ping where org_id = :org_id")
REASONS = Query(
    """
    select device_at, fix_at, reason from delivery.ping
     where org_id = :org_id order by device_at
    """
)


async def replay(
    database: Database, boss: Actor, now: datetime, told: Sequence[Told]
) -> tuple[Playback, tuple[float, float, datetime]]:
    """Let a new driver's phone send a drive in this order, in batches, after it was over. Asserts
    that what watchers are shown never goes back in time."""
    after = max(one.received_at for one in told) + timedelta(minutes=1)
    async with database.transaction(boss) as tx:
        crew = await a_driver(tx, now)
    shown: list[int] = []
    for start in range(0, len(told), BATCH):
        part = [one.ping for one in told[start : start + BATCH]]
        taken = await send(database, boss.org_id, crew, part, after)
        shown += [fix.at_ms for movement in taken.movements for fix in movement.fixes]
    assert shown == sorted(shown)
    async with database.transaction(boss) as tx:
        track = await service.playback(
            tx, crew.driver.id, from_at=now, to_at=now + timedelta(hours=4), now=now
        )
        live = await service.live_positions(tx, now=after)
    (mine,) = [one for one in live if one.driver_id == crew.driver.id]
    return track, (mine.lat, mine.lon, mine.heard_at)


def told_of(track: Playback) -> tuple[object, ...]:
    return track.segments, track.stops, track.distance_m, track.rejected


async def test_a_vans_morning_is_the_same_track_in_whatever_order_it_arrives(
    database: Database, boss: Actor, now: datetime
) -> None:
    """AD1: newest first, in the order of time, and shuffled twenty times."""
    drive = van(now)
    expected, last = await replay(database, boss, now, drive)
    assert len(expected.segments) == 2
    assert expected.rejected[Reason.JUMP] == 1
    backwards, last_backwards = await replay(database, boss, now, drive[::-1])
    assert told_of(backwards) == told_of(expected)
    assert last_backwards == last
    for seed in range(20):
        mixed, last_mixed = await replay(database, boss, now, shuffled(drive, seed))
        assert told_of(mixed) == told_of(expected)
        assert last_mixed == last


async def test_a_batch_that_is_sent_twice_is_stored_once(
    database: Database, boss: Actor, crew: Crew, now: datetime
) -> None:
    """AD2: no extra rows, nothing moves again."""
    drive = straight(now, count=100)
    after = now + timedelta(minutes=5)
    first = await send(database, boss.org_id, crew, drive, after)
    second = await send(database, boss.org_id, crew, drive, after)
    third = await send(database, boss.org_id, crew, drive[40:60], after)
    assert first.reasons == [[None] * 100]
    assert second.reasons == [[Reason.DUPLICATE] * 100]
    assert third.reasons == [[Reason.DUPLICATE] * 20]
    assert (len(first.movements), second.movements, third.movements) == (1, [], [])
    async with database.transaction(boss) as tx:
        assert await tx.value(COUNT) == 100


async def test_a_number_that_was_told_before_is_a_duplicate_whatever_its_time(
    database: Database, boss: Actor, crew: Crew, now: datetime
) -> None:
    told = ping(now, START, seq=7)
    later = ping(now + timedelta(seconds=9), at(*START, 50.0, 0.0), seq=7)
    first = await send(database, boss.org_id, crew, [told], now)
    again = await send(database, boss.org_id, crew, [later], now + timedelta(seconds=9))
    assert (first.reasons, again.reasons) == ([[None]], [[Reason.DUPLICATE]])


@pytest.mark.parametrize("place", [0, 1, 63, 64, 65, 100, 191, 199])
async def test_a_number_is_found_again_wherever_it_stands_among_many(
    database: Database, boss: Actor, crew: Crew, now: datetime, place: int
) -> None:
    """Numbers of one device: in order, then two latecomers; each is known again at another time."""
    await send_many(database, boss.org_id, crew, now)
    twin = ping(now - timedelta(hours=3, seconds=place), START, seq=place)
    again = await send(database, boss.org_id, crew, [twin], now + timedelta(minutes=9))
    assert again.reasons == [[Reason.DUPLICATE]]


async def test_a_latecomers_number_is_known_again_and_a_fresh_one_is_not(
    database: Database, boss: Actor, crew: Crew, now: datetime
) -> None:
    await send_many(database, boss.org_id, crew, now, missing={70, 71})
    late = ping(now + timedelta(seconds=70), START, seq=70)
    twin = ping(now + timedelta(seconds=70, milliseconds=500), START, seq=70)
    fresh = ping(now + timedelta(seconds=71), START, seq=71)
    answers = [
        await send(database, boss.org_id, crew, [one], now + timedelta(minutes=9))
        for one in (late, twin, fresh)
    ]
    assert [one.reasons[0][0] is Reason.DUPLICATE for one in answers] == [False, True, False]


async def send_many(
    database: Database,
    org_id: UUID,
    crew: Crew,
    now: datetime,
    *,
    missing: Collection[int] = (),
) -> None:
    """Two hundred pings a second apart, numbered from nought."""
    told = [
        ping(now + timedelta(seconds=n), at(*START, float(n), 0.0), seq=n)
        for n in range(200)
        if n not in missing
    ]
    await send(database, org_id, crew, told, now + timedelta(seconds=200))


async def test_of_two_fixes_of_one_instant_the_better_stays_in_either_order(
    database: Database, boss: Actor, now: datetime
) -> None:
    vague = ping(now, at(*START, 9.0, 0.0), accuracy_m=40.0)
    sharp = ping(now, START, accuracy_m=4.0)
    for pair in ([vague, sharp], [sharp, vague]):
        async with database.transaction(boss) as tx:
            crew = await a_driver(tx, now)
        for one in pair:
            await send(database, boss.org_id, crew, [one], now)
        async with database.transaction(boss) as tx:
            track = await service.playback(
                tx, crew.driver.id, from_at=now, to_at=now + timedelta(hours=1), now=now
            )
        (point,) = track.segments[0]
        assert (point.lat, point.lon) == START


async def test_bad_fixes_are_kept_with_their_reason_and_lengthen_no_track(
    database: Database, boss: Actor, crew: Crew, now: datetime
) -> None:
    """AD3: a jump at 760 km/h, an accuracy of 1,000 m, a clock up to 1.1 s ahead."""
    faulty, clean = phone_with_faults(now)
    for one in faulty:
        received_at = one.at - timedelta(seconds=1.1)
        await send(database, boss.org_id, crew, [one], received_at)
    async with database.transaction(boss) as tx:
        rows = await tx.records(REASONS)
        track = await service.playback(
            tx, crew.driver.id, from_at=now, to_at=now + timedelta(hours=1), now=now
        )
    assert [row["reason"] for row in rows].count("jump") == 1
    assert rows[60]["reason"] == "jump"
    assert rows[120]["reason"] == "accuracy"
    assert {row["reason"] for row in rows} == {None, "jump", "accuracy"}
    assert all(row["fix_at"] == row["device_at"] for row in rows)
    assert track.rejected == {"jump": 1, "accuracy": 1}
    reference = length_m(clean)
    assert abs(track.distance_m - reference) <= 0.05 * reference


async def test_an_hour_of_silence_is_a_gap_and_no_line(
    database: Database, boss: Actor, crew: Crew, now: datetime
) -> None:
    """AD4: 2,331 s without a word."""
    before = straight(now, count=20)
    after = [
        msgspec.structs.replace(
            one, at=one.at + timedelta(seconds=2331), lat=one.lat + 0.1, seq=100 + (one.seq or 0)
        )
        for one in straight(now, count=20)
    ]
    await send(database, boss.org_id, crew, before, now + timedelta(minutes=1))
    await send(database, boss.org_id, crew, after, now + timedelta(minutes=41))
    async with database.transaction(boss) as tx:
        track = await service.playback(
            tx, crew.driver.id, from_at=now, to_at=now + timedelta(hours=1), now=now
        )
    assert [len(segment) for segment in track.segments] == [20, 20]
    assert track.distance_m < 800


@pytest.mark.parametrize("hours", [2, -2])
async def test_a_clock_two_hours_off_is_put_right_and_statuses_with_it(
    database: Database, boss: Actor, crew: Crew, now: datetime, hours: int
) -> None:
    """AD5: the phone says what its clock shows."""
    off = timedelta(hours=hours)
    drive = [msgspec.structs.replace(one, at=one.at + off) for one in straight(now, count=5)]
    received_at = now + timedelta(seconds=9)
    taken = await send(database, boss.org_id, crew, drive, received_at, sent_at=received_at + off)
    assert taken.reasons == [[None] * 5]
    async with database.transaction(boss) as tx:
        rows = await tx.records(REASONS)
        (live,) = await service.live_positions(tx, now=received_at)
        opened = await a_delivery(tx, now)
    assert [row["fix_at"] for row in rows] == [one.at for one in straight(now, count=5)]
    assert live.heard_at == now + timedelta(seconds=8)
    assert live.skew_seconds == -hours * 3600
    await brought_to(database, boss.org_id, crew, opened.id, Status.AT_PICKUP, now)
    told = Report(status=Status.PICKED_UP, at=received_at + off)
    async with database.transaction(crew.actor(boss.org_id)) as tx:
        await service.report(tx, opened.id, told, now=received_at + timedelta(seconds=30))
    async with database.transaction(boss) as tx:
        last = (await service.list_statuses(tx, opened.id))[-1]
    assert last.occurred_at == received_at
    assert last.received_at == received_at + timedelta(seconds=30)


async def test_a_status_happens_neither_before_its_delivery_nor_in_the_future(
    database: Database, boss: Actor, crew: Crew, now: datetime
) -> None:
    """AD5, for phones that do not say what their clock shows: a year ago would take no scan."""
    async with database.transaction(boss) as tx:
        opened = await a_delivery(tx, now)
        await service.assign(tx, opened.id, driver_id=crew.driver.id, now=now)
    heard = now + timedelta(hours=1)
    for status, at_device, occurred_at in (
        (Status.ACCEPTED, datetime(2006, 4, 1, tzinfo=UTC), heard),
        (Status.AT_PICKUP, now - timedelta(minutes=1), now),
        (Status.PICKED_UP, now - timedelta(days=1), heard),
        (Status.EN_ROUTE, now + timedelta(minutes=50), now + timedelta(minutes=50)),
        (Status.FAILED, now + timedelta(days=1), heard),
    ):
        told = Report(status=status, at=at_device, reason="refused")
        async with database.transaction(crew.actor(boss.org_id)) as tx:
            await service.report(tx, opened.id, told, now=heard)
            last = (await histories.list_statuses(tx, opened.id))[-1]
        assert (last.status, last.occurred_at, last.received_at) == (status, occurred_at, heard)


async def test_a_clock_ahead_that_does_not_say_so_is_refused_twice_and_then_put_right(
    database: Database, boss: Actor, crew: Crew, now: datetime
) -> None:
    """AD5, for apps that send no time of sending."""
    outcomes = []
    for index in range(4):
        received_at = now + timedelta(seconds=30 * index)
        told = ping(received_at + timedelta(hours=2), at(*START, 100.0 * index, 0.0))
        taken = await send(database, boss.org_id, crew, [told], received_at)
        outcomes += taken.reasons[0]
    assert outcomes == [Reason.FUTURE, Reason.FUTURE, None, None]
    async with database.transaction(boss) as tx:
        (live,) = await service.live_positions(tx, now=now + timedelta(seconds=90))
    assert live.heard_at == now + timedelta(seconds=90)


async def test_a_receiver_from_2006_is_rejected_and_a_rolled_over_one_put_right(
    database: Database, boss: Actor, crew: Crew, now: datetime
) -> None:
    """AD5: GPS week rollover."""
    old = ping(datetime(2006, 5, 1, tzinfo=UTC), START)
    rolled = ping(now - timedelta(weeks=1024), at(*START, 30.0, 0.0))
    taken = await send(database, boss.org_id, crew, [old, rolled], now)
    assert taken.reasons == [[Reason.PAST, None]]
    async with database.transaction(boss) as tx:
        (live,) = await service.live_positions(tx, now=now)
    assert live.heard_at == now


async def test_a_lost_sign_moves_no_vehicle_and_crosses_no_fence(
    database: Database, boss: Actor, crew: Crew, now: datetime
) -> None:
    """AD6."""
    here = (-25.2637, -57.65)
    async with database.transaction(boss) as tx:
        opened = await a_delivery(tx, now, door=(-25.2637, 57.65))
    await brought_to(database, boss.org_id, crew, opened.id, Status.EN_ROUTE, now)
    rows = [
        ping(now + timedelta(seconds=10 * step), at(*here, 40.0 * step, 0.0)) for step in range(8)
    ]
    for index in (3, 5):
        rows[index] = msgspec.structs.replace(rows[index], lon=57.65)
    taken = await send(database, boss.org_id, crew, rows, now + timedelta(seconds=80))
    assert taken.reasons[0][3] is Reason.SIGN_FLIP
    assert taken.reasons[0][5] is Reason.SIGN_FLIP
    assert all(fix.lon < 0 for fix in taken.movements[0].fixes)
    async with database.transaction(boss) as tx:
        assert (await service.get_delivery(tx, opened.id)).status is Status.EN_ROUTE
        track = await service.track_of_delivery(tx, opened.id, now=now + timedelta(minutes=2))
    assert track.crossings == []


async def test_twenty_nine_fixes_of_one_instant_are_one(
    database: Database, boss: Actor, crew: Crew, now: datetime
) -> None:
    """AD8."""
    rows = [ping(now, at(*START, 25.0 * step, 0.0), accuracy_m=5.0 + step) for step in range(29)]
    worse = await send(database, boss.org_id, crew, rows[:0:-1], now)
    assert worse.reasons == [[None] * 28]
    best = await send(database, boss.org_id, crew, rows, now)
    assert best.reasons == [[None, *[Reason.DUPLICATE] * 28]]
    async with database.transaction(boss) as tx:
        assert await tx.value(COUNT) == 1
        track = await service.playback(
            tx, crew.driver.id, from_at=now, to_at=now + timedelta(hours=1), now=now
        )
    assert (track.distance_m, len(track.segments[0])) == (0.0, 1)
    assert (track.segments[0][0].lat, track.segments[0][0].lon) == START


async def test_two_processes_take_one_devices_pings_at_once(
    database: Database, boss: Actor, crew: Crew, now: datetime
) -> None:
    drive = straight(now, count=200)
    after = now + timedelta(minutes=10)
    parts = [drive[start::8] for start in range(8)] + [drive[:50], drive[150:]]
    await asyncio.gather(*(send(database, boss.org_id, crew, part, after) for part in parts))
    async with database.transaction(boss) as tx:
        assert await tx.value(COUNT) == 200
        (live,) = await service.live_positions(tx, now=after)
        track = await service.playback(
            tx, crew.driver.id, from_at=now, to_at=now + timedelta(hours=1), now=now
        )
    assert live.heard_at == drive[-1].at
    assert track.distance_m == pytest.approx(length_m(drive), abs=0.2)


async def test_after_thirty_days_pings_are_gone_and_statuses_and_proofs_stay(
    database: Database, boss: Actor, crew: Crew, now: datetime
) -> None:
    """AD18."""
    async with database.transaction(boss) as tx:
        opened = await a_delivery(tx, now)
    await brought_to(database, boss.org_id, crew, opened.id, Status.ARRIVED, now)
    async with database.transaction(boss) as tx:
        code = await service.door_code(tx, opened.id)
    async with database.transaction(crew.actor(boss.org_id)) as tx:
        await service.check_door_code(tx, opened.id, given=code, point=None, now=now)
    await send(database, boss.org_id, crew, straight(now, count=50), now + timedelta(minutes=2))
    fresh = straight(now + timedelta(days=29), count=30)
    fresh = [msgspec.structs.replace(one, seq=1000 + (one.seq or 0)) for one in fresh]
    await send(database, boss.org_id, crew, fresh, fresh[-1].at)
    async with database.transaction(boss) as tx:
        assert await forget_pings(tx, now=now + timedelta(days=30)) == 0
        assert await forget_pings(tx, now=now + timedelta(days=30, minutes=3)) == 50
        assert await tx.value(COUNT) == 30
        assert len(await service.list_statuses(tx, opened.id)) == 8
        assert [proof.kind for proof in await service.list_proofs(tx, opened.id)] == ["otp"]


async def test_a_silly_number_costs_its_own_ping_only(
    database: Database, boss: Actor, crew: Crew, now: datetime
) -> None:
    rows: list[Ping] = [
        ping(now, START, speed_mps=1e300, heading=-1e9, accuracy_m=3.0, battery=1e39),
        ping(now + timedelta(seconds=2), (1e308, -1e308)),
        ping(datetime(9999, 12, 31, 23, 59, tzinfo=UTC), START),
        ping(datetime(1, 1, 1, tzinfo=UTC), START),
        ping(now + timedelta(seconds=4), at(*START, 20.0, 0.0), seq=2**53),
    ]
    taken = await send(database, boss.org_id, crew, rows, now + timedelta(seconds=5))
    assert taken.reasons == [[None, Reason.INVALID, Reason.FUTURE, Reason.PAST, None]]


async def test_looking_at_where_a_driver_has_been_is_kept(
    database: Database, boss: Actor, actor: Actor, crew: Crew, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        await service.playback(
            tx, crew.driver.id, from_at=now, to_at=now + timedelta(hours=1), now=now
        )
        (view,) = await service.list_views(tx, crew.driver.id, limit=10)
    assert (view.actor_id, view.actor_label, view.at) == (actor.user_id, "Asha", now)
