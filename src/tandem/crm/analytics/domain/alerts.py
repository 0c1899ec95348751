"""Alerts: a number beyond a limit, a change, a day unlike the others. Pure."""

import statistics
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from tandem.crm.analytics.domain.asking import Ask
from tandem.crm.analytics.domain.calendar import Grain, Period
from tandem.crm.analytics.domain.catalogue import Metric, find_metric
from tandem.crm.analytics.domain.dashboards import Title
from tandem.crm.analytics.domain.planning import plan
from tandem.kernel.errors import Conflict, Invalid

OWN_MAX = 50
COMPARED_DAYS = 28
DAYS_MIN = 14
"""Of fewer days nobody can say what is usual."""
SCORE_MAX = 99.0
_NORMAL = 0.6745
"""Iglewicz and Hoaglin (1993): the modified z-score is 0.6745 (x - median) / MAD."""
_MEAN = 1.253314
"""The same from the mean deviation, where more than half of the days are alike."""

Kind = Literal["threshold", "change", "anomaly"]
Side = Literal["above", "below", "either"]
State = Literal["unknown", "ok", "firing"]
Told = Literal["fired", "again", "recovered", "stopped"]


class TooManyAlerts(Conflict):
    code = "too_many_alerts"


class AlertDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One measure, with days and a filter (a rule over the dataset's dimensions).

    `limit` of a threshold is in the metric's own unit, money in minor ones; of a change a part of
    what the period before was (0.2 is 20 %); of an anomaly the modified z-score of yesterday among
    the 28 days before it, where 3.5 is usual. It fires once, and again after it was back within
    its limit, or every `again_after_hours` while it lasts.
    """

    name: Title
    query: Ask
    kind: Kind = "threshold"
    side: Side = "above"
    limit: Annotated[float, msgspec.Meta(ge=-1e15, le=1e15)]
    every_minutes: Annotated[int, msgspec.Meta(ge=5, le=10_080)] = 60
    again_after_hours: Annotated[int, msgspec.Meta(ge=1, le=720)] | None = None
    is_active: bool = True


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    owner_id: UUID
    draft: AlertDraft
    is_active: bool
    state: State
    value: float | None
    score: float | None
    as_of: datetime | None
    checked_at: datetime | None
    fired_at: datetime | None
    muted_until: datetime | None
    next_at: datetime
    stopped_because: str
    version: int
    created_at: datetime

    @property
    def name(self) -> str:
        return self.draft.name


class AlertEvent(msgspec.Struct, frozen=True, kw_only=True):
    """`is_told` is unset where it was muted."""

    id: UUID
    alert_id: UUID
    at: datetime
    kind: Told
    value: float | None
    score: float | None
    as_of: datetime | None
    is_told: bool


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """The number now. `score` is what the limit is held against: the number itself, the change or
    the z-score; none where it cannot be said."""

    value: float | None
    score: float | None
    as_of: datetime


class Verdict(msgspec.Struct, frozen=True):
    state: State
    told: Told | None


def check(draft: AlertDraft) -> None:
    """Refuses what has no single number, and a side that makes no sense."""
    if len(draft.query.measures) != 1 or draft.query.dimensions or draft.query.grain:
        raise Invalid("An alert watches one measure, not cut by anything.", field="query")
    if draft.kind == "threshold" and draft.side == "either":
        raise Invalid("A limit is passed above or below.", field="side")
    if draft.kind != "threshold" and draft.limit <= 0:
        raise Invalid("Give how much is too much, more than nothing.", field="limit")
    made = plan(asked(draft))
    if draft.kind == "change" and made.metrics[0].span == "standing":
        raise Invalid("How things stand has no period before: set a limit.", field="kind")


def asked(draft: AlertDraft) -> Ask:
    """The question that is asked for it."""
    plain = msgspec.structs.replace(draft.query, compare="none", as_of=None)
    if draft.kind == "change":
        return msgspec.structs.replace(plain, compare="previous_period")
    if draft.kind == "anomaly":
        return msgspec.structs.replace(
            plain, grain=Grain.DAY, period=Period.LAST_90_DAYS, from_on=None, to_on=None
        )
    return plain


def z_score(days: Sequence[float | None]) -> float | None:
    """How unlike the last of these days is to the 28 before it: the modified z-score. Days before
    there was anything do not count; of fewer than 14 it is none."""
    known = [float(one or 0) for one in days][-COMPARED_DAYS - 1 :]
    if not known:
        return None
    *others, last = known
    begun = next((place for place, one in enumerate(others) if one), len(others))
    others = others[begun:]
    if len(others) < DAYS_MIN:
        return None
    middle = statistics.median(others)
    spread = statistics.median(abs(one - middle) for one in others) / _NORMAL
    spread = spread or _MEAN * statistics.fmean(abs(one - middle) for one in others)
    if not spread:
        return 0.0 if last == middle else SCORE_MAX if last > middle else -SCORE_MAX
    return round(max(-SCORE_MAX, min(SCORE_MAX, (last - middle) / spread)), 4)


def is_beyond(draft: AlertDraft, score: float) -> bool:
    if draft.kind == "threshold":
        return score > draft.limit if draft.side == "above" else score < draft.limit
    above, below = score >= draft.limit, score <= -draft.limit
    return above if draft.side == "above" else below if draft.side == "below" else above or below


def judge(alert: Alert, reading: Reading, now: datetime) -> Verdict:
    """What follows: it is armed again only once it was back within its limit."""
    if reading.score is None:
        return Verdict(alert.state, None)
    if not is_beyond(alert.draft, reading.score):
        return Verdict("ok", "recovered" if alert.state == "firing" else None)
    if alert.state != "firing":
        return Verdict("firing", "fired")
    hours = alert.draft.again_after_hours
    is_due = hours is not None and (
        alert.fired_at is None or now - alert.fired_at >= timedelta(hours=hours)
    )
    return Verdict("firing", "again" if is_due else None)


def label_of(draft: AlertDraft) -> str:
    """Also of a number that there is no longer: its alert has stopped, and is still looked at."""
    metric = _watched(draft)
    return metric.label if metric else f"{draft.query.measures[0]} (no longer there)"


def unit_of(draft: AlertDraft) -> str:
    metric = _watched(draft)
    return str(metric.unit) if metric else ""


def _watched(draft: AlertDraft) -> Metric | None:
    try:
        return find_metric(draft.query.measures[0], field="query")
    except Invalid:
        return None
