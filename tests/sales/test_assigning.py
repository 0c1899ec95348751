"""Whose a lead becomes, decided from values alone."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.crm.sales.domain.assigning import (
    AssignmentRule,
    Directory,
    Group,
    Reason,
    RuleDraft,
    Strategy,
    check_draft,
    choose,
    pool_of,
)
from tandem.crm.sales.domain.reps import (
    Absence,
    Availability,
    NewAbsence,
    Person,
    Rep,
    away_until,
    check_absence,
    is_working,
)
from tandem.kernel.calendars import Calendar
from tandem.kernel.errors import Invalid

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)  # A Sunday.
ASHA, BELA, CHITRA, DEV = (UUID(int=n) for n in range(1, 5))
NAMES = {ASHA: "Asha", BELA: "Bela", CHITRA: "Chitra", DEV: "Dev"}
RULE = AssignmentRule(
    id=UUID(int=99),
    position=1,
    name="All",
    condition=None,
    strategy=Strategy.ROUND_ROBIN,
    user_ids=[ASHA, BELA, CHITRA],
    team_id=None,
    territory_id=None,
    owner_id=None,
    load_cap=None,
    keeps_hours=False,
    is_active=True,
    last_user_id=None,
    version=1,
)
WEST, PUNE = UUID(int=50), UUID(int=51)
DIRECTORY = Directory(
    people={user_id: Person(id=user_id, name=name) for user_id, name in NAMES.items()},
    teams={UUID(int=40): Group(id=UUID(int=40), name="Inside", members=[DEV, BELA])},
    territories={
        WEST: Group(id=WEST, name="West", members=[CHITRA, ASHA]),
        PUNE: Group(id=PUNE, name="Pune", parent_id=WEST),
    },
)


def rep(user_id: UUID, **facts: Any) -> Rep:
    return Rep(id=user_id, name=NAMES[user_id], **facts)


def reps(**facts: Any) -> dict[UUID, Rep]:
    return {user_id: rep(user_id, **facts.get(name, {})) for user_id, name in NAMES.items()}


def test_leads_go_round_after_whoever_had_the_last_one() -> None:
    got: list[UUID] = []
    for _ in range(7):
        chosen, _ = choose(RULE, RULE.user_ids, reps(), got[-1] if got else None)
        assert chosen
        got.append(chosen.id)
    assert got == [ASHA, BELA, CHITRA, ASHA, BELA, CHITRA, ASHA]


@pytest.mark.parametrize(
    ("facts", "reason", "detail"),
    [
        ({"may_sell": False}, Reason.NO_PERMISSION, "may not work leads"),
        (
            {"away_until": NOW + timedelta(days=2)},
            Reason.AWAY,
            "is out of office until 24 Nov 2026, 15:30",
        ),
        ({"is_working": False}, Reason.OFF_HOURS, "is outside their working hours"),
        ({"load": 5}, Reason.FULL, "has 5 open leads of 5 at most"),
        ({"load": 2, "lead_cap": 2}, Reason.FULL, "has 2 open leads of 2 at most"),
    ],
)
def test_who_cannot_take_it_is_passed_over_and_told_why(
    facts: dict[str, Any], reason: Reason, detail: str
) -> None:
    rule = msgspec.structs.replace(RULE, keeps_hours=True, load_cap=5)
    chosen, passed = choose(rule, rule.user_ids, reps(Asha=facts), None, "Asia/Kolkata")
    assert chosen is not None and chosen.id == BELA
    assert [(one.user_id, one.reason) for one in passed] == [
        (ASHA, reason),
        (CHITRA, Reason.NOT_THEIR_TURN),
    ]
    assert passed[0].detail == detail


def test_hours_and_caps_count_only_where_the_rule_asks_for_them() -> None:
    chosen, _ = choose(RULE, RULE.user_ids, reps(Asha={"is_working": False, "load": 900}), None)
    assert chosen is not None and chosen.id == ASHA


def test_nobody_eligible_leaves_nobody_and_names_everybody() -> None:
    chosen, passed = choose(RULE, [ASHA, UUID(int=7)], {ASHA: rep(ASHA, may_sell=False)}, None)
    assert chosen is None
    assert {one.reason for one in passed} == {Reason.GONE, Reason.NO_PERMISSION}


def test_the_least_busy_one_gets_it_and_equals_take_turns() -> None:
    rule = msgspec.structs.replace(RULE, strategy=Strategy.LEAST_BUSY)
    loads = reps(Asha={"load": 4}, Bela={"load": 2}, Chitra={"load": 2})
    first, passed = choose(rule, rule.user_ids, loads, None)
    second, _ = choose(rule, rule.user_ids, loads, BELA)
    assert first and first.id == BELA
    assert second and second.id == CHITRA
    assert {one.user_id: one.reason for one in passed} == {
        ASHA: Reason.BUSIER,
        CHITRA: Reason.NOT_THEIR_TURN,
    }


def test_a_pool_is_people_and_a_team_or_a_territory_or_the_one_above() -> None:
    replace = msgspec.structs.replace
    both = replace(RULE, user_ids=[DEV, ASHA], team_id=UUID(int=40))
    land = replace(RULE, strategy=Strategy.TERRITORY, territory_id=PUNE, user_ids=[])
    owner = replace(RULE, strategy=Strategy.OWNER, owner_id=DEV)
    assert pool_of(both, DIRECTORY, None) == ([DEV, ASHA, BELA], None)
    assert pool_of(land, DIRECTORY, None) == ([ASHA, CHITRA], PUNE)
    assert pool_of(replace(land, territory_id=None), DIRECTORY, WEST) == ([ASHA, CHITRA], WEST)
    assert pool_of(replace(land, territory_id=None), DIRECTORY, None) == ([], None)
    assert pool_of(owner, DIRECTORY, None) == ([DEV], None)


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (RuleDraft(name="x"), "user_ids"),
        (RuleDraft(name="x", user_ids=[UUID(int=9)]), "user_ids"),
        (RuleDraft(name="x", user_ids=[ASHA, ASHA]), "user_ids"),
        (RuleDraft(name="x", team_id=WEST), "team_id"),
        (RuleDraft(name="x", user_ids=[ASHA], territory_id=UUID(int=9)), "territory_id"),
        (RuleDraft(name="x", strategy=Strategy.OWNER), "owner_id"),
    ],
)
def test_a_rule_names_who_is_there(draft: RuleDraft, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_draft(draft, DIRECTORY)
    assert refused.value.field == field


def test_absences_that_touch_are_one() -> None:
    days = [
        Absence(id=UUID(int=n), user_id=ASHA, from_at=begins, until_at=ends, note="")
        for n, (begins, ends) in enumerate(
            [
                (NOW - timedelta(days=1), NOW + timedelta(days=1)),
                (NOW + timedelta(days=1), NOW + timedelta(days=3)),
                (NOW + timedelta(days=5), NOW + timedelta(days=6)),
            ]
        )
    ]
    assert away_until(days, NOW) == NOW + timedelta(days=3)
    assert away_until(days, NOW + timedelta(days=4)) is None
    assert away_until(days, NOW + timedelta(days=6)) is None


def test_an_absence_begins_before_it_ends() -> None:
    with pytest.raises(Invalid) as refused:
        check_absence(NewAbsence(from_at=NOW, until_at=NOW))
    assert refused.value.field == "until_at"


def test_hours_are_those_of_a_calendar_and_without_one_all() -> None:
    usual = Availability(hours=Calendar())
    assert not is_working(usual, NOW)
    assert is_working(usual, NOW + timedelta(days=1))
    assert is_working(Availability(), NOW)


@settings(max_examples=60)
@given(st.lists(st.sets(st.sampled_from([ASHA, BELA, CHITRA, DEV])), max_size=60))
def test_turns_are_fair_among_those_who_are_never_away(away: list[set[UUID]]) -> None:
    """Whoever was there all the time has at most one more than anybody else of them."""
    pool, last, got = list(NAMES), None, Counter[UUID]()
    for gone in away:
        gone = gone - {ASHA, BELA}
        state = {one: rep(one, away_until=NOW if one in gone else None) for one in pool}
        chosen, _ = choose(RULE, pool, state, last)
        assert chosen and chosen.id not in gone
        last = chosen.id
        got[last] += 1
    assert abs(got[ASHA] - got[BELA]) <= 1
