"""Who belongs to a segment, since when, and why."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2 as httpx
import pytest

from tandem.contracts.orders import OrderPlaced
from tandem.crm.customers import handlers, jobs, service
from tandem.crm.customers.domain import CustomerDraft
from tandem.crm.customers.domain.people import CustomerChange
from tandem.crm.customers.domain.timeline import NewActivity
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query
from tandem.kernel.events import subscription
from tandem.kernel.jobs import Work
from tandem.kernel.pages import encode_cursor
from tandem.kernel.resources import Resources
from tandem.kernel.rules import Moment
from tests.customers.questions import questions

TOLD = Query(
    """
    select topic, payload ->> 'customer_id' as customer_id from kernel.event
     where org_id = :org_id and topic like 'customers.segment%' order by seq
    """
)
COUNTS = Query(
    """
    select (select count(*) from customers.segment where org_id = :org_id),
           (select count(*) from customers.segment_member where org_id = :org_id),
           (select count(*) from kernel.event where org_id = :org_id)
    """
)
FREQUENT = {"event": "order_placed", "count": {"op": "gte", "n": 2}, "within": "P30D"}


async def people(database: Database, actor: Actor, now: datetime, count: int) -> list[UUID]:
    drafts = [CustomerDraft(name=f"P{n}", phone=f"+9198450{n:05}") for n in range(count)]
    async with database.transaction(actor) as tx:
        return [one.id for one in await service.find_or_add(tx, drafts, now=now)]


async def order(
    database: Database, actor: Actor, customer_id: UUID, at: datetime, rupees: int = 100
) -> None:
    event = OrderPlaced(
        order_id=uuid4(), number="SO", customer_id=customer_id, payment_method="cod",
        currency="INR", total_minor=rupees * 100, promised_on=None, expires_at=None,
    )  # fmt: skip
    found = subscription(event.topic, handlers.TIMELINE)
    assert found
    async with database.transaction(Actor.system(actor.org_id)) as tx:
        await found.handle(tx, event, at)


async def pay(database: Database, ids: list[UUID], actor: Actor, now: datetime) -> None:
    """The first once, the second twice, …: 12.34 rupees, then one paisa more each time."""
    async with database.transaction(Actor.system(actor.org_id)) as tx:
        for place, customer_id in enumerate(ids):
            for again in range(place + 1):
                paid = NewActivity(
                    kind="payment_captured",
                    dedupe=f"payment_captured:{customer_id}:{again}",
                    occurred_at=now,
                    customer_id=customer_id,
                    facts={"amount_minor": 1234 + again, "currency": "INR"},
                )
                await service.record_activity(tx, paid)


async def test_a_dynamic_segment_lets_people_in_and_out_and_tells_each_once(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    first, second, _ = await people(database, actor, now, 3)
    for customer_id, days in ((first, 1), (first, 2), (second, 1), (second, 40)):
        await order(database, actor, customer_id, now - timedelta(days=days))
    segment = (await client.post("/v1/segments", json={"name": "Often", "rule": FREQUENT})).json()
    at = f"/v1/segments/{segment['id']}"

    async with database.transaction(Actor.system(actor.org_id)) as tx:
        await service.refresh_segment(tx, UUID(segment["id"]), Moment(now=now))
        await service.refresh_segment(tx, UUID(segment["id"]), Moment(now=now))

    members = (await client.get(f"{at}/members")).json()["items"]
    assert [member["customer_id"] for member in members] == [str(first)]
    why = (await client.get(f"{at}/members/{second}/explanation")).json()
    assert (why["kind"], why["says"]) == (
        "event",
        "placed an order at least 2 times in the last 30 days",
    )
    async with database.transaction(Actor.system(actor.org_id)) as tx:
        await service.refresh_segment(tx, UUID(segment["id"]), Moment(now=now + timedelta(days=40)))
    async with database.transaction(actor) as tx:
        told = [(row["topic"], row["customer_id"]) for row in await tx.records(TOLD)]
    assert told == [
        ("customers.segment_entered.v1", str(first)),
        ("customers.segment_left.v1", str(first)),
    ]
    assert (await client.get(at)).json()["member_count"] == 0


async def test_a_preview_counts_samples_and_writes_nothing(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    ids = await people(database, actor, now, 12)
    for place, customer_id in enumerate(ids):
        await order(database, actor, customer_id, now, rupees=100 * place)
    async with database.transaction(actor) as tx:
        before = tuple((await tx.records(COUNTS))[0])
    rule = {
        "all": [
            {"event": "order_placed", "where": [{"field": "total", "op": "gte", "value": 500}]},
            {"any": [{"field": "spent", "op": "is", "value": 0},
                     {"not": {"field": "name", "op": "set"}}]},
            {"not": {"field": "name", "op": "is", "value": "p7"}},
        ]
    }  # fmt: skip
    shown = (await client.post("/v1/segments/preview", json={"rule": rule})).json()
    assert shown["count"] == 6
    assert [one["name"] for one in shown["sample"]] == ["P5", "P6", "P8", "P9", "P10", "P11"]
    assert shown["says"].startswith("(placed an order at least once where total is at least 500")
    async with database.transaction(actor) as tx:
        assert tuple((await tx.records(COUNTS))[0]) == before


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ({"all": [{"field": "custom.size", "op": "set"}]}, "rule.all[0].field"),
        ({"field": "name", "op": "is", "value": ["x"]}, "rule.value"),
        ({"event": "order_placed", "where": [{"field": "x", "op": "set"}]}, "rule.where[0].field"),
    ],
)
async def test_a_rule_that_is_wrong_makes_no_segment(
    client: httpx.AsyncClient, rule: dict[str, Any], field: str
) -> None:
    for path, body in (("", {"name": "X", "rule": rule}), ("/preview", {"rule": rule})):
        answer = await client.post(f"/v1/segments{path}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "rule_wrong")
        assert answer.json()["field"] == field
    assert (await client.get("/v1/segments")).json() == []


async def test_a_static_list_takes_and_gives_back_people_by_hand(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    first, second = await people(database, actor, now, 2)
    segment = (await client.post("/v1/segments", json={"name": "Fair"})).json()
    at = f"/v1/segments/{segment['id']}"
    named = {"customer_ids": [str(first), str(second), str(first), str(uuid4())]}
    assert (await client.post(f"{at}/members", json=named)).json() == {"added": 2}
    assert (await client.post(f"{at}/members", json=named)).json() == {"added": 0}
    assert (await client.delete(f"{at}/members/{first}")).status_code == 204
    assert (await client.delete(f"{at}/members/{first}")).status_code == 404
    assert (await client.get(at)).json()["member_count"] == 1
    nested = {"field": "segments", "op": "has", "value": segment["id"]}
    shown = (await client.post("/v1/segments/preview", json={"rule": nested})).json()
    assert [one["id"] for one in shown["sample"]] == [str(second)]
    taken = await client.post("/v1/segments", json={"name": "FAIR"})
    assert (taken.status_code, taken.json()["code"]) == (409, "segment_taken")


async def test_the_rhythm_fills_a_segment_and_one_it_cannot_read_says_so(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    (first,) = await people(database, actor, now, 1)
    rule = {"field": "name", "op": "is", "value": "P0"}
    filled = (await client.post("/v1/segments", json={"name": "A", "rule": rule})).json()
    await jobs.refresh_segments(Work(database, Resources(), actor.org_id))
    members = (await client.get(f"/v1/segments/{filled['id']}/members")).json()["items"]
    assert [one["customer_id"] for one in members] == [str(first)]


async def test_customers_are_found_by_a_rule_and_sorted_by_an_own_field(
    client: httpx.AsyncClient,
) -> None:
    for key, kind in (("age", "number"), ("city", "text")):
        await client.post("/v1/custom-fields", json={"key": key, "kind": kind, "label": key})
    given: list[dict[str, Any]] = [
        {"age": 9, "city": "Pune"}, {"age": 30, "city": "Agra"}, {"age": -4.5}, {}, {"age": 100},
    ]  # fmt: skip
    for place, custom in enumerate(given):
        await client.post("/v1/customers", json={"name": f"P{place}", "custom": custom})

    async def found(**asked: Any) -> list[str]:
        names, cursor = [], None
        while True:
            body = {**asked, "limit": 2} | ({"cursor": cursor} if cursor else {})
            page = (await client.post("/v1/customers/search", json=body)).json()
            names += [one["name"] for one in page["items"]]
            if (cursor := page["next"]) is None:
                return names

    assert await found(sort="custom.age") == ["P3", "P2", "P0", "P1", "P4"]
    assert await found(sort="-custom.age") == ["P4", "P1", "P0", "P2", "P3"]
    assert (await found(sort="-custom.city"))[:2] == ["P0", "P1"]
    adult = {"field": "custom.age", "op": "gte", "value": 18}
    assert await found(rule=adult) == ["P1", "P4"]
    assert await found(rule={"not": adult}, sort="custom.age") == ["P3", "P2", "P0"]
    wrong = await client.post("/v1/customers/search", json={"sort": "custom.nothing"})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "sort")


async def test_a_rule_nested_beyond_reason_is_refused(client: httpx.AsyncClient) -> None:
    deep: Any = {"field": "name", "op": "set"}
    for _ in range(60):
        deep = {"not": deep}
    answer = await client.post("/v1/segments/preview", json={"rule": deep})
    assert (answer.status_code, answer.json()["code"]) == (422, "rule_wrong")
    deeper = '{"rule":' + '{"not":' * 20_000 + "{}" + "}" * 20_000 + "}"
    answer = await client.post(
        "/v1/segments/preview",
        content=deeper,
        headers={"content-type": "application/json"},
    )
    assert answer.status_code in {400, 422}


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("/v1/customers/search?name", ["a\x00", str(uuid4())]),
        ("/v1/customers/search?custom.age", ["1; drop", str(uuid4())]),
        ("/v1/customers/search?custom.age", ["NaN", str(uuid4())]),
        ("/v1/customers/{id}/timeline", ["2026-11-22T10:00:00", str(uuid4())]),
        ("/v1/accounts", ["a\x00", str(uuid4())]),
    ],
)
async def test_a_cursor_that_was_made_up_is_refused(
    client: httpx.AsyncClient, path: str, keys: list[str]
) -> None:
    field = {"key": "age", "kind": "number", "label": "Age"}
    await client.post("/v1/custom-fields", json=field)
    made = (await client.post("/v1/customers", json={"name": "A"})).json()["id"]
    cursor = encode_cursor(*keys)
    if "search" in path:
        address, _, sort = path.partition("?")
        answer = await client.post(address, json={"sort": sort, "cursor": cursor})
    else:
        answer = await client.get(path.replace("{id}", made), params={"cursor": cursor})
    assert (answer.status_code, answer.json()["field"]) == (422, "cursor")


async def test_everybody_at_once_and_person_by_person_are_the_same_question(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    """A preview asks of everybody at once; a search looks up each; who never bought has zero."""
    ids = await people(database, actor, now, 6)
    async with database.transaction(actor) as tx:
        for customer_id, locale in zip(ids, ("hi", "hi-IN", "en-IN", "ta"), strict=False):
            customer = await service.lock_customer(tx, customer_id)
            change = CustomerChange(locale=locale)
            await service.change_customer(tx, customer, change, now=now)
    for place, customer_id in enumerate(ids[:5]):
        for again in range(place):
            await order(database, actor, customer_id, now - timedelta(days=10 * again), 100 * place)
    await pay(database, ids[1:4], actor, now)
    asked = questions()
    for rule in [*asked, *({"not": one} for one in asked)]:
        shown = await client.post("/v1/segments/preview", json={"rule": rule})
        found = await client.post("/v1/customers/search", json={"rule": rule})
        assert shown.status_code == found.status_code == 200, (rule, shown.text)
        names = sorted(one["name"] for one in found.json()["items"])
        assert sorted(one["name"] for one in shown.json()["sample"]) == names, rule
        assert shown.json()["count"] == len(names), rule
