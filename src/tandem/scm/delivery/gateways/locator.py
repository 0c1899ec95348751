"""Where is this address? The first source that is sure."""

from collections.abc import Sequence
from typing import Protocol

from tandem.contracts.address import Address
from tandem.scm.delivery.domain.places import Point


class Geocoder(Protocol):
    async def find(self, text: str) -> Point | None: ...


class Locator:
    """No geocoder is sure, or there is none: the delivery stays without its place on the map, and
    can be made by hand all the same."""

    def __init__(self, geocoders: Sequence[Geocoder]) -> None:
        self._geocoders = list(geocoders)

    async def find(self, address: Address) -> Point | None:
        """Raises RouteUnavailable when a source failed; asking again later is right."""
        text = _label(address)
        for geocoder in self._geocoders:
            if point := await geocoder.find(text):
                return point
        return None


def _label(address: Address) -> str:
    parts = (address.line1, address.line2, f"{address.city} {address.postal_code}")
    return ", ".join(part.strip() for part in parts if part.strip())
