import msgspec
import pytest

from tandem.contracts.address import Address
from tandem.contracts.countries import UnknownCountry
from tandem.contracts.india import (
    PostalCodeWrong,
    StateMismatch,
    check_address,
    states_of_pin,
    with_state,
)

HERE = Address(name="Asha", line1="1", city="Bengaluru", state_code="29", postal_code="560001")


@pytest.mark.parametrize(
    ("pin", "states"),
    [
        ("110001", ("07",)),
        ("122001", ("06",)),
        ("160017", ("04", "03")),
        ("194101", ("38", "01")),
        ("201301", ("09",)),
        ("247667", ("09", "05")),
        ("248001", ("05",)),
        ("362520", ("24", "26")),
        ("400001", ("27",)),
        ("403001", ("30",)),
        ("500001", ("36",)),
        ("560001", ("29",)),
        ("591346", ("29",)),
        ("605001", ("33", "34")),
        ("643001", ("33",)),
        ("682555", ("32", "31")),
        ("737101", ("11",)),
        ("744101", ("35",)),
        ("799001", ("16",)),
        ("834001", ("20",)),
        ("900056", ()),
        ("060001", ()),
        ("56000", ()),
        ("५६०००१", ()),
    ],
)
def test_a_pin_lies_in_its_states(pin: str, states: tuple[str, ...]) -> None:
    assert states_of_pin(pin) == states


def test_pin_560001_with_state_delhi_is_refused_with_the_right_state() -> None:
    """AS10."""
    with pytest.raises(StateMismatch) as refusal:
        check_address(msgspec.structs.replace(HERE, state_code="07"), field="ship_to")
    assert refusal.value.field == "ship_to.state_code"
    assert "Karnataka (29)" in refusal.value.detail


def test_an_address_abroad_and_an_army_post_office_are_not_judged() -> None:
    check_address(msgspec.structs.replace(HERE, country="DE", postal_code="10117", state_code=""))
    check_address(msgspec.structs.replace(HERE, postal_code="900056", state_code="07"))


@pytest.mark.parametrize("country", ["UK", "XX", "EU"])
def test_what_is_no_country_does_not_pass_for_abroad(country: str) -> None:
    with pytest.raises(UnknownCountry) as refused:
        check_address(msgspec.structs.replace(HERE, country=country), field="ship_to")
    assert refused.value.field == "ship_to.country"


def test_a_pin_has_six_digits() -> None:
    with pytest.raises(PostalCodeWrong):
        check_address(msgspec.structs.replace(HERE, postal_code="0560001"))


def test_a_missing_state_is_filled_in_only_where_it_is_certain() -> None:
    blank = msgspec.structs.replace(HERE, state_code="")
    assert with_state(blank) == HERE
    either = msgspec.structs.replace(blank, postal_code="605001")
    assert with_state(either) == either
