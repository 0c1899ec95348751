"""From JSON to a rule: every refusal names the place at fault, as in `rule.all[1].value`."""

from collections.abc import Mapping
from typing import Any, NoReturn

from tandem.kernel.errors import Invalid
from tandem.kernel.fields import FieldKept
from tandem.kernel.rules.operands import read_operand
from tandem.kernel.rules.periods import is_period
from tandem.kernel.rules.tree import All, Compare, Exactly, Happened, Not, Rule, Some
from tandem.kernel.rules.vocabulary import OPERATORS, Field, Vocabulary

DEPTH_MAX = 8
LEAVES_MAX = 100
PARTS_MAX = 50
COUNT_MAX = 10_000
COUNTING = ("is", "gte", "gt", "lte", "lt")


class RuleWrong(Invalid):
    """The rule cannot be understood; `field` is the path of what is wrong."""

    code = "rule_wrong"


def read(given: Any, vocabulary: Vocabulary, *, field: str = "rule") -> Rule:
    """A rule from decoded JSON. Raises RuleWrong at the first fault, from left to right."""
    reader = _Reader(vocabulary)
    return reader.rule(given, field, depth=1)


class _Reader:
    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.leaves = 0

    def rule(self, given: Any, at: str, *, depth: int) -> Rule:
        if depth > DEPTH_MAX:
            _refuse(f"A rule may be nested {DEPTH_MAX} deep at most.", at)
        node = _object(given, at)
        for name in ("all", "any", "not"):
            if name in node:
                _only(node, (name,), at)
                return self._branch(name, node[name], f"{at}.{name}", depth)
        self.leaves += 1
        if self.leaves > LEAVES_MAX:
            _refuse(f"A rule may have {LEAVES_MAX} conditions at most.", at)
        if "event" in node:
            return self._happened(node, at)
        if "field" not in node:
            _refuse('Expected "all", "any", "not", "field" or "event" here.', at)
        self._check_shown(node["field"], f"{at}.field")
        return compare(node, self.vocabulary.fields, at)

    def _branch(self, name: str, given: Any, at: str, depth: int) -> Rule:
        if name == "not":
            return Not(self.rule(given, at, depth=depth + 1))
        if not isinstance(given, list) or not 1 <= len(given) <= PARTS_MAX:
            _refuse(f'"{name}" takes a list of 1 to {PARTS_MAX} rules.', at)
        parts = tuple(
            self.rule(part, f"{at}[{place}]", depth=depth + 1) for place, part in enumerate(given)
        )
        return All(parts) if name == "all" else Some(parts)

    def _check_shown(self, name: Any, at: str) -> None:
        if isinstance(name, str) and name in self.vocabulary.withheld:
            raise FieldKept("A field that is hidden from you cannot be asked for.", field=at)

    def _happened(self, node: dict[str, Any], at: str) -> Happened:
        _only(node, ("event", "count", "within", "where"), at)
        name = node["event"]
        behaviour = self.vocabulary.behaviours.get(name) if isinstance(name, str) else None
        if behaviour is None:
            known = ", ".join(sorted(self.vocabulary.behaviours)) or "none"
            _refuse(f"There is no such event; there are: {known}.", f"{at}.event")
        within = node.get("within")
        if within is not None and not (
            isinstance(within, str) and is_period(within, whole_days=False)
        ):
            _refuse("Expected a period such as P30D or PT12H, ten years at most.", f"{at}.within")
        where = node.get("where", [])
        if not isinstance(where, list) or len(where) > PARTS_MAX:
            _refuse(f'"where" takes a list of at most {PARTS_MAX} comparisons.', f"{at}.where")
        places = [(part, f"{at}.where[{place}]") for place, part in enumerate(where)]
        for part, place in places:
            if isinstance(part, dict) and isinstance(part.get("field"), str):
                self._check_shown(f"{name}.{part['field']}", f"{place}.field")
        return Happened(
            event=name,
            count=_count(node.get("count", {"op": "gte", "n": 1}), f"{at}.count"),
            within=within,
            where=tuple(compare(part, behaviour.fields, place) for part, place in places),
        )


def compare(given: Any, fields: Mapping[str, Field], at: str) -> Compare:
    node = _object(given, at)
    _only(node, ("field", "op", "value"), at)
    name = node.get("field")
    field = fields.get(name) if isinstance(name, str) else None
    if field is None:
        _refuse(f"There is no field {_shown(name)}.", f"{at}.field")
    op = node.get("op")
    if not isinstance(op, str) or op not in OPERATORS[field.kind]:
        allowed = ", ".join(OPERATORS[field.kind])
        _refuse(f"A {field.kind} field can be asked: {allowed}.", f"{at}.op")
    if op in ("set", "unset"):
        if "value" in node:
            _refuse(f'"{op}" takes no value.', f"{at}.value")
        return Compare(field=str(name), op=op)
    if "value" not in node:
        _refuse(f'"{op}" needs a value.', f"{at}.value")
    try:
        value = read_operand(node["value"], field, op)
    except ValueError as reason:
        raise RuleWrong(str(reason), field=f"{at}.value") from reason
    return Compare(field=str(name), op=op, value=value)


def _count(given: Any, at: str) -> Exactly:
    node = _object(given, at)
    _only(node, ("op", "n"), at)
    op, n = node.get("op", "gte"), node.get("n")
    if op not in COUNTING:
        _refuse(f"A count can be asked: {', '.join(COUNTING)}.", f"{at}.op")
    if isinstance(n, bool) or not isinstance(n, int) or not 0 <= n <= COUNT_MAX:
        _refuse(f"Expected a whole number up to {COUNT_MAX}.", f"{at}.n")
    return Exactly(op=op, n=n)


def _object(given: Any, at: str) -> dict[str, Any]:
    if not isinstance(given, dict):
        _refuse("Expected an object here.", at)
    return given


def _only(node: dict[str, Any], known: tuple[str, ...], at: str) -> None:
    for name in node:
        if name not in known:
            _refuse(f"{_shown(name)} does not belong here.", at)


def _shown(name: Any) -> str:
    return repr(name)[:60] if isinstance(name, str) else "without a name"


def _refuse(detail: str, at: str) -> NoReturn:
    raise RuleWrong(detail, field=at)
