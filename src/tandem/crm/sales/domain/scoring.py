"""Scores: points by rule, halved or gone with time, explained to the point. Pure.

A fit rule holds or does not hold of what the lead is. A behaviour rule gives its points for every
event that meets it. A score is the sum of what its score events are worth now.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

import msgspec

from tandem.crm.sales.domain.leads import Lead
from tandem.crm.sales.domain.pipelines import PRINTABLE
from tandem.kernel import rules
from tandem.kernel.errors import Conflict, Invalid
from tandem.kernel.patterns import whole

RULES_MAX = 100
OCCURRENCES_MAX = 1000
"""The newest events of one lead that are looked at."""
CIRCULAR = frozenset({"score", "fit_score", "behaviour_score"})


class Area(StrEnum):
    FIT = "fit"
    BEHAVIOUR = "behaviour"


Name = Annotated[str, msgspec.Meta(min_length=1, max_length=80, pattern=PRINTABLE)]
Points = Annotated[int, msgspec.Meta(ge=-1000, le=1000)]
Days = Annotated[int, msgspec.Meta(ge=1, le=3650)]
Times = Annotated[int, msgspec.Meta(ge=1, le=100)]


class ScoreRuleDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`rule` in the rule language: conditions on fields for fit; for behaviour one event, with
    `where` if need be. Points halve every `half_life_days` or end after `expires_days`; at most
    `times_max` of a lead's events count, the newest."""

    name: Name
    area: Area
    rule: dict[str, Any]
    points: Points
    half_life_days: Days | None = None
    expires_days: Days | None = None
    times_max: Times | None = None
    is_active: bool = True


class ScoreRule(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    name: str
    area: Area
    rule: dict[str, Any]
    points: int
    half_life_days: int | None
    expires_days: int | None
    times_max: int | None
    is_active: bool
    version: int


class Threshold(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From `at` points on, a lead is called this."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=PRINTABLE)]
    at: Annotated[int, msgspec.Meta(ge=1, le=100_000)]


DEFAULT_THRESHOLDS = (Threshold(name="warm", at=20), Threshold(name="hot", at=50))
BehaviourKind = Literal[
    "form_submitted", "email_opened", "email_clicked", "page_viewed", "order_placed", "other"
]


class NewBehaviour(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something a lead did. The same `id` is the same event, however often it is told."""

    kind: BehaviourKind
    id: Annotated[str, msgspec.Meta(min_length=1, max_length=120, pattern=PRINTABLE)]
    at: datetime | None = None
    url: Annotated[str, msgspec.Meta(max_length=1000, pattern=whole(r"[^\x00-\x1f]*"))] = ""
    name: Annotated[str, msgspec.Meta(max_length=120, pattern=whole(r"[^\x00-\x1f]*"))] = ""


class Occurrence(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a lead; `dedupe` is what it is known by."""

    kind: str
    dedupe: str
    facts: dict[str, Any]
    at: datetime


class Award(msgspec.Struct, frozen=True, kw_only=True):
    """Points as they were given: `points` at `at`, halved every `half_life_days`, none from
    `expires_at` on. Points that no rule gave have no `rule_id`: they were given for an occasion
    of their own, and stay."""

    rule_id: UUID | None
    rule_version: int
    area: Area
    event_key: str
    points: int
    reason: str
    half_life_days: int | None
    at: datetime
    expires_at: datetime | None

    def worth(self, now: datetime) -> int:
        """Whole points, rounded towards nothing at each halving."""
        if self.expires_at is not None and now >= self.expires_at:
            return 0
        if self.half_life_days is None:
            return self.points
        halvings = max(0, (now - self.at) // timedelta(days=self.half_life_days))
        size = abs(self.points) >> halvings
        return size if self.points > 0 else -size

    def changes_at(self, now: datetime) -> datetime | None:
        """When it is next worth less; never for what does not decay, or has."""
        if self.worth(now) == 0:
            return None
        if self.half_life_days is None:
            return self.expires_at
        step = timedelta(days=self.half_life_days)
        halved = self.at + step * (max(0, (now - self.at) // step) + 1)
        return min(halved, self.expires_at) if self.expires_at else halved


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a score's explanation: worth `points` now, of `given` at first. Without a
    `rule_id` no rule gave them."""

    rule_id: UUID | None
    area: Area
    reason: str
    points: int
    given: int
    at: datetime
    expires_at: datetime | None


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """`score` is the sum of the lines' points. `level` is the highest threshold reached."""

    resource: ClassVar[str] = "lead"
    field_rules: ClassVar[Mapping[str, str]] = {
        "fit_score": "score",
        "behaviour_score": "score",
        "level": "score",
        "lines": "score",
    }

    score: int
    fit_score: int
    behaviour_score: int
    level: str
    lines: list[Line]


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule would do: of `looked_at` leads, for how many, and with what to some of them."""

    looked_at: int
    met: int
    sample: list["EffectOn"]


class EffectOn(msgspec.Struct, frozen=True, kw_only=True):
    resource: ClassVar[str] = "lead"
    field_rules: ClassVar[Mapping[str, str]] = {"before": "score", "after": "score"}

    lead_id: UUID
    title: str
    before: int
    after: int


class ScoreRuleTaken(Conflict):
    code = "score_rule_taken"


def expiry(points: int, half_life_days: int | None, expires_days: int | None) -> timedelta | None:
    """How long points last: until they expire, or are halved to nothing."""
    lasts = [timedelta(days=expires_days)] if expires_days else []
    if half_life_days:
        lasts.append(timedelta(days=half_life_days) * abs(points).bit_length())
    return min(lasts, default=None)


def check_rule(draft: ScoreRuleDraft, words: rules.Vocabulary) -> rules.Rule:
    """Refuses a rule that counts, that looks at scores, or speaks of events where fit is asked."""
    if draft.points == 0:
        raise Invalid("Points that are none change nothing.", field="points")
    read = rules.read(draft.rule, words)
    if draft.area is Area.BEHAVIOUR:
        if not isinstance(read, rules.Happened) or read.within or read.count != rules.Exactly():
            raise Invalid(
                "A behaviour rule is one event, without a count or a period.", field="rule"
            )
        return read
    for leaf in rules.leaves_of(read):
        if isinstance(leaf, rules.Happened):
            raise Invalid("A fit rule asks what a lead is, not what it did.", field="rule")
        if leaf.field in CIRCULAR:
            raise Invalid("A score cannot follow from a score.", field="rule")
    decays = (draft.half_life_days, draft.expires_days, draft.times_max)
    if any(each is not None for each in decays):
        raise Invalid("What a lead is does not decay: leave the days empty.", field="expires_days")
    return read


def awards(
    rule: ScoreRule,
    lead: Lead,
    occurrences: Sequence[Occurrence],
    words: rules.Vocabulary,
    moment: rules.Moment,
) -> list[Award]:
    """The points this rule gives the lead at that moment, the newest events first."""
    read, now = rules.read(rule.rule, words), moment.now
    if isinstance(read, rules.Happened):
        met = [
            one
            for one in occurrences
            if one.kind == read.event and _happened(read, one, words, moment)
        ]
        given = [_award(rule, one.dedupe, one.at, said=words.behaviours[one.kind].label)
                 for one in sorted(met, key=lambda one: one.at, reverse=True)]  # fmt: skip
        return [one for one in given if one.worth(now)][: rule.times_max]
    facts = rules.facts_of(facts_of_lead(lead, words), {}, words, moment)
    if not rules.holds(read, facts, words, moment):
        return []
    return [_award(rule, "fit", lead.created_at, said="")]


def _happened(
    read: rules.Happened, one: Occurrence, words: rules.Vocabulary, moment: rules.Moment
) -> bool:
    facts = rules.facts_of({}, {read.event: [(one.at, one.facts)]}, words, moment)
    return rules.holds(read, facts, words, moment)


def _award(rule: ScoreRule, event_key: str, at: datetime, *, said: str) -> Award:
    lasts = expiry(rule.points, rule.half_life_days, rule.expires_days)
    return Award(
        rule_id=rule.id,
        rule_version=rule.version,
        area=rule.area,
        event_key=event_key,
        points=rule.points,
        reason=f"{rule.name} ({said})" if said else rule.name,
        half_life_days=rule.half_life_days,
        at=at,
        expires_at=at + lasts if lasts else None,
    )


def adjustment(points: int, *, reason: str, occasion: str, at: datetime) -> Award:
    """Points by hand or by a journey, which neither fade nor follow a rule."""
    return Award(
        rule_id=None,
        rule_version=0,
        area=Area.BEHAVIOUR,
        event_key=occasion,
        points=points,
        reason=reason,
        half_life_days=None,
        at=at,
        expires_at=None,
    )


def explain(found: Sequence[Award], thresholds: Sequence[Threshold], now: datetime) -> Explained:
    """What is worth something now, the dearest first; the lines add up to the score."""
    lines = [
        Line(
            rule_id=one.rule_id,
            area=one.area,
            reason=one.reason,
            points=one.worth(now),
            given=one.points,
            at=one.at,
            expires_at=one.expires_at,
        )
        for one in found
        if one.worth(now)
    ]
    by_area = {area: sum(one.points for one in lines if one.area is area) for area in Area}
    score = sum(by_area.values())
    return Explained(
        score=score,
        fit_score=by_area[Area.FIT],
        behaviour_score=by_area[Area.BEHAVIOUR],
        level=level_of(score, thresholds),
        lines=sorted(lines, key=lambda one: (-abs(one.points), one.reason, one.at)),
    )


def level_of(score: int, thresholds: Sequence[Threshold]) -> str:
    reached = [one for one in thresholds if score >= one.at]
    return max(reached, key=lambda one: one.at).name if reached else ""


def crossed(before: int, after: int, thresholds: Sequence[Threshold]) -> tuple[str, str]:
    """(the highest threshold that the score rose over, the highest it fell under)."""
    low, high = sorted((before, after))
    passed = [one for one in thresholds if low < one.at <= high]
    name = max(passed, key=lambda one: one.at).name if passed else ""
    return (name, "") if after > before else ("", name)


def check_thresholds(given: Sequence[Threshold]) -> list[Threshold]:
    names = {one.name.strip().casefold() for one in given}
    if len(names) < len(given) or len({one.at for one in given}) < len(given):
        raise Invalid("Each threshold has a name and points of its own.", field="thresholds")
    return sorted(given, key=lambda one: one.at)


def facts_of_lead(lead: Lead, words: rules.Vocabulary) -> Mapping[str, Any]:
    """The lead's fields as the vocabulary names them; what SQL reads, read in memory."""
    first, last = lead.first_touch or {}, lead.last_touch or {}
    plain = {
        name: getattr(lead, name)
        for name in words.fields
        if name in Lead.__struct_fields__ and name not in CIRCULAR
    }
    texts = {
        name: str(value) if isinstance(value, UUID) else value for name, value in plain.items()
    }
    return texts | {
        "email_domain": (lead.email or "").partition("@")[2] or None,
        "utm_source": last.get("utm_source"),
        "utm_medium": last.get("utm_medium"),
        "utm_campaign": last.get("utm_campaign"),
        "first_utm_source": first.get("utm_source"),
        "first_utm_campaign": first.get("utm_campaign"),
        "channel": last.get("channel"),
        "form_id": last.get("form_id"),
        **{
            name: _custom(words.fields[name].kind, lead.custom.get(name.removeprefix("custom.")))
            for name in words.fields
            if name.startswith("custom.")
        },
    }


def _custom(kind: rules.Kind, value: Any) -> Any:
    if kind is rules.Kind.DATE and isinstance(value, str):
        return date.fromisoformat(value)
    return value
