from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from tandem.sandbox.city import build_city
from tandem.sandbox.google.polyline import encode
from tests.sandbox.serving import Sandbox

MASK = "routes.distanceMeters,routes.duration,routes.polyline.encodedPolyline"
KEY = "sandbox_google_key"


def place(seed: int) -> dict[str, Any]:
    lat, lon = build_city().random_address(seed).position
    return {"location": {"latLng": {"latitude": lat, "longitude": lon}}}


def compute(
    sandbox: Sandbox, *, mask: str | None = MASK, key: str | None = KEY, **body: Any
) -> httpx2.Response:
    headers = {"x-goog-fieldmask": mask, "x-goog-api-key": key}
    return sandbox.http.post(
        "/google/directions/v2:computeRoutes",
        headers={name: value for name, value in headers.items() if value is not None},
        json={"origin": place(1), "destination": place(2), "travelMode": "DRIVE", **body},
    )


def decode(text: str) -> list[tuple[float, float]]:
    """The vendor's algorithm backwards, written apart from the encoder."""
    numbers, value, shift = [], 0, 0
    for character in text:
        bits = ord(character) - 63
        value |= (bits & 31) << shift
        shift += 5
        if bits < 32:
            numbers.append(~(value >> 1) if value & 1 else value >> 1)
            value, shift = 0, 0
    points, lat, lon = [], 0, 0
    for d_lat, d_lon in zip(numbers[::2], numbers[1::2], strict=True):
        lat, lon = lat + d_lat, lon + d_lon
        points.append((lat / 1e5, lon / 1e5))
    return points


def test_a_route_is_the_citys_own_in_googles_shape(sandbox: Sandbox) -> None:
    answer = compute(sandbox)
    assert answer.status_code == 200
    (route,) = answer.json()["routes"]
    city = build_city()
    expected = city.route(city.random_address(1).position, city.random_address(2).position)
    assert set(route) == {"distanceMeters", "duration", "polyline"}
    assert route["distanceMeters"] == expected.distance_m
    assert route["duration"] == f"{expected.duration_s}s"
    drawn = decode(route["polyline"]["encodedPolyline"])
    assert len(drawn) == len(expected.points)
    for point, position in zip(drawn, expected.points, strict=True):
        assert point == pytest.approx(position, abs=6e-6)


def test_the_documented_polyline_is_reproduced() -> None:
    points = [(38.5, -120.2), (40.7, -120.95), (43.252, -126.453)]
    assert encode(points) == "_p~iF~ps|U_ulLnnqC_mqNvxq`@"
    assert decode("_p~iF~ps|U_ulLnnqC_mqNvxq`@") == points


def test_the_mask_decides_what_is_answered(sandbox: Sandbox) -> None:
    only = compute(sandbox, mask="routes.legs.steps.navigationInstruction.instructions").json()
    (leg,) = only["routes"][0]["legs"]
    assert set(only["routes"][0]) == {"legs"} and set(leg) == {"steps"}
    assert leg["steps"][0] == {
        "navigationInstruction": {
            "instructions": leg["steps"][0]["navigationInstruction"]["instructions"]
        }
    }
    everything = compute(sandbox, mask="*").json()["routes"][0]
    assert {"legs", "viewport", "description", "staticDuration"} <= set(everything)


@pytest.mark.parametrize(
    ("change", "status", "reason"),
    [
        ({"mask": None}, 400, "INVALID_ARGUMENT"),
        ({"mask": "routes.speed"}, 400, "INVALID_ARGUMENT"),
        ({"key": None}, 403, "PERMISSION_DENIED"),
        ({"key": "stolen"}, 400, "INVALID_ARGUMENT"),
        ({"origin": None}, 400, "INVALID_ARGUMENT"),
        ({"origin": {"location": {"latLng": {"latitude": 91, "longitude": 0}}}}, 400, None),
        ({"origin": {"address": "Atlantis"}}, 404, "NOT_FOUND"),
        ({"travelMode": "FLY"}, 400, "INVALID_ARGUMENT"),
        ({"travelMode": "WALK", "routingPreference": "TRAFFIC_AWARE"}, 400, "INVALID_ARGUMENT"),
        ({"speed": 3}, 400, "INVALID_ARGUMENT"),
        (
            {"routingPreference": "TRAFFIC_AWARE", "departureTime": "2001-01-01T00:00:00Z"},
            400,
            "INVALID_ARGUMENT",
        ),
    ],
)
def test_what_google_refuses_is_refused_in_its_words(
    sandbox: Sandbox, change: dict[str, Any], status: int, reason: str | None
) -> None:
    answer = compute(sandbox, **change)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert error["code"] == status and error["message"]
    assert reason is None or error["status"] == reason


def test_a_place_without_streets_has_no_route(sandbox: Sandbox) -> None:
    delhi = {"location": {"latLng": {"latitude": 28.6, "longitude": 77.2}}}
    answer = compute(sandbox, destination=delhi)
    assert (answer.status_code, answer.json()) == (200, {})


def test_stops_on_the_way_make_legs_and_enums_may_be_numbers(sandbox: Sandbox) -> None:
    route = compute(
        sandbox, mask="*", intermediates=[place(3)], travelMode=4, routingPreference=1
    ).json()["routes"][0]
    assert len(route["legs"]) == 2
    assert route["distanceMeters"] == sum(leg["distanceMeters"] for leg in route["legs"])


def test_the_rush_hour_is_slower_than_the_night(sandbox: Sandbox) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)

    def seconds(hour_utc: int) -> int:
        departure = tomorrow.replace(hour=hour_utc, minute=0)
        answer = compute(
            sandbox, routingPreference="TRAFFIC_AWARE", departureTime=departure.isoformat()
        )
        return int(answer.json()["routes"][0]["duration"].removesuffix("s"))

    assert seconds(13) > seconds(8) > seconds(20), "18:30, 13:30 and 01:30 in India"


def geocode(sandbox: Sandbox, **query: str) -> httpx2.Response:
    return sandbox.http.get("/google/maps/api/geocode/json", params={"key": KEY, **query})


def test_addresses_are_geocoded_both_ways(sandbox: Sandbox) -> None:
    address = build_city().random_address(5)
    told = geocode(sandbox, address=address.label).json()
    assert told["status"] == "OK"
    (result,) = told["results"]
    assert result["geometry"]["location"] == {
        "lat": address.position.lat,
        "lng": address.position.lon,
    }
    assert result["geometry"]["location_type"] == "ROOFTOP"
    parts = {part["types"][0]: part["long_name"] for part in result["address_components"]}
    assert parts["postal_code"] == address.pin
    assert parts["street_number"] == str(address.house)

    position = f"{address.position.lat},{address.position.lon}"
    back = geocode(sandbox, latlng=position).json()
    assert back["results"][0]["formatted_address"].endswith(", India")


@pytest.mark.parametrize(
    ("query", "http_status", "status"),
    [
        ({"address": "Atlantis"}, 200, "ZERO_RESULTS"),
        ({"latlng": "28.6,77.2"}, 200, "ZERO_RESULTS"),
        ({"latlng": "here"}, 200, "INVALID_REQUEST"),
        ({}, 400, "INVALID_REQUEST"),
        ({"address": "Heron Lake", "key": ""}, 200, "REQUEST_DENIED"),
        ({"address": "Heron Lake", "key": "stolen"}, 200, "REQUEST_DENIED"),
    ],
)
def test_geocoding_says_how_it_went(
    sandbox: Sandbox, query: dict[str, str], http_status: int, status: str
) -> None:
    answer = geocode(sandbox, **query)
    assert answer.status_code == http_status
    assert answer.json()["status"] == status
    assert answer.json()["results"] == []


def test_a_spent_quota_comes_with_status_200(sandbox: Sandbox) -> None:
    sandbox.break_next("google", "over_query_limit")
    answer = geocode(sandbox, address="Heron Lake")
    assert (answer.status_code, answer.json()["status"]) == (200, "OVER_QUERY_LIMIT")
    assert geocode(sandbox, address="Heron Lake").json()["status"] == "OK"


def test_the_city_is_served_to_browsers_and_scripts(sandbox: Sandbox) -> None:
    assert sandbox.http.get("/city/map.json").json() == build_city().to_map()
    found = sandbox.http.get("/city/geocode", params={"q": "heron lake"}).json()
    assert found["is_certain"] and found["matches"][0]["label"].startswith("Heron Lake")
    home, shop = build_city().random_address(8), build_city().random_address(9)
    by_text = sandbox.http.get("/city/route", params={"from": home.label, "to": shop.label})
    by_position = sandbox.http.get(
        "/city/route",
        params={
            "from": f"{home.position.lat},{home.position.lon}",
            "to": f"{shop.position.lat},{shop.position.lon}",
        },
    )
    assert by_text.json() == by_position.json()
    assert by_text.json()["distance_m"] > 0
    nowhere = sandbox.http.get("/city/route", params={"from": "Atlantis", "to": shop.label})
    assert nowhere.status_code == 404
    delhi = sandbox.http.get("/city/route", params={"from": "28.6,77.2", "to": shop.label})
    assert delhi.status_code == 404
    assert sandbox.http.get("/city/geocode", params={"q": ""}).status_code == 400
