"""Names for districts, streets, parks and lakes, dealt out in one fixed order."""

import math
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import product

from tandem.sandbox.city import names
from tandem.sandbox.city.geometry import Point, bearing
from tandem.sandbox.city.mesh import Road
from tandem.sandbox.city.streets import Chain


def name_districts(count: int, seed: int) -> list[str]:
    """Distinct in their first word, so that a district is known by it."""
    chance = random.Random(seed)  # noqa: S311 - scenery, not a secret
    words = chance.sample(names.WORDS, count)
    return [f"{word} {chance.choice(names.DISTRICT_KINDS)}" for word in words]


def name_streets(chains: Sequence[Chain], seed: int) -> list[str]:
    """One name per chain. Arterials and collectors are unique in the city, streets and lanes in
    their district: as here, every district has its own 3rd Cross."""
    chance = random.Random(seed)  # noqa: S311 - scenery, not a secret
    named: dict[int, str] = {}
    named |= _name_arterials(chains)
    named |= _name_from(chains, Road.COLLECTOR, _deal(names.COLLECTOR_KINDS, chance))
    for members in _by_district(chains).values():
        named |= _name_from(members, Road.STREET, _deal(names.STREET_KINDS, chance))
        named |= _number_lanes(members)
    return [named[index] for index in range(len(chains))]


def name_parks(count: int, seed: int) -> list[str]:
    chance = random.Random(seed)  # noqa: S311 - scenery, not a secret
    words = chance.sample(names.WORDS, count)
    return [f"{word} {chance.choice(names.PARK_KINDS)}" for word in words]


def _name_arterials(chains: Sequence[Chain]) -> dict[int, str]:
    arterials = [index for index, chain in enumerate(chains) if chain.road is Road.ARTERIAL]
    rings = [index for index in arterials if chains[index].is_closed]
    rings.sort(key=lambda index: chains[index].length_m)
    named = dict(zip(rings, names.RINGS, strict=False))
    others = [index for index in arterials if index not in named]
    return named | dict(zip(others, names.ARTERIALS, strict=False))


def _deal(kinds: Sequence[str], chance: random.Random) -> Iterator[str]:
    """All pairs of a word and a kind in random order."""
    pairs = [f"{word} {kind}" for word, kind in product(names.WORDS, kinds)]
    chance.shuffle(pairs)
    return iter(pairs)


def _by_district(chains: Sequence[Chain]) -> dict[int, dict[int, Chain]]:
    found: defaultdict[int, dict[int, Chain]] = defaultdict(dict)
    for index, chain in enumerate(chains):
        if chain.district is not None:
            found[chain.district][index] = chain
    return dict(sorted(found.items()))


def _name_from(
    chains: Sequence[Chain] | dict[int, Chain], road: Road, supply: Iterator[str]
) -> dict[int, str]:
    items = chains.items() if isinstance(chains, dict) else enumerate(chains)
    return {index: next(supply) for index, chain in items if chain.road is road}


def _number_lanes(members: dict[int, Chain]) -> dict[int, str]:
    """Mains run with the grain of the district, crosses against it; both counted across it."""
    lanes = {index: chain for index, chain in members.items() if chain.road is Road.LANE}
    grain = _grain(members.values())
    mains = {index for index, chain in lanes.items() if abs(_off(chain, grain)) < math.pi / 4}
    named: dict[int, str] = {}
    for kind, chosen, angle in (
        ("Main", mains, grain),
        ("Cross", lanes.keys() - mains, grain + math.pi / 2),
    ):
        across = sorted(chosen, key=lambda index: _offset(lanes[index], angle))
        for number, index in enumerate(across, start=1):
            named[index] = f"{names.ordinal(number)} {kind}"
    return named


def _grain(chains: Iterable[Chain]) -> float:
    """The direction most of a district's metres run in; opposite ways count as one."""
    x = y = 0.0
    for chain in chains:
        angle = 4 * bearing(*chain.chord)
        x += chain.length_m * math.cos(angle)
        y += chain.length_m * math.sin(angle)
    return math.atan2(y, x) / 4


def _off(chain: Chain, grain: float) -> float:
    """How far a street turns from the grain, -π/2..π/2."""
    return math.remainder(bearing(*chain.chord) - grain, math.pi)


def _offset(chain: Chain, angle: float) -> float:
    """How far to the right of the grain a street lies, in metres from the city's centre."""
    middle = Point(
        (chain.chord[0].x + chain.chord[1].x) / 2, (chain.chord[0].y + chain.chord[1].y) / 2
    )
    return middle.x * math.sin(angle) - middle.y * math.cos(angle)
