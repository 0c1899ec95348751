"""The derived axes, from sums and quantities."""

from datetime import datetime

import msgspec
import pytest

from tandem.contracts.orders import OrderLine
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.ids import new_id
from tandem.scm.orders import service as orders
from tandem.scm.orders.domain.axes import fulfilment_status_of, payment_status_of
from tandem.scm.orders.domain.lifecycle import Status
from tandem.scm.orders.domain.refusals import MoreThanOrdered
from tests.flows.shop import Shop, basket, open_shop, place_one, topics
from tests.orders.test_lifecycle import items_of


@pytest.fixture
async def shop(database: Database, actor: Actor, now: datetime) -> Shop:
    async with database.transaction(actor) as tx:
        return await open_shop(tx, now)


@pytest.mark.parametrize(
    ("status", "authorized", "paid", "refunded", "expected"),
    [
        ("pending_payment", 0, 0, 0, "none"),
        ("pending_payment", 100, 0, 0, "authorized"),
        ("cancelled", 100, 0, 0, "voided"),
        ("expired", 100, 0, 0, "voided"),
        ("pending_payment", 0, 40, 0, "partially_paid"),
        ("confirmed", 0, 100, 0, "paid"),
        ("confirmed", 0, 100, 30, "partially_refunded"),
        ("cancelled", 0, 100, 100, "refunded"),
        ("confirmed", 0, 200, 0, "overcharged"),
        ("confirmed", 0, 200, 100, "paid"),
        ("confirmed", 0, 200, 150, "partially_refunded"),
        ("cancelled", 0, 40, 40, "refunded"),
    ],
)
def test_the_payment_status_follows_from_the_sums_of_an_order_of_100(
    status: str, authorized: int, paid: int, refunded: int, expected: str
) -> None:
    derived = payment_status_of(
        status=Status(status), total=100, authorized=authorized, paid=paid, refunded=refunded
    )
    assert derived == expected


def line(**counts: int) -> OrderLine:
    blank = dict.fromkeys(
        (
            "unit_price_minor",
            "discount_minor",
            "taxable_minor",
            "cgst_minor",
            "sgst_minor",
            "igst_minor",
            "cess_minor",
            "total_minor",
            "weight_grams",
        ),
        0,
    )
    made = OrderLine(
        id=new_id(),
        line_no=1,
        variant_id=new_id(),
        sku="X",
        title="X",
        hsn="0902",
        unit="NOS",
        quantity=3,
        price_includes_tax=True,
        tax_class="standard",
        tax_rate="18",
        **blank,
    )
    return msgspec.structs.replace(
        made, **{f"quantity_{name}": count for name, count in counts.items()}
    )


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({}, "unfulfilled"),
        ({"shipped": 1}, "partially_shipped"),
        ({"shipped": 1, "cancelled": 1}, "partially_shipped"),
        ({"shipped": 2, "cancelled": 1}, "shipped"),
        ({"shipped": 3}, "shipped"),
        ({"shipped": 3, "delivered": 2}, "partially_delivered"),
        ({"shipped": 2, "delivered": 2, "cancelled": 1}, "delivered"),
        ({"shipped": 1, "cancelled": 1, "returned": 1}, "partially_returned"),
        ({"shipped": 3, "delivered": 3, "returned": 3}, "returned"),
        ({"cancelled": 3}, "unfulfilled"),
    ],
)
def test_the_fulfilment_status_of_three_units_follows_from_their_quantities(
    counts: dict[str, int], expected: str
) -> None:
    assert fulfilment_status_of([line(**counts)]) == expected


def test_quantities_count_over_all_lines_not_line_by_line() -> None:
    """A wholly shipped line beside an untouched one is not a shipped order."""
    assert fulfilment_status_of([line(shipped=3), line()]) == "partially_shipped"


async def test_payment_is_told_when_its_status_changes_and_only_then(
    database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    order = await place_one(database, actor, basket(shop), now)
    said = len(await topics(database, actor))

    async def record(paid: int, refunded: int = 0) -> str:
        async with database.transaction(actor) as tx:
            after = await orders.record_payment(
                tx,
                order_id=order.id,
                paid_minor=paid,
                refunded_minor=refunded,
                authorized_minor=0,
                now=now,
            )
        return after.payment_status

    statuses = [
        await record(1),
        await record(2),
        await record(order.total_minor),
        await record(order.total_minor),
        await record(order.total_minor, 5),
        await record(order.total_minor, order.total_minor),
    ]

    assert statuses == [
        "partially_paid",
        "partially_paid",
        "paid",
        "paid",
        "partially_refunded",
        "refunded",
    ]
    assert (await topics(database, actor))[said:] == ["orders.changed.v1"] * 4


async def test_an_order_ships_in_parts_and_is_completed_with_its_last_unit(
    database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    order = await place_one(database, actor, basket(shop, payment_method="cod"), now)
    tea, kettle = items_of(order)
    one_tea = msgspec.structs.replace(tea, quantity=1)
    seen = []
    async with database.transaction(actor) as tx:
        for items in ([one_tea], [one_tea, kettle]):
            after = await orders.record_shipped(tx, order_id=order.id, items=items, now=now)
            seen.append((after.status, after.fulfilment_status))
        for items in ([kettle], [tea]):
            after = await orders.record_delivered(tx, order_id=order.id, items=items, now=now)
            seen.append((after.status, after.fulfilment_status))

    assert seen == [
        ("processing", "partially_shipped"),
        ("processing", "shipped"),
        ("processing", "partially_delivered"),
        ("completed", "delivered"),
    ]
    assert (await topics(database, actor))[-1] == "orders.completed.v1"


async def test_more_than_was_ordered_never_ships(
    database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    order = await place_one(database, actor, basket(shop, payment_method="cod"), now)
    too_many = msgspec.structs.replace(items_of(order)[0], quantity=3)
    foreign = msgspec.structs.replace(items_of(order)[0], order_line_id=new_id())

    for item in (too_many, foreign):
        with pytest.raises(MoreThanOrdered):
            async with database.transaction(actor) as tx:
                await orders.record_shipped(tx, order_id=order.id, items=[item], now=now)
    with pytest.raises(MoreThanOrdered):
        async with database.transaction(actor) as tx:
            await orders.record_delivered(tx, order_id=order.id, items=items_of(order), now=now)

    async with database.transaction(actor) as tx:
        assert await orders.get_order(tx, order.id) == order
