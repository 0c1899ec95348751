"""The shipment's machine, and what scans may do to it."""

from datetime import UTC, datetime, timedelta
from itertools import permutations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.kernel.errors import IllegalMove
from tandem.scm.shipping.domain.statuses import (
    CANCELLABLE,
    FINAL,
    MEANING,
    MOVES,
    RANK,
    ScanStatus,
    Status,
    Step,
    attempts,
    check_cancellable,
    check_move,
    status_after,
)

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def step(status: ScanStatus, minute: int = 0, reason: str = "") -> Step:
    return Step(status=status, occurred_at=START + timedelta(minutes=minute), reason=reason)


def test_every_pair_of_statuses_is_a_move_of_the_table_or_refused_with_what_is_allowed() -> None:
    for source, target in product(Status, Status):
        if target in MOVES[source]:
            check_move(source, target)
            continue
        with pytest.raises(IllegalMove) as refusal:
            check_move(source, target)
        assert refusal.value.facts == {
            "from": source,
            "to": target,
            "allowed": sorted(MOVES[source]),
        }


def test_the_moves_are_those_of_the_specification() -> None:
    assert {status for status in Status if not MOVES[status]} == FINAL
    assert {"delivered", "rto_delivered", "cancelled", "lost", "damaged"} == FINAL
    assert MOVES[Status.DELIVERY_FAILED] >= {"out_for_delivery", "rto_initiated"}
    assert MOVES[Status.READY_FOR_PICKUP] == {"delivered", "rto_initiated"}
    assert MOVES[Status.RTO_INITIATED] == {"rto_in_transit"}
    assert MOVES[Status.RTO_IN_TRANSIT] == {"rto_delivered"}
    for status in ("draft", "label_pending", "ready", "manifested"):
        assert Status.CANCELLED in MOVES[Status(status)]


def test_cancelling_is_for_goods_that_were_not_handed_over() -> None:
    """AS9: after the manifest scan a 409; after pick-up only the way back is offered."""
    for status in Status:
        if status in CANCELLABLE:
            check_cancellable(status)
            continue
        with pytest.raises(IllegalMove) as refusal:
            check_cancellable(status)
        assert Status.CANCELLED not in refusal.value.facts["allowed"]
    with pytest.raises(IllegalMove) as refusal:
        check_cancellable(Status.MANIFESTED)
    assert refusal.value.facts["allowed"] == ["picked_up"]
    for status in (Status.PICKED_UP, Status.IN_TRANSIT, Status.DELIVERY_FAILED):
        with pytest.raises(IllegalMove) as refusal:
            check_cancellable(status)
        assert "rto_initiated" in refusal.value.facts["allowed"]


scans = st.lists(st.builds(step, st.sampled_from(list(ScanStatus)), st.integers(0, 30)), max_size=8)
bases = st.sampled_from([s for s in Status if RANK[s] in {0, 4, 9}])


@settings(max_examples=1500, deadline=None)
@given(bases, scans, st.randoms(use_true_random=False))
def test_the_same_scans_in_any_order_and_number_give_the_same_status(
    base: Status, steps: list[Step], chance: object
) -> None:
    expected = status_after(base, steps)
    shuffled = [*steps, *steps]
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert status_after(base, shuffled) == expected


@settings(max_examples=1500, deadline=None)
@given(bases, scans, st.builds(step, st.sampled_from(list(ScanStatus)), st.integers(0, 30)))
def test_one_scan_more_never_moves_a_shipment_backwards(
    base: Status, steps: list[Step], late: Step
) -> None:
    before = status_after(base, steps)
    after = status_after(base, [*steps, late])
    assert RANK[after] >= RANK[before]
    if after is not before:
        assert after is MEANING[late.status]


def test_a_try_in_vain_and_the_next_one_follow_the_time_they_happened() -> None:
    way = [
        step(ScanStatus.OUT_FOR_DELIVERY, 1),
        step(ScanStatus.DELIVERY_FAILED, 2),
        step(ScanStatus.OUT_FOR_DELIVERY, 3),
    ]
    for order in permutations(way):
        assert status_after(Status.READY, order) is Status.OUT_FOR_DELIVERY
    for order in permutations(way[:2]):
        assert status_after(Status.READY, order) is Status.DELIVERY_FAILED


def test_a_lost_parcel_that_is_delivered_was_found() -> None:
    way = [step(ScanStatus.LOST, 1), step(ScanStatus.DELIVERED, 2)]
    for order in permutations(way):
        assert status_after(Status.READY, order) is Status.DELIVERED


def test_after_we_called_it_back_a_scan_on_the_road_changes_nothing() -> None:
    assert status_after(Status.RTO_INITIATED, [step(ScanStatus.IN_TRANSIT)]) is Status.RTO_INITIATED
    back = [step(ScanStatus.RETURN_TO_SENDER, 1), step(ScanStatus.RETURNED_TO_SENDER, 2)]
    assert status_after(Status.RTO_INITIATED, back[:1]) is Status.RTO_IN_TRANSIT
    assert status_after(Status.RTO_INITIATED, back) is Status.RTO_DELIVERED


def test_what_we_cancelled_stays_cancelled() -> None:
    assert status_after(Status.CANCELLED, [step(ScanStatus.DELIVERED)]) is Status.CANCELLED


@pytest.mark.parametrize(
    ("reason", "code", "count"),
    [
        ("no_attempt", "", 0),
        ("No attempt: van full", "", 0),
        ("", "NO-ATTEMPT", 0),
        ("customer_absent: no attempt", "", 1),
        ("", "", 1),
    ],
)
def test_no_attempt_is_known_however_it_is_written(reason: str, code: str, count: int) -> None:
    at = datetime(2026, 11, 22, 10, tzinfo=UTC)
    step = Step(status=ScanStatus.DELIVERY_FAILED, occurred_at=at, reason=reason, code=code)
    assert attempts([step]) == count


def test_a_delivery_nobody_tried_is_no_attempt() -> None:
    """AS12: three failed, one of them coded as never attempted."""
    failed = [
        step(ScanStatus.DELIVERY_FAILED, 1, "customer_absent"),
        step(ScanStatus.DELIVERY_FAILED, 2, "no_attempt"),
        step(ScanStatus.DELIVERY_FAILED, 3, "refused: did not order"),
    ]
    assert attempts(failed) == 2
    assert attempts([step(ScanStatus.DELIVERED)]) == 0
