"""The whole city as one SVG, for a look without a map library."""

from collections.abc import Iterable

from tandem.sandbox.city.geometry import Point
from tandem.sandbox.city.mesh import Road
from tandem.sandbox.city.network import Network

MARGIN_M = 250
WIDTHS_M = {Road.LANE: 9, Road.STREET: 13, Road.COLLECTOR: 20, Road.ARTERIAL: 32}
STYLE = """
.land{fill:#f1efe9}.block{fill:#e7e3db}.green{fill:#cfe6c3}.water{fill:#a8d1ee}
.road{fill:none;stroke:#fff;stroke-linecap:round;stroke-linejoin:round}
.collector{stroke:#fdf2cf}.arterial{stroke:#f6c97f}
.district{font:600 95px system-ui,sans-serif;fill:#4b4b55;text-anchor:middle;opacity:.85;
paint-order:stroke;stroke:#fff;stroke-width:22px}
@media(prefers-color-scheme:dark){.land{fill:#17181b}.block{fill:#222327}.green{fill:#1f3325}
.water{fill:#1c3a52}.road{stroke:#3a3b41}.collector{stroke:#57533f}.arterial{stroke:#8a6a35}
.district{fill:#d6d6dc;stroke:#17181b}}
"""


def to_svg(network: Network) -> str:
    left, right = _span(point.x for point in network.nodes)
    bottom, top = _span(point.y for point in network.nodes)
    box = f"{left} {-top} {right - left} {top - bottom}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}"><style>{STYLE}</style>',
        f'<rect class="land" x="{left}" y="{-top}" width="100%" height="100%"/>',
        f'<path class="block" d="{_rings(network.blocks)}"/>',
        f'<path class="green" d="{_rings(place.grounds for place in network.lakes)}"/>',
        f'<path class="green" d="{_rings(place.outline for place in network.parks)}"/>',
        f'<path class="water" d="{_rings(place.outline for place in network.lakes)}"/>',
        *(_roads(network, road) for road in WIDTHS_M),
        *(
            f'<text class="district" x="{round(district.middle.x)}" '
            f'y="{round(-district.middle.y)}">{district.name}</text>'
            for district in network.districts
        ),
        "</svg>",
    ]
    return "".join(parts)


def _span(values: Iterable[float]) -> tuple[int, int]:
    kept = list(values)
    return round(min(kept)) - MARGIN_M, round(max(kept)) + MARGIN_M


def _roads(network: Network, road: Road) -> str:
    lines = "".join(
        f"M{_path(network.nodes[node] for node in street.nodes)}"
        for street in network.streets
        if street.road is road
    )
    return f'<path class="road {road}" stroke-width="{WIDTHS_M[road]}" d="{lines}"/>'


def _rings(rings: Iterable[Iterable[Point]]) -> str:
    return "".join(f"M{_path(ring)}Z" for ring in rings)


def _path(points: Iterable[Point]) -> str:
    return "L".join(f"{round(point.x)} {round(-point.y)}" for point in points)
