"""How far apart two places are, as India's carriers price it: zones A to E, and X for abroad.

A within a city (same sorting district), B within a state, C between metros, D the rest of India,
E the North-East, Jammu & Kashmir, Ladakh, Himachal, Kerala and the islands. Source: Shiprocket's
published definition (support article 43000664184); a company's own table goes before it.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated

import msgspec

from tandem.contracts.india import PIN, states_of_pin
from tandem.kernel.patterns import whole


class Zone(StrEnum):
    A = "A"
    B = "B"
    C = "C"
    D = "D"
    E = "E"
    X = "X"


METROS: Mapping[str, str] = {
    "110": "Delhi",
    "121": "Delhi",
    "122": "Delhi",
    "201": "Delhi",
    "380": "Ahmedabad",
    "400": "Mumbai",
    "411": "Pune",
    "500": "Hyderabad",
    "560": "Bengaluru",
    "600": "Chennai",
    "700": "Kolkata",
}
"""Sorting districts of the metros and, for Delhi, of its neighbours Faridabad, Gurugram, Noida."""

REMOTE_STATES = frozenset(
    {"01", "02", "11", "12", "13", "14", "15", "16", "17", "18", "31", "32", "35", "38"}
)


class ZoneOverride(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """PIN codes that start so lie in this zone, whatever the table says."""

    prefix: Annotated[str, msgspec.Meta(pattern=whole("[1-9][0-9]{1,5}"))]
    zone: Zone


def zone_between(
    origin_pin: str | None,
    destination: str,
    *,
    country: str = "IN",
    overrides: Sequence[ZoneOverride] = (),
) -> Zone:
    """The longest override that fits decides, then the table. An unknown origin is far away."""
    if country != "IN":
        return Zone.X
    fitting = [override for override in overrides if destination.startswith(override.prefix)]
    if fitting:
        return max(fitting, key=lambda override: len(override.prefix)).zone
    here = origin_pin if origin_pin and PIN.fullmatch(origin_pin) else ""
    if here and here[:3] == destination[:3]:
        return Zone.A
    from_states, to_states = states_of_pin(here), states_of_pin(destination)
    if from_states and to_states and from_states[0] == to_states[0]:
        return Zone.B
    if not REMOTE_STATES.isdisjoint((*from_states[:1], *to_states[:1])):
        return Zone.E
    if here[:3] in METROS and destination[:3] in METROS:
        return Zone.C
    return Zone.D
