"""A trial: the variants go to a part of the people first, and everybody else gets the one that
people clicked, or opened, most. Pure."""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from tandem.crm.marketing.domain.results import Result, difference, wilson
from tandem.crm.marketing.domain.splitting import place

Metric = Literal["clicks", "opens"]
SURE = 0.05


class Trial(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """So many per cent are the sample. `after_minutes` are counted from when the last of their
    messages has left. Only what people did counts, not what machines did."""

    sample_percent: Annotated[int, msgspec.Meta(ge=1, le=90)] = 20
    after_minutes: Annotated[int, msgspec.Meta(ge=15, le=7 * 24 * 60)] = 240
    metric: Metric = "clicks"


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """`says` has every variant's rate with its interval, and whether it may be chance."""

    variant_id: UUID
    says: str


def is_sampled(campaign_id: UUID, customer_id: UUID, percent: int) -> bool:
    """Decided by the person alone, independently of who is held out and of who gets what."""
    return place(campaign_id, customer_id, "trial") * 100 < percent


def choose(results: Sequence[Result], metric: Metric) -> Chosen:
    """The one with the highest rate of those it reached; of equals the first. Somebody has to be
    written to, so there is a winner also where chance alone may have made it: that is said."""
    best = max(results, key=lambda one: _rate(one, metric))
    rest = [one for one in results if one is not best]
    counted = (_count(best, metric), best.reached)
    doubts = [difference(counted, (_count(one, metric), one.reached)) for one in rest]
    is_sure = min(1.0, max(doubts, default=1.0) * len(rest)) < SURE
    rates = "; ".join(_says(one, metric) for one in [best, *rest])
    chance = "Chance alone rarely does that." if is_sure else "The difference may be chance."
    return Chosen(variant_id=best.variant_id, says=f"{rates}. {chance}")


def _says(one: Result, metric: Metric) -> str:
    low, high = wilson(_count(one, metric), one.reached)
    did = "clicked" if metric == "clicks" else "opened"
    return (
        f"{one.name}: {_count(one, metric):,} of {one.reached:,} {did}, "
        f"{_rate(one, metric) * 100:.1f} % ({low * 100:.1f} to {high * 100:.1f})"
    )


def _count(one: Result, metric: Metric) -> int:
    return min(one.clicked if metric == "clicks" else one.opened, one.reached)


def _rate(one: Result, metric: Metric) -> float:
    return _count(one, metric) / one.reached if one.reached else 0.0
