"""Find orders by what people have in hand: a number, a name, a telephone, another system's id."""

from uuid import UUID

from tandem.crm.customers import service as customers
from tandem.kernel import references
from tandem.kernel.db import Tx
from tandem.kernel.ids import parse_id
from tandem.kernel.pages import Page
from tandem.scm.orders import service as orders
from tandem.scm.orders.domain.views import Filters, Found, OrderRow, Sort

CUSTOMERS_MAX = 100
NUMBER_LENGTH_MAX = 30


async def search_orders(
    tx: Tx, q: str | None, filters: Filters, *, sort: Sort, limit: int, cursor: str | None
) -> Page[OrderRow]:
    """A page of orders that fit the filters and, if given, the words."""
    tx.actor.require("orders.read")
    words = (q or "").strip()
    found = await _look(tx, words) if words else None
    return await orders.list_orders(tx, filters, found=found, sort=sort, limit=limit, cursor=cursor)


async def _look(tx: Tx, words: str) -> Found:
    referred = await references.find(tx, words)
    order_ids = [ref.order_id for ref in referred if ref.order_id is not None]
    if order_id := parse_id(words):
        order_ids.append(order_id)
    return Found(
        number_prefix=words.upper() if len(words) <= NUMBER_LENGTH_MAX else "",
        customer_ids=await _buyers(tx, words),
        order_ids=order_ids,
    )


async def _buyers(tx: Tx, words: str) -> list[UUID]:
    """Customers whose name, number, telephone or e-mail fits; none for who may not see them."""
    if not tx.actor.may("customers.read"):
        return []
    page = await customers.list_customers(tx, text=words, limit=CUSTOMERS_MAX)
    return [customer.id for customer in page.items]
