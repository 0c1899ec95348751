"""Pure rules for pings and tracks, on made-to-measure drives."""

import random
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.scm.delivery.domain.clocks import Sample, skew_of, take
from tandem.scm.delivery.domain.pings import Ping, Reason, reject, unrolled
from tandem.scm.delivery.domain.places import metres_between
from tandem.scm.delivery.domain.tracks import Fix, in_order, judge, track_of
from tests.delivery.traces import at, length_m, phone_with_faults, ping, straight, van

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
HERE = (12.9716, 77.5946)


def fix_of(one: Ping) -> Fix:
    at_ms = round(one.at.timestamp() * 1000)
    return Fix(at_ms, one.lat, one.lon, one.accuracy_m, one.speed_mps, one.heading)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"lat": 91.0, "lon": 0.5}, Reason.INVALID),
        ({"lat": 12.0, "lon": -180.5}, Reason.INVALID),
        ({"lat": float("nan"), "lon": 77.0}, Reason.INVALID),
        ({"lat": 0.0, "lon": 0.0}, Reason.NULL_ISLAND),
        ({"lat": 0.0004, "lon": -0.0004}, Reason.NULL_ISLAND),
        ({"is_mock": True}, Reason.MOCK),
        ({"at": NOW + timedelta(seconds=16)}, Reason.FUTURE),
        ({"at": NOW - timedelta(days=7, seconds=1)}, Reason.PAST),
        ({"accuracy_m": 151.0}, Reason.ACCURACY),
        ({"accuracy_m": -1.0}, Reason.ACCURACY),
        ({}, None),
        ({"at": NOW + timedelta(seconds=14)}, None),
        ({"accuracy_m": 150.0}, None),
        ({"lat": 0.0, "lon": 77.0}, None),
    ],
)
def test_a_ping_is_judged_alone_with_a_reason(
    wrong: dict[str, object], reason: Reason | None
) -> None:
    good = Ping(at=NOW, lat=HERE[0], lon=HERE[1], accuracy_m=5.0)
    told = msgspec.structs.replace(good, **wrong)
    assert reject(told, told.at, NOW) is reason


def test_every_order_of_a_vans_morning_gives_the_same_track() -> None:
    """AD1, as far as the track is a pure function."""
    fixes = [fix_of(told.ping) for told in van(NOW)]
    expected = track_of(fixes)
    assert track_of(reversed(fixes)) == expected
    for seed in range(20):
        mixed = list(fixes)
        random.Random(seed).shuffle(mixed)
        assert track_of(mixed) == expected
    assert len(fixes) == 649
    assert expected.rejected[Reason.JUMP] == 1
    assert 24_000 < expected.distance_m < 40_000
    assert len(expected.stops) >= 4


def test_a_jump_and_a_vague_fix_lengthen_no_track() -> None:
    """AD3."""
    faulty, clean = phone_with_faults(NOW)
    received = [one.at - timedelta(seconds=1.1) for one in faulty]
    alone = [reject(one, one.at, when) for one, when in zip(faulty, received, strict=True)]
    assert [index for index, reason in enumerate(alone) if reason] == [120]
    assert alone[120] is Reason.ACCURACY
    good = [fix_of(one) for one, reason in zip(faulty, alone, strict=True) if not reason]
    track = track_of(good)
    assert track.rejected == {Reason.JUMP: 1}
    reference = length_m(clean)
    assert abs(track.distance_m - reference) / reference < 0.05


def test_a_long_silence_splits_the_track_and_draws_no_line_across() -> None:
    """AD4, as far as the track is concerned."""
    before = straight(NOW, count=30)
    after = [
        msgspec.structs.replace(
            one, at=one.at + timedelta(seconds=2331), lat=one.lat + 0.05, seq=one.seq
        )
        for one in straight(NOW, count=30)
    ]
    track = track_of([fix_of(one) for one in [*before, *after]])
    assert [len(segment) for segment in track.segments] == [30, 30]
    assert track.distance_m == pytest.approx(length_m(before) + length_m(after), abs=1)
    assert track.distance_m < 1_300


def test_a_lost_sign_is_no_journey_to_the_other_side_of_the_world() -> None:
    """AD6: the longitude flips from -57.65 to +57.65, 11,089 km away."""
    asuncion = [
        ping(NOW + timedelta(seconds=10 * step), at(-25.2637, -57.65, step * 30.0, 0.0))
        for step in range(6)
    ]
    flipped = msgspec.structs.replace(asuncion[3], lon=-asuncion[3].lon)
    rows = [*asuncion[:3], flipped, *asuncion[4:]]
    assert metres_between(flipped.lat, flipped.lon, rows[2].lat, rows[2].lon) > 11_000_000
    judged = judge([fix_of(row) for row in rows])
    assert [one.reason for one in judged] == [None, None, None, Reason.SIGN_FLIP, None, None]


def test_alternating_between_two_places_is_believed_once() -> None:
    """Eight rows that jump to and fro within seconds, as in Traccar's thread 1996."""
    there = at(*HERE, 9_000.0, 0.0)
    rows = [
        Fix(index * 5_000, *(there if index % 2 else HERE), accuracy_m=10.0) for index in range(8)
    ]
    judged = judge(rows)
    assert [one.reason for one in judged[1::2]] == [Reason.JUMP] * 4
    assert track_of(rows).distance_m == 0.0


def test_a_wrong_first_fix_gives_way_when_three_others_agree() -> None:
    wrong = Fix(0, *at(*HERE, 50_000.0, 0.0))
    right = [Fix(1000 * step, *at(*HERE, 15.0 * step, 0.0)) for step in range(1, 6)]
    judged = judge([wrong, *right])
    assert [one.reason for one in judged] == [Reason.JUMP, None, None, None, None, None]


def test_many_fixes_of_one_instant_are_one_fix() -> None:
    """AD8: nothing is divided by zero seconds."""
    fixes = [Fix(5_000, *at(*HERE, 20.0 * step, 0.0), accuracy_m=5.0 + step) for step in range(29)]
    track = track_of(fixes)
    assert [len(segment) for segment in track.segments] == [1]
    assert track.segments[0][0] == fixes[0]
    assert track.distance_m == 0.0
    assert in_order(reversed(fixes)) == [fixes[0]]


def test_a_parked_vehicle_stays_where_it_parked() -> None:
    chance = random.Random(3)
    parked = [
        Fix(2_000 * step, *at(*HERE, chance.uniform(-4, 4), chance.uniform(-4, 4)), 8.0, 0.0)
        for step in range(100)
    ]
    track = track_of(parked)
    assert track.distance_m < 30
    assert len(track.segments) == 1
    assert len(track.stops) == 1
    assert track.stops[0].left_at - track.stops[0].arrived_at >= timedelta(seconds=190)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 4_000_000),
            st.floats(-90, 90, allow_nan=False),
            st.floats(-180, 180, allow_nan=False),
            st.one_of(st.none(), st.floats(0, 150)),
        ),
        max_size=40,
    ),
    st.randoms(use_true_random=False),
)
def test_whatever_was_sent_the_order_leaves_no_trace(
    rows: list[tuple[int, float, float, float | None]], chance: random.Random
) -> None:
    fixes = [Fix(*row) for row in rows]
    mixed = list(fixes)
    chance.shuffle(mixed)
    track = track_of(fixes)
    assert track_of(mixed) == track
    assert sum(len(segment) for segment in track.segments) <= len({fix.at_ms for fix in fixes})
    assert track.distance_m >= 0


def samples_of(offset: timedelta, count: int, *, every: int, says: bool = False) -> list[Sample]:
    held: list[Sample] = []
    for index in range(count):
        received = NOW + timedelta(seconds=index * every)
        shown = received - offset
        held = take(held, received_at=received, sent_at=shown if says else None, newest_at=shown)
    return held


def test_a_clock_that_says_what_it_shows_is_corrected_from_the_first_upload() -> None:
    held = samples_of(timedelta(hours=-2), 1, every=10, says=True)
    assert skew_of(held) == timedelta(hours=-2)


def test_a_clock_two_hours_ahead_is_measured_by_its_third_upload() -> None:
    assert skew_of(samples_of(timedelta(hours=-2), 2, every=10)) == timedelta()
    assert skew_of(samples_of(timedelta(hours=-2), 3, every=10)) == timedelta(hours=-2)


def test_a_clock_two_hours_behind_is_told_from_a_late_queue() -> None:
    behind = samples_of(timedelta(hours=2), 7, every=15)
    assert skew_of(behind) == timedelta(hours=2)
    emptying: list[Sample] = []
    for index in range(9):
        received = NOW + timedelta(seconds=index)
        fix_at = NOW - timedelta(hours=2) + timedelta(seconds=10 * index)
        emptying = take(emptying, received_at=received, sent_at=None, newest_at=fix_at)
    assert skew_of(emptying) == timedelta()


def test_a_second_ahead_is_network_and_no_skew() -> None:
    assert skew_of(samples_of(timedelta(seconds=-1.1), 9, every=5)) == timedelta()


def test_a_gps_week_rollover_is_undone_where_that_makes_sense() -> None:
    rolled = NOW - timedelta(weeks=1024) - timedelta(minutes=3)
    assert unrolled(rolled, NOW) == NOW - timedelta(minutes=3)
    lost = datetime(2006, 1, 1, tzinfo=UTC)
    assert unrolled(lost, NOW) == lost
    assert reject(ping(lost, HERE), lost, NOW) is Reason.PAST
