"""The tax of a line and of a cart. Decimal inside, whole minor units outside, no float anywhere."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from tandem.contracts.invoicing import CartLine, Quote, TaxedLine
from tandem.kernel.errors import Invalid
from tandem.kernel.money import round_half_up
from tandem.scm.invoicing.domain.places import Place
from tandem.scm.invoicing.domain.rates import TaxRate

HUNDRED = Decimal(100)
AMOUNT_MAX = 10**14
"""Minor units of one line. Far above any invoice, far below what a bigint sum can hold."""


class LineWrong(Invalid):
    code = "line_invalid"


class Taxes(msgspec.Struct, frozen=True, kw_only=True):
    cgst: int = 0
    sgst: int = 0
    igst: int = 0
    cess: int = 0

    @property
    def total(self) -> int:
        return self.cgst + self.sgst + self.igst + self.cess


def tax_line(line: CartLine, rate: TaxRate, place: Place) -> TaxedLine:
    """Tax one line. Each tax is rounded half up to the minor unit; CGST and SGST are always equal.

    A price without tax is the value, and tax comes on top. A price with tax stays what it is: its
    taxes are the fractions of CGST Rules r.35 and the value is what they leave, so the buyer pays
    the shelf price to the paisa.
    """
    amount = _amount(line)
    if not place.is_taxed:
        return _taxed(amount, Decimal(0), Taxes())
    if not line.price_includes_tax:
        taxes = taxes_of(Decimal(amount), line.quantity, rate, place)
        return _taxed(amount, rate.rate, taxes)
    return split_inclusive(amount, line.quantity, rate, place)


def split_inclusive(total: int, quantity: int, rate: TaxRate, place: Place) -> TaxedLine:
    """Divide what the buyer pays for a line into its value and its taxes, if it has any."""
    if not place.is_taxed:
        return _taxed(total, Decimal(0), Taxes())
    value = _value_within(Decimal(total), quantity, rate)
    if value < 0:
        raise LineWrong(
            "The price is less than the cess it has to contain.", field="unit_price_minor"
        )
    taxes = taxes_of(value, quantity, rate, place)
    return _taxed(total - taxes.total, rate.rate, taxes)


def taxes_of(value: Decimal, quantity: int, rate: TaxRate, place: Place) -> Taxes:
    per_unit = rate.cess_per_unit_minor * quantity
    ad_valorem = value * rate.cess_rate / HUNDRED
    base = value + ad_valorem + per_unit if rate.is_gst_on_cess else value
    cess = round_half_up(ad_valorem) + round_half_up(per_unit)
    if place.is_inter_state:
        return Taxes(igst=round_half_up(base * rate.rate / HUNDRED), cess=cess)
    half = round_half_up(base * rate.rate / HUNDRED / 2)
    return Taxes(cgst=half, sgst=half, cess=cess)


def quote_cart(lines: Sequence[TaxedLine], place: Place, *, rounds_total: bool) -> Quote:
    """Sum taxed lines. `rounds_total` goes to whole rupees and tells the difference (RndOffAmt)."""
    taxable = sum(line.taxable_minor for line in lines)
    exact = sum(line.total_minor for line in lines)
    round_off = round_off_of(exact) if rounds_total else 0
    return Quote(
        lines=list(lines),
        place_of_supply=place.state,
        supply_kind=place.supply_kind,
        clause=place.clause,
        is_inter_state=place.is_inter_state,
        taxable_minor=taxable,
        tax_minor=exact - taxable,
        total_minor=exact + round_off,
        round_off_minor=round_off,
    )


def round_off_of(exact_minor: int) -> int:
    """What brings an amount to the nearest whole rupee, halves away from zero."""
    return round_half_up(Decimal(exact_minor) / HUNDRED) * 100 - exact_minor


def percent(rate: Decimal) -> str:
    """ "18", "0.25": no trailing zeros, no exponent."""
    return f"{rate.normalize():f}"


def _amount(line: CartLine) -> int:
    amount = line.unit_price_minor * line.quantity - line.discount_minor
    if line.discount_minor < 0 or not 0 <= amount <= AMOUNT_MAX:
        raise LineWrong(
            "A discount lies between nothing and the price of its line.", field="discount_minor"
        )
    return amount


def _value_within(total: Decimal, quantity: int, rate: TaxRate) -> Decimal:
    gst, cess = rate.rate / HUNDRED, rate.cess_rate / HUNDRED
    per_unit = rate.cess_per_unit_minor * quantity
    if rate.is_gst_on_cess:
        return (total / (1 + gst) - per_unit) / (1 + cess)
    return (total - per_unit) / (1 + gst + cess)


def _taxed(taxable: int, rate: Decimal, taxes: Taxes) -> TaxedLine:
    return TaxedLine(
        taxable_minor=taxable,
        tax_rate=percent(rate),
        cgst_minor=taxes.cgst,
        sgst_minor=taxes.sgst,
        igst_minor=taxes.igst,
        cess_minor=taxes.cess,
        total_minor=taxable + taxes.total,
    )
