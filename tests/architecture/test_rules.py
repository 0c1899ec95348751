"""Rules become SQL in one place only, and each word of every vocabulary prepares."""

import ast
import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tandem.app.wiring import import_reactions
from tandem.kernel import rules
from tandem.kernel.queries import numbered
from tandem.kernel.rules import OPERATORS, VOCABULARIES, CustomField, Kind, Moment, Vocabulary
from tests.kernel.rules_given import NOW, WORDS

SOURCES = Path(__file__).resolve().parents[2] / "src/tandem"
VALUES: dict[Kind, Any] = {
    Kind.TEXT: "x",
    Kind.NUMBER: 1,
    Kind.FLAG: True,
    Kind.DATE: "2026-11-22",
    Kind.INSTANT: "2026-11-22",
    Kind.TAGS: "x",
}
PAIRS = ("between",)
LISTS = ("in", "not_in", "has_any", "has_all", "has_none")
PERIODS = ("in_last", "in_next", "anniversary_in_next")
MAKERS = {"Compiled", "Condition"}


def leaf(name: str, field: rules.Field, op: str) -> dict[str, Any]:
    if op in ("set", "unset"):
        return {"field": name, "op": op}
    value = field.options[0] if field.options else VALUES[field.kind]
    given = [value] if op in LISTS else [value] * 2 if op in PAIRS else value
    return {"field": name, "op": op, "value": "P7D" if op in PERIODS else given}


def sayings(words: Vocabulary) -> Iterator[dict[str, Any]]:
    for name, field in words.fields.items():
        yield from (leaf(name, field, op) for op in OPERATORS[field.kind])
    for event, behaviour in words.behaviours.items():
        yield {"event": event, "count": {"op": "gte", "n": 2}, "within": "P7D"}
        yield {"event": event, "count": {"op": "is", "n": 0}}
        for name, field in behaviour.fields.items():
            for op in OPERATORS[field.kind]:
                yield {"event": event, "where": [leaf(name, field, op)]}


def with_every_kind(words: Vocabulary) -> Vocabulary:
    if words.custom_column is None:
        return words
    kinds = [kind for kind in Kind if kind is not Kind.INSTANT]
    return words.with_custom([CustomField(key=kind, kind=kind, label=kind) for kind in kinds])


async def _broken(owner_dsn: str) -> list[str]:
    connection = await asyncpg.connect(owner_dsn)
    found = []
    for words in (with_every_kind(one) for one in VOCABULARIES):
        for saying in sayings(words):
            rule = rules.read(saying, words)
            for made in (rules.condition, rules.facts):
                said = made(rule, words, Moment(now=NOW)).sql
                text = f"select ({said}) from {words.tables}"
                try:
                    await connection.prepare(numbered(text)[1])
                except asyncpg.PostgresError as reason:
                    found.append(f"{saying}: {reason}")
    await connection.close()
    return found


def test_every_word_of_every_vocabulary_prepares_with_each_of_its_operators(owner_dsn: str) -> None:
    import_reactions()
    assert WORDS.fields
    assert asyncio.run(_broken(owner_dsn)) == []


def test_every_vocabulary_stays_inside_the_organisation() -> None:
    import_reactions()
    assert [words.tables for words in VOCABULARIES if ":org_id" not in words.tables] == []
    open_events = [
        event
        for words in VOCABULARIES
        for event, behaviour in words.behaviours.items()
        if ":org_id" not in behaviour.source and words.behaviours.keys() != {"bought"}
    ]
    assert open_events == []


def calls_of(path: Path, *names: str) -> Iterator[ast.Call]:
    """The calls in a file that speaks of any of the names at all: few do, and parsing is slow."""
    text = path.read_text()
    tree = ast.parse(text) if any(name in text for name in names) else ast.Module([], [])
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def test_only_the_rule_language_makes_statements_that_are_not_literals() -> None:
    makers = sorted(
        path.relative_to(SOURCES).as_posix()
        for path in SOURCES.rglob("*.py")
        for call in calls_of(path, *MAKERS)
        if isinstance(call.func, ast.Name | ast.Attribute)
        and ast.unparse(call.func).rpartition(".")[2] in MAKERS
    )
    assert set(makers) == {"kernel/rules/compiling.py", "kernel/rules/statements.py"}


@pytest.mark.parametrize("name", ["Field", "Behaviour"])
def test_a_word_of_a_vocabulary_is_made_of_literals(name: str) -> None:
    """`field()` and `behaviour()` take literals only (mypy); the values behind them are theirs."""
    makers = {
        path.relative_to(SOURCES).as_posix()
        for path in SOURCES.rglob("*.py")
        for call in calls_of(path, name)
        if ast.unparse(call.func).rpartition(".")[2] == name
        and any(keyword.arg in ("sql", "source") for keyword in call.keywords)
    }
    assert makers == {"kernel/rules/vocabulary.py"}
