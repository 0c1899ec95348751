"""What keeps a lead from being converted, and what erasing leaves of a conversion."""

from datetime import datetime
from uuid import UUID

import pytest

from tandem.crm.sales.domain.converting import TheirsAlready, Wish
from tandem.flows import convert_lead, erase
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query
from tandem.kernel.ids import new_id
from tandem.kernel.reach import Standing
from tests.sales.converting import Desk, a_lead, counts

LEFT = Query(
    """
    select title || outcome as text from customers.task where org_id = :org_id
    union all
    select refs::text || undone::text || alike::text from sales.conversion
     where org_id = :org_id
    """
)


async def test_the_gate_names_what_is_missing_and_nothing_is_made(
    desk: Desk, database: Database, actor: Actor
) -> None:
    statuses = await desk.read("/v1/lead-statuses")
    qualified = next(one for one in statuses if one["kind"] == "qualified")
    needs = {"required_fields": ["city"], "steps": [{"text": "Budget known"}]}
    path = f"/v1/lead-statuses/{qualified['id']}/needs"
    wrong = await desk.client.put(path, json={"required_fields": ["moon"]})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "required_fields")
    step = (await desk.client.put(path, json=needs)).json()["steps"][0]
    lead = await desk.lead()
    before = await counts(database, actor)
    at = f"/v1/leads/{lead['id']}"
    tries = [
        await desk.post(f"{at}/conversion"),
        await desk.post(f"{at}/qualification"),
        await desk.client.patch(at, json={"status_id": qualified["id"]}),
    ]
    assert {(one.status_code, one.json()["field"]) for one in tries} == {(422, "city")}
    assert await counts(database, actor) == before
    assert (await desk.client.patch(at, json={"city": "Pune"})).status_code == 200
    blocked = await desk.post(f"{at}/qualification")
    assert (blocked.status_code, blocked.json()["field"]) == (422, "steps")
    ticked = await desk.client.put(f"{at}/checklists", json={"step_ids": [step["id"]]})
    assert ticked.json()[0]["missing"] == []
    assert (await desk.made(f"{at}/qualification"))["kind"] == "qualified"
    assert (await desk.convert(lead))["lead_id"] == lead["id"]


async def test_a_lead_is_given_up_with_a_reason_and_taken_up_again(desk: Desk) -> None:
    lead = await desk.lead()
    at = f"/v1/leads/{lead['id']}"
    nothing = await desk.post(f"{at}/disqualification", reason="  ")
    assert (nothing.status_code, nothing.json()["field"]) == (422, "reason")
    lost = await desk.made(f"{at}/disqualification", reason="No budget")
    assert (lost["kind"], lost["lost_reason"]) == ("lost", "No budget")
    late = await desk.post(f"{at}/conversion")
    assert (late.status_code, late.json()["code"]) == (409, "lead_settled")
    back = await desk.made(f"{at}/recycling")
    assert (back["kind"], back["lost_reason"]) == ("open", "")
    again = await desk.post(f"{at}/recycling")
    assert (again.status_code, again.json()["code"]) == (409, "lead_not_recyclable")


async def test_nobody_converts_into_a_colleagues_customer(
    desk: Desk, database: Database, actor: Actor, now: datetime
) -> None:
    mine = frozenset({"sales.read", "sales.write", "customers.read", "customers.write"})
    asha = new_id()
    standing = Standing(user_id=asha, narrow=frozenset((one, "own") for one in mine))
    rep = Actor(org_id=actor.org_id, user_id=asha, grants=mine, standing=standing)
    await desk.made("/v1/customers", name="R. Kumar", emails=[{"value": "ravi@kumar-cold.test"}])
    namesake = await desk.made("/v1/customers", name="Kumar, Raavi")
    async with database.transaction(rep) as tx:
        lead_id = await a_lead(tx, now, owner_id=asha)
        outlook = await convert_lead.preview(tx, lead_id, Wish())
        with pytest.raises(TheirsAlready):
            await convert_lead.convert(tx, lead_id, Wish(), now=now)
    assert outlook.missing.startswith("A colleague looks after them")
    assert outlook.alike == [], "nobody learns of a colleague's customer by a name"
    shown = await desk.made(f"/v1/leads/{lead_id}/conversion/preview")
    assert [(one["id"], one["matched_on"]) for one in shown["alike"]] == [
        (namesake["id"], ["spelling"])
    ]


async def test_erasing_somebody_leaves_no_name_in_conversions_and_no_task(
    desk: Desk, database: Database, actor: Actor
) -> None:
    lead = await desk.lead()
    beside = {"subject_kind": "lead", "subject_id": lead["id"]}
    await desk.made("/v1/tasks", title="Called Ravi", kind="call", is_done=True, **beside)
    done = await desk.convert(lead)
    beside = {"subject_kind": "opportunity", "subject_id": done["opportunity_id"]}
    await desk.made("/v1/tasks", title="Call Ravi again", **beside)
    person = f"/v1/customers/{done['customer_id']}"
    known = await desk.read(f"{person}/personal-data")
    assert {one["title"] for one in known["tasks"]} == {"Called Ravi", "Call Ravi again"}
    assert [one["id"] for one in known["conversions"]] == [done["id"]]
    erasure = await desk.made(f"{person}/erasure")
    async with database.transaction(actor) as tx:
        await erase.carry_out(tx, UUID(erasure["id"]), now=tx.started_at)
        rows = await tx.records(LEFT)
    assert [row["text"] for row in rows if "Ravi" in row["text"]] == []
