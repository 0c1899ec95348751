"""One person's facts as PostgreSQL answered them (`facts`), back in Python for `explain`."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from tandem.kernel.rules.judging import Explanation, Facts, explain
from tandem.kernel.rules.periods import Moment
from tandem.kernel.rules.tree import Happened, Leaf, Rule, leaves_of
from tandem.kernel.rules.vocabulary import Kind, Vocabulary

_TYPES: Mapping[Kind, Any] = {
    Kind.TEXT: str,
    Kind.NUMBER: Decimal,
    Kind.FLAG: bool,
    Kind.DATE: date,
    Kind.INSTANT: datetime,
    Kind.TAGS: list[str],
}


def fact_of_row(rule: Rule, row: Sequence[Any], vocabulary: Vocabulary) -> Facts:
    """Facts in the order of the rule's leaves, as the place `{facts}` gave them."""
    leaves = list(leaves_of(rule))
    assert len(leaves) == len(row), "one fact for each leaf"
    known = {
        id(leaf): _typed(leaf, fact, vocabulary) for leaf, fact in zip(leaves, row, strict=True)
    }
    return lambda leaf: known[id(leaf)]


def explain_row(
    rule: Rule, row: Sequence[Any], vocabulary: Vocabulary, moment: Moment
) -> Explanation:
    """Why this person is in or out: the tree with what PostgreSQL saw and the verdicts."""
    return explain(rule, fact_of_row(rule, row, vocabulary), vocabulary, moment)


def _typed(leaf: Leaf, fact: Any, vocabulary: Vocabulary) -> Any:
    if isinstance(leaf, Happened) or fact is None:
        return fact
    typed = msgspec.convert(fact, _TYPES[vocabulary.fields[leaf.field].kind])
    return typed.astimezone(UTC) if isinstance(typed, datetime) else typed
