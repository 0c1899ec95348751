"""Postal addresses in forms: their fields, and what is wrong with them in words."""

from collections.abc import Mapping
from typing import Any

from tandem.contracts.address import Address
from tandem.contracts.india import STATES
from tandem.web.console.forms import convert

FIELDS = (
    "name",
    "line1",
    "line2",
    "landmark",
    "city",
    "state_code",
    "postal_code",
    "country",
    "phone",
)
WORDS: Mapping[str, str] = {
    "name": "Whose address is it?",
    "line1": "Give the house and street.",
    "city": "Give the city.",
    "postal_code": "Give the PIN code: six digits.",
    "state_code": "Choose the state.",
    "phone": "A phone number has 20 characters at most.",
}
STATE_OPTIONS = [("", "From the PIN code"), *((code, name) for code, name in STATES.items())]


def read_address(form: Mapping[str, str], prefix: str, *, name: str = "") -> Address | None:
    """The address whose fields begin with `prefix`; None when nothing of it was filled in."""
    given: dict[str, Any] = {field: form.get(prefix + field, "") for field in FIELDS}
    if not any(given[field] for field in ("line1", "city", "postal_code")):
        return None
    given["name"] = given["name"] or name
    given["country"] = given["country"] or "IN"
    for degrees in ("latitude", "longitude"):
        if form.get(prefix + degrees):
            given[degrees] = form[prefix + degrees]
    return convert(given, Address, WORDS)


def address_values(address: Address | None, prefix: str) -> dict[str, str]:
    """The same address as form fields."""
    if address is None:
        return {}
    values = {prefix + field: str(getattr(address, field)) for field in FIELDS}
    for degrees in ("latitude", "longitude"):
        if (value := getattr(address, degrees)) is not None:
            values[prefix + degrees] = str(value)
    return values
