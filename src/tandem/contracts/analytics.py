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


class AlertEventTold(Event, frozen=True, kw_only=True):
    """`value` is the number in the metric's own unit, `score` what its limit is held against: the
    number, its change, or how unlike other days it is. Seen as the alert's owner sees it."""

    alert_id: UUID
    name: str
    owner_id: UUID
    kind: str
    metric: str
    value: float | None
    score: float | None
    limit: float

    def key(self) -> str:
        return str(self.alert_id)


class AlertFired(AlertEventTold, frozen=True, kw_only=True):
    topic: ClassVar[str] = "analytics.alert_fired.v1"


class AlertRecovered(AlertEventTold, frozen=True, kw_only=True):
    topic: ClassVar[str] = "analytics.alert_recovered.v1"
