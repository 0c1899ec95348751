"""A company's own rules for sending: caps, quiet hours, holds for who waits for us. Pure."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import msgspec

from tandem.crm.notifications.domain.domain_limits import DOMAINS_MAX, DomainLimit
from tandem.crm.notifications.domain.domain_limits import check as check_limits
from tandem.crm.notifications.domain.messages import SERVICE, Channel
from tandem.kernel.errors import Conflict, Invalid
from tandem.kernel.patterns import whole
from tandem.kernel.zones import zone_names

CAPS_MAX = 20
KINDS_MAX = 50
CLOCK = whole(r"([01][0-9]|2[0-3]):[0-5][0-9]")
Word = Annotated[str, msgspec.Meta(pattern=whole(r"[a-z][a-z0-9_]{0,59}"))]
ClockTime = Annotated[str, msgspec.Meta(pattern=CLOCK)]
Days = Annotated[int, msgspec.Meta(ge=1, le=365)]
Doing = Literal["send", "hold", "skip"]
Capped = Literal["hold", "skip"]
Severity = Literal["critical", "high", "normal", "low"]

Severities = Annotated[list[Severity], msgspec.Meta(max_length=4)]


class Cap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """At most `count` messages to one person within `days`. Without `purpose`: all but service;
    without `channel`: all together, but webhooks, which nobody reads. Over it, a message waits
    (`hold`) or is left out (`skip`)."""

    count: Annotated[int, msgspec.Meta(ge=1, le=1000)]
    days: Days
    purpose: Word | None = None
    channel: Word | None = None
    over: Capped = "skip"

    def counts(self, purpose: str, channel: str) -> bool:
        return (
            purpose != SERVICE
            and self.purpose in {None, purpose}
            and (self.channel == channel or (self.channel is None and channel != Channel.WEBHOOK))
        )


class QuietHours(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing leaves between these times of the person's own clock; it waits until they end.

    `covers`: `promotions` is every purpose but service, `all` is everything except codes.
    `urgent_kinds` are sent at any hour.
    """

    starts: ClockTime
    ends: ClockTime
    covers: Literal["promotions", "all"] = "promotions"
    urgent_kinds: Annotated[list[Word], msgspec.Meta(max_length=KINDS_MAX)] = []


class ServiceHolds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happens to a promotion for somebody who waits for us: it is held until that is over (at
    most `days_max`), left out, or sent all the same."""

    on_complaint: Doing = "hold"
    complaint_severities: Severities = msgspec.field(default_factory=lambda: ["critical", "high"])
    on_late_order: Doing = "hold"
    on_refund: Doing = "hold"
    days_max: Days = 7


class Storm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """At most `count` messages of one kind to one address within `seconds`; the others become one
    that says how many more there were."""

    count: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 10
    seconds: Annotated[int, msgspec.Meta(ge=10, le=3600)] = 60


class SendingRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    caps: Annotated[list[Cap], msgspec.Meta(max_length=CAPS_MAX)] = []
    quiet_hours: QuietHours | None = None
    service: ServiceHolds = msgspec.field(default_factory=ServiceHolds)
    storm: Storm = Storm()
    domains: Annotated[list[DomainLimit], msgspec.Meta(max_length=DOMAINS_MAX)] = []
    """For campaigns and journeys by e-mail; codes and what somebody waits for go before them."""
    per_minute: Annotated[int, msgspec.Meta(ge=1, le=100_000)] | None = None
    """At most so many messages of the whole company in any 60 seconds; codes are not counted, and
    what somebody waits for goes before campaigns. None: as fast as it goes."""
    shortens_links: bool = False
    """Addresses in texts and chats of campaigns and journeys are led through short links of ours,
    so that clicks are known."""
    words_kept_days: Annotated[int, msgspec.Meta(ge=1, le=3650)] | None = None
    """How long the words of a message stay readable; then they are erased, and that it was sent,
    when, to whom and why stays. None: as long as the message."""


class RulesKept(msgspec.Struct, frozen=True, kw_only=True):
    """`version` 0: nobody has set any, and the usual ones hold."""

    rules: SendingRules
    version: int


class RulesChanged(Conflict):
    """Somebody else has saved the rules meanwhile."""

    code = "sending_rules_changed"


def check(rules: SendingRules) -> None:
    quiet = rules.quiet_hours
    if quiet and quiet.starts == quiet.ends:
        raise Invalid("Quiet hours begin and end at different times.", field="ends")
    check_limits(rules.domains)


def zone_named(name: str) -> ZoneInfo:
    if name not in zone_names():
        raise Invalid("There is no such time zone.", field="time_zone")
    return ZoneInfo(name)


def quiet_until(quiet: QuietHours, zone: ZoneInfo, at: datetime) -> datetime | None:
    """When the quiet that `at` falls into ends, in UTC; None outside of it.

    By the wall clock of the zone: a night in which clocks change is an hour shorter or longer.
    """
    starts, ends = time.fromisoformat(quiet.starts), time.fromisoformat(quiet.ends)
    local = at.astimezone(zone)
    clock = local.time()
    if starts < ends:
        is_quiet, days = starts <= clock < ends, 0
    else:
        is_quiet, days = clock >= starts or clock < ends, int(clock >= starts)
    if not is_quiet:
        return None
    day = local.date() + timedelta(days=days)
    until = _moment(day, ends, zone, fold=0)
    # The hour that a clock put back has twice: its first end may be behind us.
    return until if until > at else _moment(day, ends, zone, fold=1)


def _moment(day: date, clock: time, zone: ZoneInfo, *, fold: int) -> datetime:
    return datetime.combine(day, clock.replace(fold=fold), tzinfo=zone).astimezone(UTC)


def room_at(cap: Cap, sent: Sequence[datetime], at: datetime) -> datetime | None:
    """When the cap lets the next one through; None: now. `sent` are those that it counts."""
    span = timedelta(days=cap.days)
    lately = sorted(one for one in sent if one > at - span)
    if len(lately) < cap.count:
        return None
    return lately[-cap.count] + span
