"""The buyers' own pages: a code to who they are, and what is theirs. Nothing of anybody else's."""

from uuid import UUID

from tandem.crm.customers import service as customers
from tandem.crm.customers.service.contacts import address_of, find_by_contact
from tandem.crm.identity.domain.buyers import Buyer
from tandem.crm.identity.service import buyers
from tandem.crm.notifications import service as notifications
from tandem.kernel.actor import Actor, Kind
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.jobs import Work, every, job
from tandem.kernel.pages import Page
from tandem.scm.invoicing import service as invoicing
from tandem.scm.orders import service as orders
from tandem.scm.orders.domain.views import Filters, OrderRow, PublicOrder
from tandem.scm.shipping import service as shipping
from tandem.scm.shipping.domain.shipments import Shipment

GRANTS = frozenset({"orders.read", "invoicing.read", "shipping.read"})
SHOWN = 50


def acting(buyer: Buyer) -> Actor:
    """For this flow alone, which asks for the customer's own documents only."""
    return Actor(
        org_id=buyer.org_id,
        user_id=buyer.customer_id,
        kind=Kind.BUYER,
        grants=GRANTS,
        label="Buyer",
    )


@job(buyers.SEND_CODE)
async def send_code(work: Work, code_id: str, contact: str) -> None:
    """To the customer with this address or number, if there is one. By e-mail where they have an
    address, whatever they typed: a text goes to whoever holds the number just now (NIST SP
    800-63B, 5.1.3.3), so only who has nothing but a number gets one."""
    async with work.transaction() as tx:
        found = await find_by_contact(tx, contact)
        if found is None:
            return
        customer_id, kind, value = found
        if kind == "phone" and (address := await address_of(tx, customer_id)):
            kind, value = "email", address
        code = await buyers.write_code(tx, UUID(code_id), customer_id, now=work.now())
        if code is None:
            return
        seller = await invoicing.find_seller(tx)
        await notifications.send(
            tx,
            template="buyer_code",
            order_id=None,
            email=value if kind == "email" else None,
            phone=value if kind == "phone" else None,
            parameters={"company": seller.display_name if seller else "Tandem", "code": code},
            dedupe=f"buyer_code:{code_id}",
            now=work.now(),
            is_secret=True,
            not_after=work.now() + buyers.CODE_LIFE,
            locale=await customers.locale_of(tx, customer_id),
        )


@every(3600, "portal.forget")
async def forget(work: Work) -> None:
    await buyers.forget_buyers(work)


async def list_own(tx: Tx, buyer: Buyer, *, cursor: str | None = None) -> Page[OrderRow]:
    """Their orders, newest first."""
    return await orders.list_orders(
        tx, Filters(customer_id=buyer.customer_id), limit=SHOWN, cursor=cursor
    )


async def get_own(
    tx: Tx, buyer: Buyer, order_id: UUID
) -> tuple[PublicOrder, str, list[Shipment], bool]:
    """(the order, its link's token, its shipments, whether the invoice is there).

    Another customer's order is as if it were not there.
    """
    order = await orders.find_order(tx, order_id)
    if order is None or order.customer_id != buyer.customer_id:
        raise NotFound("There is no such order.")
    shown = await orders.get_public_order(tx, order_id)
    sent = [
        shipment
        for shipment in await shipping.list_of_order(tx, order_id)
        if shipment.status != "cancelled"
    ]
    invoice = await invoicing.find_for_order(tx, order_id)
    return shown, order.public_token, sent, invoice is not None
