"""AN10: which day's rate counts when it changes on 22 September 2025."""

from datetime import date
from decimal import Decimal

import pytest

from tandem.scm.invoicing.domain.rates import (
    RateMissing,
    TaxClassUnknown,
    TaxRate,
    rate_for,
    time_of_supply,
)

CHANGE = date(2025, 9, 22)


def september(day: int) -> date:
    return date(2025, 9, day)


SECTION_14 = [
    # supplied, invoiced, paid -> the day that counts, by which clause
    (20, 25, 26, 25, "s.14(a)(i)"),
    (20, 26, 25, 25, "s.14(a)(i)"),
    (20, 19, 26, 19, "s.14(a)(ii)"),
    (20, 25, 19, 19, "s.14(a)(iii)"),
    (25, 19, 26, 26, "s.14(b)(i)"),
    (25, 19, 18, 18, "s.14(b)(ii)"),
    (25, 26, 19, 26, "s.14(b)(iii)"),
    (25, 26, 27, 26, "s.12(2)"),
    (18, 19, 20, 19, "s.12(2)"),
]


@pytest.mark.parametrize(("supplied", "invoiced", "paid", "counts", "clause"), SECTION_14)
def test_the_six_cases_of_section_14(
    supplied: int, invoiced: int, paid: int, counts: int, clause: str
) -> None:
    decided = time_of_supply(
        changed_on=CHANGE,
        supplied_on=september(supplied),
        invoiced_on=september(invoiced),
        paid_on=september(paid),
    )
    assert (decided.on, decided.clause) == (september(counts), f"CGST Act {clause}")


def test_what_is_not_paid_yet_is_paid_after_the_change() -> None:
    decided = time_of_supply(
        changed_on=CHANGE, supplied_on=september(20), invoiced_on=september(25), paid_on=None
    )
    assert (decided.on, decided.clause) == (september(25), "CGST Act s.14(a)(i)")


def dated(percent: str, start: date, end: date | None = None, **more: object) -> TaxRate:
    return TaxRate(
        tax_class="reduced",
        rate=Decimal(percent),
        valid_from=start,
        valid_to=end,
        notification="test",
        **more,  # type: ignore[arg-type]  # narrowed by the tests below
    )


OLD = dated("12", date(2017, 7, 1), date(2025, 9, 21))
NEW = dated("5", CHANGE)


@pytest.mark.parametrize(("day", "expected"), [(21, OLD), (22, NEW)])
def test_a_rate_ends_the_day_before_the_next_begins(day: int, expected: TaxRate) -> None:
    found = rate_for([OLD, NEW], tax_class="reduced", hsn="0902", on=september(day))
    assert found == expected


def test_the_companys_own_rate_and_the_longer_hsn_come_first() -> None:
    national = dated("5", CHANGE, hsn_prefix="0902")
    own = dated("0", CHANGE, is_own=True)
    own_tea = dated("3", CHANGE, hsn_prefix="09", is_own=True)
    rates = [NEW, national, own, own_tea]
    day = september(22)
    assert rate_for(rates, tax_class="reduced", hsn="09021010", on=day) == own_tea
    assert rate_for(rates, tax_class="reduced", hsn="1006", on=day) == own
    assert rate_for([NEW, national], tax_class="reduced", hsn="0902", on=day) == national


def test_an_unknown_class_and_a_day_without_rate_are_told_apart() -> None:
    with pytest.raises(TaxClassUnknown):
        rate_for([NEW], tax_class="gst_18", hsn="0902", on=september(22))
    with pytest.raises(RateMissing):
        rate_for([NEW], tax_class="reduced", hsn="0902", on=september(1))
