"""What a company says about its desk: one document, read whole and written whole."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec

from tandem.contracts.address import FILLED
from tandem.kernel.calendars import Calendar, check_calendar
from tandem.kernel.errors import Invalid
from tandem.scm.support.domain.complaints import Key, UnknownCategory, UnknownQueue
from tandem.scm.support.domain.rules import CareRule, check_rule, usual_rules
from tandem.scm.support.domain.statuses import Severity

Minutes = Annotated[int, msgspec.Meta(ge=1, le=100_000)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=80, pattern=FILLED)]


class DeskWrong(Invalid):
    code = "desk_settings_wrong"


class Target(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Business minutes until the first answer and until it is resolved."""

    response_minutes: Minutes
    resolution_minutes: Minutes


class Targets(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    low: Target = Target(response_minutes=600, resolution_minutes=3_000)
    normal: Target = Target(response_minutes=240, resolution_minutes=1_200)
    high: Target = Target(response_minutes=60, resolution_minutes=480)
    critical: Target = Target(response_minutes=30, resolution_minutes=240)

    def of(self, severity: Severity) -> Target:
        by_severity: Mapping[Severity, Target] = {
            Severity.LOW: self.low,
            Severity.NORMAL: self.normal,
            Severity.HIGH: self.high,
            Severity.CRITICAL: self.critical,
        }
        return by_severity[severity]


class Queue(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    key: Key
    name: Name


class Category(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`is_public`: a buyer may choose it. A retired one stays on the complaints that have it."""

    key: Key
    name: Name
    queue: Key
    severity: Severity = Severity.NORMAL
    is_public: bool = True
    is_retired: bool = False


def usual_queues() -> list[Queue]:
    return [
        Queue(key="general", name="General"),
        Queue(key="delivery", name="Delivery"),
        Queue(key="money", name="Payments and refunds"),
    ]


def usual_categories() -> list[Category]:
    high = Severity.HIGH
    return [
        Category(key="late", name="It is late", queue="delivery"),
        Category(key="not_received", name="Not received", queue="delivery", severity=high),
        Category(key="damaged", name="Arrived damaged", queue="general", severity=high),
        Category(key="wrong_item", name="Wrong item", queue="general"),
        Category(key="missing_item", name="Something is missing", queue="general"),
        Category(key="quality", name="Not as described", queue="general"),
        Category(key="driver", name="About the driver", queue="delivery"),
        Category(key="payment", name="Payment problem", queue="money", severity=high),
        Category(key="refund", name="Refund not received", queue="money", severity=high),
        Category(key="other", name="Something else", queue="general", severity=Severity.LOW),
        _inside("failed_delivery", "Delivery keeps failing", "delivery", high),
        _inside("fake_attempt", "Attempt far from the door", "delivery", high),
        _inside("late_parcel", "Parcel later than promised", "delivery", Severity.NORMAL),
        _inside("harmed_parcel", "Parcel damaged or lost on the way", "delivery", high),
        _inside("refund_stuck", "Refund does not go through", "money", high),
        _inside("payment_exception", "Payment exception", "money", Severity.NORMAL),
    ]


def _inside(key: str, name: str, queue: str, severity: Severity) -> Category:
    """For rules and staff; buyers neither choose it nor read its name."""
    return Category(key=key, name=name, queue=queue, severity=severity, is_public=False)


class Desk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`warn_minutes` before a clock runs out it turns amber. A resolved complaint closes after
    `close_after_hours` of silence. Files are limited to `file_mib_max` each; with `scans_files`
    nobody gets one before the virus scanner has passed it."""

    calendar: Calendar = msgspec.field(default_factory=Calendar)
    targets: Targets = msgspec.field(default_factory=Targets)
    warn_minutes: Minutes = 60
    close_after_hours: Annotated[int, msgspec.Meta(ge=1, le=2_160)] = 72
    file_mib_max: Annotated[int, msgspec.Meta(ge=1, le=20)] = 10
    scans_files: bool = False
    queues: Annotated[list[Queue], msgspec.Meta(min_length=1, max_length=30)] = msgspec.field(
        default_factory=usual_queues
    )
    categories: Annotated[list[Category], msgspec.Meta(min_length=1, max_length=60)] = (
        msgspec.field(default_factory=usual_categories)
    )
    rules: Annotated[list[CareRule], msgspec.Meta(max_length=100)] = msgspec.field(
        default_factory=usual_rules
    )

    def category(self, key: str) -> Category:
        for category in self.categories:
            if category.key == key:
                return category
        known = ", ".join(category.key for category in self.categories)
        raise UnknownCategory(f"There is no category {key!r}. Known: {known}.", field="category")

    def names(self) -> dict[str, str]:
        """What queues and categories are called."""
        named = {queue.key: queue.name for queue in self.queues}
        return named | {category.key: category.name for category in self.categories}

    def check_queue(self, key: str) -> None:
        if key not in {queue.key for queue in self.queues}:
            known = ", ".join(queue.key for queue in self.queues)
            raise UnknownQueue(f"There is no queue {key!r}. Known: {known}.", field="queue")


def check_desk(desk: Desk) -> None:
    """Refuse keys given twice, a category whose queue does not exist, and an impossible week."""
    check_calendar(desk.calendar)
    _check_keys([queue.key for queue in desk.queues], "queues")
    _check_keys([category.key for category in desk.categories], "categories")
    for place, category in enumerate(desk.categories):
        if category.queue not in {queue.key for queue in desk.queues}:
            raise DeskWrong(
                f"Category {category.key!r} goes to queue {category.queue!r}, which is not there.",
                field=f"categories[{place}].queue",
            )
    _check_keys([rule.key for rule in desk.rules], "rules")
    for place, rule in enumerate(desk.rules):
        if rule.category not in {category.key for category in desk.categories}:
            raise DeskWrong(
                f"Rule {rule.key!r} opens {rule.category!r}, which is no category.",
                field=f"rules[{place}].category",
            )
        check_rule(rule, at=f"rules[{place}]")


def _check_keys(keys: Sequence[str], field: str) -> None:
    if twice := sorted({key for key in keys if keys.count(key) > 1}):
        raise DeskWrong(f"{twice[0]!r} is there twice.", field=field)
