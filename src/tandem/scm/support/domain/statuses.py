"""A complaint's states and moves, and where a change came from."""

from collections.abc import Mapping
from enum import StrEnum

from tandem.kernel.errors import IllegalMove


class Status(StrEnum):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    IN_PROGRESS = "in_progress"
    WAITING_CUSTOMER = "waiting_customer"
    RESOLVED = "resolved"
    CLOSED = "closed"
    REOPENED = "reopened"


S = Status

MOVES: Mapping[Status, frozenset[Status]] = {
    S.OPEN: frozenset({S.ACKNOWLEDGED, S.IN_PROGRESS, S.WAITING_CUSTOMER, S.RESOLVED}),
    S.ACKNOWLEDGED: frozenset({S.IN_PROGRESS, S.WAITING_CUSTOMER, S.RESOLVED}),
    S.IN_PROGRESS: frozenset({S.WAITING_CUSTOMER, S.RESOLVED}),
    S.WAITING_CUSTOMER: frozenset({S.IN_PROGRESS, S.RESOLVED}),
    S.RESOLVED: frozenset({S.CLOSED, S.REOPENED}),
    S.CLOSED: frozenset(),
    S.REOPENED: frozenset({S.IN_PROGRESS, S.WAITING_CUSTOMER, S.RESOLVED}),
}
assert MOVES.keys() == set(Status), "every status states its moves, even if it has none"

WORKED_ON = frozenset({S.OPEN, S.ACKNOWLEDGED, S.IN_PROGRESS, S.REOPENED})
"""The clock of the resolution runs."""
UNSETTLED = WORKED_ON | {S.WAITING_CUSTOMER}


class Origin(StrEnum):
    """Where a change came from. What came from Jira is not sent back there."""

    STAFF = "staff"
    BUYER = "buyer"
    RULE = "rule"
    JIRA = "jira"
    SYSTEM = "system"


class Visibility(StrEnum):
    """Internal unless somebody says otherwise: nothing internal ever reaches a customer."""

    INTERNAL = "internal"
    PUBLIC = "public"


class Severity(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    CRITICAL = "critical"


class Channel(StrEnum):
    """How we came to know."""

    TRACKING = "tracking"
    PORTAL = "portal"
    PHONE = "phone"
    EMAIL = "email"
    CONSOLE = "console"
    API = "api"
    RULE = "rule"
    JIRA = "jira"


def check_move(source: Status, target: Status) -> None:
    """Raises IllegalMove with what is allowed instead."""
    if target not in MOVES[source]:
        raise IllegalMove("The complaint", source, target, sorted(MOVES[source]))
