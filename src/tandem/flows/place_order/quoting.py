"""What an order would come to, as it is typed: price, tax, stock and date. Writes nothing."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

import msgspec

from tandem.contracts.catalog import VariantFacts
from tandem.contracts.countries import check_country
from tandem.contracts.india import likely_state
from tandem.contracts.invoicing import Cart, Quote
from tandem.contracts.shipping import Promise, PromiseAsk
from tandem.crm.customers import service as customers
from tandem.crm.customers.domain import Customer, CustomerDraft
from tandem.flows.place_order import pricing
from tandem.flows.place_order.basket import Line, OrderQuestion
from tandem.flows.place_order.pricing import Priced
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound
from tandem.scm.catalog import service as catalog
from tandem.scm.inventory import service as inventory
from tandem.scm.invoicing import service as invoicing
from tandem.scm.shipping import service as shipping

PRICED = "order.total_minor product.price_minor"
"""Whoever may not see one of these does not learn it by asking for a price."""


class QuotedLine(msgspec.Struct, frozen=True, kw_only=True):
    """`problem` is the code of what stands in the way of this line; amounts are then 0."""

    field_rules: ClassVar[Mapping[str, str]] = {
        "unit_price_minor": PRICED,
        "discount_minor": PRICED,
        "taxable_minor": PRICED,
        "cgst_minor": PRICED,
        "sgst_minor": PRICED,
        "igst_minor": PRICED,
        "cess_minor": PRICED,
        "total_minor": PRICED,
    }

    sku: str
    quantity: int
    title: str = ""
    available: int = 0
    is_covered: bool = False
    problem: str = ""
    unit_price_minor: int = 0
    price_includes_tax: bool = False
    discount_minor: int = 0
    taxable_minor: int = 0
    tax_rate: str = ""
    cgst_minor: int = 0
    sgst_minor: int = 0
    igst_minor: int = 0
    cess_minor: int = 0
    total_minor: int = 0


class OrderQuote(msgspec.Struct, frozen=True, kw_only=True):
    """`promised_on` needs a PIN; with neither state nor PIN the tax is the seller's own state's."""

    field_rules: ClassVar[Mapping[str, str]] = {
        "discount_minor": PRICED,
        "taxable_minor": PRICED,
        "tax_minor": PRICED,
        "total_minor": PRICED,
        "round_off_minor": PRICED,
    }

    lines: list[QuotedLine]
    currency: str
    discount_minor: int
    taxable_minor: int
    tax_minor: int
    total_minor: int
    place_of_supply: str
    supply_kind: str
    promised_on: date | None
    promise: Promise | None
    problems: list[str]
    round_off_minor: int = 0


async def quote_order(tx: Tx, question: OrderQuestion, *, now: datetime) -> OrderQuote:
    """Lines that cannot be sold are marked, and the rest is quoted without them."""
    tx.actor.require("orders.write")
    check_country(question.country)
    catalogue = await catalog.facts(tx, sorted({line.sku for line in question.lines}))
    sound = [line for line in question.lines if _problem(line, catalogue) == ""]
    room = await inventory.available(tx, sorted({catalogue[line.sku].variant_id for line in sound}))
    promise = await _promise(tx, question, now)
    if not sound:
        return _unpriced(question, catalogue, promise)
    priced = pricing.price(sound, question.discount_minor, catalogue)
    buyer = await _buyer(tx, question, now)
    [quote] = await invoicing.quote(tx, [_cart(question, priced, buyer)], now=now)
    return _priced(question, catalogue, priced, quote, promise, room)


def _problem(line: Line, catalogue: Mapping[str, VariantFacts]) -> str:
    fact = catalogue.get(line.sku)
    if fact is None:
        return pricing.UnknownSku.code
    return "" if fact.is_active else pricing.NotForSale.code


async def _promise(tx: Tx, question: OrderQuestion, now: datetime) -> Promise | None:
    if len(question.postal_code) < 3:
        return None
    ask = PromiseAsk(postal_code=question.postal_code, country=question.country, purchased_at=now)
    [promise] = await shipping.promise(tx, [ask], now=now)
    return promise


async def _buyer(tx: Tx, question: OrderQuestion, now: datetime) -> Customer | None:
    """Whoever is named, as far as the asker reaches them."""
    if question.customer_id is None:
        return None
    draft = CustomerDraft(customer_id=question.customer_id)
    [buyer] = await customers.find_or_add(tx, [draft], now=now)
    if not tx.actor.sees("customers.read", buyer):
        raise NotFound("There is no such customer.", field="customer_id")
    return buyer


def _is_for_a_zone(question: OrderQuestion, buyer: Customer | None) -> bool:
    if question.is_sez is not None:
        return question.is_sez
    return buyer is not None and buyer.buys_for_a_zone(question.gstin)


def _cart(question: OrderQuestion, priced: Priced, buyer: Customer | None) -> Cart:
    state = likely_state(question.postal_code, question.state_code, question.country)
    return Cart(
        lines=pricing.cart_lines(priced),
        ship_state=state,
        bill_state=state,
        ship_country=question.country,
        buyer_gstin=question.gstin or (buyer.gstin if buyer else None),
        is_sez=_is_for_a_zone(question, buyer),
        currency=priced.currency,
    )


def _unpriced(
    question: OrderQuestion,
    catalogue: Mapping[str, VariantFacts],
    promise: Promise | None,
) -> OrderQuote:
    return OrderQuote(
        lines=[
            QuotedLine(sku=line.sku, quantity=line.quantity, problem=_problem(line, catalogue))
            for line in question.lines
        ],
        currency="",
        discount_minor=0,
        taxable_minor=0,
        tax_minor=0,
        total_minor=0,
        place_of_supply="",
        supply_kind="",
        promised_on=promise.promised_on if promise else None,
        promise=promise,
        problems=sorted({_problem(line, catalogue) for line in question.lines}),
    )


def _priced(
    question: OrderQuestion,
    catalogue: Mapping[str, VariantFacts],
    priced: Priced,
    quote: Quote,
    promise: Promise | None,
    room: Mapping[UUID, int],
) -> OrderQuote:
    taxed = iter(zip(priced.facts, priced.discounts, quote.lines, strict=True))
    left = dict(room)
    lines: list[QuotedLine] = []
    for line in question.lines:
        if problem := _problem(line, catalogue):
            lines.append(QuotedLine(sku=line.sku, quantity=line.quantity, problem=problem))
            continue
        fact, discount, tax = next(taxed)
        available = left.get(fact.variant_id, 0)
        left[fact.variant_id] = max(available - line.quantity, 0)
        is_covered = available >= line.quantity
        lines.append(
            QuotedLine(
                sku=line.sku,
                quantity=line.quantity,
                title=fact.title,
                available=available,
                is_covered=is_covered,
                problem="" if is_covered else "insufficient_stock",
                unit_price_minor=fact.price_minor,
                price_includes_tax=fact.price_includes_tax,
                discount_minor=discount,
                taxable_minor=tax.taxable_minor,
                tax_rate=tax.tax_rate,
                cgst_minor=tax.cgst_minor,
                sgst_minor=tax.sgst_minor,
                igst_minor=tax.igst_minor,
                cess_minor=tax.cess_minor,
                total_minor=tax.total_minor,
            )
        )
    return OrderQuote(
        lines=lines,
        currency=priced.currency,
        discount_minor=question.discount_minor,
        taxable_minor=quote.taxable_minor,
        tax_minor=quote.tax_minor,
        total_minor=quote.total_minor,
        place_of_supply=quote.place_of_supply,
        supply_kind=quote.supply_kind,
        promised_on=promise.promised_on if promise else None,
        promise=promise,
        problems=sorted({line.problem for line in lines if line.problem}),
        round_off_minor=quote.round_off_minor,
    )
