"""The right side of a comparison: from JSON to a value of the field's type, with its limits."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from tandem.kernel.rules.periods import is_period
from tandem.kernel.rules.vocabulary import Field, Kind

TEXT_MAX = 500
LIST_MAX = 500
NUMBER_MAX = Decimal(10) ** 15
YEARS = range(1900, 2200)
_LISTS = ("in", "not_in", "has_any", "has_all", "has_none")


class Shifted(msgspec.Struct, frozen=True, kw_only=True):
    """Today, moved by a period: `{"ago": "P30D"}` or `{"ahead": "P7D"}`."""

    period: str
    sign: int


Day = date | Shifted
When = Day | datetime


def read_operand(given: Any, field: Field, op: str) -> Any:
    """The value for this field and operator. Raises ValueError with what was expected."""
    if field.kind in (Kind.DATE, Kind.INSTANT):
        return _read_when(given, field.kind, op)
    one = _ONE[field.kind]
    if op in _LISTS:
        found = tuple(one(part) for part in _list(given, 1, LIST_MAX))
    elif op == "between":
        found = tuple(one(part) for part in _list(given, 2, 2))
    else:
        found = (one(given),)
    if field.options and op not in ("contains", "not_contains", "starts_with"):
        for value in found:
            if value not in field.options:
                raise ValueError(f"Expected one of: {', '.join(field.options)}.")
    return found if op in _LISTS or op == "between" else found[0]


def _list(given: Any, least: int, most: int) -> list[Any]:
    if not isinstance(given, list) or not least <= len(given) <= most:
        size = f"{least} to {most}" if least != most else str(most)
        raise ValueError(f"Expected a list of {size} values.")
    return given


def _text(given: Any) -> str:
    if not isinstance(given, str) or not 1 <= len(given) <= TEXT_MAX or "\x00" in given:
        raise ValueError(f"Expected a text of 1 to {TEXT_MAX} characters.")
    if not given.isascii():
        try:
            given.encode()
        except UnicodeEncodeError as reason:
            raise ValueError("Expected a text of whole characters.") from reason
    return given


def _number(given: Any) -> Decimal:
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        raise ValueError("Expected a number.")
    try:
        found = Decimal(str(given)[:40])
    except InvalidOperation as reason:
        raise ValueError("Expected a number.") from reason
    if not found.is_finite() or abs(found) > NUMBER_MAX or -_exponent(found) > 9:
        raise ValueError("Expected a number up to 10^15 with at most nine decimals.")
    return found


def _exponent(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int), "finite numbers have one"
    return exponent


def _flag(given: Any) -> bool:
    if not isinstance(given, bool):
        raise ValueError("Expected true or false.")
    return given


_ONE: dict[Kind, Callable[[Any], Any]] = {
    Kind.TEXT: _text,
    Kind.NUMBER: _number,
    Kind.FLAG: _flag,
    Kind.TAGS: _text,
}


def _read_when(given: Any, kind: Kind, op: str) -> Any:
    whole_days = kind is Kind.DATE or op == "anniversary_in_next"
    if op in ("in_last", "in_next", "anniversary_in_next"):
        if not isinstance(given, str) or not is_period(given, whole_days=whole_days):
            example = "P30D" if whole_days else "P30D or PT12H"
            raise ValueError(f"Expected a period such as {example}, ten years at most.")
        return given
    if op == "between":
        return tuple(_when(part, kind) for part in _list(given, 2, 2))
    if op == "on":
        return _day(given)
    return _when(given, kind)


def _when(given: Any, kind: Kind) -> When:
    if kind is Kind.INSTANT and isinstance(given, str) and len(given) > len("2026-11-22"):
        return _instant(given)
    return _day(given)


def _day(given: Any) -> Day:
    if isinstance(given, dict) and len(given) == 1:
        ((name, period),) = given.items()
        if name in ("ago", "ahead") and isinstance(period, str):
            if not is_period(period, whole_days=True):
                raise ValueError("Expected a period such as P30D, ten years at most.")
            return Shifted(period=period, sign=-1 if name == "ago" else 1)
    if given == "today":
        return Shifted(period="P1D", sign=0)
    try:
        day = date.fromisoformat(given) if isinstance(given, str) and len(given) == 10 else None
    except ValueError:
        day = None
    if day is None or day.year not in YEARS:
        raise ValueError('Expected a date such as "2026-11-22", "today" or {"ago": "P30D"}.')
    return day


def _instant(given: str) -> datetime:
    try:
        found = msgspec.convert(given, datetime)
    except msgspec.ValidationError:
        found = None
    if found is None or found.tzinfo is None or found.year not in YEARS:
        raise ValueError("Expected an instant with its offset, such as 2026-11-22T10:00:00Z.")
    return found.astimezone(UTC)
