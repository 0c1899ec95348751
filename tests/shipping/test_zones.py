import pytest

from tandem.scm.shipping.domain.zones import Zone, ZoneOverride, zone_between


@pytest.mark.parametrize(
    ("origin", "destination", "zone"),
    [
        ("560025", "560001", Zone.A),  # within Bengaluru
        ("560025", "570001", Zone.B),  # Mysuru, the same state
        ("110001", "110092", Zone.A),
        ("110001", "122001", Zone.C),  # Gurugram counts as a metro, in another state
        ("560025", "400001", Zone.C),  # Bengaluru to Mumbai
        ("560025", "380001", Zone.C),
        ("560025", "302001", Zone.D),  # Jaipur
        ("400001", "411001", Zone.B),  # both metros, one state: the state is nearer
        ("560025", "781001", Zone.E),  # Guwahati
        ("560025", "190001", Zone.E),  # Srinagar
        ("560025", "171001", Zone.E),  # Shimla
        ("560025", "682001", Zone.E),  # Kochi
        ("560025", "744101", Zone.E),  # Port Blair
        ("682001", "695001", Zone.B),  # within Kerala
        ("781001", "560025", Zone.E),  # from the North-East as to it
        (None, "560001", Zone.D),
        (None, "781001", Zone.E),
        ("560025", "999999", Zone.D),
        ("560025", "nonsense", Zone.D),
    ],
)
def test_a_pair_of_pins_lies_in_its_zone(origin: str | None, destination: str, zone: Zone) -> None:
    assert zone_between(origin, destination) == zone


def test_abroad_is_a_zone_of_its_own() -> None:
    assert zone_between("560025", "560001", country="LK") == Zone.X


def test_the_longest_override_that_fits_goes_before_the_table() -> None:
    overrides = [
        ZoneOverride(prefix="56", zone=Zone.D),
        ZoneOverride(prefix="560001", zone=Zone.E),
        ZoneOverride(prefix="5600", zone=Zone.C),
    ]
    found = [
        zone_between("560025", pin, overrides=overrides)
        for pin in ("560001", "560002", "561001", "400001")
    ]
    assert found == [Zone.E, Zone.C, Zone.D, Zone.C]
