"""The sandbox city over HTTP: a picture, the map's vectors, addresses and ways."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from litestar import Controller, Response, get
from litestar.datastructures import CacheControlHeader
from litestar.exceptions import HTTPException
from litestar.params import QueryParameter
from litestar.types import ControllerRouterHandler

from tandem.sandbox.city import Address, Candidate, OutsideCity, Route, build_city
from tandem.sandbox.city.picture import to_svg
from tandem.sandbox.pages import page

EXAMPLES = 6


class Match(msgspec.Struct, frozen=True, kw_only=True):
    label: str
    lat: float
    lon: float
    score: float
    address: Address


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Matches, best first; `is_certain` when the best one is better than the rest."""

    is_certain: bool
    matches: Sequence[Match]


def routes() -> Sequence[ControllerRouterHandler]:
    return [CityController]


class CityController(Controller):
    path = "/city"

    @get("/")
    async def show_city(self) -> Response[str]:
        city = build_city()
        examples = [city.random_address(seed).label for seed in range(EXAMPLES)]
        return page("city.html", section="city", examples=examples, network=city.network)

    @get("/map.json", cache_control=CacheControlHeader(max_age=3600))
    async def get_map(self) -> dict[str, Any]:
        return build_city().to_map()

    @get("/map.geojson", cache_control=CacheControlHeader(max_age=3600))
    async def get_geojson(self) -> Response[Any]:
        return Response(build_city().to_geojson(), media_type="application/geo+json")

    @get("/map.svg", cache_control=CacheControlHeader(max_age=3600))
    async def get_picture(self) -> Response[str]:
        return Response(to_svg(build_city().network), media_type="image/svg+xml")

    @get("/geocode")
    async def geocode(
        self, text: Annotated[str, QueryParameter(name="q", min_length=1, max_length=300)]
    ) -> Found:
        city = build_city()
        return Found(
            is_certain=city.geocode(text) is not None,
            matches=[_match(candidate) for candidate in city.geocode_candidates(text)],
        )

    @get("/route")
    async def route(
        self,
        start: Annotated[str, QueryParameter(name="from", max_length=300)],
        end: Annotated[str, QueryParameter(name="to", max_length=300)],
    ) -> Route:
        """Both ends are `latitude,longitude` or an address."""
        try:
            return build_city().route(_read_place(start), _read_place(end))
        except OutsideCity as outside:
            raise HTTPException(str(outside), status_code=404) from outside


def _match(candidate: Candidate) -> Match:
    return Match(
        label=candidate.address.label,
        lat=candidate.address.position.lat,
        lon=candidate.address.position.lon,
        score=candidate.score,
        address=candidate.address,
    )


def _read_place(text: str) -> tuple[float, float]:
    try:
        lat, lon = (float(part) for part in text.split(","))
    except ValueError:
        address = build_city().geocode(text)
        if address is None:
            raise HTTPException(f"No one place fits {text!r}.", status_code=404) from None
        return address.position
    return lat, lon
