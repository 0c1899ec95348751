"""Houses along the streets: which number stands where, and what a place is called."""

import msgspec

from tandem.sandbox.city import names
from tandem.sandbox.city.geometry import LatLon, Point, Projection, bearing, beside, turn
from tandem.sandbox.city.nearest import Footing
from tandem.sandbox.city.network import Bank, Network, Segment, Street

FRONTAGE_M = 12.0
SETBACK_M = 9.0
"""From the middle of the street to the door."""


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Something in the sandbox city. `house` and `street` are None for a whole district, `place`
    is the name of a park or lake."""

    house: int | None
    street: str | None
    district: str
    city: str = names.CITY
    state: str = names.STATE
    country: str = names.COUNTRY
    pin: str
    position: LatLon
    place: str | None = None

    @property
    def line1(self) -> str:
        house = str(self.house) if self.house is not None else None
        return ", ".join(part for part in (self.place, house, self.street) if part)

    @property
    def label(self) -> str:
        """As one writes it on a parcel: 14, 3rd Cross, Koel Nagar, Bengaluru 560003."""
        parts = (self.line1, self.district, f"{self.city} {self.pin}")
        return ", ".join(part for part in parts if part)


class Addresses:
    def __init__(self, network: Network, projection: Projection) -> None:
        self._network = network
        self._projection = projection

    def at_house(self, street: Street, house: int) -> Address | None:
        """None when the street is shorter or nothing stands on that side there."""
        if house < 1:
            return None
        along = ((house - 1) // 2 + 0.5) * FRONTAGE_M
        segment = segment_at(street, along)
        if along > street.length_m or segment is None:
            return None
        is_left = house % 2 == 1
        bank = segment.left if is_left else segment.right
        if not bank.is_built:
            return None
        a, b = self._network.nodes[segment.a], self._network.nodes[segment.b]
        fraction = (along - segment.start_m) / segment.length_m
        door = beside(a, b, fraction, SETBACK_M if is_left else -SETBACK_M)
        return self._address(street, bank, door, house=house)

    def at_middle(self, street: Street, district: int | None = None) -> Address:
        """The middle of the street, or of its part in one district."""
        segments = [
            segment
            for segment in street.segments
            if district is None or district in {segment.left.district, segment.right.district}
        ]
        segment = segments[len(segments) // 2]
        a, b = self._network.nodes[segment.a], self._network.nodes[segment.b]
        bank = _bank_in(segment, district)
        return self._address(street, bank, beside(a, b, 0.5, 0.0), house=None)

    def at_district(self, district: int) -> Address:
        found = self._network.districts[district]
        return Address(
            house=None,
            street=None,
            district=found.name,
            pin=found.pin,
            position=self._projection.to_globe(found.middle),
        )

    def at_footing(self, footing: Footing, point: Point) -> Address:
        """The house nearest to a point beside a street; the street alone where none stands."""
        segment = footing.segment
        street = self._network.streets[segment.street]
        a, b = self._network.nodes[segment.a], self._network.nodes[segment.b]
        is_left = turn(bearing(a, b), bearing(a, point)) >= 0
        along = segment.start_m + footing.along * segment.length_m
        lot = min(int(along / FRONTAGE_M), max(int(street.length_m / FRONTAGE_M - 0.5), 0))
        for house in (2 * lot + 1, 2 * lot + 2) if is_left else (2 * lot + 2, 2 * lot + 1):
            address = self.at_house(street, house)
            if address is not None:
                return address
        return self._address(street, _bank_in(segment, None), footing.point, house=None)

    def _address(self, street: Street, bank: Bank, point: Point, *, house: int | None) -> Address:
        number = bank.district if street.district is None else street.district
        district = self._network.districts[number]
        return Address(
            house=house,
            street=street.name,
            district=district.name,
            pin=district.pin,
            position=self._projection.to_globe(point),
        )


def segment_at(street: Street, along_m: float) -> Segment | None:
    for segment in street.segments:
        if along_m < segment.start_m + segment.length_m:
            return segment
    return None


def _bank_in(segment: Segment, district: int | None) -> Bank:
    return segment.right if segment.right.district == district else segment.left
