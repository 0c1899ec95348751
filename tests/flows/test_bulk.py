"""One act on many records: each for itself, what it came to, and the way back."""

import json
from datetime import datetime
from urllib.parse import unquote
from uuid import uuid4

import httpx2 as httpx

from tandem.crm.sales.domain.opportunities import Draft
from tandem.flows import opportunities
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query
from tests.flows.bulk import TOLD, asha, ask, came_to, counted, lead, rows, some_leads, undo
from tests.flows.shop import basket, open_shop, place_one
from tests.support.givens import a_complaint

NOTED = Query(
    """
    select action, count(*)::int as count
      from kernel.audit
     where org_id = :org_id and action = any(:actions::text[])
     group by action
    """
)


async def test_leads_are_given_moved_given_up_and_tagged_each_as_by_hand_and_back(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    ids = await some_leads(database, actor, now, 4, tags=["fair"])
    owner = await asha(database, actor, now)
    statuses = {one["name"]: one["id"] for one in (await client.get("/v1/lead-statuses")).json()}
    await client.patch(f"/v1/leads/{ids[3]}", json={"owner_id": str(owner.id)})

    given = await ask(client, "leads", act="assign", owner_id=str(owner.id), ids=[*ids, ids[0]])
    assert came_to(given) == (4, 3, 1, 0)
    assert given["said"] == "given to Asha"
    moved = await ask(client, "leads", act="status", status_id=statuses["Contacted"], ids=ids)
    tagged = await ask(client, "leads", act="tag", tag=" Hot  lead ", ids=ids)
    lost = await ask(client, "leads", act="disqualify", reason="No budget", ids=ids[:2])
    missing = str(uuid4())
    part = await ask(client, "leads", act="untag", tag="FAIR", ids=[ids[0], missing])
    assert [came_to(one) for one in (moved, tagged, lost, part)] == [
        (4, 4, 0, 0), (4, 4, 0, 0), (2, 2, 0, 0), (2, 1, 0, 1),
    ]  # fmt: skip
    one = await lead(client, ids[0])
    assert (one["owner_id"], one["kind"], one["lost_reason"], one["tags"]) == (
        str(owner.id), "lost", "No budget", ["Hot lead"],
    )  # fmt: skip
    assert await rows(client, part, "refused") == [
        {"record_id": missing, "status": "refused", "label": "", "code": "not_found",
         "said": "There is no such lead."}
    ]  # fmt: skip
    topics = ["sales.lead_assigned.v1", "sales.lead_moved.v1"]
    assert await counted(database, actor, TOLD, topics=topics) == {topics[0]: 4, topics[1]: 6}
    actions = ["sales.lead_changed", "sales.lead_moved", "bulk.begun"]
    assert await counted(database, actor, NOTED, actions=actions) == {
        "sales.lead_changed": 13, "sales.lead_moved": 2, "bulk.begun": 5,
    }  # fmt: skip

    await client.patch(f"/v1/leads/{ids[1]}", json={"lost_reason": "Went to another"})
    await client.patch(f"/v1/leads/{ids[2]}", json={"owner_id": None, "tags": ["new"]})
    back = [await undo(client, job) for job in (lost, tagged, given)]
    assert [(job["state"], job["undone"], job["kept"]) for job in back] == [
        ("undone", 1, 1), ("undone", 3, 1), ("undone", 2, 1),
    ]  # fmt: skip
    kept = (await rows(client, back[0], "kept"))[0]
    assert (kept["record_id"], kept["code"], kept["said"]) == (
        ids[1], "changed_since", "Somebody changed it since.",
    )  # fmt: skip
    assert kept["label"] == (await lead(client, ids[1]))["number"]
    stand = [await lead(client, one) for one in ids]
    assert [(one["status_name"], one["lost_reason"], one["tags"]) for one in stand] == [
        ("Contacted", "", []),
        ("Lost", "Went to another", ["fair"]),
        ("Contacted", "", ["new"]),
        ("Contacted", "", ["fair"]),
    ]
    assert [one["owner_id"] for one in stand] == [None, None, None, str(owner.id)]
    again = await client.post(f"/v1/bulk-jobs/{lost['id']}/undo")
    assert (again.status_code, again.json()["code"]) == (409, "bulk_busy")


async def some_deals(
    database: Database, actor: Actor, now: datetime, *amounts: int | None
) -> list[str]:
    made = []
    async with database.transaction(actor) as tx:
        for amount in amounts:
            draft = Draft(title="Cold room", amount_minor=amount)
            made.append(await opportunities.open_opportunity(tx, draft, now=now))
    return [str(one.id) for one in made]


async def test_deals_refuse_a_stage_each_for_its_own_reason_and_come_back_as_far_as_there_is_room(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    first, second, empty = await some_deals(database, actor, now, 5_000, 6_000, None)
    pipeline = (await client.get("/v1/pipelines")).json()[0]
    at = {one["name"]: one for one in pipeline["stages"]}
    opens = [one for one in pipeline["stages"] if one["kind"] == "open"]
    start, target = opens[0], opens[1]
    target |= {"wip_limit": 2, "required_fields": ["amount_minor"]}
    kept = ("id", "name", "kind", "probability", "wip_limit", "required_fields", "expected_days")
    body = {
        "name": pipeline["name"],
        "stages": [{name: one[name] for name in kept if name in one} for one in pipeline["stages"]],
    }
    changed = await client.put(f"/v1/pipelines/{pipeline['id']}", json=body)
    assert changed.is_success, changed.text
    third = (await some_deals(database, actor, now, 7_000))[0]

    everybody = {"ids": [first, second, empty, third]}
    moved = await ask(client, "opportunities", act="move", stage_id=target["id"], **everybody)
    assert came_to(moved) == (4, 2, 0, 2)
    assert sorted((one["code"], one["said"]) for one in await rows(client, moved, "refused")) == [
        ("invalid", f"{target['name']} needs an amount."),
        ("wip_limit_reached", f"{target['name']} takes 2 at most."),
    ]
    lost = await ask(client, "opportunities", act="lose", reason="price", ids=[first, third])
    assert came_to(lost) == (2, 2, 0, 0)
    owner = await asha(database, actor, now)
    given = await ask(
        client, "opportunities", act="assign", owner_id=str(owner.id), matching={"status": "open"}
    )
    assert (came_to(given), given["said"]) == ((2, 2, 0, 0), "given to Asha")
    topics = ["sales.opportunity_moved.v1", "sales.opportunity_lost.v1"]
    assert await counted(database, actor, TOLD, topics=topics) == {topics[0]: 2, topics[1]: 2}

    for wrong, field in (
        ({"act": "lose", "reason": "other"}, "note"),
        ({"act": "lose"}, "reason"),
        ({"act": "move", "stage_id": at["Won"]["id"]}, "stage_id"),
        ({"act": "assign", "owner_id": str(uuid4())}, "owner_id"),
        ({"act": "assign"}, "owner_id"),
    ):
        refused = await client.post("/v1/opportunities/bulk", json={**wrong, "ids": [second]})
        assert (refused.status_code, refused.json()["field"]) == (422, field), wrong
    back = [await undo(client, job) for job in (lost, moved, given)]
    assert [(job["undone"], job["kept"]) for job in back] == [(2, 0), (1, 1), (2, 0)]
    stages = {
        one["id"]: (one["stage_id"], one["status"], one["owner_id"])
        for one in (await client.get("/v1/opportunities")).json()["items"]
    }
    mine = str(actor.user_id)
    assert stages == {
        first: (target["id"], "open", mine),
        second: (start["id"], "open", mine),
        empty: (start["id"], "open", mine),
        third: (start["id"], "open", mine),
    }


async def test_customers_are_tagged_given_and_put_on_a_list_by_what_the_list_shows(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    for name in ("Tara One", "Tara Two", "Ravi"):
        made = await client.post("/v1/customers", json={"name": name, "tags": ["old"]})
        assert made.status_code == 201, made.text
    owner = await asha(database, actor, now)
    listed = {"matching": {"search": "tara"}}
    made = await client.post("/v1/segments", json={"name": "Diwali"})
    lists = {"segment_id": made.json()["id"]}
    jobs = [
        await ask(client, "customers", act="tag", tag="vip", **listed),
        await ask(client, "customers", act="assign", owner_id=str(owner.id), **listed),
        await ask(client, "customers", act="enlist", **lists, **listed),
        await ask(client, "customers", act="enlist", **lists, matching={}),
        await ask(client, "customers", act="untag", tag="OLD", matching={"search": "ravi"}),
    ]
    assert [(came_to(job), job["said"]) for job in jobs] == [
        ((2, 2, 0, 0), "tagged “vip”"),
        ((2, 2, 0, 0), "given to Asha"),
        ((2, 2, 0, 0), "put on Diwali"),
        ((3, 1, 2, 0), "put on Diwali"),
        ((1, 1, 0, 0), "rid of the tag “OLD”"),
    ]
    topics = ["customers.assigned.v1", "customers.segment_entered.v1"]
    assert await counted(database, actor, TOLD, topics=topics) == {topics[0]: 2, topics[1]: 3}

    people = {one["name"]: one for one in (await client.get("/v1/customers")).json()["items"]}
    assert [(people[name]["tags"], people[name]["owner_id"]) for name in sorted(people)] == [
        ([], None), (["old", "vip"], str(owner.id)), (["old", "vip"], str(owner.id)),
    ]  # fmt: skip
    two = people["Tara Two"]["id"]
    await client.patch(f"/v1/customers/{two}", json={"tags": ["old", "else"]})
    await client.delete(f"/v1/segments/{lists['segment_id']}/members/{two}")
    back = [await undo(client, job) for job in jobs]
    assert [(job["undone"], job["kept"]) for job in back] == [
        (1, 1), (2, 0), (1, 1), (1, 0), (1, 0),
    ]  # fmt: skip
    people = {one["name"]: one for one in (await client.get("/v1/customers")).json()["items"]}
    assert [(people[name]["tags"], people[name]["owner_id"]) for name in sorted(people)] == [
        (["old"], None), (["old"], None), (["old", "else"], None),
    ]  # fmt: skip


async def test_orders_and_complaints_take_it_too(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    owner = await asha(database, actor, now)
    async with database.transaction(actor) as tx:
        complaint = str((await a_complaint(tx, now=now)).id)
        shop = await open_shop(tx, now)
    held, free = [
        str((await place_one(database, actor, basket(shop, payment_method="cod"), now)).id)
        for _ in range(2)
    ]
    first = await ask(client, "orders", act="hold", reason="Fraud?", ids=[held])
    both = await ask(client, "orders", act="hold", ids=[held, free])
    await undo(client, both)
    assert (came_to(first), came_to(both)) == ((1, 1, 0, 0), (2, 1, 1, 0))
    again = await ask(client, "orders", act="hold", reason="Ask them", ids=[free])
    for standing in ({"is_on_hold": False}, {"is_on_hold": True, "hold_reason": "Stolen card"}):
        assert (await client.patch(f"/v1/orders/{free}", json=standing)).status_code == 200
    assert (await undo(client, again))["kept"] == 1, "somebody holds it for another reason"
    orders = [(await client.get(f"/v1/orders/{one}")).json() for one in (held, free)]
    assert [(one["is_on_hold"], one["hold_reason"]) for one in orders] == [
        (True, "Fraud?"), (True, "Stolen card"),
    ]  # fmt: skip
    given = await ask(client, "complaints", act="assign", owner_id=str(owner.id), ids=[complaint])
    told = await ask(client, "complaints", act="acknowledge", ids=[complaint])
    assert (came_to(given), came_to(told)) == ((1, 1, 0, 0), (1, 1, 0, 0))
    assert (await undo(client, given))["undone"] == 1
    no = await client.post(f"/v1/bulk-jobs/{told['id']}/undo")
    assert (no.status_code, no.json()["detail"]) == (409, "This cannot be taken back.")
    stands = (await client.get(f"/v1/complaints/{complaint}")).json()
    assert (stands["status"], stands["assignee_id"]) == ("acknowledged", None)


async def test_accounts_are_given_and_tagged_by_what_the_list_shows(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    made = [
        (await client.post("/v1/accounts", json={"name": name})).json()["id"]
        for name in ("Anand Dairy", "Amul", "Other")
    ]
    owner = await asha(database, actor, now)
    some = {"matching": {"search": "a"}}
    given = await ask(client, "accounts", act="assign", owner_id=str(owner.id), **some)
    tagged = await ask(client, "accounts", act="tag", tag="dairy", ids=made[:2])
    assert (came_to(given), came_to(tagged)) == ((2, 2, 0, 0), (2, 2, 0, 0))
    one = (await client.get(f"/v1/accounts/{made[0]}")).json()
    assert (one["owner_id"], one["tags"]) == (str(owner.id), ["dairy"])
    back = [await undo(client, job) for job in (given, tagged)]
    assert [job["undone"] for job in back] == [2, 2]
    one = (await client.get(f"/v1/accounts/{made[0]}")).json()
    assert (one["owner_id"], one["tags"]) == (None, [])


async def test_what_is_asked_wrong_is_refused_whole_and_keeps_nothing(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    lead_id = (await some_leads(database, actor, now, 1))[0]
    for body, status, code in (
        ({"act": "tag", "tag": "x", "ids": []}, 422, "invalid"),
        ({"act": "tag", "tag": "x", "ids": [lead_id], "matching": {}}, 422, "invalid"),
        ({"act": "tag", "tag": " ", "ids": [lead_id]}, 422, "invalid"),
        ({"act": "tag", "ids": [lead_id]}, 422, "invalid"),
        ({"act": "erase", "ids": [lead_id]}, 422, "invalid"),
        ({"act": "disqualify", "ids": [lead_id]}, 422, "invalid"),
        ({"act": "status", "status_id": str(uuid4()), "ids": [lead_id]}, 422, "invalid"),
        ({"act": "tag", "tag": "x", "ids": [str(uuid4())] * 10_001}, 422, "invalid"),
    ):
        answer = await client.post("/v1/leads/bulk", json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), (body["act"], status)
    nobody = {"act": "tag", "tag": "x", "matching": {"q": "nobody like this"}}
    answer = await client.post("/v1/leads/bulk", json=nobody)
    assert (answer.status_code, answer.json()["field"]) == (422, "matching")
    for length, said in ((300, "Choose at least one lead"), (1700, "narrowed by too much")):
        matching = f"columns={'name,' * length}&q=nobody"
        form = {"act": "tag", "tag": "x", "whole": "true", "matching": matching}
        refused = await client.post("/leads/bulk", data=form)
        assert said in unquote(refused.headers["set-cookie"]), "nothing of the question is cut off"
    assert (await client.get("/v1/bulk-jobs")).json()["items"] == []
    assert (await lead(client, lead_id))["tags"] == []


async def test_the_pages_begin_it_follow_it_and_take_it_back(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    ids = await some_leads(database, actor, now, 2, source="page")
    missing = str(uuid4())
    count = await client.get("/leads/bulk", params={"q": "person"})
    assert count.json() == {"count": 2, "is_more": False}
    form = {"act": "tag", "tag": "hot", "ids": f"{ids[0]} {missing}", "back": "q=person"}
    begun = await client.post("/leads/bulk", data=form)
    assert (begun.status_code, begun.headers["location"]) == (303, "/leads?q=person")
    toast = json.loads(unquote(begun.cookies["tandem_toast"].strip('"')))
    assert toast["text"] == "1 lead tagged “hot”. 1 refused. See why."
    shown = (await client.get(toast["href"])).text
    assert "There is no such lead." in shown
    back = await client.post(toast["undo"]["action"], data=toast["undo"]["values"])
    assert back.headers["location"] == "/leads?q=person"
    assert (await lead(client, ids[0]))["tags"] == []
    everybody = {"whole": "true", "matching": "q=person", "ids": ""}
    sheet = (await client.post("/leads/bulk/file", data=everybody)).text
    assert sheet.count("Person") == 2
    named = await client.post("/v1/lead-export", json={"ids": ids[:1]})
    assert named.text.count("Person") == 1
    people = await client.post("/v1/customers", json={"name": "Tara"})
    form = {"ids": people.json()["id"]}
    assert "Tara" in (await client.post("/customers/bulk/file", data=form)).text
    for path in ("/accounts", "/deals/list", "/customers", "/leads", "/complaints"):
        page = (await client.get(path)).text
        assert "data-bulk-said" in page, path
    for sent, kept in (
        ("q=a\nset-cookie: x=y", "q=a%0Aset-cookie:%20x=y"),
        ("q=है", "q=%E0%A4%B9%E0%A5%88"),
    ):
        answer = await client.post("/leads/bulk", data={**form, "back": sent})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/leads?{kept}")
    refused = await client.post("/deals/list/bulk", data={"act": "move", "ids": ids[0]})
    assert "Choose%20an%20open%20stage" in refused.headers["set-cookie"]
