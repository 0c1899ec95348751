"""Funnels: how many people went how far, in which time.

After PostHog's definitions. A run begins with the first step, within the days asked for, and all of
it happens within the window: exactly at its end still counts. Later steps may lie after the last
day. Of each person one run counts: the one that goes furthest; of those the one that got there
first; of those the one that began last, with every step as late as it may be.

- `ordered`: steps in their order; anything may happen between.
- `strict`: nothing else that the asker may see happens between two steps. What happens at the same
  moment as a step is not between.
- `any`: steps in any order; a bar counts who did at least so many of them.

A happening is one step of a run (in `any` order, one of each step that it fits). What happens at
the same moment counts in the order of the steps. Somebody to whom an exclusion happens in their
run, after one step and before another (or, where they never got to that, before the window ends),
is left out of the funnel altogether. A breakdown is by the value at the run's beginning.
"""

import re
from datetime import date, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from tandem.contracts.address import FILLED
from tandem.crm.analytics.domain.asking import Key
from tandem.crm.analytics.domain.calendar import Days, Period
from tandem.crm.analytics.domain.happenings import DIMENSIONS, Chosen, Meant, Name, find_happening
from tandem.kernel.errors import Conflict, Invalid

STEPS_MAX = 8
EXCLUSIONS_MAX = 4
VALUES_MAX = 25
"""Values of a breakdown that are shown, those of most people."""
WINDOW_MAX = timedelta(days=366)
KEPT_MAX = 200

Order = Literal["ordered", "strict", "any"]
_WINDOW = re.compile(r"P(?:([1-9][0-9]{0,2})([DW])|T([1-9][0-9]{0,3})H)")

Window = Annotated[str, msgspec.Meta(max_length=12)]
Title = Annotated[str, msgspec.Meta(min_length=1, max_length=80, pattern=FILLED)]


class TooManyFunnels(Conflict):
    code = "too_many_funnels"


class Exclusion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Between these two steps, counted from 1; without `before_step`, the last one."""

    happening: Chosen
    after_step: Annotated[int, msgspec.Meta(ge=1, le=STEPS_MAX)] = 1
    before_step: Annotated[int, msgspec.Meta(ge=2, le=STEPS_MAX)] | None = None


class FunnelAsk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Days by name, or from the first to the last: those in which runs begin. `within` is `PT12H`,
    `P7D` or `P2W`, in hours of clock time: a day is 24 of them."""

    steps: Annotated[list[Chosen], msgspec.Meta(min_length=2, max_length=STEPS_MAX)]
    order: Order = "ordered"
    within: Window = "P14D"
    exclusions: Annotated[list[Exclusion], msgspec.Meta(max_length=EXCLUSIONS_MAX)] = []
    breakdown: Name | None = None
    period: Period | None = None
    from_on: date | None = None
    to_on: date | None = None
    as_of: datetime | None = None


class StepCount(msgspec.Struct, frozen=True, kw_only=True):
    """`of_first` and `of_before` are shares; none where there is nobody to be a share of. Seconds
    are from the step before, of those who took it: half of them took at most the median, nine of
    ten the p90 (between two people's, a part of both)."""

    meant: Meant
    count: int
    dropped: int
    of_first: float | None
    of_before: float | None
    seconds_median: float | None
    seconds_p90: float | None


class FunnelPart(msgspec.Struct, frozen=True, kw_only=True):
    """The people of one value of the breakdown."""

    value: str
    counts: list[int]
    rate: float | None
    seconds_median: float | None


class FunnelResult(msgspec.Struct, frozen=True, kw_only=True):
    """`rate` is who did all steps, of who did the first. The seconds are from the first step to the
    last, of those who did all."""

    as_of: datetime
    days: Days
    zone: str
    within_seconds: int
    steps: list[StepCount]
    entered: int
    converted: int
    rate: float | None
    seconds_median: float | None
    seconds_p90: float | None
    parts: list[FunnelPart]
    is_cut: bool
    policy_hash: str


class FunnelDrillAsk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The people of a step, or those who dropped off before it. `keys` may name the value of the
    breakdown: `{"channel": "web"}`."""

    query: FunnelAsk
    step: Annotated[int, msgspec.Meta(ge=1, le=STEPS_MAX)]
    is_dropped: bool = False
    keys: dict[Name, Key] = {}


class PersonRow(msgspec.Struct, frozen=True, kw_only=True):
    """A customer, or a lead of which nobody knows yet whose it is. `times` are of the steps that
    they took, in the order in which they took them."""

    id: UUID
    is_lead: bool
    link: str
    at: datetime
    times: list[datetime]
    seconds: float
    value: str


class FunnelDrill(msgspec.Struct, frozen=True, kw_only=True):
    as_of: datetime
    count: int
    items: list[PersonRow]
    next: str | None


class FunnelDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Title
    query: FunnelAsk


class Funnel(msgspec.Struct, frozen=True, kw_only=True):
    """A funnel that was kept: a question, and everybody's answer is their own."""

    id: UUID
    name: str
    owner_id: UUID | None
    query: FunnelAsk
    version: int
    created_at: datetime


def check_funnel(ask: FunnelAsk) -> timedelta:
    """Refuses, with the field at fault, what makes no sense; answers the window."""
    for place, step in enumerate(ask.steps):
        find_happening(step.event, field=f"steps[{place}].event")
    for place, one in enumerate(ask.exclusions):
        at = f"exclusions[{place}]"
        find_happening(one.happening.event, field=f"{at}.happening.event")
        before = len(ask.steps) if one.before_step is None else one.before_step
        if not one.after_step < before <= len(ask.steps):
            raise Invalid("An exclusion lies between two steps.", field=f"{at}.before_step")
    if ask.order == "any":
        _check_different(ask)
    if ask.breakdown is not None and ask.breakdown not in DIMENSIONS:
        raise Invalid(f"A breakdown is by {', '.join(DIMENSIONS)}.", field="breakdown")
    return window_of(ask.within)


def _check_different(ask: FunnelAsk) -> None:
    if ask.exclusions:
        raise Invalid("Without an order nothing lies between two steps.", field="exclusions")
    seen = []
    for place, step in enumerate(ask.steps):
        said = (step.event, step.where)
        if said in seen:
            raise Invalid("In any order each step is another one.", field=f"steps[{place}]")
        seen.append(said)


def window_of(text: str) -> timedelta:
    found = _WINDOW.fullmatch(text)
    if found is None:
        raise Invalid("A window is like PT12H, P7D or P2W.", field="within")
    hours = int(found[3]) if found[3] else int(found[1]) * (24 if found[2] == "D" else 168)
    if timedelta(hours=hours) > WINDOW_MAX:
        raise Invalid("A window is a year at most.", field="within")
    return timedelta(hours=hours)
