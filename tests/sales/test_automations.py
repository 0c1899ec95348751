"""When something happens to a lead or a deal, what was asked for is done: once, whole, or not."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2 as httpx
import pytest

from tandem.flows import automations
from tandem.kernel import outbox
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query
from tandem.kernel.jobs import Work
from tandem.kernel.resources import Resources
from tests.clocks import Stopped
from tests.identity.company import hire
from tests.sales.converting import Desk

TOLD = Query(
    """
    select user_id, title, body, link from notifications.inbox_item
     where org_id = :org_id and kind = 'automation' order by id
    """
)
TAPS = Query(
    """
    select topic from kernel.event_tap
     where org_id = :org_id and subscriber = 'automations.react' order by topic
    """
)


async def rule(desk: Desk, name: str, trigger: str, *actions: Any, **more: Any) -> dict[str, Any]:
    return await desk.made(
        "/v1/automations", name=name, trigger=trigger, actions=list(actions), **more
    )


async def runs(desk: Desk, made: dict[str, Any]) -> list[tuple[str, str]]:
    found = await desk.read(f"/v1/automations/{made['id']}/runs")
    return [(one["number"], one["outcome"]) for one in found]


async def test_a_lead_that_comes_is_tagged_given_away_and_somebody_has_something_to_do(
    desk: Desk, database: Database, actor: Actor, now: Any
) -> None:
    async with database.transaction(actor) as tx:
        ravi = await hire(tx, "ravi", "sales", now)
    made = await rule(
        desk,
        "Cold stores first",
        "lead_came",
        {"do": "give_to", "owner_id": str(ravi.id)},
        {"do": "add_tags", "tags": ["cold"]},
        {"do": "add_task", "title": "Call {name} of {company}", "kind": "call", "due_days": 0},
        {"do": "add_note", "text": "{number} came by itself."},
        {"do": "tell", "text": "{name} is yours", "user_id": str(ravi.id)},
        condition={"field": "company_name", "op": "contains", "value": "cold"},
    )
    lead = await desk.lead()
    other = await desk.lead(name="Asha", company_name="Teas", email="a@teas.test", phone="")
    await outbox.drain(database)

    at = f"/v1/leads/{lead['id']}"
    found = await desk.read(at)
    assert (found["owner_id"], found["tags"]) == (str(ravi.id), ["cold"])
    assert [one["text"] for one in await desk.read(f"{at}/notes")] == [
        f"{lead['number']} came by itself."
    ]
    listed = await desk.read(f"/v1/tasks?subject_kind=lead&subject_id={lead['id']}")
    tasks = [one["task"] for one in listed]
    assert [(one["title"], one["kind"]) for one in tasks] == [
        ("Call Ravi Kumar of Kumar Cold Stores", "call")
    ]
    async with database.transaction(actor) as tx:
        told = [tuple(row) for row in await tx.records(TOLD)]
        assert [row["topic"] for row in await tx.records(TAPS)] == ["sales.lead_captured.v1"]
    assert told == [(ravi.id, "Ravi Kumar is yours", "Ravi Kumar", f"/leads/{lead['id']}")]
    assert (await desk.read(f"/v1/leads/{other['id']}"))["tags"] == []
    assert await runs(desk, made) == [(lead["number"], "done")]

    again = await desk.lead()
    await outbox.drain(database)
    assert again["id"] == lead["id"] and len(await runs(desk, made)) == 1

    for days, kept in ((89, 1), (91, 0)):
        later = Database(database.pool, Stopped(database.clock.now() + timedelta(days=days)))
        await automations.forget_old(Work(later, Resources(), actor.org_id))
        assert len(await runs(desk, made)) == kept
    assert (await desk.read(at))["tags"] == ["cold"], "what it did stays done"


async def test_what_cannot_be_done_leaves_nothing_behind_and_says_why(
    desk: Desk, database: Database
) -> None:
    statuses = {one["name"]: one for one in await desk.read("/v1/lead-statuses")}
    contacted = statuses["Contacted"]
    gone = {"do": "move_to", "status_id": contacted["id"]}
    made = await rule(desk, "Contact", "lead_came", {"do": "add_tags", "tags": ["new"]}, gone)
    kept = [
        {"id": one["id"], "name": one["name"], "kind": one["kind"], "colour": one["colour"]}
        for one in statuses.values()
        if one["id"] != contacted["id"]
    ]
    answer = await desk.client.put("/v1/lead-statuses", json={"statuses": kept})
    assert answer.status_code == 200, answer.text
    lead = await desk.lead()
    await outbox.drain(database)
    assert (await desk.read(f"/v1/leads/{lead['id']}"))["tags"] == []
    found = (await desk.read(f"/v1/automations/{made['id']}/runs"))[0]
    assert (found["outcome"], found["note"]) == ("failed", "There is no such status.")
    listed = (await desk.read("/v1/automations"))[0]
    assert (listed["done_count"], listed["failed_count"]) == (0, 1)


async def test_two_that_answer_each_other_come_to_an_end(desk: Desk, database: Database) -> None:
    statuses = {one["name"]: one["id"] for one in await desk.read("/v1/lead-statuses")}
    for here, there in (("Contacted", "Nurturing"), ("Nurturing", "Contacted")):
        await rule(
            desk,
            f"From {here}",
            "lead_moved",
            {"do": "move_to", "status_id": statuses[there]},
            only_to=here,
        )
    lead = await desk.lead()
    to = {"status_id": statuses["Contacted"]}
    await desk.client.patch(f"/v1/leads/{lead['id']}", json=to)
    await outbox.drain(database)
    found = {one["name"]: one for one in await desk.read("/v1/automations")}
    assert sum(one["done_count"] for one in found.values()) == 10
    assert sum(one["failed_count"] for one in found.values()) == 1
    stopped = await runs(desk, found["From Contacted"])
    assert stopped[0] == (lead["number"], "stopped")


async def test_a_deal_that_moves_is_heard_of_where_its_condition_holds(
    desk: Desk, database: Database, actor: Actor
) -> None:
    assert actor.user_id is not None
    small = await desk.made("/v1/opportunities", title="Small", amount_minor=99_999_99)
    large = await desk.made("/v1/opportunities", title="Large", amount_minor=100_000_00)
    made = await rule(
        desk,
        "Large ones proposed",
        "deal_moved",
        {"do": "add_note", "text": "Ask {company}the director to look at {name}."},
        only_to="proposal",
        condition={"field": "amount", "op": "gte", "value": 100_000},
    )
    pipeline = (await desk.read("/v1/pipelines"))[0]
    stages = {one["name"]: one["id"] for one in pipeline["stages"]}
    for deal in (small, large):
        for stage in ("Needs analysis", "Proposal"):
            at = f"/v1/opportunities/{deal['id']}"
            await desk.made(f"{at}/moves", stage_id=stages[stage])
    await outbox.drain(database)
    assert await runs(desk, made) == [(large["number"], "done")]
    kept = await desk.read(f"/v1/opportunities/{large['id']}/notes")
    assert [one["text"] for one in kept] == ["Ask the director to look at Large."]

    tried = await desk.post(f"/v1/automations/{made['id']}/trial", subject_id=small["id"])
    assert tried.json()["would"] == [] and not tried.json()["explanation"]["holds"]
    tried = await desk.post(f"/v1/automations/{made['id']}/trial", subject_id=large["id"])
    assert len(tried.json()["would"]) == 1
    assert len(await runs(desk, made)) == 1


async def test_one_that_is_switched_off_hears_nothing_and_changes_are_guarded(
    desk: Desk, database: Database, actor: Actor
) -> None:
    note = {"do": "add_note", "text": "Hello"}
    made = await rule(desk, "Notes", "lead_came", note)
    at = f"/v1/automations/{made['id']}"
    draft = {"name": "Notes", "trigger": "lead_came", "actions": [note], "is_active": False}
    stale = await desk.client.put(at, json=draft, headers={"if-match": '"7"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")
    assert (await desk.client.put(at, json=draft)).json()["version"] == 2
    async with database.transaction(actor) as tx:
        assert await tx.records(TAPS) == []
    lead = await desk.lead()
    await outbox.drain(database)
    written = [one["text"] for one in await desk.read(f"/v1/leads/{lead['id']}/notes")]
    assert written == [] and await runs(desk, made) == []
    assert (await desk.post("/v1/automations", **draft)).status_code == 409
    assert (await desk.client.delete(at)).status_code == 204
    assert (await desk.client.get(at)).status_code == 404


NOTE = {"do": "add_note", "text": "x"}
STRANGER = str(UUID(int=7))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"actions": []}, "actions"),
        ({"actions": [{"do": "add_note", "text": ""}]}, "actions[0].text"),
        ({"actions": [{"do": "fly"}]}, "actions[0].do"),
        ({"actions": [NOTE, {"do": "give_to", "owner_id": STRANGER}]}, "actions[1].owner_id"),
        ({"actions": [{"do": "move_to", "status_id": STRANGER}]}, "actions[0].status_id"),
        ({"trigger": "deal_won", "actions": [NOTE, {"do": "assign"}]}, "actions[1]"),
        ({"trigger": "lead_came", "only_to": "New"}, "only_to"),
        ({"condition": {"field": "amount", "op": "gt", "value": 1}}, "condition.field"),
        ({"name": "  "}, "name"),
    ],
)
async def test_one_that_could_not_work_is_not_kept(
    client: httpx.AsyncClient, change: dict[str, Any], field: str
) -> None:
    draft = {"name": "A", "trigger": "lead_moved", "actions": [NOTE], **change}
    refused = await client.post("/v1/automations", json=draft)
    assert (refused.status_code, refused.json()["field"]) == (422, field), refused.text
    assert (await client.get("/v1/automations")).json() == []
