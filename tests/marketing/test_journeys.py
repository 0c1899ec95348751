"""Journeys: the walk by the clock, in the database, under kills, and the same walk simulated."""

import asyncio
from datetime import datetime
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import msgspec
import pytest

from tandem.crm.customers import service as customers
from tandem.crm.marketing.domain.journey_paths import chosen_share, paths
from tandem.crm.marketing.domain.journey_times import due
from tandem.crm.marketing.domain.journeys import Plan, Share, Split, Wait
from tandem.crm.marketing.service import journey_runs as runs
from tandem.flows import journeys as flow
from tandem.flows.customer_holders import HOLDERS, Person
from tandem.kernel.db import Query
from tests.marketing.givens import Company, Json
from tests.marketing.journeying import (
    begin,
    change,
    list_runs,
    publish,
    published,
    run_of,
    send,
    wait,
    walk,
    way,
)

MINUTE, DAY = 1, 24 * 60
TOLD_OUTSIDE = Query(
    """
    select payload from kernel.event
     where org_id = :org_id and topic = 'marketing.journey_told.v1'
    """
)
SAID = Query(
    """
    select count(*) as count, count(distinct customer_id) as people
      from notifications.message
     where org_id = :org_id and feed = :feed and state = 'queued'
    """
)
STEPS = Query(
    """
    select count(*) as steps, count(distinct (run_id, node)) as different
      from marketing.journey_step
     where org_id = :org_id
    """
)


@pytest.mark.parametrize(
    ("step", "now", "zone", "expected"),
    [
        ({"minutes": 90}, "2026-11-23T09:30Z", "Asia/Kolkata", "2026-11-23T11:00Z"),
        ({"at": "09:00"}, "2026-11-23T09:30Z", "Asia/Kolkata", "2026-11-24T03:30Z"),
        ({"at": "15:00"}, "2026-11-23T09:30Z", "Asia/Kolkata", "2026-11-23T09:30Z"),
        ({"minutes": DAY, "at": "09:00"}, "2027-01-30T10:00Z", "UTC", "2027-02-01T09:00Z"),
        ({"at": "09:00", "weekdays": [1]}, "2026-11-24T00:00Z", "UTC", "2026-11-30T09:00Z"),
        # New York: on 8 March there is no 02:30, on 1 November 01:30 comes twice.
        ({"at": "02:30"}, "2026-03-08T05:30Z", "America/New_York", "2026-03-08T07:30Z"),
        ({"at": "09:00"}, "2026-03-07T20:00Z", "America/New_York", "2026-03-08T13:00Z"),
        ({"at": "01:30"}, "2026-11-01T04:30Z", "America/New_York", "2026-11-01T05:30Z"),
        ({"minutes": DAY}, "2026-10-31T12:00Z", "America/New_York", "2026-11-01T12:00Z"),
    ],
)
def test_a_wait_is_over_by_the_clock_where_the_person_lives(
    step: Json, now: str, zone: str, expected: str
) -> None:
    given = Wait(id="w", **step)
    assert due(given, datetime.fromisoformat(now), ZoneInfo(zone)) == datetime.fromisoformat(
        expected
    )


def test_a_split_is_even_by_weight_and_the_same_for_somebody_for_ever() -> None:
    step = Split(id="s", shares=[Share(name="A", weight=3), Share(name="B")])
    journey_id, people = uuid4(), [uuid4() for _ in range(20_000)]
    chosen = [chosen_share(journey_id, person, step) for person in people]
    assert chosen == [chosen_share(journey_id, person, step) for person in people]
    deviation = (20_000 * 0.75 * 0.25) ** 0.5
    assert abs(chosen.count(0) - 15_000) < 4 * deviation


def test_what_follows_a_branch_is_reached_from_its_ends() -> None:
    branch = {"do": "branch", "id": "b", "segment_id": str(uuid4()), "then": [send("in")]}
    plan = msgspec.convert({"steps": [branch, send("after")]}, Plan)
    nodes = paths(plan)
    assert nodes["b"].branches == ("in", "after")
    assert nodes["in"].following == "after" and nodes["after"].following is None


async def test_somebody_is_walked_through_waits_messages_and_acts_each_once(
    company: Company,
) -> None:
    (person,) = await company.people(1)
    listed = await company.segment([], name="Welcomed")
    steps = [
        send("hello"),
        wait("pause", 2 * DAY),
        {"do": "act", "id": "list", "what": "add_to_list", "list_id": str(listed)},
        {"do": "act", "id": "call", "what": "add_task", "title": "Call them", "days": 3},
        {"do": "act", "id": "tell", "what": "tell_webhooks", "title": "Two days in"},
        send("again", "Still there?"),
    ]
    journey = await published(company, steps)
    run = await begin(company, journey, person)
    assert run and await begin(company, journey, person) is None
    await walk(company)
    assert await way(company, journey, run) == [("hello", "sent")]
    await walk(company, days=1, hours=23)
    assert await way(company, journey, run) == [("hello", "sent")]
    await walk(company, hours=1)
    assert await way(company, journey, run) == [
        ("hello", "sent"), ("pause", "waited"), ("list", "done"), ("call", "done"),
        ("tell", "done"), ("again", "sent"),
    ]  # fmt: skip
    async with company.work.transaction() as tx:
        (told,) = [row["payload"] for row in await tx.records(TOLD_OUTSIDE)]
    assert (told["customer_id"], told["step"], told["title"]) == (
        str(person), "tell", "Two days in",
    )  # fmt: skip
    assert (await run_of(company, journey, run))["ending"] == "done"
    async with company.database.transaction(company.actor) as tx:
        assert [one.name for one in await customers.segments_of(tx, person)] == ["Welcomed"]
        said = (await tx.records(SAID, feed=f"journey:{journey['id']}"))[0]
    assert said["count"] == 2
    assert await begin(company, journey, person) is None


async def test_who_gave_no_consent_gets_nothing_and_the_log_says_why(company: Company) -> None:
    (person,) = await company.people(1, consent=[])
    journey = await published(company, [send()])
    run = await begin(company, journey, person)
    assert run
    await walk(company)
    assert await way(company, journey, run) == [("hello", "skipped")]


async def test_entering_leaving_the_goal_and_coming_again(company: Company) -> None:
    first, second, third = await company.people(3)
    inside, goal = await company.segment([], name="New"), await company.segment([], name="Won")
    journey = await published(
        company,
        [wait("long", 10 * DAY)],
        entry={"by": "segment", "segment_id": str(inside), "again_after_days": 3},
        goal_segment_id=str(goal),
        leaves_with_segment=True,
    )
    await change(company, inside, add=[first, second, third])
    await change(company, goal, add=[first])
    await change(company, inside, remove=[second])
    endings = {one["customer_id"]: one["ending"] for one in await list_runs(company, journey)}
    assert endings == {str(first): "goal", str(second): "left", str(third): None}
    await change(company, inside, add=[second])
    assert len(await list_runs(company, journey)) == 3
    state = f"/v1/journeys/{journey['id']}/state"
    await company.client.put(state, json={"state": "paused"})
    (newcomer,) = await company.people(1, prefix="new")
    await change(company, inside, add=[newcomer])
    await change(company, goal, add=[third])
    endings = {one["customer_id"]: one["ending"] for one in await list_runs(company, journey)}
    assert endings == {str(first): "goal", str(second): "left", str(third): "goal"}, "paused too"
    await company.client.put(state, json={"state": "running"})
    company.hands.advance(days=4)
    await change(company, inside, remove=[second])
    await change(company, inside, add=[second])
    again = [one for one in await list_runs(company, journey) if one["customer_id"] == str(second)]
    assert [one["ending"] for one in again] == [None, "left"]


async def test_a_new_version_leaves_people_on_theirs_unless_they_are_moved(
    company: Company,
) -> None:
    """A-MKT-19: nobody jumps silently."""
    stays, moves = await company.people(2)
    journey = await published(company, [wait("pause", DAY), send("old")])
    runs_of = [await begin(company, journey, person) for person in (stays, moves)]
    await walk(company)
    body = {"name": "Welcome", "plan": {"steps": [wait("pause", 5 * DAY), send("new")]}}
    changed = await company.client.put(f"/v1/journeys/{journey['id']}", json=body)
    assert changed.status_code == 200, changed.text
    await publish(company, journey)
    await walk(company, days=1)
    assert runs_of[0] and await way(company, journey, runs_of[0]) == [
        ("pause", "waited"), ("old", "sent"),
    ]  # fmt: skip
    (late,) = await company.people(1, prefix="late")
    run = await begin(company, journey, late)
    await walk(company)
    third = {"name": "Welcome", "plan": {"steps": [wait("pause", 5 * DAY), send("newest")]}}
    await company.client.put(f"/v1/journeys/{journey['id']}", json=third)
    await publish(company, journey, moves_people=True)
    await walk(company, days=5)
    assert run and await way(company, journey, run) == [("pause", "waited"), ("newest", "sent")]


async def test_two_workers_and_one_that_dies_take_each_step_once(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A-MKT-18, small: workers at once, and one whose transaction is lost at every third batch."""
    people = await company.people(120)
    inside = await company.segment(people, name="All")
    journey = await published(
        company, [send("one"), wait("w", MINUTE), send("two")],
        entry={"by": "segment", "segment_id": str(inside)},
    )  # fmt: skip
    await publish(company, journey, enrols_members=True)
    await flow.enrol(company.work, journey["id"])
    keep, count = runs.keep, 0

    async def dies(*given: Any) -> None:
        nonlocal count
        count += 1
        if count % 40 == 0:
            raise ConnectionError("the worker is gone")
        await keep(*given)

    monkeypatch.setattr(runs, "keep", dies)
    for _ in range(3):
        await asyncio.gather(*(flow.take_steps(company.work) for _ in range(3)))
        company.hands.advance(minutes=2)
    monkeypatch.setattr(runs, "keep", keep)
    await flow.take_steps(company.work)
    async with company.database.transaction(company.actor) as tx:
        said = (await tx.records(SAID, feed=f"journey:{journey['id']}"))[0]
        steps = (await tx.records(STEPS))[0]
    standing = (await company.client.get(f"/v1/journeys/{journey['id']}/standing")).json()
    assert steps["steps"] == steps["different"]
    assert (said["people"], said["count"]) == (120, 240)
    assert standing["endings"] == {"done": 120}


@pytest.mark.parametrize(
    ("steps", "field"),
    [
        ([], "steps"),
        ([{"do": "send", "id": "a", "subject": "x"}], "a"),
        ([{"do": "send", "id": "a", "text": "x"}], "a"),
        ([wait("a", 0)], "a"),
        ([{"do": "act", "id": "a", "what": "add_task"}], "a"),
        ([{"do": "branch", "id": "a"}], "a"),
        ([{"do": "wait_for", "id": "a", "happening": "entered_segment", "minutes": 1}], "a"),
    ],
)
async def test_an_incomplete_draft_is_kept_but_not_published(
    company: Company, steps: list[Json], field: str
) -> None:
    made = await company.client.post("/v1/journeys", json={"name": "x", "plan": {"steps": steps}})
    assert made.status_code == 201, made.text
    refused = await company.client.post(f"/v1/journeys/{made.json()['id']}/publication", json={})
    assert (refused.status_code, refused.json()["code"]) == (422, "journey_incomplete")
    assert refused.json()["field"] == field


@pytest.mark.parametrize(
    "step",
    [
        {"do": "branch", "id": "a", "segment_id": str(uuid4())},
        {"do": "act", "id": "a", "what": "set_owner", "owner_id": str(uuid4())},
        {"do": "send", "id": "a", "template_version_id": str(uuid4())},
        {"do": "branch", "id": "a", "rule": {"field": "no_such_field", "is": "set"}},
        {"do": "send", "id": "a", "subject": "x", "text": "{{ ''.__class__ }}"},
    ],
)
async def test_what_a_step_names_must_be_there(company: Company, step: Json) -> None:
    body = {"name": "x", "plan": {"steps": [step]}}
    refused = await company.client.post("/v1/journeys", json=body)
    assert refused.status_code == 422, refused.text
    assert (await company.client.get("/v1/journeys")).json()["items"] == []


async def test_paused_nobody_moves_and_ended_everybody_is_out(company: Company) -> None:
    (person,) = await company.people(1)
    journey = await published(company, [wait("w", MINUTE), send()])
    run = await begin(company, journey, person)
    assert run
    await walk(company)
    state = f"/v1/journeys/{journey['id']}/state"
    await company.client.put(state, json={"state": "paused"})
    await walk(company, hours=1)
    assert await way(company, journey, run) == []
    await company.client.put(state, json={"state": "running"})
    await walk(company)
    assert await way(company, journey, run) == [("w", "waited"), ("hello", "sent")]
    await company.client.put(state, json={"state": "ended"})
    again = await company.client.put(state, json={"state": "running"})
    assert again.status_code == 409
    refused = await company.client.post(
        f"/v1/journeys/{journey['id']}/runs", json={"customer_id": str(person)}
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "journey_not_running")


async def test_merged_and_erased_people_take_their_ways_along_and_leave(company: Company) -> None:
    kept, merged, gone = await company.people(3)
    journey = await published(company, [wait("w", DAY), send()])
    for person in (kept, merged, gone):
        await begin(company, journey, person)
    other = await published(company, [wait("w", DAY), send()])
    await begin(company, other, merged)
    now = company.hands.now()
    async with company.work.transaction() as tx:
        await HOLDERS["journeys"].move(tx, merged, kept, None)  # type: ignore[misc]
        told = await HOLDERS["journeys"].export(tx, Person(customer_id=kept))  # type: ignore[misc]
        erased = await HOLDERS["journeys"].erase(  # type: ignore[misc]
            tx, Person(customer_id=gone), now
        )
    assert (len(told), erased.erased) == (2, 1)
    ways = {one["customer_id"]: one["ending"] for one in await list_runs(company, journey)}
    assert ways == {str(kept): None, str(merged): "stopped", str(gone): "stopped"}
    assert [one["customer_id"] for one in await list_runs(company, other)] == [str(kept)]
