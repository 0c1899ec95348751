"""What came of a campaign, and which variant did better, with how sure that is.

Rates are of those the message reached. Intervals are Wilson's score intervals (Wilson, JASA 22,
1927); two variants are compared by the pooled two-proportion z-test. With more than two variants
the level is divided by the number of comparisons with the leader (Bonferroni).
"""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import NormalDist
from typing import ClassVar
from uuid import UUID

import msgspec

LEVEL = 0.05
READY_AFTER = timedelta(hours=24)
"""Most clicks come within a day of the message."""
REACHED_MIN = 100
CLICKED_MIN = 10


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One variant's. `reached` counts sent and delivered; opens and clicks count messages."""

    variant_id: UUID
    name: str
    planned: int
    reached: int
    delivered: int
    bounced: int
    complained: int
    failed: int
    unknown: int
    skipped: int
    opened: int
    clicked: int
    unsubscribed: int
    click_rate: float
    click_low: float
    click_high: float


class Winner(msgspec.Struct, frozen=True, kw_only=True):
    """`warning` is empty when it is time to decide: else why looking now may mislead."""

    variant_id: UUID | None
    says: str
    confidence_percent: float
    warning: str


class Stats(msgspec.Struct, frozen=True, kw_only=True):
    """`states` and `reasons` count people; `variants` add up to everybody but the held out."""

    resource: ClassVar[str] = "campaign"

    is_human_only: bool
    total: int
    states: dict[str, int]
    reasons: dict[str, int]
    variants: list[Result]
    winner: Winner | None
    human_clicks: int
    bot_clicks: int
    human_opens: int
    bot_opens: int
    links: list["LinkClicks"]
    budget_minor: int | None
    cost_minor: int
    cost_per_click_minor: int | None
    currency: str


class LinkClicks(msgspec.Struct, frozen=True, kw_only=True):
    url: str
    messages: int
    clicks: int


def wilson(successes: int, whole: int, level: float = LEVEL) -> tuple[float, float]:
    """The interval a rate lies in with 1 - `level`; (0, 1) where nothing is known."""
    if whole == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(1 - level / 2)
    rate = successes / whole
    middle = (rate + z * z / (2 * whole)) / (1 + z * z / whole)
    half = z / (1 + z * z / whole) * math.sqrt(rate * (1 - rate) / whole + (z / (2 * whole)) ** 2)
    return max(0.0, middle - half), min(1.0, middle + half)


def difference(first: tuple[int, int], second: tuple[int, int]) -> float:
    """The two-sided p-value that two rates `(successes, whole)` are the same."""
    (a, n), (b, m) = first, second
    if n == 0 or m == 0 or a + b == 0 or a + b == n + m:
        return 1.0
    pooled = (a + b) / (n + m)
    spread = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    return 2 * (1 - NormalDist().cdf(abs(a / n - b / m) / spread))


def winner(
    results: Sequence[Result], *, started_at: datetime | None, now: datetime
) -> Winner | None:
    """Which variant people clicked most; None where there is nothing to compare."""
    if len(results) < 2:
        return None
    ranked = sorted(results, key=lambda one: one.click_rate, reverse=True)
    leader, rest = ranked[0], ranked[1:]
    counted = (leader.clicked, leader.reached)
    worst = max(difference(counted, (one.clicked, one.reached)) for one in rest)
    corrected = min(1.0, worst * len(rest))
    is_sure = corrected < LEVEL
    sure = f"{leader.name} was clicked more, and chance alone rarely does that."
    unsure = "The difference may be chance."
    return Winner(
        variant_id=leader.variant_id if is_sure else None,
        says=sure if is_sure else unsure,
        confidence_percent=round((1 - corrected) * 100, 1),
        warning=_too_early(results, started_at, now),
    )


def _too_early(results: Sequence[Result], started_at: datetime | None, now: datetime) -> str:
    """Whoever looks again and again finds a winner by chance sooner or later."""
    if started_at is None or now - started_at < READY_AFTER:
        return "It has run for less than a day: looking early makes winners out of chance."
    if min(one.reached for one in results) < REACHED_MIN:
        return f"A variant has reached fewer than {REACHED_MIN} people."
    if sum(one.clicked for one in results) < CLICKED_MIN:
        return f"There are fewer than {CLICKED_MIN} clicks."
    return ""
