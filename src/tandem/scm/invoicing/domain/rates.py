"""Dated tax rates, and the day whose rate counts when it changes (CGST Act s.14)."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec

from tandem.contracts.invoicing import TAX_CLASSES
from tandem.kernel.errors import Conflict, Invalid

ZERO = Decimal(0)


class TaxClassUnknown(Invalid):
    code = "tax_class_unknown"


class RateMissing(Conflict):
    code = "tax_rate_missing"


class TaxRate(msgspec.Struct, frozen=True, kw_only=True):
    """A rate of one tax class, narrowed to an HSN prefix where that is not empty.

    `rate` is the whole GST in percent (both halves together). Cess: `cess_rate` in percent of the
    value, `cess_per_unit_minor` in minor units for each unit of quantity (fractions allowed).
    `is_gst_on_cess`: GST is charged on the value with its cess. Both days are inclusive.
    """

    tax_class: str
    hsn_prefix: str = ""
    rate: Decimal
    cess_rate: Decimal = ZERO
    cess_per_unit_minor: Decimal = ZERO
    is_gst_on_cess: bool = False
    valid_from: date
    valid_to: date | None = None
    notification: str
    is_own: bool = False

    def is_for(self, *, tax_class: str, hsn: str, on: date) -> bool:
        return (
            self.tax_class == tax_class
            and hsn.startswith(self.hsn_prefix)
            and self.valid_from <= on
            and (self.valid_to is None or on <= self.valid_to)
        )

    def precedence(self) -> tuple[bool, int, date]:
        """The company's own rate before the national one, longer HSN first, newest first."""
        return self.is_own, len(self.hsn_prefix), self.valid_from


def rate_for(rates: Iterable[TaxRate], *, tax_class: str, hsn: str, on: date) -> TaxRate:
    fitting = [rate for rate in rates if rate.is_for(tax_class=tax_class, hsn=hsn, on=on)]
    if fitting:
        return max(fitting, key=TaxRate.precedence)
    if tax_class not in TAX_CLASSES:
        raise TaxClassUnknown(
            f"There is no tax class {tax_class!r}. Use one of {', '.join(TAX_CLASSES)}.",
            field="tax_class",
        )
    raise RateMissing(f"The tax class {tax_class!r} has no rate on {on.isoformat()}.")


class TimeOfSupply(msgspec.Struct, frozen=True, kw_only=True):
    """The day whose rate counts and the clause that says so."""

    on: date
    clause: str


# Which day counts, by what happened before the change: (supplied, invoiced, paid).
SECTION_14: Mapping[tuple[bool, bool, bool], tuple[str, str]] = {
    (True, False, False): ("earlier", "CGST Act s.14(a)(i)"),
    (True, True, False): ("invoiced", "CGST Act s.14(a)(ii)"),
    (True, False, True): ("paid", "CGST Act s.14(a)(iii)"),
    (False, True, False): ("paid", "CGST Act s.14(b)(i)"),
    (False, True, True): ("earlier", "CGST Act s.14(b)(ii)"),
    (False, False, True): ("invoiced", "CGST Act s.14(b)(iii)"),
    # All on one side: no change lies between them, the general rule holds.
    (True, True, True): ("earlier", "CGST Act s.12(2)"),
    (False, False, False): ("earlier", "CGST Act s.12(2)"),
}


def time_of_supply(
    *, changed_on: date, supplied_on: date, invoiced_on: date, paid_on: date | None
) -> TimeOfSupply:
    """CGST Act s.14: two of the three events on one side of a rate change decide the rate.

    `changed_on` is the first day of the new rate. `paid_on` is the earlier of the entry in the
    books and the credit in the bank; None is not paid yet, which is after any change.
    """
    paid = paid_on or date.max
    before = (supplied_on < changed_on, invoiced_on < changed_on, paid < changed_on)
    which, clause = SECTION_14[before]
    days = {"invoiced": invoiced_on, "paid": paid, "earlier": min(invoiced_on, paid)}
    return TimeOfSupply(on=days[which], clause=clause)


def business_date(at: datetime, time_zone: str) -> date:
    """The day in the company's own time zone: documents and rates never use the UTC day."""
    return at.astimezone(ZoneInfo(time_zone)).date()
