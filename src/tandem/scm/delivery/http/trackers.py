"""What phone apps that exist send, brought to our own form of a position."""

import math
from datetime import UTC, datetime
from typing import Any

from tandem.kernel.errors import Invalid
from tandem.scm.delivery.domain.pings import Ping

KNOTS = 0.514444
KMH = 1 / 3.6


def from_osmand(given: dict[str, Any], now: datetime) -> Ping:
    """Speed is in knots in this form, as Traccar documents it; the place may stand in one field,
    `location=12.97,77.59`."""
    speed = _number(given, "speed")
    lat, comma, lon = str(given.get("location", "")).partition(",")
    place = {"lat": lat, "lon": lon} if comma else given
    return Ping(
        at=_moment(given.get("timestamp")) or now,
        lat=_required(place, "lat"),
        lon=_required(place, "lon"),
        accuracy_m=_number(given, "accuracy"),
        speed_mps=None if speed is None else speed * KNOTS,
        heading=_number(given, "bearing", "heading"),
        battery=_number(given, "batt"),
        is_mock=str(given.get("mock", "")).lower() in {"true", "1"},
    )


def from_traccar(location: dict[str, Any], now: datetime) -> Ping:
    """Traccar Client from version 9 on: metres a second, and the battery as a share of one."""
    coords, battery = _part(location, "coords"), _part(location, "battery")
    level = _number(battery, "level")
    return Ping(
        at=_moment(location.get("timestamp")) or now,
        lat=_required(coords, "latitude"),
        lon=_required(coords, "longitude"),
        accuracy_m=_number(coords, "accuracy"),
        speed_mps=_unless_negative(_number(coords, "speed")),
        heading=_unless_negative(_number(coords, "heading")),
        battery=None if level is None else level * 100,
        is_mock=location.get("mock") is True,
    )


def _part(given: dict[str, Any], name: str) -> dict[str, Any]:
    found = given.get(name)
    return found if isinstance(found, dict) else {}


def _unless_negative(number: float | None) -> float | None:
    """Phones say -1 for what they do not know."""
    return None if number is None or number < 0 else number


def from_owntracks(given: dict[str, Any]) -> Ping:
    """`tst` in Unix seconds, `vel` in km/h, `acc` in metres, `cog` in degrees."""
    at = _moment(given.get("tst"))
    if at is None:
        raise Invalid("A location needs its time `tst`.", field="tst")
    speed = _number(given, "vel")
    return Ping(
        at=at,
        lat=_required(given, "lat"),
        lon=_required(given, "lon"),
        accuracy_m=_number(given, "acc"),
        speed_mps=None if speed is None else speed * KMH,
        heading=_number(given, "cog"),
        battery=_number(given, "batt"),
    )


def _required(given: dict[str, Any], name: str) -> float:
    value = _number(given, name)
    if value is None:
        raise Invalid(f"{name} is missing or not a number.", field=name)
    return value


def _number(given: dict[str, Any], *names: str) -> float | None:
    """A finite number from text or JSON; what is no number counts as not sent."""
    for name in names:
        value = given.get(name)
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            continue
        try:
            number = float(value)
        except (ValueError, OverflowError):
            continue
        if math.isfinite(number):
            return number
    return None


def _moment(value: Any) -> datetime | None:
    """Unix seconds or milliseconds, or ISO 8601 with a zone; None for anything else."""
    number = _number({"at": value}, "at")
    try:
        if number is not None:
            return datetime.fromtimestamp(number / 1000 if number > 1e11 else number, UTC)
        if isinstance(value, str):
            at = datetime.fromisoformat(value)
            return at if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None
