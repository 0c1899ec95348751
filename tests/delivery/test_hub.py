"""Watchers in memory: each hears what concerns it, and a slow one hears the present only."""

from datetime import UTC, datetime
from uuid import uuid4

from tandem.scm.delivery.domain.live import (
    PAYLOAD_BYTES_MAX,
    Changed,
    Moved,
    encode_changes,
    encode_moves,
)
from tandem.scm.delivery.http.live.hub import Hub

ORG = uuid4()


def moved(driver: object, heard_ms: int) -> Moved:
    return Moved(driver, 12.97, 77.59, 90.0, 8.0, heard_ms, 80.0)  # type: ignore[arg-type]


def test_a_slow_watcher_is_told_where_vehicles_are_not_where_they_were() -> None:
    hub, ravi, mary = Hub(), uuid4(), uuid4()
    watcher = hub.enter(("org", ORG))
    for step in range(5_000):
        for payload in encode_moves(ORG, [moved(ravi, step), moved(mary, step)]):
            hub.hear(payload)
    told = [heard.moved for heard in watcher.take_moved()]
    assert sorted((one.driver_id, one.heard_ms) for one in told) == sorted(
        [(ravi, 4_999), (mary, 4_999)]
    )
    assert watcher.take_moved() == []


def test_another_companys_vehicles_and_other_deliveries_wake_nobody() -> None:
    hub, driver, delivery = Hub(), uuid4(), uuid4()
    company = hub.enter(("org", ORG))
    buyer = hub.enter(("delivery", delivery), ("driver", driver))
    other_org = uuid4()
    for payload in encode_moves(other_org, [moved(uuid4(), 1)]):
        hub.hear(payload)
    stranger = Changed(delivery_id=uuid4(), driver_id=uuid4(), status="delivered")
    for payload in encode_changes(other_org, [stranger]):
        hub.hear(payload)
    assert (company.take_moved(), company.take_changed()) == ([], [])
    assert (buyer.take_moved(), buyer.take_refresh()) == ([], False)
    sibling = Changed(delivery_id=uuid4(), driver_id=driver, status="delivered")
    for payload in encode_changes(ORG, [sibling]):
        hub.hear(payload)
    assert buyer.take_refresh()
    assert [change.status for change in company.take_changed()] == ["delivered"]


def test_whoever_took_a_picture_before_entering_looks_again_after_a_change() -> None:
    hub, driver, delivery = Hub(), uuid4(), uuid4()
    changed = Changed(delivery_id=delivery, driver_id=driver, status="arrived")
    for payload in encode_changes(ORG, [changed]):
        hub.hear(payload)
    late = hub.enter(("delivery", delivery))
    assert late.take_refresh()
    hub.move(late, ("delivery", delivery), ("driver", driver))
    assert late.take_refresh(), "another driver's room is new"
    hub.move(late, ("delivery", delivery), ("driver", driver))
    assert not late.take_refresh(), "looking does not make it look again"
    assert not hub.enter(("delivery", uuid4())).take_refresh()


def test_a_position_that_was_overtaken_on_the_way_moves_nobody_back() -> None:
    hub, driver = Hub(), uuid4()
    company = hub.enter(("org", ORG))
    for heard_ms in (2_000, 1_000):
        for payload in encode_moves(ORG, [moved(driver, heard_ms)]):
            hub.hear(payload)
    assert [heard.moved.heard_ms for heard in company.take_moved()] == [2_000]
    for payload in encode_moves(ORG, [moved(driver, 1_500)]):
        hub.hear(payload)
    assert company.take_moved() == []


def test_whoever_leaves_or_moves_is_forgotten() -> None:
    hub, first, second = Hub(), uuid4(), uuid4()
    watcher = hub.enter(("driver", first))
    hub.move(watcher, ("driver", second))
    for payload in encode_moves(ORG, [moved(first, 1)]):
        hub.hear(payload)
    assert watcher.take_moved() == []
    assert hub.count == 1
    hub.leave(watcher)
    assert (hub.count, hub._rooms) == (0, {})


async def test_a_newcomer_hears_the_last_seconds_and_a_closing_hub_says_so() -> None:
    hub, driver = Hub(), uuid4()
    now_ms = round(datetime.now(UTC).timestamp() * 1000)
    for payload in encode_moves(ORG, [moved(driver, now_ms)]):
        hub.hear(payload)
    watcher = hub.enter_company(ORG)
    assert await watcher.wait()
    assert [heard.moved.heard_ms for heard in watcher.take_moved()] == [now_ms]
    watcher.wake()
    assert not await watcher.wait(), "long quiet: a sign of life and no more"
    hub.close()
    assert await watcher.wait()
    assert watcher.is_closed


def test_a_thousand_positions_fit_into_notifications() -> None:
    payloads = encode_moves(ORG, [moved(uuid4(), 1_795_000_000_000) for _ in range(1_000)])
    assert len(payloads) > 1
    assert max(len(payload.encode()) for payload in payloads) < 8_000
    assert PAYLOAD_BYTES_MAX < 8_000
