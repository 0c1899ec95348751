"""What a fold is given, and what it answers."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from tandem.kernel.events import Event
from tandem.kernel.money import EXPONENT, round_half_up

E = TypeVar("E", bound=Event)


class Known(msgspec.Struct, frozen=True):
    """An event of the log: its id, when it happened, what it says."""

    id: UUID
    at: datetime
    event: Event


class Fact(msgspec.Struct, frozen=True):
    """One row of a table of facts, `values` by column."""

    table: str
    id: UUID
    values: Mapping[str, Any]


class Rate(msgspec.Struct, frozen=True):
    from_on: date
    rate: Decimal


class Books(msgspec.Struct, frozen=True, kw_only=True):
    """In whose days and whose money is counted. `rates` are in order of their days."""

    currency: str
    zone: str
    rates: Mapping[str, Sequence[Rate]] = {}

    def day(self, at: datetime) -> date:
        return at.astimezone(ZoneInfo(self.zone)).date()

    def base(self, minor: int | None, currency: str, on: date) -> int | None:
        """In the company's own currency, rounded half up; None where no rate is known for it."""
        if minor is None or currency == self.currency:
            return minor
        known = [one for one in self.rates.get(currency, ()) if one.from_on <= on]
        if not known:
            return None
        digits = EXPONENT.get(self.currency, 2) - EXPONENT.get(currency, 2)
        return round_half_up((Decimal(minor) * known[-1].rate).scaleb(digits))


class Story(msgspec.Struct, frozen=True):
    """The events of one key in the order in which they happened."""

    key: str
    events: Sequence[Known]

    def of(self, *kinds: type[E]) -> Iterator[tuple[Known, E]]:
        for known in self.events:
            if isinstance(known.event, kinds):
                yield known, known.event


def hours_between(first: datetime, last: datetime) -> Decimal:
    return _rounded(Decimal((last - first).total_seconds()) / 3600)


def days_between(first: datetime, last: datetime) -> Decimal:
    return _rounded(Decimal((last - first).total_seconds()) / 86400)


def _rounded(span: Decimal) -> Decimal:
    """To six places: what is stored is what is added up."""
    return span.quantize(Decimal("0.000001"))
