"""The city as others use it: find, route, draw."""

import random
from functools import cache, cached_property
from typing import Any

import msgspec

from tandem.sandbox.city import drawing
from tandem.sandbox.city.addresses import Address, Addresses
from tandem.sandbox.city.generator import SEED, generate
from tandem.sandbox.city.geocoder import Candidate, Geocoder
from tandem.sandbox.city.geometry import LatLon, Projection
from tandem.sandbox.city.nearest import Footing, NearestStreet
from tandem.sandbox.city.network import Network, build_network
from tandem.sandbox.city.router import Route, Router

CENTRE = LatLon(12.9716, 77.5946)
CANDIDATES_MAX = 20


class OutsideCity(ValueError):
    """A point farther from every street than the city reaches (2 km)."""


class Snapped(msgspec.Struct, frozen=True, kw_only=True):
    """The nearest point of a street, and how far from it the asked point lies."""

    position: LatLon
    street: str
    distance_m: float


class City:
    """A generated city of demo streets. Positions are (latitude, longitude) in degrees."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._projection = Projection(CENTRE)
        self._nearest = NearestStreet(network)
        self._router = Router(network, self._projection)
        self._addresses = Addresses(network, self._projection)

    @property
    def network(self) -> Network:
        """The streets, blocks, parks and lakes in metres around `CENTRE`."""
        return self._network

    def geocode(self, text: str) -> Address | None:
        """The place meant; None when nothing fits or several fit equally well."""
        return self._geocoder.find(text)

    def geocode_candidates(self, text: str, *, limit: int = 5) -> list[Candidate]:
        """Places that may be meant, best first."""
        return self._geocoder.list_candidates(text, limit=min(limit, CANDIDATES_MAX))

    def reverse(self, lat: float, lon: float) -> Address | None:
        """The address nearest to a point; None outside the city."""
        footing = self._find_footing(lat, lon)
        if footing is None:
            return None
        return self._addresses.at_footing(footing, self._projection.to_plane(lat, lon))

    def snap(self, lat: float, lon: float) -> Snapped | None:
        """The nearest point on a street; None outside the city."""
        footing = self._find_footing(lat, lon)
        if footing is None:
            return None
        return Snapped(
            position=self._projection.to_globe(footing.point),
            street=self._network.streets[footing.segment.street].name,
            distance_m=round(footing.distance_m, 1),
        )

    def route(self, start: tuple[float, float], end: tuple[float, float]) -> Route:
        """The quickest way by road between the streets nearest to both points. Raises
        OutsideCity."""
        footings = [self._find_footing(*point) for point in (start, end)]
        if footings[0] is None or footings[1] is None:
            raise OutsideCity("One of the points is not in the sandbox city.")
        return self._router.route(footings[0], footings[1])

    def contains(self, lat: float, lon: float) -> bool:
        return self._find_footing(lat, lon) is not None

    def random_address(self, seed: int) -> Address:
        """A house; the same for the same seed."""
        chance = random.Random(seed)  # noqa: S311 - scenery, not a secret
        streets = self._network.streets
        weights = self._street_lengths
        while True:
            (street,) = chance.choices(streets, cum_weights=weights)
            address = self._addresses.at_house(
                street, chance.randint(1, 1 + int(street.length_m / 6))
            )
            if address is not None:
                return address

    def to_geojson(self) -> dict[str, Any]:
        """A FeatureCollection of streets, blocks, parks and lakes."""
        return drawing.to_geojson(self._network, self._projection)

    def to_map(self) -> dict[str, Any]:
        """The same, compact, for the browser: see `drawing.to_map`."""
        return drawing.to_map(self._network, self._projection)

    @cached_property
    def _geocoder(self) -> Geocoder:
        return Geocoder(self._network, self._addresses, self._projection)

    @cached_property
    def _street_lengths(self) -> list[float]:
        total = 0.0
        sums = []
        for street in self._network.streets:
            total += street.length_m
            sums.append(total)
        return sums

    def _find_footing(self, lat: float, lon: float) -> Footing | None:
        return self._nearest.find(self._projection.to_plane(lat, lon))


@cache
def build_city() -> City:
    """The one sandbox city; built once a process, the same everywhere."""
    return City(build_network(generate(SEED), seed=SEED))
