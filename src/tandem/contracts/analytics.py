"""What analytics tells the rest of the suite. Data only."""

from datetime import date
from typing import ClassVar

from tandem.kernel.events import Event


class RateSet(Event, frozen=True, kw_only=True):
    """From `from_on` on, one unit of `currency` is worth `rate` units of the company's own."""

    topic: ClassVar[str] = "analytics.rate_set.v1"
    currency: str
    from_on: date
    rate: str

    def key(self) -> str:
        return f"rate:{self.currency}"
