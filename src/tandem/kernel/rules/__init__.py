"""One rule language for segments, scoring, assignment, journeys and alerts.

A rule is JSON: `{"all": […]}`, `{"any": […]}`, `{"not": …}` around leaves. A leaf compares a field
(`{"field": "city", "op": "is", "value": "Pune"}`) or counts what happened (`{"event":
"order_placed", "count": {"op": "gte", "n": 2}, "within": "P30D", "where": […]}`). `read` checks it
against a `Vocabulary`; then the same rule is a condition in SQL (`condition`, put into a
`RuledQuery`), a verdict in Python (`holds`) and an explanation (`explain`). All three agree.
"""

from tandem.kernel.rules.asking import explain_row, fact_of_row
from tandem.kernel.rules.bounding import RuleTooSlow, bounded, everybody
from tandem.kernel.rules.compiling import condition, facts
from tandem.kernel.rules.judging import Explanation, Facts, describe, explain, facts_of, holds
from tandem.kernel.rules.periods import Moment
from tandem.kernel.rules.reading import RuleWrong, read
from tandem.kernel.rules.statements import Compiled, Condition, RuledQuery, written
from tandem.kernel.rules.tree import (
    All,
    Compare,
    Exactly,
    Happened,
    Not,
    Rule,
    Some,
    leaves_of,
)
from tandem.kernel.rules.vocabulary import (
    OPERATORS,
    VOCABULARIES,
    Behaviour,
    CustomField,
    Field,
    Kind,
    Vocabulary,
)

__all__ = [
    "OPERATORS",
    "VOCABULARIES",
    "All",
    "Behaviour",
    "Compare",
    "Compiled",
    "Condition",
    "CustomField",
    "Exactly",
    "Explanation",
    "Facts",
    "Field",
    "Happened",
    "Kind",
    "Moment",
    "Not",
    "Rule",
    "RuleTooSlow",
    "RuleWrong",
    "RuledQuery",
    "Some",
    "Vocabulary",
    "bounded",
    "condition",
    "describe",
    "everybody",
    "explain",
    "explain_row",
    "fact_of_row",
    "facts",
    "facts_of",
    "holds",
    "leaves_of",
    "read",
    "written",
]
