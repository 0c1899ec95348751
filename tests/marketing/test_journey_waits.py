"""What journeys wait for: to the second, by when it happened, and simulated alike."""

from datetime import timedelta
from uuid import uuid4

import pytest

from tandem.contracts.orders import OrderPlaced
from tandem.crm.customers import service as customers
from tandem.crm.marketing.service import journey_runs as runs
from tandem.flows import journeys as flow
from tandem.kernel import outbox
from tests.marketing.givens import Company, Json
from tests.marketing.journeying import (
    begin,
    published,
    send,
    wait,
    walk,
    way,
)

MINUTE, DAY = 1, 24 * 60


@pytest.mark.parametrize(
    ("seconds", "branch"), [(-1, "thanks"), (0, "thanks"), (1, "reminder"), (None, "reminder")]
)
async def test_what_is_waited_for_counts_to_the_very_second_and_is_simulated_alike(
    company: Company, seconds: int | None, branch: str
) -> None:
    """A-MKT-17: an event just at the time-out takes one branch, live as in the simulation."""
    (person,) = await company.people(1)
    entered = await company.segment([], name="Bought")
    steps = [
        {
            "do": "wait_for", "id": "buys", "happening": "entered_segment", "minutes": DAY,
            "segment_id": str(entered), "then": [send("thanks")], "otherwise": [send("reminder")],
        },
        wait("end", MINUTE),
    ]  # fmt: skip
    journey = await published(company, steps)
    started = company.hands.now()
    asked: Json = {"customer_id": str(person), "days": 60}
    if seconds is not None and seconds % 60 == 0:
        asked["events"] = [
            {"happening": "entered_segment", "segment_id": str(entered), "after_minutes": DAY}
        ]
    path = f"/v1/journeys/{journey['id']}/simulation"
    simulated = (await company.client.post(path, json=asked)).json()
    run = await begin(company, journey, person)
    assert run
    await walk(company)
    if seconds is not None:
        company.hands.at = started + timedelta(minutes=DAY, seconds=seconds)
        at = company.hands.now()
        async with company.work.transaction() as tx:
            await runs.happened(tx, person, f"entered:{entered}", at=at, now=at)
    await flow.take_steps(company.work)
    company.hands.at = max(company.hands.at, started + timedelta(minutes=DAY))
    await walk(company, seconds=11)
    await walk(company, minutes=5)
    took = await way(company, journey, run)
    assert [node for node, _ in took] == ["buys", branch, "end"]
    if seconds in (0, None):
        assert [one["node"] for one in simulated["steps"]] == ["buys", branch, "end"]
        assert simulated["ending"] == "done"


async def test_who_is_at_the_goal_already_gets_nothing_simulated_and_live(
    company: Company,
) -> None:
    """Also where they arrived while it was not told yet."""
    ids = await company.people(3)
    goal = await company.segment(ids[:1], name="Won")
    steps = [send("first"), wait("w", 60), send("late")]
    journey = await published(company, steps, goal_segment_id=str(goal))
    body = {"customer_id": str(ids[0])}
    path = f"/v1/journeys/{journey['id']}"
    seen = (await company.client.post(f"{path}/simulation", json=body)).json()
    assert ([one["outcome"] for one in seen["steps"]], seen["ending"]) == (["goal"], "goal")
    walking = [await begin(company, journey, one) for one in ids]
    await walk(company)
    async with company.database.transaction(company.actor) as tx:
        segment = await customers.lock_segment(tx, goal)
        await customers.add_to_segment(tx, segment, [ids[1]], now=company.hands.now())
    await walk(company, minutes=60)
    ways = [await way(company, journey, run) for run in walking if run]
    assert ways == [
        [("first", "goal")],
        [("first", "sent"), ("w", "goal")],
        [("first", "sent"), ("w", "waited"), ("late", "sent")],
    ]
    entry = {"by": "segment", "segment_id": str(goal)}
    plan = {"steps": steps, "goal_segment_id": str(goal), "entry": entry}
    odd = await company.client.post("/v1/journeys", json={"name": "Odd", "plan": plan})
    refused = await company.client.post(f"/v1/journeys/{odd.json()['id']}/publication", json={})
    assert (refused.status_code, refused.json()["field"]) == (422, "goal_segment_id")


async def test_what_happens_in_a_simulation_counts_once_and_the_goal_ends_it(
    company: Company,
) -> None:
    """A-MKT-17: as in a real walk."""
    (person,) = await company.people(1)
    goal = await company.segment([], name="Won")
    waits: list[Json] = [
        {"do": "wait_for", "id": step_id, "happening": "clicked", "minutes": DAY, "then": [],
         "otherwise": []}
        for step_id in ("first", "second")
    ]  # fmt: skip
    plan = {"steps": [*waits, wait("long", 10 * DAY), send("late")], "goal_segment_id": str(goal)}
    made = await company.client.post("/v1/journeys", json={"name": "J", "plan": plan})
    click: Json = {"happening": "clicked", "after_minutes": 60}
    won: Json = {"happening": "entered_segment", "segment_id": str(goal)}

    async def simulated(*events: Json) -> tuple[list[str], str]:
        answer = await company.client.post(
            f"/v1/journeys/{made.json()['id']}/simulation",
            json={"customer_id": str(person), "events": list(events)},
        )
        found = answer.json()
        return [f"{one['node']} {one['outcome']}" for one in found["steps"]], found["ending"]

    through = ["first happened", "second timed_out", "long waited", "late would_send"]
    assert await simulated(click) == (through, "done")
    both = ["first happened", "second happened"]
    assert (await simulated(click, click))[0][:2] == both
    assert await simulated(click, click, won | {"after_minutes": 3 * DAY}) == (
        [*both, "long goal"], "goal",
    )  # fmt: skip
    assert await simulated(won | {"after_minutes": 30}, click) == (["first goal"], "goal")
    assert await simulated(click, won | {"after_minutes": 40 * DAY}) == (through, "done")


async def test_when_an_order_was_placed_counts_and_not_when_it_is_told_of(
    company: Company,
) -> None:
    in_time, too_late = await company.people(2)
    steps = [
        {"do": "wait_for", "id": "buys", "happening": "ordered", "minutes": DAY,
         "then": [send("thanks")], "otherwise": [send("reminder")]},
    ]  # fmt: skip
    journey = await published(company, steps)
    begun = [await begin(company, journey, person) for person in (in_time, too_late)]
    await walk(company)
    company.hands.advance(minutes=DAY)
    for person, seconds in ((in_time, 0), (too_late, 1)):
        company.hands.advance(seconds=seconds)
        async with company.work.transaction() as tx:
            await tx.publish(
                OrderPlaced(
                    order_id=uuid4(), number="SO-1", customer_id=person, payment_method="prepaid",
                    currency="INR", total_minor=100, promised_on=None, expires_at=None,
                )
            )  # fmt: skip
    company.hands.advance(seconds=5)
    await outbox.drain(company.database)
    await walk(company, seconds=6)
    ways = [await way(company, journey, run) for run in begun if run]
    assert ways == [
        [("buys", "happened"), ("thanks", "sent")], [("buys", "timed_out"), ("reminder", "sent")],
    ]  # fmt: skip
