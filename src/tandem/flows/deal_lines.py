"""What a deal is made of: products of the catalogue, taxed by invoicing for the deal's customer."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.contracts.address import Address
from tandem.contracts.catalog import VariantFacts
from tandem.contracts.invoicing import Cart, Quote
from tandem.crm.customers import service as customers
from tandem.crm.sales import service as sales
from tandem.crm.sales.domain.lines import Line, LineDraft, cart_line, line_of
from tandem.crm.sales.domain.opportunities import Opportunity
from tandem.flows.place_order.pricing import NotForSale, UnknownSku
from tandem.kernel.db import Tx
from tandem.scm.catalog import service as catalog
from tandem.scm.invoicing import service as invoicing


class Buyer(msgspec.Struct, frozen=True, kw_only=True):
    """What the tax depends on. Without an address it is taxed as in the seller's own state."""

    ship_to: Address | None = None
    gstin: str | None = None
    is_sez: bool = False


async def set_lines(
    tx: Tx,
    opportunity_id: UUID,
    drafts: Sequence[LineDraft],
    *,
    is_current: Callable[[int], None] | None = None,
    now: datetime,
) -> Opportunity:
    """Refuses an unknown SKU, a product off sale, and what invoicing cannot tax."""
    deal = await sales.get_opportunity(tx, opportunity_id)
    buyer = await buyer_of(tx, deal.customer_id)
    lines, _ = await priced(tx, drafts, buyer=buyer, currency=deal.currency, now=now)
    return await sales.save_lines(tx, opportunity_id, lines, is_current=is_current, now=now)


async def priced(
    tx: Tx, drafts: Sequence[LineDraft], *, buyer: Buyer, currency: str, now: datetime
) -> tuple[list[Line], Quote | None]:
    """The lines with their tax, and what they come to; None for none."""
    if not drafts:
        return [], None
    catalogue = await catalog.facts(tx, sorted({draft.sku for draft in drafts}))
    facts = [_fact(catalogue.get(draft.sku), draft, at) for at, draft in enumerate(drafts)]
    asked = [
        cart_line(draft, fact, currency=currency, place=at)
        for at, (draft, fact) in enumerate(zip(drafts, facts, strict=True))
    ]
    state = buyer.ship_to.state_code if buyer.ship_to else ""
    cart = Cart(
        lines=asked,
        ship_state=state,
        bill_state=state,
        ship_country=buyer.ship_to.country if buyer.ship_to else "IN",
        buyer_gstin=buyer.gstin,
        is_sez=buyer.is_sez,
        currency=currency,
    )
    [quote] = await invoicing.quote(tx, [cart], now=now)
    lines = [
        line_of(at, fact, line, taxed)
        for at, (fact, line, taxed) in enumerate(zip(facts, asked, quote.lines, strict=True))
    ]
    return lines, quote


async def buyer_of(tx: Tx, customer_id: UUID | None) -> Buyer:
    """Where the customer's first address is; the deal's reader need not reach the customer."""
    if customer_id is None:
        return Buyer()
    found = await customers.get_customer(tx.with_all_grants(), customer_id)
    home = found.addresses[0].address if found.addresses else None
    return Buyer(ship_to=home, gstin=found.gstin, is_sez=found.buys_for_a_zone())


def _fact(fact: VariantFacts | None, draft: LineDraft, place: int) -> VariantFacts:
    if fact is None:
        raise UnknownSku(f"There is no SKU {draft.sku}.", field=f"lines[{place}].sku")
    if not fact.is_active:
        raise NotForSale(f"{draft.sku} is not for sale now.", field=f"lines[{place}].sku")
    return fact
