"""Place of supply: every clause of IGST Act s.10 that a sale of goods meets."""

import pytest

from tandem.contracts.invoicing import Cart
from tandem.scm.invoicing.domain.places import place_of_supply
from tests.invoicing.givens import BUYER_AT_HOME, BUYER_AWAY, cart_line

A, B, CA, EXPORT = (
    "IGST Act s.10(1)(a)",
    "IGST Act s.10(1)(b)",
    "IGST Act s.10(1)(ca)",
    "IGST Act s.11(b)",
)

CASES = {
    "registered, goods end at home": ("29", "29", BUYER_AT_HOME, "IN", "29", A, "B2B", False),
    "registered, goods end elsewhere": (
        "27",
        "27",
        BUYER_AWAY,
        "IN",
        "27",
        A,
        "B2B",
        True,
    ),
    "billed to one state, shipped to another": ("29", "27", BUYER_AWAY, "IN", "27", B, "B2B", True),
    "billed at home, shipped away": ("27", "29", BUYER_AT_HOME, "IN", "29", B, "B2B", False),
    "registered, collected by hand": ("", "27", BUYER_AWAY, "IN", "27", A, "B2B", True),
    "GST-10: billed in X, delivered in Y": ("27", "29", None, "IN", "27", CA, "B2C", True),
    "consumer at home": ("29", "29", None, "IN", "29", CA, "B2C", False),
    "consumer with only a billing address": ("", "27", None, "IN", "27", CA, "B2C", True),
    "consumer without any address on record": ("", "", None, "IN", "29", CA, "B2C", False),
    "buyer abroad, goods stay in India": ("27", "96", None, "IN", "27", CA, "B2C", True),
    "buyer abroad who collects": ("", "96", None, "IN", "29", CA, "B2C", False),
    "goods leave India": ("", "29", None, "FR", "96", EXPORT, "EXPWOP", True),
    "goods leave India, by state code": ("96", "96", None, "IN", "96", EXPORT, "EXPWOP", True),
}


@pytest.mark.parametrize("case", CASES)
def test_the_place_of_supply_and_its_clause(case: str) -> None:
    ship, bill, gstin, country, state, clause, kind, is_inter = CASES[case]
    asked = Cart(
        lines=[cart_line(100)],
        ship_state=ship,
        bill_state=bill,
        buyer_gstin=gstin,
        ship_country=country,
    )
    place = place_of_supply(asked, seller_state="29", pays_zero_rated_tax=False)
    assert (place.state, place.clause) == (state, clause)
    assert (place.supply_kind, place.is_inter_state) == (kind, is_inter)


@pytest.mark.parametrize(
    ("country", "is_sez", "pays", "kind", "is_taxed"),
    [
        ("FR", False, True, "EXPWP", True),
        ("FR", False, False, "EXPWOP", False),
        ("IN", True, True, "SEZWP", True),
        ("IN", True, False, "SEZWOP", False),
    ],
)
def test_exports_and_zones_are_always_inter_state(
    country: str, is_sez: bool, pays: bool, kind: str, is_taxed: bool
) -> None:
    asked = Cart(
        lines=[cart_line(100)],
        ship_state="29",
        bill_state="29",
        ship_country=country,
        is_sez=is_sez,
    )
    place = place_of_supply(asked, seller_state="29", pays_zero_rated_tax=pays)
    assert (place.supply_kind, place.is_inter_state, place.is_taxed) == (kind, True, is_taxed)
