"""From a basket to the lines of an order: catalogue facts, the discount's share, the tax."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from tandem.contracts.address import Address
from tandem.contracts.catalog import VariantFacts
from tandem.contracts.inventory import Demand
from tandem.contracts.invoicing import Cart, CartLine, Quote, TaxedLine
from tandem.contracts.orders import OrderLine, OrderSnapshot
from tandem.crm.customers.domain import Customer
from tandem.flows.place_order.basket import Line, NewOrder
from tandem.flows.place_order.contact import Contact
from tandem.kernel.errors import Invalid
from tandem.kernel.ids import new_id
from tandem.kernel.money import apportion


class UnknownSku(Invalid):
    code = "unknown_sku"


class NotForSale(Invalid):
    code = "not_for_sale"


class MixedCurrencies(Invalid):
    code = "mixed_currencies"


class DiscountTooLarge(Invalid):
    code = "discount_too_large"


class Priced(msgspec.Struct, frozen=True):
    """A basket's lines: what the catalogue says of each, and each one's share of the discount."""

    facts: list[VariantFacts]
    quantities: list[int]
    discounts: list[int]
    currency: str

    def demands(self) -> list[Demand]:
        return [
            Demand(variant_id=fact.variant_id, sku=fact.sku, quantity=quantity)
            for fact, quantity in zip(self.facts, self.quantities, strict=True)
        ]


class AgreedLine(msgspec.Struct, frozen=True, kw_only=True):
    unit_price_minor: int
    price_includes_tax: bool
    discount_minor: int


class Agreed(msgspec.Struct, frozen=True, kw_only=True):
    """What was promised for one order, line by line, whatever the catalogue says by now; and how
    long it may stay unpaid."""

    lines: list[AgreedLine]
    currency: str
    unpaid_minutes: int


def price(
    lines: Sequence[Line],
    discount_minor: int,
    catalogue: Mapping[str, VariantFacts],
    agreed: Agreed | None = None,
) -> Priced:
    """Refuses UnknownSku, NotForSale, MixedCurrencies, DiscountTooLarge."""
    facts: list[VariantFacts] = []
    for place, line in enumerate(lines):
        fact = catalogue.get(line.sku)
        if fact is None:
            raise UnknownSku(f"There is no SKU {line.sku}.", field=f"lines[{place}].sku")
        if not fact.is_active:
            raise NotForSale(f"{line.sku} is not for sale now.", field=f"lines[{place}].sku")
        facts.append(fact)
    if agreed is not None:
        return _as_agreed(lines, facts, agreed)
    if len({fact.currency for fact in facts}) > 1:
        raise MixedCurrencies("All lines of an order have one currency.", field="lines")
    quantities = [line.quantity for line in lines]
    worths = [fact.price_minor * count for fact, count in zip(facts, quantities, strict=True)]
    if discount_minor > sum(worths):
        raise DiscountTooLarge("The discount is more than the goods cost.", field="discount_minor")
    discounts = share(discount_minor, worths)
    return Priced(facts, quantities, discounts, facts[0].currency)


def _as_agreed(lines: Sequence[Line], facts: Sequence[VariantFacts], agreed: Agreed) -> Priced:
    promised = [
        msgspec.structs.replace(
            fact,
            price_minor=line.unit_price_minor,
            price_includes_tax=line.price_includes_tax,
            currency=agreed.currency,
        )
        for fact, line in zip(facts, agreed.lines, strict=True)
    ]
    discounts = [line.discount_minor for line in agreed.lines]
    return Priced(promised, [line.quantity for line in lines], discounts, agreed.currency)


def share(discount_minor: int, worths: Sequence[int]) -> list[int]:
    """The discount's part on each line, in proportion to the line's worth, never more than it."""
    if not discount_minor:
        return [0] * len(worths)
    parts = apportion(discount_minor, list(worths))
    # Rounding each part may leave the last with a paisa more than its line is worth.
    for place, (part, worth) in enumerate(zip(parts, worths, strict=True)):
        surplus = max(part - worth, 0) + min(part, 0)
        if surplus:
            parts[place] -= surplus
            _give(parts, worths, surplus)
    return parts


def _give(parts: list[int], worths: Sequence[int], surplus: int) -> None:
    for place, (part, worth) in enumerate(zip(parts, worths, strict=True)):
        given = min(surplus, worth - part) if surplus > 0 else max(surplus, -part)
        parts[place] += given
        surplus -= given
    assert not surplus, "a discount is never more than all lines are worth"


def cart(
    priced: Priced, *, ship_to: Address, bill_to: Address, gstin: str | None, is_sez: bool
) -> Cart:
    return Cart(
        lines=cart_lines(priced),
        ship_state=ship_to.state_code,
        bill_state=bill_to.state_code,
        ship_country=ship_to.country,
        buyer_gstin=gstin,
        is_sez=is_sez,
        currency=priced.currency,
    )


def cart_lines(priced: Priced) -> list[CartLine]:
    return [
        CartLine(
            hsn=fact.hsn,
            tax_class=fact.tax_class,
            quantity=quantity,
            unit_price_minor=fact.price_minor,
            price_includes_tax=fact.price_includes_tax,
            discount_minor=discount,
        )
        for fact, quantity, discount in zip(
            priced.facts, priced.quantities, priced.discounts, strict=True
        )
    ]


def order_of(
    ask: NewOrder,
    order_id: UUID,
    priced: Priced,
    quote: Quote,
    customer: Customer,
    contact: Contact,
    *,
    ship_to: Address,
    bill_to: Address,
    is_sez: bool,
    status: str,
    expires_at: datetime | None,
    promised_on: date | None,
    owner_id: UUID | None,
    now: datetime,
) -> OrderSnapshot:
    """The whole order but for its number and its link, which orders gives it."""
    return OrderSnapshot(
        id=order_id,
        number="",
        public_token="",
        customer_id=customer.id,
        customer_name=contact.name or customer.name,
        customer_email=contact.email or customer.email,
        customer_phone=contact.phone or customer.phone,
        customer_gstin=contact.gstin or customer.gstin,
        channel=ask.channel,
        currency=priced.currency,
        payment_method=ask.payment_method,
        status=status,
        payment_status="none",
        fulfilment_status="unfulfilled",
        is_on_hold=False,
        ship_to=ship_to,
        bill_to=bill_to,
        place_of_supply=quote.place_of_supply,
        lines=[
            order_line(place, fact, quantity, discount, taxed)
            for place, (fact, quantity, discount, taxed) in enumerate(
                zip(priced.facts, priced.quantities, priced.discounts, quote.lines, strict=True)
            )
        ],
        discount_minor=ask.discount_minor,
        taxable_minor=quote.taxable_minor,
        tax_minor=quote.tax_minor,
        total_minor=quote.total_minor,
        paid_minor=0,
        refunded_minor=0,
        placed_at=now,
        expires_at=expires_at,
        promised_on=promised_on,
        note=ask.note,
        version=1,
        owner_id=owner_id,
        team_id=customer.team_id,
        territory_id=customer.territory_id,
        is_sez=is_sez,
        round_off_minor=quote.round_off_minor,
    )


def order_line(
    place: int, fact: VariantFacts, quantity: int, discount: int, taxed: TaxedLine
) -> OrderLine:
    return OrderLine(
        id=new_id(),
        line_no=place + 1,
        variant_id=fact.variant_id,
        sku=fact.sku,
        title=fact.title,
        hsn=fact.hsn,
        unit=fact.unit,
        quantity=quantity,
        unit_price_minor=fact.price_minor,
        price_includes_tax=fact.price_includes_tax,
        discount_minor=discount,
        taxable_minor=taxed.taxable_minor,
        tax_class=fact.tax_class,
        tax_rate=taxed.tax_rate,
        cgst_minor=taxed.cgst_minor,
        sgst_minor=taxed.sgst_minor,
        igst_minor=taxed.igst_minor,
        cess_minor=taxed.cess_minor,
        total_minor=taxed.total_minor,
        weight_grams=fact.weight_grams,
    )
