import gzip
import json
import subprocess
import sys
from collections import deque
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.sandbox.city import CENTRE, City, OutsideCity, build_city
from tandem.sandbox.city.addresses import FRONTAGE_M
from tandem.sandbox.city.generator import SEED, generate
from tandem.sandbox.city.geometry import LatLon, Projection, area, distance
from tandem.sandbox.city.network import SPEED_MPS, build_network

seeds = st.integers(min_value=0, max_value=10**6)
PLANE = Projection(CENTRE)
GIVE = settings(max_examples=60, deadline=None)


@pytest.fixture(scope="module")
def city() -> City:
    return build_city()


def metres(a: LatLon, b: LatLon) -> float:
    return distance(PLANE.to_plane(*a), PLANE.to_plane(*b))


def test_the_city_has_the_size_of_a_city(city: City) -> None:
    network = city.network
    assert 1_500 <= len(network.nodes) <= 4_000
    assert len(network.lakes) == 2
    assert len(network.districts) == 45
    assert len({district.pin for district in network.districts}) == 45
    assert all(district.pin.startswith("5600") for district in network.districts)


def test_every_process_builds_the_same_city(city: City) -> None:
    elsewhere = subprocess.run(
        [
            sys.executable,
            "-c",
            "import json, sys; from tandem.sandbox.city import build_city;"
            "json.dump(build_city().to_map(), sys.stdout)",
        ],
        check=True,
        capture_output=True,
        env={"PYTHONHASHSEED": "7", "PYTHONPATH": ":".join(sys.path)},
    )
    assert json.loads(elsewhere.stdout) == city.to_map()


def test_the_city_needs_nothing_of_the_server() -> None:
    check = (
        "import sys; from tandem.sandbox.city import build_city; build_city();"
        "assert not {'litestar', 'uvicorn', 'aiosmtpd', 'jinja2'} & set(sys.modules);"
        "print(*(name for name in sys.modules if name.startswith('tandem')))"
    )
    elsewhere = subprocess.run(
        [sys.executable, "-c", check],
        check=True,
        capture_output=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    modules = elsewhere.stdout.decode().split()
    outside = {name for name in modules if not name.startswith("tandem.sandbox.city")}
    assert outside == {"tandem", "tandem.sandbox"}


def test_another_seed_gives_another_city_that_is_whole_too(city: City) -> None:
    other = City(build_network(generate(SEED + 1), seed=SEED + 1))
    assert other.to_map()["streets"] != city.to_map()["streets"]
    assert _reachable(other) == len(other.network.nodes)


def test_every_corner_can_be_driven_to_from_every_other(city: City) -> None:
    assert _reachable(city) == len(city.network.nodes)


def _reachable(city: City) -> int:
    seen, waiting = {0}, deque([0])
    while waiting:
        for way in city.network.ways_from[waiting.popleft()]:
            for node in (way.a, way.b):
                if node not in seen:
                    seen.add(node)
                    waiting.append(node)
    return len(seen)


def test_streets_meet_only_at_corners(city: City) -> None:
    """A planar network of one piece obeys Euler: faces = roads - corners + 2, the outside one
    included. Every face is a block, a park or a lake's ground, plus the dead ends' none."""
    network = city.network
    faces = len(network.blocks) + len(network.parks) + len(network.lakes) + 1
    assert faces == len(network.segments) - len(network.nodes) + 2


def test_blocks_have_land_and_no_lake_is_built_over(city: City) -> None:
    assert all(area(block) > 500 for block in city.network.blocks)
    for lake in city.network.lakes:
        assert 0 < area(lake.outline) < area(lake.grounds)


def test_the_browsers_map_is_small(city: City) -> None:
    content = json.dumps(city.to_map(), separators=(",", ":")).encode()
    assert len(gzip.compress(content)) < 120_000
    assert "demo streets" in city.to_map()["note"]


def test_the_map_unfolds_to_the_streets_it_was_made_from(city: City) -> None:
    drawn = city.to_map()
    for street, told in zip(city.network.streets, drawn["streets"], strict=True):
        lon = lat = 0
        for node, (x, y) in zip(street.nodes, pairwise_by_two(told["path"]), strict=True):
            lon, lat = lon + x, lat + y
            position = LatLon(lat * drawn["unit"], lon * drawn["unit"])
            assert metres(position, PLANE.to_globe(city.network.nodes[node])) < 1


def pairwise_by_two(flat: list[int]) -> list[tuple[int, int]]:
    return list(zip(flat[::2], flat[1::2], strict=True))


def test_geojson_names_every_street(city: City) -> None:
    features = city.to_geojson()["features"]
    streets = [item for item in features if item["properties"]["kind"] == "street"]
    assert len(streets) == len(city.network.streets)
    assert all(item["properties"]["name"] for item in streets)
    assert all(len(item["geometry"]["coordinates"]) >= 2 for item in streets)


@GIVE
@given(seeds)
def test_an_address_written_out_is_found_again(seed: int) -> None:
    city = build_city()
    address = city.random_address(seed)
    assert city.geocode(address.label) == address
    assert city.geocode(address.label.upper().replace(",", " ")) == address


@GIVE
@given(seeds)
def test_a_door_lies_beside_its_street_and_in_its_own_place(seed: int) -> None:
    city = build_city()
    address = city.random_address(seed)
    snapped = city.snap(*address.position)
    assert snapped is not None and snapped.distance_m <= 9.1
    near = city.reverse(*address.position)
    assert near is not None
    assert metres(near.position, address.position) <= 2 * FRONTAGE_M


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Outer Ring Rd", "Outer Ring Road, Champak Layout, Bengaluru 560033"),
        ("heron lak", "Heron Lake, Granary Gardens, Bengaluru 560023"),
        ("560003", "Bulbul Gardens, Bengaluru 560003"),
        ("560 003", "Bulbul Gardens, Bengaluru 560003"),
        (
            "Flat 2, No. 14, third cross, arjuna extn, Bangalore",
            "14, 3rd Cross, Arjuna Extension, Bengaluru 560011",
        ),
        ("#14 3rd Cross 560011", "14, 3rd Cross, Arjuna Extension, Bengaluru 560011"),
    ],
)
def test_addresses_are_understood_as_people_write_them(city: City, text: str, label: str) -> None:
    found = city.geocode(text)
    assert found is not None and found.label == label


@pytest.mark.parametrize(
    "text", ["", "Connaught Place, Delhi", "3rd Cross", "🙂", "0, ,,", "9" * 300]
)
def test_what_fits_nowhere_or_in_many_places_is_not_guessed(city: City, text: str) -> None:
    assert city.geocode(text) is None


def test_a_street_of_many_districts_is_offered_in_each(city: City) -> None:
    candidates = city.geocode_candidates("3rd Cross", limit=20)
    assert len(candidates) == 20
    assert {candidate.address.street for candidate in candidates} == {"3rd Cross"}
    assert len({candidate.address.pin for candidate in candidates}) == 20
    assert len({candidate.score for candidate in candidates}) == 1


@GIVE
@given(st.text(max_size=400))
def test_no_text_upsets_the_geocoder(text: str) -> None:
    build_city().geocode(text)


@GIVE
@given(seeds, seeds)
def test_a_route_is_a_drive_along_streets_from_start_to_end(first: int, second: int) -> None:
    city = build_city()
    start, end = city.random_address(first).position, city.random_address(second).position
    route = city.route(start, end)

    assert metres(route.points[0], start) <= 9.2
    assert metres(route.points[-1], end) <= 9.2
    driven = sum(metres(a, b) for a, b in pairwise(route.points))
    assert route.distance_m == pytest.approx(driven, abs=len(route.steps) + 1)
    assert driven >= metres(route.points[0], route.points[-1]) - 1
    for a, b in pairwise(route.points):
        middle = city.snap((a.lat + b.lat) / 2, (a.lon + b.lon) / 2)
        assert middle is not None and middle.distance_m < 0.5

    assert route.steps[0].first_point == 0
    assert route.steps[-1].last_point == len(route.points) - 1
    assert all(a.last_point == b.first_point for a, b in pairwise(route.steps))
    assert all(a.street != b.street or a.turn != "straight" for a, b in pairwise(route.steps))
    assert route.duration_s == sum(step.duration_s for step in route.steps)
    assert route.duration_s >= driven / max(SPEED_MPS.values()) - len(route.steps)


@GIVE
@given(seeds, seeds)
def test_the_way_back_takes_as_long(first: int, second: int) -> None:
    city = build_city()
    start, end = city.random_address(first).position, city.random_address(second).position
    there, back = city.route(start, end), city.route(end, start)
    assert there.duration_s == pytest.approx(back.duration_s, abs=len(there.steps) + 1)


@GIVE
@given(seeds, seeds, seeds)
def test_no_detour_is_quicker_than_the_route(first: int, second: int, third: int) -> None:
    city = build_city()
    a, b, c = (city.random_address(seed).position for seed in (first, second, third))
    direct, over, on = city.route(a, c), city.route(a, b), city.route(b, c)
    rounding = len(direct.steps) + len(over.steps) + len(on.steps)
    assert direct.duration_s <= over.duration_s + on.duration_s + rounding


def test_a_route_to_where_one_stands_is_no_way_at_all(city: City) -> None:
    home = city.random_address(3).position
    route = city.route(home, home)
    assert (route.distance_m, route.duration_s, len(route.steps)) == (0, 0, 1)


def test_long_ways_use_the_large_roads(city: City) -> None:
    route = city.route(
        PLANE.to_globe(city.network.districts[-1].middle),
        PLANE.to_globe(city.network.districts[-4].middle),
    )
    large = {street.name for street in city.network.streets if street.road in {"arterial"}}
    on_large = sum(step.distance_m for step in route.steps if step.street in large)
    assert on_large > route.distance_m / 2


def test_points_outside_the_city_are_refused(city: City) -> None:
    home = city.random_address(1).position
    delhi = (28.6139, 77.2090)
    with pytest.raises(OutsideCity):
        city.route(home, delhi)
    assert city.snap(*delhi) is None
    assert city.reverse(*delhi) is None
    assert not city.contains(*delhi)
    assert city.contains(*home)
