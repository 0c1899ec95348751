"""Whose doing it was: what came in, shared out over the touches that came before it. Pure.

A path is a person's touches in the order in which they happened; who did two things at one moment
did first what has the smaller id. A look-back window of so many days reaches back from the moment
of the conversion, both ends in. What has no touch within it is credited to nobody, in full.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Literal
from uuid import UUID

import msgspec

PATH_MAX = 100
"""Touches of one path that are shared over: the first one and the last ones of those within."""
WHOLE = 1_000_000
"""One conversion, in the parts that it is shared out in."""


class Model(StrEnum):
    """`first` and `last` give all to one touch, `linear` the same to each. `position` gives 40 %
    to the first, 40 % to the last and 20 % to those between; of two touches each gets half, one
    alone gets all. `time_decay` gives a touch half of what one `HALF_LIFE` later gets."""

    FIRST = "first"
    LAST = "last"
    LINEAR = "linear"
    POSITION = "position"
    TIME_DECAY = "time_decay"


HALF_LIFE = timedelta(days=7)
_FULL = 2**60
"""What the last touch weighs in time decay: one a year before it still weighs something."""

Window = Literal[7, 30, 90, 365]
WINDOWS: tuple[Window, ...] = (7, 30, 90, 365)
"""Days of look-back that credit is kept for."""
WINDOW_DEFAULT: Window = 30
SLOTS: tuple[tuple[Model, Window], ...] = tuple(
    (model, days) for model in Model for days in WINDOWS
)
"""The order in which the credits of one touch are kept."""
assert all(shorter < longer for shorter, longer in pairwise(WINDOWS)), "windows grow"


class Touch(msgspec.Struct, frozen=True):
    id: UUID
    at: datetime


class Share(msgspec.Struct, frozen=True):
    """Of one touch, by slot: its part of the money in minor units (null where no rate is known),
    and of the conversion in millionths."""

    credits: list[int] | None
    shares: list[int]


def slot_of(model: Model, window_days: Window) -> int:
    """As PostgreSQL counts, from one."""
    return SLOTS.index((model, window_days)) + 1


def weights(model: Model, ages: Sequence[timedelta]) -> list[int]:
    """What each touch of a path weighs, by how long before the last one it was."""
    count = len(ages)
    assert count > 0, "nobody weighs nothing"
    match model:
        case Model.FIRST:
            return [1] + [0] * (count - 1)
        case Model.LAST:
            return [0] * (count - 1) + [1]
        case Model.LINEAR:
            return [1] * count
        case Model.TIME_DECAY:
            return [round(_FULL * 0.5 ** (age / HALF_LIFE)) for age in ages]
    between = count - 2
    return [1] * count if between <= 0 else [2 * between, *([1] * between), 2 * between]


def shared(total: int, by: Sequence[int]) -> list[int]:
    """By the method of the largest remainder: the parts come to the total exactly, and none is a
    whole unit away from what is due to it. Of equal remainders the earlier one gets the unit."""
    whole, sign = sum(by), -1 if total < 0 else 1
    parts, rests = zip(*(divmod(abs(total) * one, whole) for one in by), strict=True)
    missing = abs(total) - sum(parts)
    largest = sorted(range(len(by)), key=lambda place: (-rests[place], place))[:missing]
    return [sign * (part + (place in largest)) for place, part in enumerate(parts)]


def path(touches: Sequence[Touch], at: datetime, days: int) -> list[Touch]:
    """The touches of the window before a moment, the earliest first."""
    begins = at - timedelta(days=days)
    found = sorted(
        (one for one in touches if begins <= one.at <= at), key=lambda one: (one.at, one.id)
    )
    return found if len(found) <= PATH_MAX else [found[0], *found[1 - PATH_MAX :]]


def credit(
    touches: Sequence[Touch], at: datetime, *, money: int | None, conversions: int
) -> Mapping[UUID | None, Share]:
    """Every touch that gets something by some slot, and nobody (None) for what is unattributed.

    Over all of them, the parts of each slot come to `money` and to `conversions` exactly.
    """
    paths = {days: path(touches, at, days) for days in WINDOWS}
    amount = _by_slot(paths, money or 0)
    count = _by_slot(paths, conversions * WHOLE)
    return {
        one: Share(None if money is None else amount(one), count(one))
        for one in [*dict.fromkeys(each.id for some in paths.values() for each in some), None]
        if one is not None or not all(paths.values())
    }


def _by_slot(
    paths: Mapping[Window, Sequence[Touch]], total: int
) -> Callable[[UUID | None], list[int]]:
    found: list[dict[UUID | None, int]] = []
    for model, days in SLOTS:
        some = paths[days]
        if not some:
            found.append({None: total})
            continue
        parts = shared(total, weights(model, [some[-1].at - one.at for one in some]))
        found.append(dict(zip((one.id for one in some), parts, strict=True)))
    return lambda touch_id: [one.get(touch_id, 0) for one in found]
