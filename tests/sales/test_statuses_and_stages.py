"""Statuses of leads and stages of pipelines, set up on their pages and kept when one goes."""

from datetime import datetime
from html import unescape
from typing import Any

import httpx2 as httpx

from tandem.crm.sales.domain.converting import Wish
from tandem.crm.sales.domain.leads import Channel, LeadDraft
from tandem.crm.sales.service.capturing import capture
from tandem.flows import convert_lead
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database

STATUSES = "/settings/lead-statuses"
PIPELINES = "/settings/pipelines"


def rows_of(found: list[dict[str, Any]], *names: str) -> dict[str, str]:
    form: dict[str, str] = {}
    for place, one in enumerate(found):
        form |= {f"{name}_{place}": str(one[name]) for name in names if one[name] is not None}
        form[f"place_{place}"] = str(place + 1)
    return form


async def test_a_status_that_goes_hands_its_leads_over_and_undoing_finds_the_way(
    client: httpx.AsyncClient,
) -> None:
    found = (await client.get("/v1/lead-statuses")).json()
    contacted = next(one for one in found if one["name"] == "Contacted")
    nurturing = next(one for one in found if one["name"] == "Nurturing")
    lead, other = [
        (
            await client.post(
                "/v1/leads", json={"name": name, "email": f"{name}@x.test", "status_id": status}
            )
        ).json()
        for name, status in (("asha", contacted["id"]), ("ravi", contacted["id"]))
    ]
    done = await client.post(f"/v1/leads/{other['id']}/conversion", json={})
    assert done.status_code == 201, done.text

    form = rows_of(found, "id", "name", "kind", "colour")
    form |= {"name_1": "Reached", "colour_1": "green", "place_1": "1", "place_0": "2"}
    form |= {"name_6": "Parked", "kind_6": "open", "colour_6": "red", "place_6": "9"}
    saved = await client.post(STATUSES, data=form)
    assert saved.status_code == 303, saved.text[-800:]
    after = (await client.get("/v1/lead-statuses")).json()
    assert [one["name"] for one in after] == [
        "Reached", "New", "Nurturing", "Parked", "Qualified", "Converted", "Lost",
    ]  # fmt: skip
    assert (after[0]["id"], after[0]["colour"]) == (contacted["id"], "green")

    kept = [{name: one[name] for name in ("id", "name", "kind", "colour")} for one in after[1:]]
    refused = await client.put("/v1/lead-statuses", json={"statuses": kept})
    assert (refused.status_code, refused.json()["code"]) == (409, "status_in_use")
    wrong = await client.put(
        "/v1/lead-statuses",
        json={"statuses": kept, "successors": {contacted["id"]: kept[-1]["id"]}},
    )
    assert (wrong.status_code, wrong.json()["field"]) == (422, "successors")
    assert len((await client.get("/v1/lead-statuses")).json()) == 7

    form = rows_of(after, "id", "name", "kind", "colour") | {"into_0": nurturing["id"]}
    assert (await client.post(STATUSES, data=form)).status_code == 303
    moved = (await client.get(f"/v1/leads/{lead['id']}")).json()
    assert (moved["status_name"], moved["kind"]) == ("Nurturing", "open")
    undone = await client.post(f"/v1/conversions/{done.json()['id']}/undo")
    assert undone.status_code == 201, undone.text
    back = (await client.get(f"/v1/leads/{other['id']}")).json()
    assert (back["status_name"], back["kind"]) == ("Nurturing", "open")
    again = {"statuses": [*kept, {"name": "Contacted"}]}
    assert (await client.put("/v1/lead-statuses", json=again)).status_code == 200


async def test_stages_are_set_up_on_their_page_and_hold_on_the_board(
    client: httpx.AsyncClient,
) -> None:
    assert "No pipeline yet" in (await client.get(PIPELINES)).text
    assert (await client.post(PIPELINES, data={"name": "Renewals"})).status_code == 303
    pipeline = (await client.get("/v1/pipelines")).json()[0]
    stages = pipeline["stages"]
    form: dict[str, Any] = {"pipeline": "Renewals", **rows_of(stages, "id", "name", "kind")}
    form |= {f"probability_{at}": str(stages[at]["probability"]) for at in range(4)}
    form |= {"wip_limit_1": "1", "expected_days_1": "3", "needs_1": ["close_on"], "needs_2": []}
    form |= {"name_6": "Legal", "kind_6": "open", "place_6": "3"}
    refused = await client.post(f"{PIPELINES}/{pipeline['id']}", data=form)
    assert refused.status_code == 422
    assert "Give the probability of Legal." in unescape(refused.text)
    saved = await client.post(f"{PIPELINES}/{pipeline['id']}", data=form | {"probability_6": "60"})
    assert saved.status_code == 303, saved.text[-800:]
    now = (await client.get(f"/v1/pipelines/{pipeline['id']}")).json()["stages"]
    assert [(one["name"], one["probability"]) for one in now] == [
        ("Qualification", 10), ("Needs analysis", 25), ("Proposal", 50), ("Legal", 60),
        ("Negotiation", 75), ("Won", 100), ("Lost", 0),
    ]  # fmt: skip
    needs = now[1]
    assert (needs["wip_limit"], needs["expected_days"], needs["required_fields"]) == (
        1, 3, ["close_on"],
    )  # fmt: skip
    deal = (
        await client.post("/v1/opportunities", json={"title": "D", "pipeline_id": pipeline["id"]})
    ).json()
    stopped = await client.post(f"/deals/{deal['id']}/stage", data={"stage_id": needs["id"]})
    assert stopped.status_code == 422
    assert "Asks for a closing day" in (await client.get("/deals")).text
    alone = await client.post(f"{PIPELINES}/{pipeline['id']}/archiving")
    assert alone.status_code == 409 and "open in it" in alone.text


async def test_a_deal_goes_where_the_form_says_unless_somebody_chooses(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    for name in ("First", "Export"):
        await client.post("/v1/pipelines", json={"name": name})
    first, export = (await client.get("/v1/pipelines")).json()
    form = await client.post(
        "/v1/lead-forms",
        json={
            "name": "Export",
            "title": "Export",
            "fields": [{"key": "email", "is_required": True}],
            "pipeline_id": export["id"],
        },
    )
    assert form.status_code == 201, form.text
    wishes = (Wish(), Wish(pipeline_id=first["id"]))
    went = []
    for place, wish in enumerate(wishes):
        async with database.transaction(actor) as tx:
            lead = await capture(
                tx,
                LeadDraft(email=f"p{place}@x.test"),
                channel=Channel.FORM,
                form_id=form.json()["id"],
                now=now,
            )
            seen = await convert_lead.preview(tx, lead.lead.id, Wish())
            assert str(seen.pipeline_id) == export["id"]
            done = await convert_lead.convert(tx, lead.lead.id, wish, now=now)
        deal = (await client.get(f"/v1/opportunities/{done.opportunity_id}")).json()
        went.append(deal["pipeline_id"])
    assert went == [export["id"], first["id"]]
