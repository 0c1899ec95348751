"""What analytics tells the rest of the suite. Data only."""

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from tandem.kernel.events import Event


class RateSet(Event, frozen=True, kw_only=True):
    """From `from_on` on, one unit of `currency` is worth `rate` units of the company's own."""

    topic: ClassVar[str] = "analytics.rate_set.v1"
    currency: str
    from_on: date
    rate: str

    def key(self) -> str:
        return f"rate:{self.currency}"


class ReportReady(Event, frozen=True, kw_only=True):
    """A scheduled report was made for one recipient, as that person may see it. It carries no
    number: `link` opens for the recipient alone, once signed in."""

    topic: ClassVar[str] = "analytics.report_ready.v1"
    subscription_id: UUID
    delivery_id: UUID
    name: str
    recipient_id: UUID
    slot: datetime
    row_count: int
    sha256: str
    link: str

    def key(self) -> str:
        return str(self.subscription_id)
