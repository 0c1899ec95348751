from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tandem.kernel import rules
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.ids import new_id
from tandem.kernel.rules import Moment, RuleWrong
from tandem.kernel.rules.reading import DEPTH_MAX, LEAVES_MAX
from tests.kernel.rules_given import FACTS, MATCH, NOW, PERSON, PURCHASE, RULE, WORDS, ZONES

Person = dict[str, Any]
INDIA = Moment(now=NOW)


def rows_of(people: list[Person]) -> list[dict[str, Any]]:
    return [
        {
            "id": place,
            **{name: value for name, value in person.items() if "." not in name},
            "worth": None if person.get("worth") is None else str(person["worth"]),
            "cost": None if person.get("cost") is None else int(person["cost"] * 100),
            "custom": {
                name.partition(".")[2]: float(value) if isinstance(value, Decimal) else value
                for name, value in person.items()
                if "." in name and value is not None
            },
        }
        for place, person in enumerate(people)
    ]


def events_of(bought: list[tuple[int, datetime, Decimal | None]]) -> list[dict[str, Any]]:
    return [
        {"customer_id": who, "at": at, "worth": None if worth is None else str(worth)}
        for who, at, worth in bought
    ]


async def matching(
    database: Database,
    rule: rules.Rule,
    moment: Moment,
    people: list[Person],
    bought: list[Any],
    *,
    is_whole: bool = False,
) -> list[int]:
    """The ids that PostgreSQL finds."""
    statement = MATCH.with_rule(rules.condition(rule, WORDS, moment, is_whole=is_whole))
    async with database.transaction(Actor.system(new_id())) as tx:
        found = await tx.records(statement, people=rows_of(people), events=events_of(bought))
    return [row["id"] for row in found]


def judged(
    rule: rules.Rule, moment: Moment, people: list[Person], bought: list[Any]
) -> list[rules.Facts]:
    return [
        rules.facts_of(
            person,
            {"bought": [(at, {"worth": worth}) for who, at, worth in bought if who == place]},
            WORDS,
            moment,
        )
        for place, person in enumerate(people)
    ]


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    given_rule=RULE,
    people=st.lists(PERSON, min_size=1, max_size=6),
    bought=st.lists(PURCHASE, max_size=12),
    zone=st.sampled_from(ZONES),
)
async def test_sql_python_and_the_explanation_agree_on_everybody(
    database: Database, given_rule: Any, people: list[Person], bought: list[Any], zone: str
) -> None:
    moment = Moment(now=NOW, zone=zone)
    rule = rules.read(given_rule, WORDS)

    in_sql = await matching(database, rule, moment, people, bought)

    assert in_sql == await matching(database, rule, moment, people, bought, is_whole=True)
    everybody = judged(rule, moment, people, bought)
    assert in_sql == [
        place for place, facts in enumerate(everybody) if rules.holds(rule, facts, WORDS, moment)
    ]
    asked = FACTS.with_rule(rules.facts(rule, WORDS, moment))
    async with database.transaction(Actor.system(new_id())) as tx:
        rows = await tx.records(asked, people=rows_of(people), events=events_of(bought))
    why = [rules.explain_row(rule, row["facts"], WORDS, moment) for row in rows]
    assert [place for place, one in enumerate(why) if one.holds] == in_sql
    assert rules.describe(rule, WORDS)


@pytest.mark.parametrize(
    ("leaf", "value", "verdict"),
    [
        ({"field": "name", "op": "is", "value": "asha"}, "ASHA", True),
        ({"field": "name", "op": "is", "value": "ä"}, "Ä", False),
        ({"field": "name", "op": "is_not", "value": "asha"}, None, True),
        ({"field": "name", "op": "contains", "value": "%"}, "a", False),
        ({"field": "name", "op": "set"}, "", False),
        ({"field": "worth", "op": "lt", "value": 5}, None, False),
        ({"field": "worth", "op": "is_not", "value": 5}, None, True),
        ({"field": "worth", "op": "is", "value": "0.1"}, Decimal("0.10"), True),
        ({"field": "cost", "op": "is", "value": "7.25"}, Decimal("7.25"), True),
        ({"field": "cost", "op": "is", "value": "7.251"}, Decimal("7.25"), False),
        ({"field": "cost", "op": "is_not", "value": "7.251"}, Decimal("7.25"), True),
        ({"field": "cost", "op": "lt", "value": "7.251"}, Decimal("7.25"), True),
        ({"field": "cost", "op": "gt", "value": "7.249"}, Decimal("7.25"), True),
        ({"field": "cost", "op": "gte", "value": "7.251"}, Decimal("7.25"), False),
        ({"field": "cost", "op": "lte", "value": "-7.251"}, Decimal("-7.25"), False),
        ({"field": "cost", "op": "gt", "value": "1e15"}, Decimal("1e15"), False),
        ({"field": "cost", "op": "between", "value": ["7.241", "7.249"]}, Decimal("7.25"), False),
        ({"field": "cost", "op": "in", "value": ["7.241", "7.25"]}, Decimal("7.25"), True),
        ({"field": "tags", "op": "has_none", "value": ["vip"]}, None, True),
        ({"field": "tags", "op": "has_all", "value": ["vip", "b2b"]}, ["b2b", "vip", "x"], True),
        ({"field": "tags", "op": "unset"}, [], True),
        ({"field": "born", "op": "in_last", "value": "P30D"}, date(2026, 10, 23), True),
        ({"field": "born", "op": "in_last", "value": "P30D"}, date(2026, 10, 22), False),
        ({"field": "born", "op": "in_last", "value": "P30D"}, date(2026, 11, 23), False),
        ({"field": "born", "op": "on", "value": {"ago": "P1M"}}, date(2026, 10, 22), True),
        ({"field": "born", "op": "before", "value": {"ago": "P18M"}}, date(2025, 5, 21), True),
        ({"field": "born", "op": "anniversary_in_next", "value": "P7D"}, date(1990, 11, 29), True),
        ({"field": "born", "op": "anniversary_in_next", "value": "P7D"}, date(1990, 11, 30), False),
    ],
)
async def test_a_comparison_means_the_same_in_both(
    database: Database, leaf: Any, value: Any, verdict: bool
) -> None:
    rule = rules.read(leaf, WORDS)
    person = {leaf["field"]: value}
    assert await matching(database, rule, INDIA, [person], []) == ([0] if verdict else [])
    facts = rules.facts_of(person, {}, WORDS, INDIA)
    assert rules.holds(rule, facts, WORDS, INDIA) is verdict


@pytest.mark.parametrize(
    ("zone", "edge"),
    [
        # The first instant of 23 October 2026, thirty local days before each zone's today.
        ("Asia/Kolkata", datetime(2026, 10, 22, 18, 30, tzinfo=UTC)),
        ("UTC", datetime(2026, 10, 23, 0, 0, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 10, 23, 4, 0, tzinfo=UTC)),  # daylight saving then
        ("America/St_Johns", datetime(2026, 10, 23, 2, 30, tzinfo=UTC)),
        ("Pacific/Auckland", datetime(2026, 10, 22, 11, 0, tzinfo=UTC)),
    ],
)
async def test_the_last_thirty_days_begin_at_the_companys_own_midnight(
    database: Database, zone: str, edge: datetime
) -> None:
    moment = Moment(now=NOW, zone=zone)
    rule = rules.read({"field": "seen", "op": "in_last", "value": "P30D"}, WORDS)
    step = timedelta(microseconds=1)
    people = [{"seen": at} for at in (edge - step, edge, NOW, NOW + step)]
    assert await matching(database, rule, moment, people, []) == [1, 2]


def nested(depth: int) -> Any:
    rule: Any = {"field": "name", "op": "set"}
    for _ in range(depth):
        rule = {"not": rule}
    return rule


LEAF = {"field": "name", "op": "set"}


@pytest.mark.parametrize(
    ("given_rule", "path"),
    [
        ([], "rule"),
        ("name = 'x'", "rule"),
        ({}, "rule"),
        ({"all": []}, "rule.all"),
        ({"all": LEAF}, "rule.all"),
        ({"all": [LEAF], "any": [LEAF]}, "rule"),
        ({"all": [LEAF, {"any": [{"field": "nam", "op": "set"}]}]}, "rule.all[1].any[0].field"),
        ({"not": {"field": "name", "op": "~"}}, "rule.not.op"),
        ({"field": "name); drop table x", "op": "set"}, "rule.field"),
        ({"field": "name", "op": "is"}, "rule.value"),
        ({"field": "name", "op": "set", "value": 1}, "rule.value"),
        ({"field": "name", "op": "is", "value": "a\x00b"}, "rule.value"),
        ({"field": "name", "op": "is", "value": "\ud800"}, "rule.value"),
        ({"field": "name", "op": "is", "value": "x" * 501}, "rule.value"),
        ({"field": "name", "op": "in", "value": []}, "rule.value"),
        ({"field": "name", "op": "is", "value": "x", "or": 1}, "rule"),
        ({"field": "stage", "op": "is", "value": "lost"}, "rule.value"),
        ({"field": "worth", "op": "gt", "value": "NaN"}, "rule.value"),
        ({"field": "worth", "op": "gt", "value": 1e300}, "rule.value"),
        ({"field": "worth", "op": "gt", "value": True}, "rule.value"),
        ({"field": "worth", "op": "between", "value": [1]}, "rule.value"),
        ({"field": "is_new", "op": "is", "value": 1}, "rule.value"),
        ({"field": "born", "op": "in_last", "value": "P30"}, "rule.value"),
        ({"field": "born", "op": "in_last", "value": "PT5H"}, "rule.value"),
        ({"field": "born", "op": "on", "value": "2026-02-30"}, "rule.value"),
        ({"field": "born", "op": "on", "value": "9999-12-31"}, "rule.value"),
        ({"field": "seen", "op": "before", "value": "2026-11-22T10:00:00"}, "rule.value"),
        ({"field": "seen", "op": "in_last", "value": "P11Y"}, "rule.value"),
        ({"event": "flew"}, "rule.event"),
        ({"event": "bought", "count": {"op": "gte", "n": -1}}, "rule.count.n"),
        ({"event": "bought", "count": {"op": "about", "n": 1}}, "rule.count.op"),
        ({"event": "bought", "within": "1 day"}, "rule.within"),
        ({"event": "bought", "where": [{"field": "name", "op": "set"}]}, "rule.where[0].field"),
        ({"event": "bought", "where": [{"any": []}]}, "rule.where[0]"),
        (nested(DEPTH_MAX), "rule" + ".not" * DEPTH_MAX),
        ({"any": [{"any": [LEAF] * 50}] * 3}, "rule.any[2].any[0]"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_at_the_place_at_fault(
    given_rule: Any, path: str
) -> None:
    with pytest.raises(RuleWrong) as refused:
        rules.read(given_rule, WORDS)
    assert (refused.value.field, refused.value.status) == (path, 422)
    assert LEAVES_MAX == 100


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["all", "any", "not", "field", "op", "value", "event", "count", "n"]),
            inner
            | st.sampled_from([*WORDS.fields, "bought", "is", "in_last", "has", "gte", "P1D"]),
            max_size=3,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(given_rule=JSON | RULE.map(lambda rule: {"all": [rule, rule]}))
def test_any_json_is_read_or_refused(given_rule: Any) -> None:
    try:
        rule = rules.read(given_rule, WORDS)
    except RuleWrong:
        return
    made = rules.condition(rule, WORDS, INDIA)
    assert set(made.values) == {f"rule_{place}" for place in range(len(made.values))}


def test_nothing_a_user_wrote_becomes_text_of_the_statement() -> None:
    evil = "x'; drop table customers.customer; --"
    words = WORDS.with_custom([rules.CustomField(key=evil, kind=rules.Kind.TEXT, label=evil)])
    rule = rules.read({"field": f"custom.{evil}", "op": "contains", "value": evil}, words)
    made = rules.condition(rule, words, INDIA)
    assert "drop" not in MATCH.with_rule(made).sql
    assert list(made.values.values()) == [evil, evil]


def test_an_explanation_names_every_leaf_its_value_and_its_verdict() -> None:
    rule = rules.read(
        {
            "all": [
                {"field": "worth", "op": "gte", "value": 100},
                {"not": {"event": "bought", "count": {"op": "gte", "n": 2}, "within": "P30D",
                         "where": [{"field": "worth", "op": "gt", "value": 5}]}},
            ]
        },
        WORDS,
    )  # fmt: skip
    bought = [(NOW - timedelta(days=n), {"worth": Decimal(9)}) for n in (1, 2, 3)]
    facts = rules.facts_of({"worth": Decimal(250)}, {"bought": bought}, WORDS, INDIA)

    why = rules.explain(rule, facts, WORDS, INDIA)

    assert (why.kind, why.holds) == ("all", False)
    assert [(part.says, part.holds, part.value) for part in why.parts] == [
        ("worth is at least 100", True, Decimal(250)),
        ("not this", False, None),
    ]
    event = why.parts[1].parts[0]
    assert (event.says, event.holds, event.value) == (
        "bought at least 2 times in the last 30 days where worth is more than 5",
        True,
        3,
    )


async def test_a_condition_keeps_to_its_organisation() -> None:
    rule = rules.read(LEAF, WORDS)
    made = rules.condition(rule, WORDS, INDIA)
    with pytest.raises(AssertionError, match="organisation"):
        rules.Compiled("select 1 where {rule}", made.values)
    actor = Actor.system(new_id())
    with pytest.raises(AssertionError, match="comes from the actor"):
        MATCH.with_rule(made).bind(actor, {"org_id": new_id(), "people": [], "events": []})
