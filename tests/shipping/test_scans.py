"""Scans over HTTP and from our own drivers: late, twice, out of order (AS7)."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any

import httpx2 as httpx
import pytest

from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.scm.shipping import service
from tandem.scm.shipping.domain.shipments import Shipment
from tandem.scm.shipping.domain.statuses import ScanStatus
from tests.shipping.givens import order
from tests.shipping.shipped import ship, told

WAY = [
    (ScanStatus.IN_TRANSIT, datetime(2026, 11, 22, 8, 0, tzinfo=UTC)),
    (ScanStatus.OUT_FOR_DELIVERY, datetime(2026, 11, 22, 9, 0, tzinfo=UTC)),
    (ScanStatus.DELIVERED, datetime(2026, 11, 22, 10, 0, tzinfo=UTC)),
]


async def scan(
    database: Database,
    actor: Actor,
    made: Shipment,
    status: ScanStatus,
    at: datetime,
    **options: Any,
) -> Shipment:
    async with database.transaction(actor) as tx:
        return await service.record_scan(
            tx, shipment_id=made.id, status=status, occurred_at=at, now=at, **options
        )


async def moves(database: Database, actor: Actor) -> list[tuple[str, str]]:
    return [
        (event["status"], event["occurred_at"])
        for event in await told(database, actor)
        if event["topic"] == "shipping.status_changed.v1"
    ]


async def test_every_order_of_doubled_scans_ends_delivered_with_three_rows_and_one_timeline(
    database: Database, actor: Actor, now: datetime
) -> None:
    """AS7: all 90 orders of two copies each."""
    timelines = set()
    for arrival in sorted(set(permutations([0, 0, 1, 1, 2, 2]))):
        async with database.transaction(actor) as tx:
            made = await service.create_shipment(tx, order=order(), items=None, now=now)
            for place in arrival:
                status, at = WAY[place]
                final = await service.record_scan(
                    tx, shipment_id=made.id, status=status, occurred_at=at, now=now
                )
            seen = await service.list_scans(tx, made.id)
        assert (final.status, final.delivered_at, final.picked_up_at) == (
            "delivered", WAY[2][1], WAY[0][1],
        )  # fmt: skip
        timelines.add(tuple((one.status, one.occurred_at) for one in seen))
    assert timelines == {tuple(WAY)}


async def test_a_delivery_that_is_told_first_still_tells_that_the_goods_left_before(
    database: Database, actor: Actor, now: datetime
) -> None:
    made = await ship(database, actor, now, order())
    for status, at in reversed(WAY):
        await scan(database, actor, made, status, at)
    assert await moves(database, actor) == [
        ("picked_up", "2026-11-22T10:00:00Z"),
        ("delivered", "2026-11-22T10:00:00Z"),
    ]


async def test_steps_in_order_are_told_one_by_one_with_their_items(
    database: Database, actor: Actor, now: datetime
) -> None:
    made = await ship(database, actor, now, order())
    await scan(database, actor, made, ScanStatus.PICKED_UP, WAY[0][1] - timedelta(hours=1))
    for status, at in WAY:
        await scan(database, actor, made, status, at)
        await scan(database, actor, made, status, at)
    assert [status for status, _ in await moves(database, actor)] == [
        "picked_up", "in_transit", "out_for_delivery", "delivered",
    ]  # fmt: skip
    last = (await told(database, actor))[-1]
    assert [(item["sku"], item["quantity"]) for item in last["items"]] == [("TEA-250", 2)]


async def test_twenty_equal_scans_at_once_are_one(
    database: Database, actor: Actor, now: datetime
) -> None:
    made = await ship(database, actor, now, order())
    status, at = WAY[2]
    await asyncio.gather(*(scan(database, actor, made, status, at) for _ in range(20)))
    async with database.transaction(actor) as tx:
        assert len(await service.list_scans(tx, made.id)) == 1
    assert [status for status, _ in await moves(database, actor)] == ["picked_up", "delivered"]


async def test_after_the_end_a_scan_is_kept_and_moves_nothing(
    database: Database, actor: Actor, now: datetime
) -> None:
    """Carriers call a return that arrived `delivered`: nothing is delivered and returned."""
    for end, after in (
        (ScanStatus.RETURNED_TO_SENDER, ScanStatus.DELIVERED),
        (ScanStatus.DELIVERED, ScanStatus.RETURNED_TO_SENDER),
        (ScanStatus.DELIVERED, ScanStatus.DELIVERED),
    ):
        made = await ship(database, actor, now, order(promised_on=date(2026, 11, 24)))
        ended = await scan(database, actor, made, end, now)
        said = await moves(database, actor)
        stays = await scan(database, actor, made, after, now + timedelta(days=9))
        assert (stays.status, stays.delivered_on, stays.is_on_time) == (
            ended.status, ended.delivered_on, ended.is_on_time,
        )  # fmt: skip
        assert stays.carrier_status is after
        assert await moves(database, actor) == said


async def test_on_time_is_judged_by_the_first_promise(
    database: Database, actor: Actor, now: datetime
) -> None:
    """Promised for the 24th, moved to the 25th, delivered on the 25th: late."""
    made = await ship(database, actor, now, order(promised_on=date(2026, 11, 24)))
    async with database.transaction(actor) as tx:
        await service.revise_promise(
            tx, made, promised_on=date(2026, 11, 25), cause="rain", now=now
        )
    late = await scan(
        database, actor, made, ScanStatus.DELIVERED, datetime(2026, 11, 25, 6, 0, tzinfo=UTC)
    )
    assert (late.promised_on, late.delivered_on, late.is_on_time) == (
        date(2026, 11, 25), date(2026, 11, 25), False,
    )  # fmt: skip


async def test_the_day_of_delivery_is_the_origins_day(
    database: Database, actor: Actor, now: datetime
) -> None:
    """23:30 on the 24th in India is 18:00 UTC; half past midnight is the 25th."""
    for at, day, in_time in (
        (datetime(2026, 11, 24, 18, 0, tzinfo=UTC), date(2026, 11, 24), True),
        (datetime(2026, 11, 24, 19, 0, tzinfo=UTC), date(2026, 11, 25), False),
    ):
        made = await ship(database, actor, now, order(promised_on=date(2026, 11, 24)))
        done = await scan(database, actor, made, ScanStatus.DELIVERED, at)
        assert (done.delivered_on, done.is_on_time) == (day, in_time)


async def test_a_failed_attempt_moves_the_promise_to_the_next_delivery_day(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    """Tried in vain on Saturday the 28th: Monday."""
    made = await ship(database, actor, now, order(promised_on=date(2026, 11, 28)))
    tried = await scan(
        database,
        actor,
        made,
        ScanStatus.DELIVERY_FAILED,
        datetime(2026, 11, 28, 9, 0, tzinfo=UTC),
        reason="customer_absent",
    )
    assert (tried.status, tried.attempts) == ("delivery_failed", 1)
    assert (tried.promised_first_on, tried.promised_on) == (date(2026, 11, 28), date(2026, 11, 30))
    out = await scan(
        database,
        actor,
        made,
        ScanStatus.OUT_FOR_DELIVERY,
        datetime(2026, 11, 30, 4, 0, tzinfo=UTC),
    )
    assert (out.status, out.attempts) == ("out_for_delivery", 1)


async def test_a_carriers_word_that_means_no_step_is_kept_and_moves_nothing(
    database: Database, actor: Actor, now: datetime
) -> None:
    made = await ship(database, actor, now, order())
    for status in (ScanStatus.PENDING, ScanStatus.UNKNOWN, ScanStatus.CANCELLED):
        after = await scan(database, actor, made, status, now, code="XB")
    assert (after.status, after.carrier_status) == ("ready", "unknown")
    assert await moves(database, actor) == []
    async with database.transaction(actor) as tx:
        assert len(await service.list_scans(tx, made.id)) == 3


async def test_a_scan_of_a_cancelled_shipment_is_kept_and_changes_nothing(
    database: Database, actor: Actor, now: datetime
) -> None:
    made = await ship(database, actor, now, order())
    async with database.transaction(actor) as tx:
        await service.cancel_shipment(tx, shipment_id=made.id, reason="x", now=now)
    after = await scan(database, actor, made, ScanStatus.PICKED_UP, now)
    assert after.status == "cancelled"
    assert await moves(database, actor) == []


async def test_over_http_a_scan_is_answered_with_the_shipment_and_shown_among_its_events(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    made = await ship(database, actor, now, order())
    path = f"/v1/shipments/{made.id}"
    at = database.clock.now().replace(microsecond=0)
    body = {
        "status": "in_transit",
        "occurred_at": at.isoformat(),
        "code": "IT-04",
        "location": "Hosur Road hub",
        "latitude": 12.9,
        "longitude": 77.6,
    }
    for _ in range(2):
        answer = await client.post(f"{path}/scans", json=body)
        assert (answer.status_code, answer.json()["status"]) == (201, "in_transit")
    [event] = (await client.get(f"{path}/events")).json()["items"]
    assert {key: event[key] for key in ("status", "code", "location", "source")} == {
        "status": "in_transit", "code": "IT-04", "location": "Hosur Road hub", "source": "api",
    }  # fmt: skip
    assert datetime.fromisoformat(event["occurred_at"]) == at


@pytest.mark.parametrize(
    "change",
    [
        {"occurred_at": "2026-11-22T10:00:00"},
        {"occurred_at": "0001-01-01T00:00:00Z"},
        {"occurred_at": "9999-12-31T23:59:59Z"},
        {"status": "teleported"},
        {"reason": "a\x00b"},
        {"latitude": 91},
        {"latitude": "NaN"},
    ],
)
async def test_a_scan_that_cannot_be_is_refused(
    client: httpx.AsyncClient,
    database: Database,
    actor: Actor,
    now: datetime,
    change: dict[str, Any],
) -> None:
    made = await ship(database, actor, now, order())
    answer = await client.post(
        f"/v1/shipments/{made.id}/scans", json={"status": "in_transit", **change}
    )
    assert answer.status_code == 422
    assert answer.json()["field"] == next(iter(change))
    async with database.transaction(actor) as tx:
        assert await service.list_scans(tx, made.id) == []
