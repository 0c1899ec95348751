"""Shares of touches: what the definition says, and always the whole, to the last unit."""

import random
from collections import defaultdict
from datetime import timedelta
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.crm.analytics.domain.attribution import (
    SLOTS,
    WHOLE,
    WINDOWS,
    Model,
    Touch,
    credit,
    shared,
    slot_of,
    weights,
)
from tests.analytics.attribution_oracle import due
from tests.analytics.givens import NOON

PATHS = 500


def test_credit_of_many_paths_comes_to_their_conversions_by_every_model() -> None:
    """A-ANA-4 on a made set: channels' credit as worked out in fractions, the sum exactly."""
    dice = random.Random(4)
    mine: dict[tuple[Model, str], Fraction] = defaultdict(Fraction)
    theirs: dict[tuple[Model, str], Fraction] = defaultdict(Fraction)
    converted = 0
    for _ in range(PATHS):
        channels = [
            dice.choice(["alpha", "beta", "iota", "eta"]) for _ in range(dice.randint(1, 9))
        ]
        times, converted = dice.randint(1, 5), converted + 1
        touches = [
            Touch(UUID(int=place + 1), NOON - timedelta(hours=len(channels) - place))
            for place in range(len(channels))
        ]
        found = credit(touches, NOON, money=times * 100_01, conversions=1)
        assert None not in found
        for model in Model:
            place = slot_of(model, 30) - 1
            parts = due(model, len(channels), hours=1)
            for touch, channel, part in zip(touches, channels, parts, strict=True):
                mine[model, channel] += Fraction(found[touch.id].shares[place], WHOLE)
                theirs[model, channel] += part
                money = found[touch.id].credits
                assert money and abs(money[place] - part * times * 100_01) < 1
    for model in Model:
        assert sum(mine[model, one] for one in ("alpha", "beta", "iota", "eta")) == converted
        for one in ("alpha", "beta", "iota", "eta"):
            assert abs(mine[model, one] - theirs[model, one]) < Fraction(PATHS, WHOLE)


@pytest.mark.parametrize(
    ("model", "count", "parts"),
    [
        (Model.FIRST, 3, [100, 0, 0]),
        (Model.LAST, 3, [0, 0, 100]),
        (Model.LINEAR, 3, [34, 33, 33]),
        (Model.POSITION, 1, [100]),
        (Model.POSITION, 2, [50, 50]),
        (Model.POSITION, 3, [40, 20, 40]),
        (Model.POSITION, 6, [40, 5, 5, 5, 5, 40]),
        (Model.TIME_DECAY, 1, [100]),
        (Model.TIME_DECAY, 2, [33, 67]),
        (Model.TIME_DECAY, 3, [14, 29, 57]),
        (Model.TIME_DECAY, 53, [*[0] * 46, 1, 2, 3, 6, 13, 25, 50]),
    ],
)
def test_what_each_touch_gets_of_a_hundred(model: Model, count: int, parts: list[int]) -> None:
    """A week lies between each and the next."""
    ages = [timedelta(days=7 * (count - 1 - place)) for place in range(count)]
    assert shared(100, weights(model, ages)) == parts
    assert shared(-100, weights(model, ages)) == [-part for part in parts]


@settings(max_examples=100, deadline=None)
@given(
    hours=st.lists(st.integers(-24 * 400, 24 * 3), max_size=120),
    money=st.one_of(st.none(), st.integers(-(10**12), 10**12)),
    conversions=st.integers(-1, 1),
)
def test_credit_always_comes_to_the_whole(
    hours: list[int], money: int | None, conversions: int
) -> None:
    touches = [Touch(UUID(int=n + 1), NOON + timedelta(hours=h)) for n, h in enumerate(hours)]
    found = credit(touches, NOON, money=money, conversions=conversions)
    for place, (_, days) in enumerate(SLOTS):
        assert sum(one.shares[place] for one in found.values()) == conversions * WHOLE
        if money is not None:
            assert sum((one.credits or [])[place] for one in found.values()) == money
        is_touched = any(-24 * days <= hour <= 0 for hour in hours)
        if is_touched and None in found:
            assert found[None].shares[place] == 0


def test_the_window_begins_exactly_so_many_days_before() -> None:
    for days in WINDOWS:
        on = Touch(UUID(int=1), NOON - timedelta(days=days))
        off = Touch(UUID(int=2), NOON - timedelta(days=days, seconds=1))
        late = Touch(UUID(int=3), NOON + timedelta(seconds=1))
        found = credit([on, off, late], NOON, money=100, conversions=1)
        place = slot_of(Model.LINEAR, days) - 1
        assert {one: (share.credits or [])[place] for one, share in found.items()}[on.id] == 100
