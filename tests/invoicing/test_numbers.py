"""AN2, AN3 and the identifiers of AN4: financial years, lawful numbers, GSTIN, IRN."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from tandem.scm.invoicing.domain.eway import valid_until
from tandem.scm.invoicing.domain.identifiers import GstinWrong, check_gstin, inspect_gstin, irn
from tandem.scm.invoicing.domain.numbers import (
    NumberFormatWrong,
    SeriesFull,
    check_format,
    check_number,
    could_meet,
    document_number,
    financial_year,
)
from tandem.scm.invoicing.domain.rates import business_date


@pytest.mark.parametrize(
    ("day", "year"),
    [
        (date(2026, 3, 31), "2025-26"),
        (date(2026, 4, 1), "2026-27"),
        (date(2026, 12, 31), "2026-27"),
        (date(2027, 1, 1), "2026-27"),
        (date(2099, 4, 1), "2099-00"),
    ],
)
def test_a_financial_year_begins_in_april(day: date, year: str) -> None:
    assert financial_year(day) == year


def test_the_year_turns_at_midnight_in_india_not_in_greenwich() -> None:
    turn = datetime(2026, 3, 31, 18, 30, tzinfo=UTC)
    before, after = (
        financial_year(business_date(at, "Asia/Kolkata"))
        for at in (turn - timedelta(seconds=1), turn)
    )
    assert (before, after) == ("2025-26", "2026-27")


@pytest.mark.parametrize("number", ["INV/26-27/000001", "A", "1", "i/9-", "9" * 16])
def test_lawful_numbers_pass(number: str) -> None:
    check_number(number, field="number")


@pytest.mark.parametrize(
    ("number", "rule"),
    [
        ("INV/26-27/0000001", "length"),
        ("", "length"),
        ("0INV", "first_character"),
        ("/INV", "first_character"),
        ("-INV", "first_character"),
        ("INV_1", "characters"),
        ("INV 1", "characters"),
        ("_INV", "characters"),
        ("INV१", "characters"),
        ("INV1\n", "characters"),
    ],
)
def test_other_numbers_are_refused_by_the_rule_they_break(number: str, rule: str) -> None:
    with pytest.raises(NumberFormatWrong) as refusal:
        check_number(number, field="number")
    assert refusal.value.facts["rule"] == rule


def test_the_default_format_fills_sixteen_characters() -> None:
    assert document_number("INV/{fy}/{seq:06}", fy="2026-27", seq=1) == "INV/26-27/000001"
    assert document_number("CRN/{fy}/{seq:05}", fy="2026-27", seq=42) == "CRN/26-27/00042"


def test_a_full_series_says_so_and_what_to_do() -> None:
    assert document_number("INV/{fy}/{seq:06}", fy="2026-27", seq=999_999) == "INV/26-27/999999"
    with pytest.raises(SeriesFull, match="Shorten the number format"):
        document_number("INV/{fy}/{seq:06}", fy="2026-27", seq=1_000_000)


@pytest.mark.parametrize(
    ("pattern", "rule"),
    [
        ("INV/{fy}", "sequence"),
        ("{seq}/{seq}", "sequence"),
        ("INV/{fy}/{seq:07}", "length"),
        ("{seq:06}", "first_character"),
        ("INV#{seq}", "characters"),
        ("INV/{year}/{seq}", "characters"),
    ],
)
def test_a_format_that_could_break_a_rule_is_refused_at_once(pattern: str, rule: str) -> None:
    with pytest.raises(NumberFormatWrong) as refusal:
        check_format(pattern, field="invoice_format")
    assert refusal.value.facts["rule"] == rule
    assert refusal.value.field == "invoice_format"


@pytest.mark.parametrize(
    ("first", "second", "meet"),
    [
        ("A{seq}", "A1{seq}", True),
        ("{seq}", "1{seq}", True),
        ("{seq}/A", "{seq}1/A", True),
        ("INV/{fy}/{seq:06}", "INV/{fy}/{seq:05}", True),
        ("INV/{fy}/{seq:06}", "CRN/{fy}/{seq:05}", False),
        ("{fy}/{seq}", "{fy}/C{seq}", False),
        ("A{seq}", "A{seq}C", False),
        ("A{seq}-{fy}", "A{seq}", False),
    ],
)
def test_formats_that_could_ever_give_the_same_number_are_known(
    first: str, second: str, meet: bool
) -> None:
    assert (could_meet(first, second), could_meet(second, first)) == (meet, meet)


VALID = ["05AAACG2115R1ZN", "24AAQCA8719H1ZC", "29AABCR1718E1ZL", "29AAHCK3507G1ZJ"]
INVALID = {"24AANFA2641L1ZK": "F", "24AAGCC7144L6ZE": "D", "24ABCPM8965E1ZE": "J"}


@pytest.mark.parametrize(
    ("gstin", "category", "state", "pan"),
    [
        ("29AAHCK3507G1ZJ", "regular", "29", "AAHCK3507G"),
        ("29AAHCK3507G13C", "regular", "29", "AAHCK3507G"),
        ("9917SGP29001OST", "online_services", "", ""),
        ("27AAECG3736E1C2", "tax_collector", "27", "AAECG3736E"),
        ("29AAHCK3507G1DS", "tax_deductor", "29", ""),
        ("0717USA00017UNY", "un_body", "07", ""),
        ("2917USA00012NR1", "non_resident", "29", ""),
        ("07DELH01234A1Z0", "government", "07", ""),
    ],
)
def test_a_gstin_tells_what_kind_of_registration_it_is(
    gstin: str, category: str, state: str, pan: str
) -> None:
    facts = inspect_gstin(gstin)
    assert (facts.is_valid, facts.category, facts.state_code, facts.pan) == (
        True,
        category,
        state,
        pan,
    )
    wrong = inspect_gstin(gstin[:-1] + ("0" if gstin[-1] != "0" else "1"))
    assert (wrong.is_valid, wrong.expected_check_character) == (False, gstin[-1])


def test_only_registrations_that_buy_stand_on_an_invoice() -> None:
    assert check_gstin("0717usa00017uny", field="gstin") == "0717USA00017UNY"
    for gstin in ("9917SGP29001OST", "27AAECG3736E1C2"):
        with pytest.raises(GstinWrong):
            check_gstin(gstin, field="gstin")
    with pytest.raises(GstinWrong):
        check_gstin("0717USA00017UNY", field="gstin", categories={"regular"})


@pytest.mark.parametrize("gstin", VALID)
def test_a_right_gstin_tells_its_state_and_pan(gstin: str) -> None:
    facts = inspect_gstin(gstin.lower())
    assert (facts.is_valid, facts.gstin, facts.state_code, facts.pan) == (
        True,
        gstin,
        gstin[:2],
        gstin[2:12],
    )


@pytest.mark.parametrize("gstin", INVALID)
def test_a_mistyped_gstin_is_found_by_its_check_character(gstin: str) -> None:
    facts = inspect_gstin(gstin)
    assert (facts.is_valid, facts.expected_check_character) == (False, INVALID[gstin])
    with pytest.raises(GstinWrong):
        check_gstin(gstin, field="gstin")


@pytest.mark.parametrize(
    "gstin", ["", "29", "99AABCR1718E1ZL", "29AABCR1718E1Z", "2९AABCR1718E1ZL"]
)
def test_what_is_no_gstin_is_said_to_be_none(gstin: str) -> None:
    assert not inspect_gstin(gstin).is_valid


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("SINV-CFY-00067", "706daeccda0ef6f818da78f3a2a05a1288731057373002289b46c3229289a2e7"),
        ("g2qxhY", "68fb4fab44aee99fb23292478c4bd838e664837c9f1b04e3d9134ffed0b40b60"),
    ],
)
def test_the_irn_is_the_portals(number: str, expected: str) -> None:
    given = irn(seller_gstin="01AMBPG7773M002", fy="2022-23", kind="INV", number=number)
    assert given == expected


IST = timezone(timedelta(hours=5, minutes=30))


def ist(text: str) -> datetime:
    return datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=IST)


@pytest.mark.parametrize(
    ("distance_km", "made_at", "until"),
    [
        (10, "25/02/2024 11:10", "26/02/2024 23:59"),
        (10, "05/10/2022 12:39", "06/10/2022 23:59"),
        (1, "22/05/2023 18:22", "23/05/2023 23:59"),
        (200, "22/05/2023 18:22", "23/05/2023 23:59"),
        (201, "22/05/2023 18:22", "24/05/2023 23:59"),
    ],
)
def test_an_e_way_bill_is_valid_to_midnight_of_its_last_day(
    distance_km: int, made_at: str, until: str
) -> None:
    assert valid_until(ist(made_at), distance_km=distance_km) == ist(until)


def test_an_outsized_load_has_a_day_for_every_twenty_kilometres() -> None:
    until = valid_until(ist("25/02/2024 11:10"), distance_km=41, is_outsized=True)
    assert until == ist("28/02/2024 23:59")
