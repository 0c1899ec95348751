"""Orders: some brought to the door, some of today."""

from uuid import UUID

from tandem.app.demo.days import Days
from tandem.crm.customers import service as customers
from tandem.flows.place_order.basket import Line, NewOrder
from tandem.flows.place_order.placing import place_orders
from tandem.kernel.errors import Refusal
from tandem.scm.delivery import service as delivery
from tandem.scm.delivery.domain.statuses import Status

BASKETS = (
    (("TEA-ASM-1KG", 2), ("SPI-CAR-050", 1)),
    (("COF-NIL-500", 3),),
    (("SPI-TUR-200", 6), ("SPI-PEP-100", 4), ("SPI-CUM-200", 4)),
    (("AGA-MOG-120", 10), ("TEA-DRJ-100", 2)),
)
ROUNDS = (13, 8, 4)
"""Days ago; each is a day's orders."""
EACH = 2
DRIVE = (
    Status.ACCEPTED, Status.AT_PICKUP, Status.PICKED_UP, Status.EN_ROUTE, Status.ARRIVING,
    Status.ARRIVED, Status.DELIVERED,
)  # fmt: skip


async def deliver_orders(days: Days) -> None:
    """Paid at the door, a day or two later."""
    for place, ago in enumerate(ROUNDS):
        ids = await _place(days, ago, first=place * EACH, count=EACH, method="cod")
        async with days.ago(ago - 1) as (tx, now):
            driver = (await delivery.list_drivers(tx, limit=1)).items[0]
            for order_id in ids:
                (found,) = (await delivery.list_deliveries(tx, order_id=order_id, limit=1)).items
                await delivery.assign(tx, found.id, driver_id=driver.id, now=now)
                await delivery.set_proof_policy(
                    tx, found.id, kinds=[], reason="Handed over in person", now=now
                )
                for status in DRIVE:
                    await delivery.set_status(
                        tx, found.id, status=status, reason="By telephone", now=now
                    )


async def take_orders(days: Days) -> None:
    """Of this morning: two to pack, one to pay."""
    await _place(days, 0.05, first=1, count=2, method="cod")
    await _place(days, 0.01, first=4, count=1, method="prepaid")


async def _place(days: Days, ago: float, *, first: int, count: int, method: str) -> list[UUID]:
    async with days.ago(ago) as (tx, now):
        everybody = (await customers.list_customers(tx, limit=50)).items
        people = [one for one in everybody if one.addresses]
        asks = [
            NewOrder(
                customer_id=people[(first + place) % len(people)].id,
                lines=[
                    Line(sku=sku, quantity=quantity)
                    for sku, quantity in BASKETS[(first + place) % len(BASKETS)]
                ],
                payment_method=method,  # type: ignore[arg-type]
                channel="web",
            )
            for place in range(count)
        ]
        outcomes = await place_orders(tx, asks, now=now)
        assert not any(isinstance(one, Refusal) for one in outcomes), outcomes
        return [one.id for one in outcomes if not isinstance(one, Refusal)]
