"""A rule as rows of a form: word, operator, value. What rows cannot say stays JSON."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from tandem.kernel.errors import Invalid
from tandem.kernel.rules import OPERATORS, Kind, Vocabulary

ROWS_MAX = 20
_LISTS = ("in", "not_in", "has_any", "has_all", "has_none")
_PERIODS = ("in_last", "in_next", "anniversary_in_next")
_COUNTS = {"gte": "at least", "lte": "at most", "is": "exactly"}
OPERATOR_WORDS: Mapping[str, str] = {
    "is": "is", "is_not": "is not", "in": "is one of", "not_in": "is none of",
    "contains": "contains", "not_contains": "does not contain", "starts_with": "starts with",
    "lt": "less than", "lte": "at most", "gt": "more than", "gte": "at least",
    "between": "between", "on": "on", "before": "before", "after": "after",
    "in_last": "in the last days", "in_next": "in the next days",
    "anniversary_in_next": "has its day in the next days", "has": "has", "has_any": "has one of",
    "has_all": "has all of", "has_none": "has none of", "set": "is known", "unset": "is not known",
}  # fmt: skip


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """`word` is `field:name` or `event:order_placed`; `within` counts days, for events only."""

    word: str = ""
    op: str = ""
    value: str = ""
    within: str = ""

    def operators(self, words: Vocabulary) -> list[tuple[str, str]]:
        source, _, name = self.word.partition(":")
        if source == "event":
            return list(_COUNTS.items())
        if name not in words.fields:
            return []
        return [(op, OPERATOR_WORDS[op]) for op in OPERATORS[words.fields[name].kind]]


def rows_of_form(form: Mapping[str, str]) -> list[Row]:
    """The rows with a word, in order."""
    rows = [
        Row(**{part: form.get(f"{part}_{place}", "") for part in ("word", "op", "value", "within")})
        for place in range(ROWS_MAX)
    ]
    return [row for row in rows if row.word]


def rule_of_form(form: Mapping[str, str], words: Vocabulary) -> Any:
    """The rule as JSON: from the text where there is one, else from the rows."""
    if text := form.get("json", ""):
        try:
            return msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError) as reason:
            raise Invalid("This is not JSON.", field="json") from reason
    rows = rows_of_form(form)
    if not rows:
        raise Invalid("Give at least one condition.", field="rule")
    leaves = [_leaf(row, words) for row in rows]
    return {"any" if form.get("match") == "any" else "all": leaves}


def _leaf(row: Row, words: Vocabulary) -> dict[str, Any]:
    source, _, name = row.word.partition(":")
    if source == "event":
        count = {"op": row.op or "gte", "n": _whole(row.value or "1")}
        within = {"within": f"P{_whole(row.within)}D"} if row.within else {}
        return {"event": name, "count": count, **within}
    op = row.op
    if op in ("set", "unset"):
        return {"field": name, "op": op}
    kind = words.fields[name].kind if name in words.fields else Kind.TEXT
    return {"field": name, "op": op or OPERATORS[kind][0], "value": _value(row.value, kind, op)}


def _value(text: str, kind: Kind, op: str) -> Any:
    if op in _PERIODS:
        return f"P{_whole(text)}D"
    if op in _LISTS or op == "between":
        return [part.strip() for part in text.split(",") if part.strip()]
    return text.lower() in ("yes", "true", "1") if kind is Kind.FLAG else text


def _whole(text: str) -> int:
    if not re.fullmatch(r"\d{1,5}", text.strip()):
        raise Invalid("Give a whole number.", field="rule")
    return int(text)


def rows_of_rule(rule: Any) -> tuple[str, list[Row]] | None:
    """How to match, and the rows; None where rows cannot say it."""
    if isinstance(rule, dict) and rule.keys() & {"field", "event"}:
        rule = {"all": [rule]}
    if not isinstance(rule, dict) or len(rule) != 1:
        return None
    match, parts = next(iter(rule.items()))
    if match not in ("all", "any") or not isinstance(parts, list) or len(parts) > ROWS_MAX:
        return None
    rows = [_row(part) for part in parts]
    return (match, [row for row in rows if row]) if all(rows) else None


def _row(leaf: Any) -> Row | None:
    if "event" in leaf:
        count = leaf.get("count", {"op": "gte", "n": 1})
        days = re.fullmatch(r"P(\d+)D", leaf.get("within", "P0D"))
        if leaf.get("where") or count["op"] not in _COUNTS or not days:
            return None
        within = days[1] if "within" in leaf else ""
        return Row(
            word=f"event:{leaf['event']}", op=count["op"], value=str(count["n"]), within=within
        )
    if "field" not in leaf:
        return None
    return Row(word=f"field:{leaf['field']}", op=leaf["op"], value=_shown(leaf.get("value", "")))


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(str(part) for part in value)
    days = re.fullmatch(r"P(\d+)D", value) if isinstance(value, str) else None
    return days[1] if days else str(value)
