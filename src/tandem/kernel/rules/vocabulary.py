"""What a rule may speak of: fields and events by name, each with its SQL, all of it literal."""

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import LiteralString

import msgspec


class Kind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    DATE = "date"
    INSTANT = "instant"
    TAGS = "tags"


_PRESENCE = ("set", "unset")
_WHEN = ("on", "before", "after", "between", "in_last", "in_next", "anniversary_in_next")
OPERATORS: Mapping[Kind, tuple[str, ...]] = {
    Kind.TEXT: (
        "is", "is_not", "in", "not_in", "contains", "not_contains", "starts_with", *_PRESENCE,
    ),
    Kind.NUMBER: ("is", "is_not", "lt", "lte", "gt", "gte", "between", "in", *_PRESENCE),
    Kind.FLAG: ("is", *_PRESENCE),
    Kind.DATE: (*_WHEN, *_PRESENCE),
    Kind.INSTANT: (*_WHEN, *_PRESENCE),
    Kind.TAGS: ("has", "has_any", "has_all", "has_none", *_PRESENCE),
}  # fmt: skip
"""`is_not`, `not_in`, `not_contains`, `has_none` and `unset` are the opposites of another one."""
OPPOSITES = {"is_not": "is", "not_in": "in", "not_contains": "contains", "has_none": "has_any"}

SQL_TYPE: Mapping[Kind, LiteralString] = {
    Kind.TEXT: "text",
    Kind.NUMBER: "numeric",
    Kind.FLAG: "boolean",
    Kind.DATE: "date",
    Kind.INSTANT: "timestamptz",
    Kind.TAGS: "text[]",
}


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A field of a row that is kept for each customer, where there is one: `column` of `source`.
    Whoever has no row has nothing (null), or zero where `is_zero`."""

    source: str
    column: str
    is_zero: bool = False


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A field that lists `value` of each row of `source`, any number of them to a customer."""

    source: str
    value: str


class Sums(msgspec.Struct, frozen=True, kw_only=True):
    """A row kept for each customer says how often something happened and when it last did."""

    source: str
    count: str
    last: str


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """`sql` is an expression over the statement's tables. `key`, where given, is bound as `:key`:
    what people named themselves never becomes text of a statement. `many` says the same for
    everybody at once. A text that `is_code` is never unset and has no capitals: an index
    finds it. A number of `parts` is a whole number of them (100: paise of a rupee), which `sql` is
    then: it is compared as it stands."""

    kind: Kind
    sql: str
    label: str
    options: tuple[str, ...] = ()
    key: str | None = None
    many: Kept | Listed | None = None
    is_code: bool = False
    parts: int | None = None


class Behaviour(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happens: `source` is `from … where …` naming org_id and the subject's row;
    `at` is its instant; `fields` are what `where` may compare."""

    source: str
    at: str
    label: str
    fields: Mapping[str, Field] = {}
    whose: tuple[str, str] | None = None
    """The event's column and the row's (`e.customer_id`, `c.id`) that `source` compares."""
    sums: Sums | None = None
    """What is kept of all of them, asked where neither a window nor a detail narrows them."""


class CustomField(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation's own field; every kind but an instant. Values are checked when written."""

    key: str
    kind: Kind
    label: str
    options: tuple[str, ...] = ()


VOCABULARIES: list["Vocabulary"] = []
"""Every vocabulary of the suite; a test PREPAREs each field with each of its operators."""


class Vocabulary:
    """`tables` is the FROM clause (with its WHERE) under which the fields make sense. `kept_by`
    says which field rules (`customer.gstin`) a word would give away, also one of an event:
    `{"order_placed.total": "order.total_minor"}`; several stand behind each other."""

    def __init__(
        self,
        *,
        tables: LiteralString,
        fields: Mapping[str, Field],
        behaviours: Mapping[str, Behaviour] | None = None,
        custom_column: LiteralString | None = None,
        kept_by: Mapping[str, str] | None = None,
    ) -> None:
        self.tables = tables
        self.fields = dict(fields)
        self.behaviours = dict(behaviours or {})
        self.custom_column = custom_column
        self.kept_by = {name: frozenset(rule.split()) for name, rule in (kept_by or {}).items()}
        self.withheld: frozenset[str] = frozenset()
        VOCABULARIES.append(self)

    def with_custom(self, definitions: Sequence[CustomField]) -> "Vocabulary":
        """The same words and an organisation's own fields, named `custom.<key>`."""
        assert self.custom_column, "these records have no custom fields"
        own = {f"custom.{one.key}": custom_field(self.custom_column, one) for one in definitions}
        return self._with({**self.fields, **own})

    def without(self, hidden: frozenset[str]) -> "Vocabulary":
        """What somebody may ask by from whom these fields are hidden: a rule tells as much as the
        field itself."""
        if not hidden:
            return self
        withheld = {name for name, rules in self.kept_by.items() if rules & hidden}
        if not withheld:
            return self
        made = self._with({n: one for n, one in self.fields.items() if n not in withheld})
        made.behaviours = {
            event: _without(event, one, withheld) for event, one in self.behaviours.items()
        }
        made.withheld = frozenset(withheld)
        return made

    def _with(self, fields: Mapping[str, Field]) -> "Vocabulary":
        made = object.__new__(Vocabulary)
        made.tables = self.tables
        made.behaviours = self.behaviours
        made.custom_column = self.custom_column
        made.kept_by = self.kept_by
        made.withheld = self.withheld
        made.fields = dict(fields)
        return made


def _without(event: str, known: Behaviour, withheld: Collection[str]) -> Behaviour:
    shown = {n: one for n, one in known.fields.items() if f"{event}.{n}" not in withheld}
    return msgspec.structs.replace(known, fields=shown)


BY_CUSTOMER: LiteralString = "e.customer_id = c.id"
ROW: LiteralString = "c.id"


def field(kind: Kind, sql: LiteralString, label: str, *options: str) -> Field:
    """A field of a vocabulary written in the code; its SQL must be a literal."""
    return Field(kind=kind, sql=sql, label=label, options=options)


def code(sql: LiteralString, label: str) -> Field:
    """A text that is never null and always in lower case."""
    return Field(kind=Kind.TEXT, sql=sql, label=label, is_code=True)


def whole(sql: LiteralString, label: str, *, parts: int = 1) -> Field:
    """A whole number (bigint), or so many parts of one: its SQL is the parts."""
    return Field(kind=Kind.NUMBER, sql=sql, label=label, parts=parts)


def kept(
    kind: Kind,
    column: LiteralString,
    source: LiteralString,
    label: str,
    *options: str,
    is_zero: bool = False,
    parts: int | None = None,
) -> Field:
    """A field of the row `e` that a table has for a customer; both parts must be literals."""
    assert BY_CUSTOMER in source, "whose the row is"
    sql: LiteralString = f"(select {column} {source})"
    return Field(
        kind=kind,
        sql=f"coalesce({sql}, 0)" if is_zero else sql,
        label=label,
        options=options,
        many=Kept(source=source, column=column, is_zero=is_zero),
        parts=parts,
    )


def listed(value: LiteralString, source: LiteralString, label: str) -> Field:
    """What rows `e` of another table say about a customer; both parts must be literals."""
    assert BY_CUSTOMER in source, "whose the rows are"
    return Field(
        kind=Kind.TAGS,
        sql=f"array(select {value} {source})",
        label=label,
        many=Listed(source=source, value=value),
    )


def behaviour(
    source: LiteralString, *, at: LiteralString, label: str, **fields: Field
) -> Behaviour:
    """An event of a vocabulary written in the code; its SQL must be a literal. Where `source` says
    `e.customer_id = c.id`, counting over everybody groups the events once."""
    whose = ("e.customer_id", ROW) if BY_CUSTOMER in source else None
    return Behaviour(source=source, at=at, label=label, fields=fields, whose=whose)


def summed(
    event: Behaviour, source: LiteralString, *, count: LiteralString, last: LiteralString
) -> Behaviour:
    """The event, with what a table keeps of all of them in a row `e` for each customer; all parts
    must be literals."""
    assert BY_CUSTOMER in source, "whose the row is"
    return msgspec.structs.replace(event, sums=Sums(source=source, count=count, last=last))


_OF_JSON: Mapping[Kind, LiteralString] = {
    Kind.TEXT: "COLUMN ->> :key",
    Kind.NUMBER: (
        "case when jsonb_typeof(COLUMN -> :key) = 'number' then (COLUMN ->> :key)::numeric end"
    ),
    Kind.FLAG: (
        "case when jsonb_typeof(COLUMN -> :key) = 'boolean' then (COLUMN ->> :key)::boolean end"
    ),
    Kind.DATE: (
        "case when COLUMN ->> :key ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'"
        " then (COLUMN ->> :key)::date end"
    ),
    Kind.TAGS: (
        "array(select jsonb_array_elements_text(case when jsonb_typeof(COLUMN -> :key) = 'array'"
        " then COLUMN -> :key else '[]' end))"
    ),
}


def custom_field(column: LiteralString, definition: CustomField) -> Field:
    """A value of a jsonb column by a key that people chose; another type than defined is unset."""
    sql = _OF_JSON[definition.kind].replace("COLUMN", column)
    return Field(
        kind=definition.kind,
        sql=sql,
        label=definition.label,
        options=definition.options,
        key=definition.key,
    )
