"""What orders, parcels, complaints and messages keep of a person, for `customer_holders`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from tandem.crm.notifications.service import people as messages
from tandem.flows.customer_holders import Erased, Holder, Person, register
from tandem.kernel.db import Tx
from tandem.scm.delivery.service import people as deliveries
from tandem.scm.orders.service import people as orders
from tandem.scm.shipping.service import people as shipments
from tandem.scm.support.service import people as complaints


async def move_orders(tx: Tx, source: UUID, into: UUID, ids: Sequence[UUID] | None) -> list[UUID]:
    return await orders.hand_over(tx, source, into, ids)


async def erase_orders(tx: Tx, person: Person, now: datetime) -> Erased:
    erased, running = await orders.erase_person(tx, person.customer_id, now=now)
    return Erased(erased=erased, held=running, why_held="still to be delivered or paid")


async def export_orders(tx: Tx, person: Person) -> list[dict[str, Any]]:
    return await orders.export_person(tx, person.customer_id)


async def move_complaints(
    tx: Tx, source: UUID, into: UUID, ids: Sequence[UUID] | None
) -> list[UUID]:
    return await complaints.hand_over(tx, source, into, ids)


async def erase_complaints(tx: Tx, person: Person, now: datetime) -> Erased:
    erased, running = await complaints.erase_person(
        tx, person.customer_id, cause_id=person.cause_id, now=now
    )
    return Erased(erased=erased, held=running, why_held="not settled yet")


async def export_complaints(tx: Tx, person: Person) -> list[dict[str, Any]]:
    return await complaints.export_person(tx, person.customer_id)


async def move_messages(tx: Tx, source: UUID, into: UUID, ids: Sequence[UUID] | None) -> list[UUID]:
    return await messages.hand_over(tx, source, into, ids)


async def erase_messages(tx: Tx, person: Person, now: datetime) -> Erased:
    addresses = [*person.emails, *person.phones]
    erased = await messages.erase_person(
        tx,
        order_ids=person.order_ids,
        addresses=addresses,
        customer_id=person.customer_id,
        now=now,
    )
    await messages.forget_told(tx, person.record_ids, now=now)
    return Erased(erased=erased)


async def export_messages(tx: Tx, person: Person) -> list[dict[str, Any]]:
    addresses = [*person.emails, *person.phones]
    return await messages.export_person(
        tx, order_ids=person.order_ids, addresses=addresses, customer_id=person.customer_id
    )


async def erase_shipments(tx: Tx, person: Person, now: datetime) -> Erased:
    erased, running = await shipments.erase_person(tx, person.order_ids, now=now)
    return Erased(erased=erased, held=running, why_held="on its way")


async def erase_deliveries(tx: Tx, person: Person, now: datetime) -> Erased:
    erased, running = await deliveries.erase_person(tx, person.order_ids)
    return Erased(erased=erased, held=running, why_held="on its way")


register(Holder(name="orders", move=move_orders, erase=erase_orders, export=export_orders))


async def find_complaints(tx: Tx, person: Person) -> list[UUID]:
    return await complaints.list_ids_of(tx, person.customer_id)


register(
    Holder(
        name="complaints",
        find=find_complaints,
        move=move_complaints,
        erase=erase_complaints,
        export=export_complaints,
    )
)
register(Holder(name="messages", move=move_messages, erase=erase_messages, export=export_messages))
register(Holder(name="shipments", erase=erase_shipments))
register(Holder(name="deliveries", erase=erase_deliveries))
