import asyncio
from datetime import datetime
from uuid import uuid4

import msgspec
import pytest

from tandem.contracts.address import Address
from tandem.crm.customers import service
from tandem.crm.customers.domain import Customer, CustomerDraft, EmailWrong, GstinWrong, PhoneWrong
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query
from tandem.kernel.errors import Invalid, NotFound

COUNT = Query("select count(*) from customers.customer where org_id = :org_id")
TOPICS = Query("select topic, key from kernel.event where org_id = :org_id order by seq")

HOME = Address(
    name="Asha", line1="1 Church St", city="Bengaluru", state_code="29", postal_code="560001"
)


async def find_or_add(
    database: Database, actor: Actor, now: datetime, *drafts: CustomerDraft
) -> list[Customer]:
    async with database.transaction(actor) as tx:
        return await service.find_or_add(tx, drafts, now=now)


async def test_a_new_buyer_is_added_whole_and_told_once(
    database: Database, actor: Actor, now: datetime
) -> None:
    draft = CustomerDraft(
        name=" Asha Rao ", email="Asha@Example.com ", phone="098450 12345", address=HOME
    )
    [first] = await find_or_add(database, actor, now, draft)
    [again] = await find_or_add(database, actor, now, draft)

    assert (first.name, first.email, first.phone) == (
        "Asha Rao", "asha@example.com", "+919845012345",
    )  # fmt: skip
    assert first.number.startswith("C-1")
    assert [home.address for home in first.addresses] == [HOME]
    assert (again.id, again.number, again.addresses) == (first.id, first.number, first.addresses)
    async with database.transaction(actor) as tx:
        assert await tx.value(COUNT) == 1
        told = [(row["topic"], row["key"]) for row in await tx.records(TOPICS)]
    assert told == [("customers.added.v1", str(first.id))]


async def test_the_id_goes_before_the_phone_and_the_phone_before_the_email(
    database: Database, actor: Actor, now: datetime
) -> None:
    asha, ravi = await find_or_add(
        database,
        actor,
        now,
        CustomerDraft(name="Asha", phone="9845012345", email="asha@example.com"),
        CustomerDraft(name="Ravi", phone="9845099999", email="ravi@example.com"),
    )
    found = await find_or_add(
        database,
        actor,
        now,
        CustomerDraft(customer_id=ravi.id, phone="9845012345"),
        CustomerDraft(name="?", phone="+91 98450 12345", email="ravi@example.com"),
        CustomerDraft(name="?", phone="9000000001", email="RAVI@example.com"),
    )
    assert [customer.id for customer in found] == [ravi.id, asha.id, ravi.id]
    assert [contact.value for contact in found[2].phones] == ["+919845099999"]


async def test_two_orders_of_one_batch_for_the_same_new_buyer_make_one_customer(
    database: Database, actor: Actor, now: datetime
) -> None:
    found = await find_or_add(
        database,
        actor,
        now,
        CustomerDraft(name="Asha", phone="9845012345", email="asha@example.com"),
        CustomerDraft(name="Asha R", phone="9845054321", email="asha@example.com"),
        CustomerDraft(name="Nobody in particular"),
        CustomerDraft(name="Nobody in particular"),
    )
    assert found[0].id == found[1].id
    assert len({customer.id for customer in found}) == 3


async def test_twenty_orders_at_once_for_the_same_new_buyers_make_each_of_them_once(
    database: Database, actor: Actor, now: datetime
) -> None:
    people = [
        CustomerDraft(name=f"Buyer {n}", phone=f"98450200{n:02}", email=f"b{n}@example.com")
        for n in range(4)
    ]

    async def order(place: int) -> list[Customer]:
        drafts = people if place % 2 else people[::-1]
        return await find_or_add(database, actor, now, *drafts)

    batches = await asyncio.gather(*(order(place) for place in range(20)))

    assert {customer.id for batch in batches for customer in batch} == {
        customer.id for customer in batches[0]
    }
    async with database.transaction(actor) as tx:
        assert await tx.value(COUNT) == 4
        assert len(await tx.records(TOPICS)) == 4


async def test_one_who_shares_an_email_with_a_winner_yields_to_them(
    database: Database, actor: Actor, now: datetime
) -> None:
    """One order brings phone and e-mail, the other the e-mail only, at the same moment."""
    async with database.transaction(actor) as slow:
        [first] = await service.find_or_add(
            slow, [CustomerDraft(name="Asha", email="asha@example.com")], now=now
        )
        waiting = asyncio.create_task(
            find_or_add(
                database,
                actor,
                now,
                CustomerDraft(name="Asha", phone="9845012345", email="asha@example.com"),
                CustomerDraft(name="Ravi", phone="9845099999"),
            )
        )
        await asyncio.wait([waiting], timeout=0.3)
        assert not waiting.done()
    asha, ravi = await waiting
    assert (asha.id, ravi.name) == (first.id, "Ravi")
    async with database.transaction(actor) as tx:
        assert await tx.value(COUNT) == 2


async def test_known_buyers_cost_one_query_however_many(
    database: Database, actor: Actor, now: datetime
) -> None:
    drafts = [CustomerDraft(name=f"B{n}", phone=f"98450300{n:02}") for n in range(30)]
    await find_or_add(database, actor, now, *drafts)
    async with database.transaction(actor) as tx:
        seen: list[str] = []
        tx.connection.add_query_logger(lambda record: seen.append(record.query))
        await service.find_or_add(tx, drafts, now=now)
        await asyncio.sleep(0)  # the driver logs in the loop's next turn
        assert len(seen) == 1


@pytest.mark.parametrize(
    ("draft", "refusal"),
    [
        (CustomerDraft(customer_id=uuid4()), NotFound),
        (CustomerDraft(name="  ", phone="9845012345"), Invalid),
        (CustomerDraft(name="Asha", phone="12"), PhoneWrong),
        (CustomerDraft(name="Asha", phone="not a phone"), PhoneWrong),
        (CustomerDraft(name="Asha", email="asha@home"), EmailWrong),
        (CustomerDraft(name="Asha", email="a b@example.com"), EmailWrong),
        (CustomerDraft(name="Asha", gstin="29AAGCB7383J1Z5"), GstinWrong),
    ],
)
async def test_a_draft_that_names_nobody_right_is_refused_and_adds_nobody(
    database: Database, actor: Actor, now: datetime, draft: CustomerDraft, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        await find_or_add(database, actor, now, CustomerDraft(name="Ravi"), draft)
    async with database.transaction(actor) as tx:
        assert await tx.value(COUNT) == 0
        assert await tx.records(TOPICS) == []


async def test_another_organisations_customers_are_nobody_here(
    database: Database, actor: Actor, now: datetime
) -> None:
    draft = CustomerDraft(name="Asha", phone="9845012345")
    [ours] = await find_or_add(database, actor, now, draft)
    stranger = msgspec.structs.replace(actor, org_id=uuid4())
    with pytest.raises(NotFound):
        await find_or_add(database, stranger, now, CustomerDraft(customer_id=ours.id))
    [theirs] = await find_or_add(database, stranger, now, draft)
    assert theirs.id != ours.id


async def test_the_demo_has_ten_customers_and_adds_them_once(
    database: Database, actor: Actor, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        assert await service.seed_demo(tx, [HOME], now) == 10
    async with database.transaction(actor) as tx:
        page = await service.list_customers(tx, limit=50)
        assert await service.seed_demo(tx, [HOME], now.replace(hour=11)) == 0
    assert len(page.items) == 10
    assert [c.gstin for c in page.items if c.gstin] == ["29AAKFK4821M1ZU", "29AAFCM7316Q1ZR"]
    assert all(c.email and c.phone and c.addresses for c in page.items)
