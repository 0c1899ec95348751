"""The table of moves, the fence, the code, the window of privacy: pure."""

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.kernel.errors import IllegalMove
from tandem.scm.delivery.domain import eta
from tandem.scm.delivery.domain.doorcodes import DoorCode, DoorCodeLocked, check_usable, hotp
from tandem.scm.delivery.domain.eta import Eta, EtaWarning, Leg, Route
from tandem.scm.delivery.domain.fences import Crossing, Edge, Fence, cross
from tandem.scm.delivery.domain.fleet import VehicleKind
from tandem.scm.delivery.domain.places import Point, bearing_degrees, distance, metres_between
from tandem.scm.delivery.domain.proofs import (
    CashMismatch,
    NotAPicture,
    ProofKind,
    ProofMissing,
    check_complete,
    check_picture,
)
from tandem.scm.delivery.domain.runs import (
    NotTheRunsStops,
    StopPoint,
    check_same_stops,
    nearest_neighbour,
)
from tandem.scm.delivery.domain.statuses import (
    FINAL,
    MOVES,
    SKIPS,
    ReasonMissing,
    Status,
    UnknownReason,
    allowed,
    check_move,
)
from tandem.scm.delivery.domain.visibility import (
    OnBoard,
    Policy,
    Sight,
    Tracking,
    sight_of,
    stops_ahead,
)
from tandem.scm.delivery.service.tracking import Watched
from tests.delivery.givens import DOOR
from tests.delivery.traces import at

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
S = Status

THE_SPEC = {
    (S.UNASSIGNED, S.OFFERED),
    (S.OFFERED, S.ASSIGNED),
    (S.ASSIGNED, S.ACCEPTED),
    (S.ACCEPTED, S.AT_PICKUP),
    (S.AT_PICKUP, S.PICKED_UP),
    (S.PICKED_UP, S.EN_ROUTE),
    (S.EN_ROUTE, S.ARRIVING),
    (S.ARRIVING, S.ARRIVED),
    (S.ARRIVED, S.DELIVERED),
    (S.OFFERED, S.UNASSIGNED),
    (S.FAILED, S.REATTEMPT_SCHEDULED),
    (S.REATTEMPT_SCHEDULED, S.ASSIGNED),
    (S.REATTEMPT_SCHEDULED, S.RETURNING),
    (S.FAILED, S.RETURNING),
    (S.RETURNING, S.RETURNED),
    *(
        (source, S.FAILED)
        for source in (
            S.ASSIGNED,
            S.ACCEPTED,
            S.AT_PICKUP,
            S.PICKED_UP,
            S.EN_ROUTE,
            S.ARRIVING,
            S.ARRIVED,
        )
    ),
}


def test_the_table_has_every_move_of_the_specification() -> None:
    table = {(source, target) for source, targets in MOVES.items() for target in targets}
    assert table >= THE_SPEC
    assert {S.DELIVERED, S.RETURNED, S.CANCELLED} == FINAL


@pytest.mark.parametrize(("source", "target"), list(itertools.product(Status, Status)))
def test_a_move_outside_the_table_names_what_is_allowed(source: Status, target: Status) -> None:
    for was_picked_up in (False, True):
        options = allowed(source, was_picked_up=was_picked_up)
        if target in options:
            check_move(source, target, was_picked_up=was_picked_up, reason="other: because")
            continue
        with pytest.raises(IllegalMove) as refusal:
            check_move(source, target, was_picked_up=was_picked_up, reason="other: because")
        assert refusal.value.facts["allowed"] == [str(option) for option in options]


def test_what_left_the_hub_comes_back_before_it_is_cancelled() -> None:
    for status in Status:
        assert S.CANCELLED not in allowed(status, was_picked_up=True)
        assert S.RETURNING not in allowed(status, was_picked_up=False)
    for status in (S.UNASSIGNED, S.OFFERED, S.ASSIGNED, S.ACCEPTED, S.AT_PICKUP):
        assert S.CANCELLED in allowed(status, was_picked_up=False)


def test_arriving_is_skipped_only_with_a_reason_and_failures_have_codes() -> None:
    for source, target in SKIPS:
        with pytest.raises(ReasonMissing):
            check_move(source, target, was_picked_up=True, reason="")
        check_move(source, target, was_picked_up=True, reason="tunnel")
    with pytest.raises(UnknownReason) as refusal:
        check_move(S.ARRIVED, S.FAILED, was_picked_up=True, reason="did not feel like it")
    assert "customer_absent" in refusal.value.facts["allowed"]
    check_move(S.ARRIVED, S.FAILED, was_picked_up=True, reason="other: dog in the yard")


def walk(distances: Sequence[float], every_ms: int = 1000) -> list[Crossing]:
    fence, crossings = Fence(), []
    for index, metres in enumerate(distances):
        fence, crossing = cross(fence, distance_m=metres, at_ms=(index + 1) * every_ms)
        if crossing:
            crossings.append(crossing)
    return crossings


def test_ten_minutes_of_zigzag_around_the_fence_cross_it_at_most_once_each_way() -> None:
    """AD7: 30 m to and fro around a fence of 100 m."""
    zigzag = [100 + (30 if index % 2 else -30) for index in range(600)]
    slow = [100 + 30 * (1 if (index // 7) % 2 else -1) for index in range(600)]
    for way in (zigzag, slow):
        edges = [crossing.edge for crossing in walk(way)]
        assert edges.count(Edge.ENTER) <= 1
        assert edges.count(Edge.EXIT) <= 1
    assert [crossing.edge for crossing in walk(slow)] == [Edge.ENTER]


@given(st.lists(st.floats(50, 149), min_size=1, max_size=200))
def test_no_wobble_between_the_lines_leaves_the_fence(distances: list[float]) -> None:
    crossings = walk([90.0, 90.0, *distances])
    assert [crossing.edge for crossing in crossings] == [Edge.ENTER]


def test_the_fence_is_entered_by_two_fixes_at_the_first_ones_time_and_left_beyond_150_m() -> None:
    crossings = walk([400.0, 99.0, 40.0, 120.0, 151.0, 90.0, 152.0, 200.0])
    assert crossings == [
        Crossing(edge=Edge.ENTER, at_ms=2000),
        Crossing(edge=Edge.EXIT, at_ms=7000),
    ]


def test_a_fix_from_the_past_crosses_nothing() -> None:
    fence, _ = cross(Fence(), distance_m=500.0, at_ms=10_000)
    assert cross(fence, distance_m=10.0, at_ms=9_000) == (fence, None)


def test_hotp_gives_the_values_of_rfc_4226_appendix_d() -> None:
    secret = b"12345678901234567890"
    expected = [
        "755224",
        "287082",
        "359152",
        "969429",
        "338314",
        "254676",
        "287922",
        "162583",
        "399871",
        "520489",
    ]
    assert [hotp(secret, counter) for counter in range(10)] == expected


def test_five_wrong_tries_lock_the_code() -> None:
    code = DoorCode(
        delivery_id=UUID(int=1),
        secret=b"12345678901234567890",
        generation=0,
        tries=4,
        sends=1,
        sent_at=NOW,
        verified_at=None,
    )
    check_usable(code, S.ARRIVED)
    with pytest.raises(DoorCodeLocked):
        check_usable(msgspec.structs.replace(code, tries=5), S.ARRIVED)


def test_what_is_missing_at_the_door_is_listed_at_once() -> None:
    """AD13."""
    policy = [ProofKind.OTP, ProofKind.PHOTO]
    with pytest.raises(ProofMissing) as refusal:
        check_complete(policy, {ProofKind.PHOTO}, cod_minor=500, cash_minor=None)
    assert refusal.value.facts["missing"] == ["otp", "cash"]
    with pytest.raises(CashMismatch):
        check_complete(policy, set(policy), cod_minor=500, cash_minor=499)
    check_complete(policy, set(policy), cod_minor=500, cash_minor=500)


def test_a_picture_is_known_by_its_first_bytes() -> None:
    check_picture(b"\xff\xd8\xff\xe0 and so on", "image/jpeg")
    for content, kind in ((b"MZ", "image/png"), (b"<svg/>", "image/svg+xml"), (b"", "image/png")):
        with pytest.raises(NotAPicture):
            check_picture(content, kind)


def test_the_vehicle_is_shown_only_to_whoever_is_next() -> None:
    """AD9, as far as it is a rule."""
    policy = Policy()
    assert sight_of(S.AT_PICKUP, None, None, policy) is Sight.NOTHING
    assert sight_of(S.PICKED_UP, 2, 900.0, policy) is Sight.STOPS_AWAY
    assert sight_of(S.EN_ROUTE, 0, 900.0, policy) is Sight.LIVE
    assert sight_of(S.FAILED, None, 10.0, policy) is Sight.NOTHING
    near = Policy(live_within_m=500)
    assert sight_of(S.EN_ROUTE, 0, 900.0, near) is Sight.STOPS_AWAY
    assert sight_of(S.EN_ROUTE, 0, 400.0, near) is Sight.LIVE
    assert sight_of(S.EN_ROUTE, 2, 400.0, Policy(live_stops_away_max=2)) is Sight.LIVE


def test_a_vehicle_that_leaves_the_circle_of_its_sight_is_shown_no_more() -> None:
    shown = a_picture(Sight.LIVE, within_m=1_000)
    assert shown.may_see(*at(*DOOR, 999.0, 0.0))
    assert not shown.may_see(*at(*DOOR, 1_002.0, 0.0))
    assert a_picture(Sight.LIVE, within_m=None).may_see(*at(*DOOR, 90_000.0, 0.0))
    assert not a_picture(Sight.STOPS_AWAY, within_m=None).may_see(*DOOR)


def a_picture(sight: Sight, *, within_m: int | None) -> Watched:
    return Watched(
        org_id=uuid4(),
        delivery_id=uuid4(),
        driver_id=uuid4(),
        last_seq=1,
        step_seqs=[],
        decimals=5,
        tracking=Tracking(
            tracking_id="t",
            order_number="R1",
            shipment_number="S1",
            status="en_route",
            state="OPEN",
            sight=sight,
            steps=[],
        ),
        door=Point(*DOOR),
        live_within_m=within_m,
    )


def test_whoever_is_being_served_comes_before_whatever_was_planned() -> None:
    first, second, third = (UUID(int=number) for number in (1, 2, 3))
    aboard = [
        OnBoard(delivery_id=first, status=S.PICKED_UP, stop_seq=1),
        OnBoard(delivery_id=second, status=S.PICKED_UP, stop_seq=2),
        OnBoard(delivery_id=third, status=S.EN_ROUTE, stop_seq=3),
    ]
    assert [stops_ahead(stop, aboard) for stop in (first, second, third)] == [1, 2, 0]
    assert stops_ahead(UUID(int=9), aboard) is None


def test_the_nearest_neighbour_leaves_what_is_under_way_in_front() -> None:
    ids = [UUID(int=number) for number in range(5)]
    stops = [
        StopPoint(delivery_id=ids[0], point=Point(12.99, 77.60), is_fixed=False),
        StopPoint(delivery_id=ids[1], point=Point(12.975, 77.60), is_fixed=False),
        StopPoint(delivery_id=ids[2], point=None, is_fixed=False),
        StopPoint(delivery_id=ids[3], point=Point(12.98, 77.60), is_fixed=True),
        StopPoint(delivery_id=ids[4], point=Point(12.995, 77.60), is_fixed=False),
    ]
    order = nearest_neighbour(Point(12.97, 77.60), stops)
    assert order == [ids[3], ids[1], ids[0], ids[4], ids[2]]
    with pytest.raises(NotTheRunsStops):
        check_same_stops([ids[0], ids[0]], ids[:2])


def test_arrivals_add_up_legs_and_the_minutes_at_each_door() -> None:
    route = Route(
        legs=[Leg(distance_m=900, duration_s=180), Leg(distance_m=600, duration_s=120)],
        points=[],
        source="city",
    )
    assert eta.arrivals(route, NOW) == [
        NOW + timedelta(seconds=180),
        NOW + timedelta(seconds=180 + 120 + 120),
    ]


def standing(source: str = "city", *, is_fallback: bool = False) -> Eta:
    line = [Point(12.97, 77.60), Point(12.98, 77.60)]
    return Eta(
        delivery_id=UUID(int=1),
        arrives_at=NOW + timedelta(minutes=9),
        computed_at=NOW,
        distance_m=1112.0,
        source=source,
        is_fallback=is_fallback,
        asked_from=line[0],
        points=line,
    )


def test_an_eta_says_what_weakens_it() -> None:
    on_line, off_line = Point(12.972, 77.60), Point(12.972, 77.604)
    fresh, stale = NOW - timedelta(seconds=299), NOW - timedelta(seconds=301)
    assert eta.warnings_of(standing(), on_line, fresh, NOW) == []
    assert eta.warnings_of(standing(), on_line, stale, NOW) == [
        EtaWarning.STALE_DRIVER_LOCATION,
        EtaWarning.LOW_CONFIDENCE_ETA,
    ]
    assert eta.warnings_of(standing(), off_line, fresh, NOW) == [
        EtaWarning.OFF_ROUTE,
        EtaWarning.LOW_CONFIDENCE_ETA,
    ]
    overdue = standing().arrives_at + timedelta(seconds=1)
    assert eta.warnings_of(standing(), on_line, overdue, overdue) == [EtaWarning.LOW_CONFIDENCE_ETA]
    assert eta.warnings_of(standing("estimate", is_fallback=True), on_line, fresh, NOW) == [
        EtaWarning.LOW_CONFIDENCE_ETA,
        EtaWarning.FALLBACK_USED,
    ]


def test_a_silent_vehicle_that_should_be_here_comes_no_nearer() -> None:
    """Heard of two minutes before the predicted time, and never since."""
    told = standing()
    heard_at = told.arrives_at - timedelta(minutes=2)
    before, after = told.arrives_at - timedelta(seconds=1), told.arrives_at + timedelta(minutes=9)
    assert eta.still_to_come(told, heard_at, before) == told.arrives_at
    assert eta.still_to_come(told, heard_at, after) == after + timedelta(minutes=2)
    assert eta.still_to_come(told, after, after) == after, "seen just now: about to be here"
    unheard = eta.still_to_come(told, None, after)
    assert unheard == after + (told.arrives_at - told.computed_at)


def test_a_planner_is_asked_again_after_a_minute_or_500_metres() -> None:
    here = Point(12.97, 77.60)
    near, far = Point(12.9744, 77.60), Point(12.9746, 77.60)
    assert distance(here, near) < 500 < distance(here, far)
    assert eta.is_due(None, here, NOW)
    assert not eta.is_due(standing(), near, NOW + timedelta(seconds=59))
    assert eta.is_due(standing(), near, NOW + timedelta(seconds=60))
    assert eta.is_due(standing(), far, NOW + timedelta(seconds=1))


def test_learned_speed_counts_only_after_twenty_kilometres() -> None:
    assert eta.crow_speed(None, 19_999, 3_600) == eta.STREET_MPS[VehicleKind.SCOOTER] / 1.4
    assert eta.crow_speed(None, 36_000, 7_200) == 5.0
    assert eta.crow_speed(None, 36_000, 1) == eta.CROW_MPS_MAX


def test_distances_and_bearings_agree_with_known_ones() -> None:
    """Paris to New York is 5,837 km on the sphere (haversine, R = 6,371.0088 km)."""
    metres = metres_between(48.8566, 2.3522, 40.7128, -74.0060)
    assert metres == pytest.approx(5_837_240, rel=2e-4)
    assert bearing_degrees(0, 0, 1, 0) == pytest.approx(0)
    assert bearing_degrees(0, 0, 0, 1) == pytest.approx(90)
    assert bearing_degrees(0, 0, -1, -1e-9) == pytest.approx(180)
