"""A complaint opens with its order, parcel, invoice and customer attached, whoever opens it."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import msgspec

from tandem.contracts.orders import OrderSnapshot
from tandem.crm.customers import service as customers
from tandem.crm.identity import service as identity
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound
from tandem.scm.invoicing import service as invoicing
from tandem.scm.orders import service as orders
from tandem.scm.shipping import service as shipping
from tandem.scm.support import service as support
from tandem.scm.support.domain.complaints import Complaint, Links, NewComplaint
from tandem.scm.support.domain.statuses import Origin

T = TypeVar("T")


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller knows. A parcel or an invoice leads to its order, an order to the rest."""

    order_id: UUID | None = None
    shipment_id: UUID | None = None
    invoice_id: UUID | None = None
    customer_id: UUID | None = None


async def open_complaint(
    tx: Tx, draft: NewComplaint, about: About, *, origin: Origin, now: datetime
) -> Complaint:
    """Raises Invalid where something is not there or belongs to another order."""
    tx.actor.require("support.write")
    links = await links_of(tx.with_all_grants(), about)
    return await support.open_complaint(
        tx, msgspec.structs.replace(draft, links=links), origin=origin, now=now
    )


async def give_to(
    tx: Tx,
    *,
    complaint_id: UUID,
    now: datetime,
    assignee_id: UUID | msgspec.UnsetType | None = msgspec.UNSET,
    queue: str | msgspec.UnsetType = msgspec.UNSET,
    origin: Origin = Origin.STAFF,
) -> Complaint:
    """To a colleague who is still with the company, and to a queue that exists."""
    tx.actor.require("support.assign")
    name = ""
    if isinstance(assignee_id, UUID):
        name = (await identity.staff_names(tx, only_active=True)).get(assignee_id, "")
        if not name:
            raise Invalid("Nobody here has this id.", field="assignee_id")
    return await support.assign(
        tx,
        complaint_id=complaint_id,
        assignee_id=assignee_id,
        assignee_name=name,
        queue=queue,
        origin=origin,
        now=now,
    )


async def links_of(tx: Tx, about: About) -> Links:
    """Ids and numbers of everything the complaint is about."""
    shipment = await _or_none(shipping.get_shipment, tx, about.shipment_id, "shipment_id")
    invoice = await _or_none(invoicing.get_invoice, tx, about.invoice_id, "invoice_id")
    order_id = about.order_id
    for field, one in (("shipment_id", shipment), ("invoice_id", invoice)):
        if one is None:
            continue
        if order_id is not None and one.order_id != order_id:
            raise Invalid("This belongs to another order.", field=field)
        order_id = one.order_id
    if order_id is None:
        return await _links_of_customer(tx, about.customer_id)
    order = await orders.find_order(tx, order_id)
    if order is None:
        raise Invalid("There is no such order.", field="order_id")
    if about.customer_id not in {None, order.customer_id}:
        raise Invalid("This order is somebody else's.", field="customer_id")
    links = await _links_of_order(tx, order)
    if shipment is not None:
        links = msgspec.structs.replace(
            links, shipment_id=shipment.id, shipment_number=shipment.number
        )
    if invoice is not None:
        links = msgspec.structs.replace(links, invoice_id=invoice.id, invoice_number=invoice.number)
    return links


async def _links_of_order(tx: Tx, order: OrderSnapshot) -> Links:
    """With its newest parcel and its invoice, where there are any."""
    parcels = [
        one for one in await shipping.list_of_order(tx, order.id) if one.status != "cancelled"
    ]
    invoice = await invoicing.find_for_order(tx, order.id)
    return Links(
        order_id=order.id,
        order_number=order.number,
        shipment_id=parcels[-1].id if parcels else None,
        shipment_number=parcels[-1].number if parcels else "",
        invoice_id=invoice.id if invoice else None,
        invoice_number=invoice.number if invoice else "",
        customer_id=order.customer_id,
        customer_name=order.customer_name,
        customer_email=order.customer_email,
        customer_phone=order.customer_phone,
    )


async def _links_of_customer(tx: Tx, customer_id: UUID | None) -> Links:
    customer = await _or_none(customers.get_customer, tx, customer_id, "customer_id")
    if customer is None:
        return Links()
    return Links(
        customer_id=customer.id,
        customer_name=customer.name,
        customer_email=customer.email,
        customer_phone=customer.phone,
    )


async def _or_none(
    get: Callable[[Tx, UUID], Awaitable[T]], tx: Tx, thing_id: UUID | None, field: str
) -> T | None:
    if thing_id is None:
        return None
    try:
        return await get(tx, thing_id)
    except NotFound as reason:
        raise Invalid(reason.detail, field=field) from reason
