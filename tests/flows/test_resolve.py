"""Any identifier of any document leads to the document and its order, and only in its company."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

import httpx2 as httpx
import msgspec
import pytest

from tandem.contracts.orders import OrderSnapshot
from tandem.crm.identity import service as identity
from tandem.flows.place_order.basket import OutsideId
from tandem.flows.resolve import resolve
from tandem.kernel import references
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.errors import NotFound
from tandem.kernel.ids import new_id
from tandem.kernel.references import Reference
from tandem.scm.invoicing import service as invoicing
from tandem.scm.invoicing.domain.documents import Invoice
from tandem.scm.shipping import service as shipping
from tandem.scm.shipping.domain.shipments import Shipment
from tests.flows.shop import MEERA, basket, open_shop, place_one

GATEWAY = {"payment_intent": "order_IluGWxBm9U8zJ8", "payment": "pay_IH3d0ara9bSsjQ"}
IRN = "706daeccda0ef6f818da78f3a2a05a1288731057373002289b46c3229289a2e7"


class Sale:
    """An order with a shipment that has an AWB, an invoice with an IRN, and gateway ids."""

    order: OrderSnapshot
    shipment: Shipment
    invoice: Invoice
    payment_id: UUID


@pytest.fixture
async def sale(database: Database, actor: Actor, now: datetime) -> Sale:
    sold = Sale()
    async with database.transaction(actor) as tx:
        shop = await open_shop(tx, now)
    shopify = OutsideId(system="shopify", external_id="5001")
    registered = msgspec.structs.replace(MEERA, gstin="29AABCR1718E1ZL")
    wanted = basket(shop, customer=registered, payment_method="cod", references=[shopify])
    sold.order = await place_one(database, actor, wanted, now)
    sold.payment_id = new_id()
    async with database.transaction(actor) as tx:
        sold.shipment = await shipping.create_shipment(tx, order=sold.order, items=None, now=now)
        sold.invoice = await invoicing.issue_for_order(tx, sold.order, now=now)
        for kind, external_id in (*GATEWAY.items(), ("irn", IRN), ("awb", "AWB-77")):
            await references.add(
                tx,
                Reference(
                    system="outside",
                    kind=kind,
                    external_id=external_id,
                    entity_kind={"irn": "invoice", "awb": "shipment"}.get(kind, kind),
                    entity_id={"irn": sold.invoice.id, "awb": sold.shipment.id}.get(
                        kind, sold.payment_id
                    ),
                    order_id=sold.order.id,
                ),
            )
    return sold


Identifier = Callable[[Sale], str]
CASES: list[tuple[str, Identifier]] = [
    ("order", lambda sale: str(sale.order.id)),
    ("order", lambda sale: sale.order.number),
    ("order", lambda sale: sale.order.number.lower()),
    ("order", lambda sale: f"#{sale.order.number}"),
    ("order", lambda sale: sale.order.public_token),
    ("order", lambda sale: "5001"),
    ("shipment", lambda sale: str(sale.shipment.id)),
    ("shipment", lambda sale: sale.shipment.number),
    ("shipment", lambda sale: "AWB-77"),
    ("invoice", lambda sale: str(sale.invoice.id)),
    ("invoice", lambda sale: sale.invoice.number),
    ("invoice", lambda sale: IRN),
    ("invoice", lambda sale: sale.invoice.irn),
    ("invoice", lambda sale: sale.invoice.irn.upper()),
    ("payment_intent", lambda sale: GATEWAY["payment_intent"]),
    ("payment", lambda sale: GATEWAY["payment"]),
]


@pytest.mark.parametrize(("kind", "identifier"), CASES)
async def test_every_identifier_leads_to_its_document_and_the_order(
    client: httpx.AsyncClient, sale: Sale, kind: str, identifier: Identifier
) -> None:
    answer = await client.get("/v1/resolve", params={"q": identifier(sale)})

    assert answer.status_code == 200
    assert (answer.json()["kind"], answer.json()["order_id"]) == (kind, str(sale.order.id))


async def test_strangers_and_the_unknown_get_nothing(
    database: Database, sale: Sale, make_stranger: Callable[[], Awaitable[Actor]]
) -> None:
    stranger = await make_stranger()
    for q in [*(identifier(sale) for _, identifier in CASES)]:
        with pytest.raises(NotFound):
            async with database.transaction(stranger) as tx:
                await resolve(tx, q)


@pytest.mark.parametrize("q", ["SO-404", "nothing", "%", "pay_", str(UUID(int=7)), "A" * 22])
async def test_what_nobody_has_is_not_found(client: httpx.AsyncClient, sale: Sale, q: str) -> None:
    answer = await client.get("/v1/resolve", params={"q": q})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.fixture
def make_stranger(database: Database, now: datetime) -> Callable[[], Awaitable[Actor]]:
    async def make() -> Actor:
        org_id = await identity.found_organisation(
            database, name="Others", slug=f"o-{new_id().hex}", now=now
        )
        return Actor(org_id=org_id, user_id=new_id(), grants=frozenset({"*"}))

    return make
