"""Leads that find their people: turns at the same moment, rules in order, waiting, simulation."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx2 as httpx
import msgspec
import pytest

from tandem.crm.identity import service as identity
from tandem.crm.sales.domain.assigning import Directory, RuleDraft, Strategy
from tandem.crm.sales.domain.leads import Channel, LeadDraft
from tandem.crm.sales.domain.opportunities import Draft
from tandem.crm.sales.domain.reps import Availability, NewAbsence
from tandem.crm.sales.service import assigning, assignment_rules, leads, reps
from tandem.crm.sales.service.lead_statuses import ensure_statuses
from tandem.flows import assign_leads, opportunities
from tandem.flows import leads as lead_flow
from tandem.kernel import outbox
from tandem.kernel.actor import Actor, Kind
from tandem.kernel.db import Database, Query, Tx
from tandem.kernel.errors import Forbidden
from tandem.kernel.jobs import Work
from tandem.kernel.reach import Standing
from tandem.kernel.resources import Resources
from tests.databases import as_app
from tests.sales.assigning import Desk, everybody, hire_five

MANY = Query(
    """
    insert into sales.lead (org_id, id, name, status_id, kind, created_at, updated_at)
    select :org_id, gen_random_uuid(), 'Lead ' || n, :status_id, 'open', :now, :now
      from generate_series(1, :count::int) as n
    returning id
    """
)
OWNERS = Query(
    "select owner_id, count(*)::int as count from sales.lead where org_id = :org_id group by 1"
)


async def many(tx: Tx, count: int, now: datetime) -> list[UUID]:
    status = (await ensure_statuses(tx))[0]
    return [row["id"] for row in await tx.records(MANY, status_id=status.id, count=count, now=now)]


async def held(tx: Tx) -> Counter[UUID | None]:
    return Counter({row["owner_id"]: row["count"] for row in await tx.records(OWNERS)})


@pytest.fixture
async def five(database: Database, actor: Actor, now: datetime) -> list[UUID]:
    async with database.transaction(actor) as tx:
        return await hire_five(tx, now)


async def test_a_thousand_leads_from_sixteen_sides_go_evenly_to_whoever_can_take_them(
    database: Database, actor: Actor, five: list[UUID], now: datetime, owner_dsn: str
) -> None:
    """A-LED-3: five people, one out of office, one at their cap; the turn outlives a restart."""
    away, full, *eligible = five
    people = await everybody(database, actor)
    async with database.transaction(actor) as tx:
        rule = await assignment_rules.add_rule(
            tx, RuleDraft(name="Everything", user_ids=five), people, now=now
        )
        until = now + timedelta(days=3)
        await reps.add_absence(
            tx, away, NewAbsence(from_at=now - timedelta(days=1), until_at=until), people, now=now
        )
        await reps.set_availability(tx, full, Availability(lead_cap=2), people, now=now)
        before = await many(tx, 2, now)
        for lead_id in before:
            await assigning.give(tx, lead_id, full, people, now=now)
        ids = await many(tx, 1000, now)

    await in_parallel(database, actor, ids[:501], people, sides=16, now=now)
    again = await Database.connect(as_app(owner_dsn), size_min=1, size_max=16)
    await in_parallel(again, actor, ids[501:], people, sides=16, now=now)

    async with again.transaction(actor) as tx:
        counts = await held(tx)
        after = await assignment_rules.get_rule(tx, rule.id)
        log = [await assigning.list_log(tx, lead_id) for lead_id in ids[:20]]
    await again.close()
    assert sorted(counts[one] for one in eligible) == [333, 333, 334]
    assert (counts[full], counts[away], counts[None]) == (2, 0, 0)
    # The turn went on where it stood: after 1,000 in turn the last one had the first one's share.
    assert after.last_user_id == eligible[0]
    assert counts[eligible[0]] == 334
    assert all(len(entries) == 1 and entries[0].rule_id == rule.id for entries in log)


async def in_parallel(
    database: Database,
    actor: Actor,
    ids: Sequence[UUID],
    people: Directory,
    *,
    sides: int,
    now: datetime,
) -> None:
    async def side(mine: Sequence[UUID]) -> None:
        for lead_id in mine:
            async with database.transaction(actor) as tx:
                await assigning.assign(tx, lead_id, people, how="captured", now=now)

    await asyncio.gather(*(side(ids[place::sides]) for place in range(sides)))


async def test_a_lead_taken_twice_at_once_uses_one_turn(
    database: Database, actor: Actor, five: list[UUID], now: datetime
) -> None:
    people = await everybody(database, actor)
    async with database.transaction(actor) as tx:
        await assignment_rules.add_rule(
            tx, RuleDraft(name="Everything", user_ids=five), people, now=now
        )
        (lead_id,) = await many(tx, 1, now)
    await in_parallel(database, actor, [lead_id] * 6, people, sides=6, now=now)
    async with database.transaction(actor) as tx:
        entries = await assigning.list_log(tx, lead_id)
        (rule,) = await assignment_rules.list_rules(tx)
    assert [entry.owner_id for entry in entries] == [five[0]]
    assert rule.last_user_id == five[0]


@pytest.fixture
async def desk(client: httpx.AsyncClient, five: list[UUID]) -> Desk:
    return Desk(client, five)


PUNE = {"field": "city", "op": "is", "value": "Pune"}


async def test_a_captured_lead_goes_by_the_first_rule_that_holds_and_says_why(
    desk: Desk, database: Database
) -> None:
    asha, bela, chitra, *_ = desk.people
    await desk.rule("Pune", condition=PUNE, strategy="owner", owner_id=chitra)
    await desk.rule("The rest", user_ids=[asha, bela])
    pune = await desk.lead(name="Ravi", email="ravi@pune.test", city="Pune")
    delhi = await desk.lead(name="Mira", email="mira@delhi.test", city="Delhi")
    await outbox.drain(database)
    assert [await desk.owner(pune), await desk.owner(delhi)] == [chitra, asha]
    (entry,) = (await desk.client.get(f"/v1/leads/{delhi['id']}/assignments")).json()
    assert (entry["how"], entry["rule_name"], entry["owner_name"]) == (
        "captured",
        "The rest",
        "Asha",
    )
    assert [(one["rule_name"], one["holds"], one["says"]) for one in entry["tried"]] == [
        ("Pune", False, "City is Pune"),
        ("The rest", True, "every lead"),
    ]
    assert [(one["name"], one["reason"]) for one in entry["tried"][1]["passed"]] == [
        ("Bela", "not_their_turn")
    ]


async def test_a_simulation_names_everybody_passed_over_and_takes_no_turn(desk: Desk) -> None:
    asha, bela, *_ = desk.people
    back = {"from_at": "2020-01-01T00:00:00Z", "until_at": "2019-01-01T00:00:00Z"}
    refused = await desk.client.post(f"/v1/reps/{asha}/absences", json=back)
    assert (refused.status_code, refused.json()["field"]) == (422, "until_at")
    over = {"from_at": "2026-01-01T00:00:00Z", "until_at": "2027-02-01T00:00:00Z"}
    assert (await desk.client.post(f"/v1/reps/{asha}/absences", json=over)).status_code == 201
    await desk.rule("Pune", condition=PUNE, strategy="owner", owner_id=asha)
    await desk.rule("The rest", user_ids=[asha, bela])
    found = await desk.simulate(lead={"name": "Ravi", "city": "PUNE"})
    again = await desk.simulate(lead={"name": "Ravi", "city": "PUNE"})
    assert found == again
    assert (found["owner_id"], found["rule_name"]) == (bela, "The rest")
    first, second = found["tried"]
    assert first["holds"] is True
    assert first["explanation"]["value"] == "PUNE"
    assert [(one["name"], one["reason"]) for one in first["passed"]] == [("Asha", "away")]
    assert [one["reason"] for one in second["passed"]] == ["away"]
    rules = (await desk.client.get("/v1/assignment-rules")).json()
    assert [one["last_user_id"] for one in rules] == [None, None]


async def test_a_lead_waits_while_nobody_is_there_and_is_taken_up_then(
    desk: Desk, database: Database, actor: Actor
) -> None:
    asha = desk.people[0]
    absence = {"from_at": "2026-01-01T00:00:00Z", "until_at": "2027-02-01T00:00:00Z"}
    made = await desk.client.post(f"/v1/reps/{asha}/absences", json=absence)
    await desk.rule("Asha's", strategy="owner", owner_id=asha)
    lead = await desk.lead(name="Ravi", email="ravi@wait.test")
    await outbox.drain(database)
    work = Work(database, Resources(), actor.org_id)
    await assign_leads.take_up_waiting(work)
    assert await desk.owner(lead) is None
    gone = await desk.client.delete(f"/v1/reps/{asha}/absences/{made.json()['id']}")
    assert gone.status_code == 204
    await assign_leads.take_up_waiting(work)
    assert await desk.owner(lead) == asha
    entries = (await desk.client.get(f"/v1/leads/{lead['id']}/assignments")).json()
    assert [one["how"] for one in entries] == ["taken_up"]
    async with database.transaction(actor) as tx:
        assert await assigning.count_waiting(tx) == 0


async def test_who_writes_a_lead_in_keeps_it_unless_a_rule_or_somebody_says_whose_it_is(
    desk: Desk, database: Database, actor: Actor, now: datetime
) -> None:
    asha, bela, *_ = (UUID(one) for one in desk.people)
    grants = frozenset({"sales.read", "sales.write"})
    own = frozenset({("sales.read", "own"), ("sales.write", "own")})
    rep = Actor(
        org_id=actor.org_id,
        user_id=asha,
        grants=grants,
        standing=Standing(user_id=asha, narrow=own),
    )
    key = msgspec.structs.replace(rep, kind=Kind.API_KEY, user_id=UUID(int=1), maker_id=asha)
    wide_key = msgspec.structs.replace(key, standing=None)
    head = Actor(org_id=actor.org_id, user_id=asha, grants=grants)
    await desk.rule("Pune", owner_id=str(bela), strategy="owner", condition=PUNE)
    team = UUID(int=9)
    cases: list[tuple[Actor, dict[str, Any], UUID | None, UUID | None]]
    cases = [
        (rep, {}, asha, asha),
        (rep, {"city": "Pune"}, asha, bela),
        (rep, {"city": "Pune", "owner_id": asha}, asha, asha),
        (rep, {"team_id": team}, asha, asha),
        (key, {}, asha, asha),
        (head, {}, asha, asha),
        (head, {"team_id": team}, None, None),
        (wide_key, {}, None, None),
        (wide_key, {"city": "Pune"}, None, bela),
    ]
    for place, (who, given, at_once, then) in enumerate(cases):
        async with database.transaction(who) as tx:
            draft = LeadDraft(name="Ravi", email=f"{place}@whose.test", **given)
            made = await lead_flow.add_lead(tx, draft, now=now)
            assert made.lead.owner_id == at_once, place
            assert at_once is None or await leads.get_lead(tx, made.lead.id)
        await outbox.drain(database)
        assert await desk.owner({"id": str(made.lead.id)}) == (then and str(then)), place
    async with database.transaction(wide_key) as tx:
        deal = await opportunities.open_opportunity(tx, Draft(title="Racks"), now=now)
    assert deal.owner_id == asha


async def test_by_hand_a_lead_goes_to_somebody_by_name_or_by_the_rules(desk: Desk) -> None:
    asha, bela, *_ = desk.people
    await desk.rule("All", user_ids=[bela])
    lead = await desk.lead(name="Ravi", email="ravi@hand.test")
    path = f"/v1/leads/{lead['id']}/assignment"
    named = await desk.client.post(path, json={"owner_id": asha})
    assert (named.status_code, await desk.owner(lead)) == (201, asha)
    ruled = await desk.client.post(path, json={})
    assert (ruled.json()["rule_name"], await desk.owner(lead)) == ("All", bela)
    nobody = await desk.client.post(path, json={"owner_id": str(UUID(int=5))})
    assert (nobody.status_code, nobody.json()["field"]) == (422, "owner_id")
    entries = (await desk.client.get(f"/v1/leads/{lead['id']}/assignments")).json()
    assert [(one["owner_id"], one["from_owner_id"]) for one in entries] == [
        (bela, asha),
        (asha, None),
    ]


async def test_rules_are_put_in_order_changed_and_taken_away(desk: Desk) -> None:
    one = await desk.rule("One", user_ids=desk.people[:1])
    two = await desk.rule("Two", user_ids=desk.people[1:2])
    client = desk.client
    ordered = await client.put("/v1/assignment-rules", json={"ids": [two["id"], one["id"]]})
    assert [rule["name"] for rule in ordered.json()] == ["Two", "One"]
    short = await client.put("/v1/assignment-rules", json={"ids": [two["id"]]})
    assert (short.status_code, short.json()["field"]) == (422, "ids")
    path = f"/v1/assignment-rules/{one['id']}"
    body = {"name": "two", "user_ids": desk.people[:2]}
    taken = await client.put(path, json=body)
    assert (taken.status_code, taken.json()["code"]) == (409, "assignment_rule_taken")
    stale = await client.put(path, json=body | {"name": "Uno"}, headers={"if-match": '"9"'})
    assert stale.status_code == 412
    wrong = await client.put(path, json=body | {"condition": {"field": "moon", "op": "is"}})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "condition.field")
    changed = await client.put(path, json=body | {"name": "Uno"}, headers={"if-match": '"1"'})
    assert (changed.json()["name"], changed.json()["version"]) == ("Uno", 2)
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).status_code == 404
    assert [rule["name"] for rule in (await client.get("/v1/assignment-rules")).json()] == ["Two"]


async def test_the_least_busy_one_and_the_territory_get_theirs(
    desk: Desk, database: Database, actor: Actor, now: datetime
) -> None:
    asha, bela, _, dev, _ = (UUID(one) for one in desk.people)
    async with database.transaction(actor) as tx:
        west = await identity.add_node(
            tx, identity.TERRITORIES, name="West", parent_id=None, now=now
        )
        await identity.join_node(tx, identity.TERRITORIES, west.id, dev, now=now)
        people = await assign_leads.directory(tx)
        busy, lead_id, land_lead = await many(tx, 3, now)
        await assigning.give(tx, busy, asha, people, now=now)
        rule = await assignment_rules.add_rule(
            tx,
            RuleDraft(name="Idle", strategy=Strategy.LEAST_BUSY, user_ids=[asha, bela]),
            people,
            now=now,
        )
        idle = await assigning.assign(tx, lead_id, people, how="captured", now=now)
        land = RuleDraft(name="Idle", strategy=Strategy.TERRITORY, territory_id=west.id)
        await assignment_rules.change_rule(tx, rule.id, land, people, now=now)
        choice = await assigning.assign(tx, land_lead, people, how="captured", now=now)
        lead = await leads.get_lead(tx, land_lead)
    assert idle.owner_id == bela
    assert (choice.owner_id, lead.owner_id, lead.territory_id) == (dev, dev, west.id)


async def test_one_sets_ones_own_hours_and_nobody_elses(
    desk: Desk, database: Database, actor: Actor, now: datetime
) -> None:
    asha, bela, *_ = (UUID(one) for one in desk.people)
    rep = Actor(org_id=actor.org_id, user_id=asha, grants=frozenset({"sales.write", "sales.read"}))
    people = await everybody(database, actor)
    night = {"hours": {"hours": [{"weekday": 1, "opens": "00:00", "closes": "00:01"}]}}
    hours = await desk.client.put(f"/v1/reps/{bela}", json=night)
    assert hours.status_code == 200, hours.text
    absence = NewAbsence(from_at=now, until_at=now + timedelta(hours=1))
    async with database.transaction(rep) as tx:
        await reps.add_absence(tx, asha, absence, people, now=now)
        with pytest.raises(Forbidden):
            await reps.add_absence(tx, bela, absence, people, now=now)
        with pytest.raises(Forbidden):
            await reps.set_availability(tx, asha, Availability(lead_cap=1), people, now=now)
        desks = await reps.list_desks(tx, people, now=datetime(2026, 11, 24, tzinfo=UTC))
    assert {one.rep.name: one.rep.is_working for one in desks}["Bela"] is False
    wrong = await desk.client.put(
        f"/v1/reps/{bela}",
        json={"hours": {"hours": [{"weekday": 1, "opens": "10:00", "closes": "09:00"}]}},
    )
    assert (wrong.status_code, wrong.json()["field"]) == (422, "hours.hours")


async def test_a_lead_somebody_owns_is_left_alone(
    database: Database, actor: Actor, five: list[UUID], now: datetime
) -> None:
    people = await everybody(database, actor)
    async with database.transaction(actor) as tx:
        await assignment_rules.add_rule(tx, RuleDraft(name="All", user_ids=five), people, now=now)
        draft = LeadDraft(name="Ravi", email="own@test.test", owner_id=five[3])
        made = await leads.add_lead(tx, draft, channel=Channel.API, now=now)
        choice = await assigning.assign(tx, made.lead.id, people, how="captured", now=now)
        (rule,) = await assignment_rules.list_rules(tx)
    assert (choice.owner_id, choice.rule_id, rule.last_user_id) == (five[3], None, None)


async def test_an_owner_set_by_hand_stands_in_the_log_too(desk: Desk) -> None:
    asha, bela, *_ = desk.people
    lead = await desk.lead(name="Ravi", email="ravi@patch.test", owner_id=asha)
    at = f"/v1/leads/{lead['id']}"
    assert (await desk.client.patch(at, json={"owner_id": bela})).status_code == 200
    (entry,) = (await desk.client.get(f"{at}/assignments")).json()
    assert (entry["how"], entry["from_owner_id"], entry["owner_id"]) == ("by_hand", asha, bela)
