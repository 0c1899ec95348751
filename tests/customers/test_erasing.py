"""A person is forgotten everywhere, and there is proof of it."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx2 as httpx

from tandem.crm.customers import service
from tandem.crm.customers.domain import CustomerDraft
from tandem.crm.customers.domain.erasing import seal
from tandem.crm.notifications import service as notifications
from tandem.flows import erase
from tandem.flows.place_order.basket import Buyer
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query
from tandem.kernel.jobs import Work
from tandem.kernel.resources import Resources
from tests.flows.shop import basket, open_shop, place_one

FINISH = Query(
    """
    update orders.order set status = 'cancelled', expires_at = null
     where org_id = :org_id and id = :id
    """
)
LEFT = Query(
    """
    select (select jsonb_agg(to_jsonb(c)) from customers.customer c where c.org_id = :org_id)
               ::text as customers,
           (select coalesce(jsonb_agg(to_jsonb(o)), '[]') from orders.order o
             where o.org_id = :org_id)::text as orders,
           (select coalesce(jsonb_agg(to_jsonb(m)), '[]') from notifications.message m
             where m.org_id = :org_id)::text as messages,
           (select coalesce(jsonb_agg(to_jsonb(a)), '[]') from customers.activity a
             where a.org_id = :org_id)::text as activities
    """
)
ASHA: dict[str, Any] = {
    "name": "Asha Rao",
    "emails": [{"value": "asha@secret.in"}],
    "phones": [{"value": "9845012345"}],
    "notes": "Rings twice",
    "tags": ["vip"],
    "addresses": [
        {
            "address": {
                "name": "Asha Rao",
                "line1": "12 Church Street",
                "city": "Bengaluru",
                "postal_code": "560001",
            }
        }
    ],
}
TRACES = ("Asha", "secret.in", "9845012345", "Church Street", "Rings", "vip")


async def test_a_person_is_gone_from_every_service_and_the_certificate_says_so(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        shop = await open_shop(tx, now)
    customer_id = (await client.post("/v1/customers", json=ASHA)).json()["id"]
    at = f"/v1/customers/{customer_id}"
    await client.post(f"{at}/notes", json={"text": "Asha called"})
    buyer = Buyer(name="Asha Rao", email="asha@secret.in", phone="9845012345")
    done = await place_one(database, actor, basket(shop, customer=buyer), now)
    running = await place_one(database, actor, basket(shop, customer=buyer), now)
    async with database.transaction(actor) as tx:
        await tx.run(FINISH, id=done.id)
        await notifications.send(
            tx, template="refund_processed", order_id=done.id, email="asha@secret.in", phone=None,
            parameters={"company": "Acme", "name": "Asha", "order": "SO-1", "amount": "1"},
            dedupe="x", now=now,
        )  # fmt: skip
    shown = (await client.get(f"{at}/personal-data")).json()
    assert shown["customer"]["name"] == "Asha Rao"
    assert [len(shown[name]) for name in ("orders", "messages", "notes")] == [2, 1, 1]

    asked = (await client.post(f"{at}/erasure", json={})).json()
    assert datetime.fromisoformat(asked["due_at"]) - datetime.fromisoformat(
        asked["requested_at"]
    ) == timedelta(hours=48)
    again = await client.post(f"{at}/erasure", json={})
    assert (again.status_code, again.json()["code"]) == (409, "erasure_waits")
    await erase.carry_out_due(Work(database, Resources(), actor.org_id))
    assert (await client.get(at)).json()["name"] == "Asha Rao"
    async with database.transaction(Actor.system(actor.org_id)) as tx:
        await erase.carry_out(tx, UUID(asked["id"]), now=now + timedelta(hours=49))

    async with database.transaction(actor) as tx:
        left = dict((await tx.records(LEFT))[0])
        await tx.run(FINISH, id=running.id)
    for kind in ("customers", "messages", "activities"):
        assert [trace for trace in TRACES if trace in left[kind]] == [], kind
    assert left["orders"].count("asha@secret.in") == 1
    proof = (await client.get(f"/v1/erasures/{asked['id']}")).json()
    assert proof["certificate_sha256"] == seal(proof["certificate"])
    assert proof["certificate"]["services"]["orders"] == {
        "erased": 1,
        "held": 1,
        "why_held": "still to be delivered or paid",
    }
    assert proof["certificate"]["addresses_suppressed"] == 2
    over = await client.post(f"/v1/erasures/{asked['id']}/cancellation")
    assert (over.status_code, over.json()["code"]) == (409, "erasure_over")

    check = {"channel": "email", "address": "asha@secret.in", "purpose": "marketing"}
    async with database.transaction(actor) as tx:
        (back,) = await service.find_or_add(
            tx, [CustomerDraft(name="Asha", email="asha@secret.in")], now=now
        )
    assert str(back.id) != customer_id
    verdict = (await client.post("/v1/contact-checks", json=check)).json()
    assert verdict == {"is_allowed": False, "reason": "suppressed:erased"}


async def test_an_erasure_that_was_called_off_erases_nothing(
    client: httpx.AsyncClient, database: Database, actor: Actor
) -> None:
    customer_id = (await client.post("/v1/customers", json=ASHA)).json()["id"]
    at = f"/v1/customers/{customer_id}"
    asked = (await client.post(f"{at}/erasure", json={"is_urgent": True})).json()
    await client.post(f"/v1/erasures/{asked['id']}/cancellation")
    await erase.carry_out_due(Work(database, Resources(), actor.org_id))
    assert (await client.get(at)).json()["name"] == "Asha Rao"


async def test_a_merged_person_is_erased_under_every_id(
    client: httpx.AsyncClient, database: Database, actor: Actor
) -> None:
    survivor = (await client.post("/v1/customers", json=ASHA)).json()["id"]
    loser = (
        await client.post(
            "/v1/customers", json={"name": "A", "emails": [{"value": "old@secret.in"}]}
        )
    ).json()["id"]
    other = (await client.post("/v1/customers", json={"name": "Ravi"})).json()["id"]
    both = {"survivor_id": survivor, "loser_id": loser}
    merge = (await client.post("/v1/customer-merges", json=both)).json()
    await client.post(f"/v1/customers/{survivor}/erasure", json={"is_urgent": True})
    for one, two in ((survivor, other), (other, survivor)):
        away = await client.post("/v1/customer-merges", json={"survivor_id": one, "loser_id": two})
        assert (away.status_code, away.json()["code"]) == (409, "merge_impossible")
    parted = await client.post(f"/v1/customer-merges/{merge['id']}/undo")
    assert (parted.status_code, parted.json()["code"]) == (409, "undo_impossible")
    await erase.carry_out_due(Work(database, Resources(), actor.org_id))
    async with database.transaction(actor) as tx:
        left = (await tx.records(LEFT))[0]["customers"]
    assert [trace for trace in (*TRACES, "old@") if trace in left] == []
    for address in ("asha@secret.in", "old@secret.in"):
        found = await client.post(
            "/v1/suppressions/search", json={"channel": "email", "address": address}
        )
        assert found.json()["suppression"]["reason"] == "erased"
