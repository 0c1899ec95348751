"""Type-ahead and the palette: a few rows of JSON for a few typed letters."""

import functools
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, get
from litestar.params import QueryParameter

from tandem.contracts.catalog import VariantFacts
from tandem.contracts.contacts import spoken_phone
from tandem.crm.sales import service as sales
from tandem.crm.sales.domain.leads import LeadFilters
from tandem.crm.sales.domain.opportunities import Filters as DealFilters
from tandem.crm.sales.domain.opportunities import escaped
from tandem.crm.sales.service import leads
from tandem.flows import resolve
from tandem.flows.search_orders import search_orders
from tandem.kernel.actor import Actor
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.http import Transaction
from tandem.scm.catalog import service as catalog
from tandem.scm.inventory import service as inventory
from tandem.scm.orders.domain.views import Filters
from tandem.web.console import places
from tandem.web.console.addresses import address_values
from tandem.web.console.customers import suggest_customers
from tandem.web.rendering import has_page, money, words

FEW = 8
Typed = Annotated[str, QueryParameter(max_length=200)]
PAGES_OF = {
    "order": "/orders/{}",
    "shipment": "/shipments/{}",
    "invoice": "/invoices/{}",
    "payment": "/payments/{}",
    "customer": "/customers/{}",
    "complaint": "/complaints/{}",
}


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """`value` is what the field takes; `fields` fill others."""

    value: str
    title: str
    detail: str
    fields: dict[str, str] = {}


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    title: str
    detail: str
    href: str


class Suggestions(Controller):
    path = "/console"
    include_in_schema = False

    @get("/suggest/variants")
    async def variants(self, tx: Transaction, q: Typed = "") -> list[Suggestion]:
        found = await catalog.search(tx, _clean(q), FEW)
        free = await inventory.available(tx, [each.variant_id for each in found])
        return [
            Suggestion(
                value=each.sku,
                title=each.title,
                detail=_told(tx.actor, each, free.get(each.variant_id, 0)),
            )
            for each in found
        ]

    @get("/suggest/customers")
    async def customers(self, tx: Transaction, q: Typed = "") -> list[Suggestion]:
        return [
            Suggestion(
                value=str(each.id),
                title=each.name,
                detail=" · ".join(
                    filter(None, (each.company_name, spoken_phone(each.phone or ""), each.email))
                ),
                fields=address_values(
                    each.addresses[0].address if each.addresses else None, "ship_"
                ),
            )
            for each in await suggest_customers(tx, _clean(q), FEW)
        ]

    @get("/find")
    async def find(
        self, request: Request[Any, Any, Any], tx: Transaction, q: Typed = ""
    ) -> Response[list[Hit]]:
        """Any document by any of its ids first, then pages by name, then what the words fit."""
        text = _clean(q).strip()
        if not text:
            return Response([])
        pages = [
            Hit(kind=kind, title=place.title, detail="", href=place.href)
            for kind, place in places.found(text, tx.actor, functools.partial(has_page, request))
        ]
        hits = [*await _documents(tx, text), *pages, *await _named(tx, text)]
        unique = {hit.href: hit for hit in reversed(hits)}
        return Response(list(unique.values())[::-1])


def _told(actor: Actor, fact: VariantFacts, free: int) -> str:
    parts = [fact.sku]
    if not actor.hides("product", "price_minor"):
        parts.append(money(fact.price_minor, fact.currency))
    if not actor.hides("stock", "available"):
        parts.append(f"{free} available")
    return " · ".join(parts)


async def _documents(tx: Tx, text: str) -> list[Hit]:
    if not tx.actor.may("orders.read"):
        return []
    try:
        matches = await resolve.resolve(tx, text)
    except NotFound:
        return []
    found: list[Any] = [matches, *matches.others]
    return [
        Hit(
            kind="Document",
            title=f"{words(one.kind)} {one.number}".strip(),
            detail=text if one.number != text else "",
            href=_page_of(one.kind, one.id, one.order_id),
        )
        for one in found
        if one.kind in PAGES_OF or one.order_id
    ]


def _page_of(kind: str, entity_id: object, order_id: object) -> str:
    return PAGES_OF[kind].format(entity_id) if kind in PAGES_OF else f"/orders/{order_id}"


async def _named(tx: Tx, text: str) -> list[Hit]:
    may = tx.actor.may
    hits: list[Hit] = []
    if may("orders.read"):
        found = await search_orders(tx, text, Filters(), sort="-placed_at", limit=5, cursor=None)
        hits += [
            Hit(
                kind="Orders",
                title=f"{row.number} · {row.customer_name}",
                detail=words(row.status)
                if tx.actor.hides("order", "total_minor")
                else f"{words(row.status)} · {money(row.total_minor, row.currency)}",
                href=f"/orders/{row.id}",
            )
            for row in found.items
        ]
    if may("customers.read"):
        hits += [
            Hit(
                kind="Customers",
                title=each.name,
                detail=spoken_phone(each.phone or "") or each.email or each.number,
                href=f"/customers/{each.id}",
            )
            for each in await suggest_customers(tx, text, 5)
        ]
    if may("sales.read"):
        hits += await _sales(tx, text)
    if may("catalog.read"):
        found_variants = await catalog.search(tx, text, 5)
        variants = [await catalog.get_variant(tx, each.variant_id) for each in found_variants]
        hits += [
            Hit(
                kind="Products",
                title=each.title,
                detail=each.sku,
                href=f"/products/{each.product_id}",
            )
            for each in variants
        ]
    return hits


async def _sales(tx: Tx, text: str) -> list[Hit]:
    """Leads and deals within the asker's reach."""
    found = await leads.list_leads(tx, LeadFilters(words=escaped(text[:100])), limit=5)
    hits = [
        Hit(
            kind="Leads",
            title=each.title,
            detail=f"{each.number} · {each.status_name}",
            href=f"/leads/{each.id}",
        )
        for each in found.items
    ]
    deals = await sales.list_opportunities(tx, DealFilters(words=escaped(text[:100])), limit=5)
    return hits + [
        Hit(
            kind="Deals",
            title=each.title,
            detail=f"{each.number} · {each.stage_name}",
            href=f"/deals/{each.id}",
        )
        for each in deals.items
    ]


def _clean(text: str) -> str:
    return "".join(character for character in text if character.isprintable())
