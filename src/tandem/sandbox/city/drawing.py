"""The city as pictures are drawn from it: GeoJSON for tools, a compact form for the browser."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tandem.sandbox.city import names
from tandem.sandbox.city.geometry import Point, Projection
from tandem.sandbox.city.mesh import Road
from tandem.sandbox.city.network import Network, Street

NOTE = "demo streets: generated, not a map of a real place"
DEGREES_PER_UNIT = 1e-5
"""About 1.1 m: below a pixel at the closest zoom a page uses."""


def to_geojson(network: Network, projection: Projection) -> dict[str, Any]:
    """Feature properties: `kind` (street, block, park, grounds, lake, district), and for streets
    `name`, `road` and `district`."""

    def line(points: Iterable[Point]) -> list[list[float]]:
        return [[lon, lat] for lat, lon in map(projection.to_globe, points)]

    def polygon(ring: Sequence[Point]) -> list[list[list[float]]]:
        return [line([*ring, ring[0]])]

    places = [("park", place) for place in network.parks]
    places += [("lake", place) for place in network.lakes]
    return {
        "type": "FeatureCollection",
        "name": f"{names.CITY} ({NOTE})",
        "features": [
            *(_feature("block", "Polygon", polygon(block)) for block in network.blocks),
            *(
                _feature("grounds", "Polygon", polygon(place.grounds), name=place.name)
                for place in network.lakes
            ),
            *(
                _feature(kind, "Polygon", polygon(place.outline), name=place.name)
                for kind, place in places
            ),
            *(
                _feature(
                    "street",
                    "LineString",
                    line(network.nodes[node] for node in street.nodes),
                    name=street.name,
                    road=street.road,
                    district=_district_name(network, street),
                )
                for street in network.streets
            ),
            *(
                _feature("district", "Point", line([district.middle])[0], name=district.name)
                for district in network.districts
            ),
        ],
    }


def to_map(network: Network, projection: Projection) -> dict[str, Any]:
    """A tenth of the GeoJSON's size. Lines are flat lists of whole units of 1e-5 degrees: the
    first longitude and latitude are absolute, every following pair is the step from the one
    before. Polygons repeat no corner. Numbers in `streets` index `roads` and `districts`."""

    def path(points: Iterable[Point]) -> list[int]:
        flat: list[int] = []
        lon = lat = 0
        for place in map(projection.to_globe, points):
            x, y = round(place.lon / DEGREES_PER_UNIT), round(place.lat / DEGREES_PER_UNIT)
            flat += (x - lon, y - lat)
            lon, lat = x, y
        return flat

    centre = projection.to_globe(Point(0, 0))
    roads = list(Road)
    return {
        "name": names.CITY,
        "note": NOTE,
        "centre": [centre.lon, centre.lat],
        "unit": DEGREES_PER_UNIT,
        "roads": [str(road) for road in roads],
        "districts": [
            {"name": district.name, "pin": district.pin, "at": path([district.middle])}
            for district in network.districts
        ],
        "streets": [
            {
                "name": street.name,
                "road": roads.index(street.road),
                "district": street.district,
                "path": path(network.nodes[node] for node in street.nodes),
            }
            for street in network.streets
        ],
        "blocks": [path(block) for block in network.blocks],
        "parks": [{"name": place.name, "ring": path(place.outline)} for place in network.parks],
        "lakes": [
            {"name": place.name, "ring": path(place.outline), "grounds": path(place.grounds)}
            for place in network.lakes
        ],
    }


def _feature(kind: str, shape: str, coordinates: Any, **properties: Any) -> Mapping[str, Any]:
    return {
        "type": "Feature",
        "properties": {"kind": kind, **properties},
        "geometry": {"type": shape, "coordinates": coordinates},
    }


def _district_name(network: Network, street: Street) -> str | None:
    return None if street.district is None else network.districts[street.district].name
