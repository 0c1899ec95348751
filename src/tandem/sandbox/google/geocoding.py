"""The Geocoding API: HTTP 200 with a `status` that says how it went.

https://developers.google.com/maps/documentation/geocoding/requests-geocoding
"""

import hashlib
from typing import Any

from tandem.sandbox.city import Address, City, LatLon

NO_KEY = "You must use an API key to authenticate each request to Google Maps Platform APIs."
BAD_KEY = "The provided API key is invalid."
MISSING = "Invalid request. Missing the 'address', 'components', 'latlng' or 'place_id' parameter."
FRAME_DEGREES = 0.00135
"""Half a viewport's side: about 150 m."""
RESULTS_MAX = 3


def failed(status: str, message: str | None = None) -> dict[str, Any]:
    body: dict[str, Any] = {"results": [], "status": status}
    return body | ({"error_message": message} if message else {})


def geocode(text: str, city: City) -> dict[str, Any]:
    """Google answers even when unsure; several fitting places come as several results."""
    candidates = city.geocode_candidates(text, limit=RESULTS_MAX)
    best = [candidate for candidate in candidates if candidate.score == candidates[0].score]
    return _answer([candidate.address for candidate in best])


def reverse(latlng: str, city: City) -> dict[str, Any]:
    try:
        lat, lon = (float(part) for part in latlng.split(","))
    except ValueError:
        return failed("INVALID_REQUEST", "Invalid request. Invalid 'latlng' parameter.")
    address = city.reverse(lat, lon)
    return _answer([address] if address else [])


def _answer(addresses: list[Address]) -> dict[str, Any]:
    if not addresses:
        return failed("ZERO_RESULTS")
    return {"results": [_result(address) for address in addresses], "status": "OK"}


def _result(address: Address) -> dict[str, Any]:
    return {
        "address_components": _components(address),
        "formatted_address": f"{address.label}, {address.country}",
        "geometry": {
            "location": {"lat": address.position.lat, "lng": address.position.lon},
            "location_type": _precision(address),
            "viewport": _viewport(address.position),
        },
        "place_id": _place_id(address),
        "types": _types(address),
    }


def _precision(address: Address) -> str:
    if address.house is not None:
        return "ROOFTOP"
    return "GEOMETRIC_CENTER" if address.street else "APPROXIMATE"


def _types(address: Address) -> list[str]:
    if address.place:
        return ["establishment", "park", "point_of_interest"]
    if address.house is not None:
        return ["street_address"]
    return ["route"] if address.street else ["political", "sublocality", "sublocality_level_1"]


def _components(address: Address) -> list[dict[str, Any]]:
    parts: list[tuple[str | None, str, list[str]]] = [
        (address.place, "", ["establishment", "park", "point_of_interest"]),
        (str(address.house) if address.house else None, "", ["street_number"]),
        (address.street, "", ["route"]),
        (address.district, "", ["political", "sublocality", "sublocality_level_1"]),
        (address.city, "", ["locality", "political"]),
        (address.state, "KA", ["administrative_area_level_1", "political"]),
        (address.country, "IN", ["country", "political"]),
        (address.pin, "", ["postal_code"]),
    ]
    return [
        {"long_name": name, "short_name": short or name, "types": types}
        for name, short, types in parts
        if name
    ]


def _viewport(position: LatLon) -> dict[str, Any]:
    return {
        "northeast": {"lat": position.lat + FRAME_DEGREES, "lng": position.lon + FRAME_DEGREES},
        "southwest": {"lat": position.lat - FRAME_DEGREES, "lng": position.lon - FRAME_DEGREES},
    }


def _place_id(address: Address) -> str:
    return f"ChIJ{hashlib.sha256(address.label.encode()).hexdigest()[:23]}"
