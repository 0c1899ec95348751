"""The same rule for one record in Python, and in words: who is in, who is out, and why."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec

from tandem.kernel.rules.bounds import bounds_of
from tandem.kernel.rules.compiling import fold
from tandem.kernel.rules.operands import Shifted
from tandem.kernel.rules.periods import Moment, anniversaries, since
from tandem.kernel.rules.tree import All, Compare, Happened, Leaf, Not, Rule, Some, range_of
from tandem.kernel.rules.vocabulary import OPPOSITES, Field, Kind, Vocabulary

Facts = Callable[[Leaf], Any]
"""A leaf's fact: the field's value (None when unset), or how often the event happened."""

Occurrences = Mapping[str, Sequence[tuple[datetime, Mapping[str, Any]]]]


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """One node of the rule in words, whether it holds, and the value it was judged by."""

    kind: Literal["all", "any", "not", "field", "event"]
    says: str
    holds: bool
    value: Any = None
    parts: list["Explanation"] = []


def holds(rule: Rule, facts: Facts, vocabulary: Vocabulary, moment: Moment) -> bool:
    match rule:
        case All(parts):
            return all(holds(part, facts, vocabulary, moment) for part in parts)
        case Some(parts):
            return any(holds(part, facts, vocabulary, moment) for part in parts)
        case Not(part):
            return not holds(part, facts, vocabulary, moment)
    return _leaf_holds(rule, facts(rule), vocabulary, moment)


def facts_of(
    fields: Mapping[str, Any], occurrences: Occurrences, vocabulary: Vocabulary, moment: Moment
) -> Facts:
    """Facts of a record held in memory; events count as they do in SQL, up to now."""

    def fact(leaf: Leaf) -> Any:
        if isinstance(leaf, Compare):
            return fields.get(leaf.field)
        start = since(leaf.within, moment) if leaf.within else None
        known = vocabulary.behaviours[leaf.event].fields
        return sum(
            at <= moment.now
            and (start is None or at >= start)
            and all(
                compares(one, known[one.field], of.get(one.field), moment) for one in leaf.where
            )
            for at, of in occurrences.get(leaf.event, ())
        )

    return fact


def explain(rule: Rule, facts: Facts, vocabulary: Vocabulary, moment: Moment) -> Explanation:
    """The whole tree with every leaf's value and verdict, decided or not by an earlier one."""
    match rule:
        case All(parts) | Some(parts):
            inner = [explain(part, facts, vocabulary, moment) for part in parts]
            is_all = isinstance(rule, All)
            verdict = (all if is_all else any)(part.holds for part in inner)
            says = "all of these" if is_all else "at least one of these"
            kind: Literal["all", "any"] = "all" if is_all else "any"
            return Explanation(kind=kind, says=says, holds=verdict, parts=inner)
        case Not(part):
            inside = explain(part, facts, vocabulary, moment)
            return Explanation(kind="not", says="not this", holds=not inside.holds, parts=[inside])
    value = facts(rule)
    return Explanation(
        kind="event" if isinstance(rule, Happened) else "field",
        says=describe(rule, vocabulary),
        holds=_leaf_holds(rule, value, vocabulary, moment),
        value=value,
    )


def _leaf_holds(leaf: Leaf, fact: Any, vocabulary: Vocabulary, moment: Moment) -> bool:
    if isinstance(leaf, Compare):
        return compares(leaf, vocabulary.fields[leaf.field], fact, moment)
    least, most = range_of(leaf.count)
    return bool(fact >= least and (most is None or fact <= most))


def compares(leaf: Compare, field: Field, value: Any, moment: Moment) -> bool:
    is_set = bool(value) if field.kind in (Kind.TEXT, Kind.TAGS) else value is not None
    if leaf.op in ("set", "unset"):
        return is_set == (leaf.op == "set")
    positive = OPPOSITES.get(leaf.op, leaf.op)
    found = value is not None and _JUDGES[field.kind](positive, value, leaf, moment)
    return bool(found) == (positive == leaf.op)


def _text(op: str, value: str, leaf: Compare, _: Moment) -> bool:
    mine = fold(value)
    if op == "in":
        return mine in {fold(one) for one in leaf.value}
    asked = fold(leaf.value)
    if op == "contains":
        return asked in mine
    return mine.startswith(asked) if op == "starts_with" else mine == asked


def _ordered(op: str, value: Any, leaf: Compare, _: Moment) -> bool:
    asked = leaf.value
    match op:
        case "is":
            return bool(value == asked)
        case "in":
            return value in asked
        case "between":
            return bool(asked[0] <= value <= asked[1])
        case "lt":
            return bool(value < asked)
        case "lte":
            return bool(value <= asked)
        case "gt":
            return bool(value > asked)
    return bool(value >= asked)


def _tags(op: str, value: Sequence[str], leaf: Compare, _: Moment) -> bool:
    if op == "has":
        return leaf.value in value
    asked = set(leaf.value)
    return asked <= set(value) if op == "has_all" else bool(asked & set(value))


def _day(op: str, value: date, leaf: Compare, moment: Moment) -> bool:
    if op == "anniversary_in_next":
        return value.strftime("%m-%d") in anniversaries(leaf.value, moment)
    first, end = bounds_of(leaf, Kind.DATE, moment)
    return (first is None or value >= first) and (end is None or value < end)


def _instant(op: str, value: datetime, leaf: Compare, moment: Moment) -> bool:
    if op == "anniversary_in_next":
        return _day(op, value.astimezone(ZoneInfo(moment.zone)).date(), leaf, moment)
    first, end = bounds_of(leaf, Kind.INSTANT, moment)
    return (first is None or value >= first) and (end is None or value < end)


_JUDGES: Mapping[Kind, Callable[[str, Any, Compare, Moment], bool]] = {
    Kind.TEXT: _text,
    Kind.NUMBER: _ordered,
    Kind.FLAG: _ordered,
    Kind.DATE: _day,
    Kind.INSTANT: _instant,
    Kind.TAGS: _tags,
}


_WORDS = {
    "is": "is", "is_not": "is not", "in": "is one of", "not_in": "is none of",
    "contains": "contains", "not_contains": "does not contain", "starts_with": "starts with",
    "lt": "is less than", "lte": "is at most", "gt": "is more than", "gte": "is at least",
    "between": "is between", "on": "is on", "before": "is before", "after": "is after",
    "in_last": "is in the last", "in_next": "is in the next",
    "anniversary_in_next": "has its day in the next", "has": "has", "has_any": "has one of",
    "has_all": "has all of", "has_none": "has none of", "set": "is known", "unset": "is not known",
}  # fmt: skip
_TIMES = {"is": "exactly", "gte": "at least", "gt": "more than", "lte": "at most", "lt": "under"}
_UNITS = {"D": "day", "W": "week", "M": "month", "Y": "year", "H": "hour"}


def describe(rule: Rule, vocabulary: Vocabulary) -> str:
    """The rule as a sentence for a person."""
    match rule:
        case All(parts) | Some(parts):
            word = " and " if isinstance(rule, All) else " or "
            inner = [describe(part, vocabulary) for part in parts]
            return f"({word.join(inner)})" if len(inner) > 1 else inner[0]
        case Not(part):
            return f"not {describe(part, vocabulary)}"
        case Happened():
            return _happened_in_words(rule, vocabulary)
    return _compare_in_words(rule, vocabulary.fields[rule.field])


def _happened_in_words(leaf: Happened, vocabulary: Vocabulary) -> str:
    behaviour = vocabulary.behaviours[leaf.event]
    times = "once" if leaf.count.n == 1 else f"{leaf.count.n} times"
    says = f"{behaviour.label} {_TIMES[leaf.count.op]} {times}"
    if leaf.within:
        says += f" in the last {_period_in_words(leaf.within)}"
    where = [_compare_in_words(part, behaviour.fields[part.field]) for part in leaf.where]
    return f"{says} where {' and '.join(where)}" if where else says


def _compare_in_words(leaf: Compare, field: Field) -> str:
    if leaf.op in ("set", "unset"):
        return f"{field.label} {_WORDS[leaf.op]}"
    if leaf.op in ("in_last", "in_next", "anniversary_in_next"):
        return f"{field.label} {_WORDS[leaf.op]} {_period_in_words(leaf.value)}"
    many = leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)
    joined = (" and " if leaf.op == "between" else ", ").join(_value_in_words(one) for one in many)
    return f"{field.label} {_WORDS[leaf.op]} {joined}"


def _value_in_words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, Shifted):
        return str(value)
    if not value.sign:
        return "today"
    return f"{_period_in_words(value.period)} {'ago' if value.sign < 0 else 'ahead'}"


def _period_in_words(period: str) -> str:
    count, unit = period.strip("PT")[:-1], _UNITS[period[-1]]
    return unit if count == "1" else f"{count} {unit}s"
