"""From a confirmed order to the lines of its invoice."""

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

from tandem.contracts.invoicing import Cart, CartLine, TaxedLine
from tandem.contracts.orders import OrderLine, OrderSnapshot
from tandem.scm.invoicing.domain.documents import (
    InvoiceLine,
    RoundOffWrong,
    amounts_of,
)
from tandem.scm.invoicing.domain.places import Place
from tandem.scm.invoicing.domain.rates import TaxRate, rate_for
from tandem.scm.invoicing.domain.tax import percent, split_inclusive, tax_line

ROUND_OFF_MAX = 50


def cart_of(order: OrderSnapshot, *, seller_state: str) -> Cart:
    """The tax question an order's addresses and buyer put."""
    return Cart(
        lines=[_cart_line(line) for line in order.lines],
        ship_state=order.ship_to.state_code,
        bill_state=order.bill_to.state_code,
        ship_country=order.ship_to.country,
        buyer_gstin=order.customer_gstin,
        is_sez=order.is_sez or was_sold_to_a_zone(order, seller_state),
        currency=order.currency,
    )


def was_sold_to_a_zone(order: OrderSnapshot, seller_state: str) -> bool:
    """IGST within one state happens only to special economic zones (IGST Act s.7(5)(b))."""
    return order.place_of_supply == seller_state and any(line.igst_minor for line in order.lines)


def invoice_lines(
    order: OrderSnapshot,
    *,
    place: Place,
    rates: Iterable[TaxRate],
    on_day: date,
    ids: Sequence[UUID],
) -> list[InvoiceLine]:
    """What was sold, at the rates of the day of issue.

    An order's tax stands while its rates do. Where a rate changed since the order was placed, the
    buyer still pays the line's agreed total and the new tax is taken out of it, since supply and
    invoice both fall after the change (CGST Act s.14(b)).
    """
    known = list(rates)
    lines = []
    for identifier, line in zip(ids, order.lines, strict=True):
        rate = rate_for(known, tax_class=line.tax_class, hsn=line.hsn, on=on_day)
        taxed = _taxed_as_ordered(line) if _stands(line, rate, place) else None
        taxed = taxed or split_inclusive(line.total_minor, line.quantity, rate, place)
        lines.append(_invoice_line(identifier, line, taxed))
    return lines


def round_off(order: OrderSnapshot, lines: Sequence[InvoiceLine]) -> int:
    """What the order's total has over its lines: at most half a rupee either way."""
    difference = order.total_minor - sum(line.total_minor for line in lines)
    if abs(difference) > ROUND_OFF_MAX:
        raise RoundOffWrong(
            f"Order {order.number} asks {order.total_minor}, its lines make"
            f" {order.total_minor - difference}."
        )
    return difference


def _cart_line(line: OrderLine) -> CartLine:
    return CartLine(
        hsn=line.hsn,
        tax_class=line.tax_class,
        quantity=line.quantity,
        unit_price_minor=line.unit_price_minor,
        price_includes_tax=line.price_includes_tax,
        discount_minor=line.discount_minor,
    )


def _stands(line: OrderLine, rate: TaxRate, place: Place) -> bool:
    expected = percent(rate.rate) if place.is_taxed else "0"
    is_right_kind = line.cgst_minor == 0 if place.is_inter_state else line.igst_minor == 0
    cess = tax_line(_cart_line(line), rate, place).cess_minor
    return line.tax_rate == expected and is_right_kind and line.cess_minor == cess


def _taxed_as_ordered(line: OrderLine) -> TaxedLine:
    amounts = amounts_of(line)
    return TaxedLine(
        taxable_minor=amounts.taxable_minor,
        tax_rate=line.tax_rate,
        cgst_minor=amounts.cgst_minor,
        sgst_minor=amounts.sgst_minor,
        igst_minor=amounts.igst_minor,
        cess_minor=amounts.cess_minor,
        total_minor=amounts.total_minor,
    )


def _invoice_line(identifier: UUID, line: OrderLine, taxed: TaxedLine) -> InvoiceLine:
    return InvoiceLine(
        id=identifier,
        line_no=line.line_no,
        order_line_id=line.id,
        sku=line.sku,
        title=line.title,
        hsn=line.hsn,
        unit=line.unit,
        quantity=line.quantity,
        unit_price_minor=line.unit_price_minor,
        price_includes_tax=line.price_includes_tax,
        discount_minor=line.discount_minor,
        tax_class=line.tax_class,
        tax_rate=taxed.tax_rate,
        taxable_minor=taxed.taxable_minor,
        cgst_minor=taxed.cgst_minor,
        sgst_minor=taxed.sgst_minor,
        igst_minor=taxed.igst_minor,
        cess_minor=taxed.cess_minor,
        total_minor=taxed.total_minor,
    )
