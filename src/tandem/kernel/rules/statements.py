"""Statements with a place for a rule. Only this package writes what goes there.

A `RuledQuery` is a literal like every `Query`, prepared and searched for `org_id` by the tests
with `true` in the place. `with_rule` makes the statement that runs: the literal, the literal
expressions of a vocabulary, and parameters. Nothing a user wrote becomes text of it.
"""

from typing import Any, LiteralString

import msgspec

from tandem.kernel.actor import Actor
from tandem.kernel.db import Query
from tandem.kernel.queries import numbered

RULE: LiteralString = "{rule}"
FACTS: LiteralString = "{facts}"
_EMPTY: dict[str, LiteralString] = {RULE: "true", FACTS: "'[]'::jsonb"}


class Condition(msgspec.Struct, frozen=True):
    """SQL made by `kernel.rules` alone, and the values of its parameters (`:rule_0`, …)."""

    sql: str
    values: dict[str, Any]


class Compiled(Query):
    """A `RuledQuery` with a rule in its place; bound to the actor's organisation like any other."""

    __slots__ = ("values",)

    def __init__(self, text: str, values: dict[str, Any]) -> None:
        self.names, self.sql = numbered(text)
        self.beyond_org = None
        self.values = values
        assert "org_id" in self.names, "a compiled statement stays inside its organisation"

    def bind(self, actor: Actor, params: dict[str, Any]) -> list[Any]:
        return super().bind(actor, {**self.values, **params})


class RuledQuery(Query):
    """A statement with one place: `{rule}` for a condition, or `{facts}` for a rule's facts."""

    __slots__ = ("place", "text")

    def __init__(self, text: LiteralString) -> None:
        places = [place for place in _EMPTY if place in text]
        assert len(places) == 1 and text.count(places[0]) == 1, "a statement has one place"
        self.text = text
        self.place = places[0]
        super().__init__(text.replace(self.place, _EMPTY[self.place]))

    def with_rule(self, made: Condition) -> Compiled:
        return Compiled(self.text.replace(self.place, made.sql), made.values)


def written(text: LiteralString, values: dict[str, Any], rule: Condition | None = None) -> Compiled:
    """A statement put together from literals, and a rule at its place `{rule}` where it has one.

    Reports choose columns and groups by name from a catalogue: the names are looked up, and what
    the catalogue has for them is literal.
    """
    if rule is None:
        return Compiled(text, values)
    assert text.count(RULE) == 1, "a rule has one place"
    return Compiled(text.replace(RULE, rule.sql), {**rule.values, **values})
