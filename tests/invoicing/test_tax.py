"""AN4: the worked GST cases, to the paisa, and what holds for every cart."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.contracts.invoicing import TaxedLine
from tandem.scm.invoicing.domain.places import Place, place_of_supply
from tandem.scm.invoicing.domain.tax import LineWrong, quote_cart, tax_line
from tests.invoicing.givens import INTER, INTRA, cart, cart_line, rate

CESS_CASE = rate("12", cess="5", per_unit="159.1", is_gst_on_cess=True)


def shown(line: TaxedLine) -> tuple[int, int, int, int, int, int]:
    return (
        line.taxable_minor,
        line.cgst_minor,
        line.sgst_minor,
        line.igst_minor,
        line.cess_minor,
        line.total_minor,
    )


def gst_1() -> TaxedLine:
    return tax_line(cart_line(100000, discount=10000), rate("5"), INTRA)


def gst_2() -> TaxedLine:
    return tax_line(cart_line(100000, discount=10000), CESS_CASE, INTRA)


def test_gst_1_a_discounted_line_within_the_state_carries_two_equal_halves() -> None:
    assert shown(gst_1()) == (90000, 2250, 2250, 0, 0, 94500)


def test_gst_2_tax_is_charged_on_the_value_with_its_cess_where_the_rate_says_so() -> None:
    assert shown(gst_2()) == (90000, 5680, 5680, 0, 4659, 106019)


def test_gst_3_both_on_one_document() -> None:
    quote = quote_cart([gst_1(), gst_2()], INTRA, rounds_total=False)
    assert quote.taxable_minor == 180000
    assert sum(line.cgst_minor for line in quote.lines) == 7930
    assert sum(line.sgst_minor for line in quote.lines) == 7930
    assert sum(line.cess_minor for line in quote.lines) == 4659
    assert (quote.total_minor, quote.round_off_minor) == (200519, 0)


def test_gst_4_rounding_to_a_rupee_tells_the_difference() -> None:
    quote = quote_cart([gst_1(), gst_2()], INTRA, rounds_total=True)
    assert (quote.total_minor, quote.round_off_minor) == (200500, -19)


def test_gst_7_a_zone_in_the_sellers_state_pays_igst() -> None:
    place = place_of_supply(
        cart(cart_line(100000), state="24", gstin="24AAQCA8719H1ZC", sez=True),
        seller_state="24",
        pays_zero_rated_tax=True,
    )
    assert (place.state, place.supply_kind, place.is_inter_state) == ("24", "SEZWP", True)
    assert shown(tax_line(cart_line(100000), rate("18"), place)) == (100000, 0, 0, 18000, 0, 118000)


def test_gst_9_a_thousand_pieces() -> None:
    line = tax_line(cart_line(10000, quantity=1000), rate("18"), INTRA)
    assert shown(line) == (10000000, 900000, 900000, 0, 0, 11800000)


def test_a_supply_without_payment_of_tax_carries_none() -> None:
    place = Place(state="96", clause="test", supply_kind="EXPWOP", is_inter_state=True)
    line = tax_line(cart_line(100000), rate("18"), place)
    assert shown(line) == (100000, 0, 0, 0, 0, 100000)
    assert line.tax_rate == "0"


@pytest.mark.parametrize(
    ("taxable", "percent", "igst"),
    [(1075, "18", 194), (250, "5", 13), (10, "5", 1), (9, "5", 0), (267500, "0.25", 669)],
)
def test_tax_is_rounded_half_up_to_the_paisa(taxable: int, percent: str, igst: int) -> None:
    assert tax_line(cart_line(taxable), rate(percent), INTER).igst_minor == igst


def test_a_shelf_price_is_paid_to_the_paisa() -> None:
    line = tax_line(cart_line(9999, quantity=3, includes_tax=True), rate("5"), INTRA)
    assert shown(line) == (28569, 714, 714, 0, 0, 29997)


@pytest.mark.parametrize("discount", [-1, 100001])
def test_a_discount_beyond_the_line_is_refused(discount: int) -> None:
    with pytest.raises(LineWrong) as refusal:
        tax_line(cart_line(100000, discount=discount), rate("18"), INTRA)
    assert refusal.value.field == "discount_minor"


RATES = st.sampled_from(["0", "0.25", "3", "5", "12", "18", "28", "40"])
PRICES = st.integers(min_value=0, max_value=10**8)


@given(
    price=PRICES,
    quantity=st.integers(1, 500),
    percent=RATES,
    cess=st.sampled_from(["0", "5", "61"]),
    is_inter=st.booleans(),
    includes=st.booleans(),
)
def test_the_parts_make_the_whole_for_every_line(
    price: int, quantity: int, percent: str, cess: str, is_inter: bool, includes: bool
) -> None:
    line = tax_line(
        cart_line(price, quantity=quantity, includes_tax=includes),
        rate(percent, cess=cess),
        INTER if is_inter else INTRA,
    )
    taxes = line.cgst_minor + line.sgst_minor + line.igst_minor + line.cess_minor
    assert line.taxable_minor + taxes == line.total_minor
    assert line.cgst_minor == line.sgst_minor
    assert min(shown(line)) >= 0
    if includes:
        assert line.total_minor == price * quantity
    exact = Decimal(line.taxable_minor) * Decimal(percent) / 100
    assert abs(line.cgst_minor + line.sgst_minor + line.igst_minor - exact) <= Decimal("1.5")


@given(lines=st.lists(st.tuples(PRICES, RATES), min_size=1, max_size=20), rounds=st.booleans())
def test_the_lines_make_the_document(lines: list[tuple[int, str]], rounds: bool) -> None:
    taxed = [tax_line(cart_line(price), rate(percent), INTRA) for price, percent in lines]
    quote = quote_cart(taxed, INTRA, rounds_total=rounds)
    assert quote.taxable_minor + quote.tax_minor + quote.round_off_minor == quote.total_minor
    assert sum(line.total_minor for line in taxed) + quote.round_off_minor == quote.total_minor
    assert abs(quote.round_off_minor) <= 50
    assert not rounds or quote.total_minor % 100 == 0
