"""Google's encoded polyline: https://developers.google.com/maps/documentation/utilities/polylinealgorithm."""

from collections.abc import Iterable


def encode(points: Iterable[tuple[float, float]]) -> str:
    """(latitude, longitude) pairs at five decimals."""
    text: list[str] = []
    last_lat = last_lon = 0
    for lat, lon in points:
        lat_units, lon_units = round(lat * 1e5), round(lon * 1e5)
        text += (_encode(lat_units - last_lat), _encode(lon_units - last_lon))
        last_lat, last_lon = lat_units, lon_units
    return "".join(text)


def _encode(step: int) -> str:
    bits = ~(step << 1) if step < 0 else step << 1
    text = ""
    while bits >= 0x20:
        text += chr((0x20 | (bits & 0x1F)) + 63)
        bits >>= 5
    return text + chr(bits + 63)
