"""From a rule to SQL. Every comparison is true or false, never null, exactly as in Python.

A comparison with something unset is false; the opposites (`is_not`, `not_in`, …) are then true.
Text is compared without regard to the case of ASCII letters.
"""

import operator
from decimal import ROUND_CEILING as UP
from decimal import ROUND_FLOOR as DOWN
from decimal import Decimal
from typing import Any, LiteralString

from msgspec.structs import replace

from tandem.kernel.rules.bounds import bounds_of
from tandem.kernel.rules.narrowing import halves
from tandem.kernel.rules.periods import INSTANT_STEP, Moment, anniversaries, since
from tandem.kernel.rules.statements import Condition
from tandem.kernel.rules.tree import (
    All,
    Compare,
    Happened,
    Leaf,
    Not,
    Rule,
    Some,
    leaves_of,
    range_of,
)
from tandem.kernel.rules.vocabulary import (
    BY_CUSTOMER,
    OPPOSITES,
    ROW,
    SQL_TYPE,
    Field,
    Kept,
    Kind,
    Listed,
    Sums,
    Vocabulary,
)

_COMPARED = {
    "is": operator.eq, "lt": operator.lt, "lte": operator.le, "gt": operator.gt, "gte": operator.ge,
}  # fmt: skip
ALL_MAX = 5
"""Of a list's values that must all be there, so many are each looked for by a join of their own."""
_SIGNS = {"is": "=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}


def condition(
    rule: Rule, vocabulary: Vocabulary, moment: Moment, *, is_whole: bool = False
) -> Condition:
    """The rule as a condition for the place `{rule}` of a `RuledQuery`. `is_whole`: everybody is
    asked, so that events are grouped once instead of being looked up person by person."""
    writer = _Writer(vocabulary, moment, is_whole=is_whole)
    return Condition(writer.rule(rule), writer.values)


def facts(rule: Rule, vocabulary: Vocabulary, moment: Moment) -> Condition:
    """What each leaf looks at, as one jsonb list for the place `{facts}`; see `explain_row`."""
    writer = _Writer(vocabulary, moment)
    found = [writer.fact(leaf) for leaf in leaves_of(rule)]
    return Condition(f"jsonb_build_array({', '.join(found)})", writer.values)


class _Writer:
    def __init__(self, vocabulary: Vocabulary, moment: Moment, *, is_whole: bool = False) -> None:
        self.vocabulary = vocabulary
        self.moment = moment
        self.is_whole = is_whole
        self.is_left = False
        self.values: dict[str, Any] = {}

    def bind(self, value: Any, sql_type: str) -> str:
        name = f"rule_{len(self.values)}"
        self.values[name] = value
        return f":{name}::{sql_type}"

    def rule(self, rule: Rule) -> str:
        match rule:
            case All(parts) if self.is_whole and not self.is_left:
                return self._narrowed(parts)
            case All(parts):
                return self._join("and", parts) if parts else "true"
            case Some(parts):
                return self._join("or", parts) if parts else "false"
            case Not(Some(parts)):
                # Each by itself can be a join; an "or" of them is asked person by person.
                return self._join("and", tuple(Not(part) for part in parts)) if parts else "true"
            case Not(part):
                return f"(not {self.rule(part)})"
            case Happened():
                return self._happened(rule)
        return self._compare(rule, self.vocabulary.fields[rule.field])

    def _narrowed(self, parts: tuple[Rule, ...]) -> str:
        """Whoever is left by what is kept beside the rows, which few may be, and only their rows
        are read. PostgreSQL would read those of everybody first."""
        two = halves(parts, self.vocabulary)
        if two is None:
            return self._join("and", parts) if parts else "true"
        left = f"select {ROW} from {self.vocabulary.tables} and {self._join('and', two[0])}"
        self.is_left = True
        rest = self._join("and", two[1])
        self.is_left = False
        return f"({ROW} = any(array({left})) and {rest})"

    def fact(self, leaf: Leaf) -> str:
        if isinstance(leaf, Happened):
            return f"(select count(*) {self._source(leaf)})"
        field = self.vocabulary.fields[leaf.field]
        expression = self._expression(field)
        if field.parts is not None:
            expression = f"({expression}) * {1 / Decimal(field.parts)}"
        # As text: a JSON number would lose digits on its way through a float.
        return f"({expression})::text" if field.kind is Kind.NUMBER else f"({expression})"

    def _join(self, word: str, parts: tuple[Rule, ...]) -> str:
        return f"({f' {word} '.join(self.rule(part) for part in parts)})"

    def _expression(self, field: Field) -> str:
        if field.key is None:
            return field.sql
        return field.sql.replace(":key", self.bind(field.key, "text"))

    def _compare(self, leaf: Compare, field: Field) -> str:
        positive = "set" if leaf.op == "unset" else OPPOSITES.get(leaf.op, leaf.op)
        asked = Compare(field=leaf.field, op=positive, value=leaf.value)
        sure = self._of_many(asked, field) if self.is_whole else None
        if sure is None and positive == "set":
            sure = self._is_set(field)
        elif sure is None and field.is_code and positive in ("is", "in"):
            sure = f"({self._text(asked, self._expression(field))})"
        elif sure is None:
            sure = f"coalesce({self._positive(asked, field)}, false)"
        return sure if positive == leaf.op else f"(not {sure})"

    def _of_many(self, leaf: Compare, field: Field) -> str | None:
        """As a join that PostgreSQL makes once for everybody; None where it has to be asked person
        by person."""
        match field.many:
            case Kept():
                return self._kept(leaf, field, field.many)
            case Listed():
                return self._listed(leaf, field.many)
        return None

    def _kept(self, leaf: Compare, field: Field, rows: Kept) -> str:
        """Who has a row that fits; where zero fits, so does whoever has none."""
        over = replace(field, sql=rows.column)
        fits = (
            self._is_set(over)
            if leaf.op == "set"
            else f"coalesce({self._positive(leaf, over)}, false)"
        )
        if rows.is_zero and _zero_fits(leaf):
            return f"(not exists (select {rows.source} and not {fits}))"
        return f"exists (select {rows.source} and {fits})"

    def _listed(self, leaf: Compare, rows: Listed) -> str | None:
        match leaf.op:
            case "set":
                fits = "true"
            case "has":
                fits = f"{rows.value} = {self.bind(leaf.value, 'text')}"
            case "has_any":
                fits = f"{rows.value} = any({self.bind(list(leaf.value), 'text[]')})"
            case "has_all" if len(leaf.value) <= ALL_MAX:
                each = (replace(leaf, op="has", value=one) for one in dict.fromkeys(leaf.value))
                return f"({' and '.join(str(self._listed(one, rows)) for one in each)})"
            case _:
                return None
        if self.is_left:
            # One list for all of them: whether they are few is not known.
            listed = rows.source.replace(BY_CUSTOMER, "e.customer_id is not null")
            return f"({ROW} in (select e.customer_id {listed} and {fits}))"
        return f"exists (select {rows.source} and {fits})"

    def _is_set(self, field: Field) -> str:
        expression = self._expression(field)
        if field.kind is Kind.TEXT:
            return f"(coalesce({expression}, '') <> '')"
        if field.kind is Kind.TAGS:
            return f"(coalesce(cardinality({expression}), 0) > 0)"
        return f"(({expression}) is not null)"

    def _positive(self, leaf: Compare, field: Field) -> str:
        expression = f"({self._expression(field)})"
        match field.kind:
            case Kind.TEXT:
                return self._text(leaf, f'lower({expression} collate "C")')
            case Kind.TAGS:
                return self._tags(leaf, expression)
            case Kind.DATE | Kind.INSTANT:
                return self._when(leaf, field.kind, expression)
        if field.parts is not None:
            return self._counted_out(leaf, expression, field.parts)
        return self._ordered(leaf, expression, SQL_TYPE[field.kind])

    def _text(self, leaf: Compare, expression: str) -> str:
        if leaf.op == "in":
            return f"{expression} = any({self.bind([fold(one) for one in leaf.value], 'text[]')})"
        value = self.bind(fold(leaf.value), "text")
        forms = {
            "is": f"{expression} = {value}",
            "contains": f"strpos({expression}, {value}) > 0",
            "starts_with": f"starts_with({expression}, {value})",
        }
        return forms[leaf.op]

    def _tags(self, leaf: Compare, expression: str) -> str:
        if leaf.op == "has":
            return f"{expression} @> array[{self.bind(leaf.value, 'text')}]"
        sign = "@>" if leaf.op == "has_all" else "&&"
        return f"{expression} {sign} {self.bind(list(leaf.value), 'text[]')}"

    def _ordered(self, leaf: Compare, expression: str, sql_type: LiteralString) -> str:
        if leaf.op == "in":
            return f"{expression} = any({self.bind(list(leaf.value), f'{sql_type}[]')})"
        if leaf.op == "between":
            low, high = (self.bind(value, sql_type) for value in leaf.value)
            return f"{expression} between {low} and {high}"
        return f"{expression} {_SIGNS[leaf.op]} {self.bind(leaf.value, sql_type)}"

    def _counted_out(self, leaf: Compare, expression: str, parts: int) -> str:
        """Whole numbers against whole numbers: a million of them are compared in half the time
        that decimals take. What falls between two whole numbers is neither of them."""

        def bound(value: Decimal, rounding: str) -> str:
            return self.bind(int((value * parts).to_integral_value(rounding)), "bigint")

        match leaf.op:
            case "is" | "in":
                values = leaf.value if leaf.op == "in" else (leaf.value,)
                whole = [int(one * parts) for one in values if one * parts % 1 == 0]
                return f"{expression} = any({self.bind(whole, 'bigint[]')})"
            case "between":
                low, high = leaf.value
                return f"{expression} between {bound(low, UP)} and {bound(high, DOWN)}"
        rounding = UP if leaf.op in ("lt", "gte") else DOWN
        return f"{expression} {_SIGNS[leaf.op]} {bound(leaf.value, rounding)}"

    def _when(self, leaf: Compare, kind: Kind, expression: str) -> str:
        if leaf.op == "anniversary_in_next":
            days = self.bind(anniversaries(leaf.value, self.moment), "text[]")
            local = expression
            if kind is Kind.INSTANT:
                local = f"({expression} at time zone {self.bind(self.moment.zone, 'text')})"
            return f"to_char({local}, 'MM-DD') = any({days})"
        first, end = bounds_of(leaf, kind, self.moment)
        sql_type = SQL_TYPE[kind]
        edges = []
        if first is not None:
            edges.append(f"{expression} >= {self.bind(first, sql_type)}")
        if end is not None:
            edges.append(f"{expression} < {self.bind(end, sql_type)}")
        return f"({' and '.join(edges)})"

    def _happened(self, leaf: Happened) -> str:
        """Counting stops at the first event that decides."""
        least, most = range_of(leaf.count)
        if (least, most) == (0, None):
            return "true"
        kept = self.vocabulary.behaviours[leaf.event].sums
        if self.is_whole and kept is not None and leaf.within is None and not leaf.where:
            return self._ever(leaf, kept, least, most)
        if least == 0 and most == 0:
            return f"(not exists (select {self._source(leaf)}))"
        if (least, most) == (1, None):
            return f"exists (select {self._source(leaf)})"
        whose = self.vocabulary.behaviours[leaf.event].whose
        if self.is_whole and whose is not None:
            return self._grouped(leaf, whose, least, most)
        enough = least if most is None else most + 1
        counted = f"(select count(*) from (select {self._source(leaf)} limit {int(enough)}) as met)"
        if most is None:
            return f"({counted} >= {int(least)})"
        return f"({counted} between {int(least)} and {int(most)})"

    def _grouped(self, leaf: Happened, whose: tuple[str, str], least: int, most: int | None) -> str:
        """Who had it so many times; or, where not having it fits too, not who had it more often."""
        theirs, row = whose
        source = self._source(leaf).replace(BY_CUSTOMER, f"{theirs} is not null")
        word, fits = _counted("count(*)", least, most)
        groups = f"select {theirs} as id {source} group by {theirs} having {fits}"
        if word == "in":
            return f"({row} in ({groups}))"
        # `not in` would be asked of each of a million by itself once their list is long.
        return f"(not exists (select from ({groups}) as often where often.id = {row}))"

    def _ever(self, leaf: Happened, rows: Sums, least: int, most: int | None) -> str:
        """By the count that is kept; of whoever had one after the moment asked about, by the events
        themselves. Both come in the order of the customers, to be joined as they come."""
        end = self._end()
        word, fits = _counted(rows.count, least, most)
        everybody = rows.source.replace(BY_CUSTOMER, "e.customer_id is not null")
        kept = f"select e.customer_id {everybody} and {rows.last} < {end} and {fits}"
        later = f"select e.customer_id {everybody} and {rows.last} >= {end}"
        events = self._source(leaf).replace(BY_CUSTOMER, f"e.customer_id in ({later})")
        again = _counted("count(*)", least, most)[1]
        anew = f"select e.customer_id {events} group by e.customer_id having {again}"
        both = f"({kept} order by 1) union all ({anew} order by 1)"
        found = f"exists (select from ({both}) as e where {BY_CUSTOMER})"
        return found if word == "in" else f"(not {found})"

    def _source(self, leaf: Happened) -> str:
        behaviour = self.vocabulary.behaviours[leaf.event]
        parts = [f"{behaviour.source} and {behaviour.at} < {self._end()}"]
        if leaf.within is not None:
            start = self.bind(since(leaf.within, self.moment), "timestamptz")
            parts.append(f"{behaviour.at} >= {start}")
        parts += [self._compare(part, behaviour.fields[part.field]) for part in leaf.where]
        return " and ".join(parts)

    def _end(self) -> str:
        return self.bind(self.moment.now + INSTANT_STEP, "timestamptz")


def _counted(counts: str, least: int, most: int | None) -> tuple[str, str]:
    """Whom to look for, and whether these are those who fit (`in`) or those who do not."""
    if least == 0:
        assert most is not None, "any count fits: nothing is asked"
        return "not in", f"{counts} > {int(most)}"
    if most is None:
        return "in", f"{counts} >= {int(least)}"
    return "in", f"{counts} between {int(least)} and {int(most)}"


def _zero_fits(leaf: Compare) -> bool:
    match leaf.op:
        case "set":
            return True
        case "in":
            return 0 in leaf.value
        case "between":
            return bool(leaf.value[0] <= 0 <= leaf.value[1])
    return bool(_COMPARED[leaf.op](0, leaf.value))


def fold(text: str) -> str:
    """ASCII letters in lower case, as `lower(… collate "C")` does; others stay."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)
