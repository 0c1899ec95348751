"""Two axes that are never mixed: what we decided of a shipment, and what scans say of it.

A shipment's status is the base we decided on, or the furthest that a scan has seen it. Scans come
late, twice and out of order; each is kept, and the status never goes backwards.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum

import msgspec

from tandem.kernel.errors import IllegalMove


class Status(StrEnum):
    DRAFT = "draft"
    LABEL_PENDING = "label_pending"
    READY = "ready"
    MANIFESTED = "manifested"
    PICKED_UP = "picked_up"
    IN_TRANSIT = "in_transit"
    ON_HOLD = "on_hold"
    OUT_FOR_DELIVERY = "out_for_delivery"
    READY_FOR_PICKUP = "ready_for_pickup"
    DELIVERY_FAILED = "delivery_failed"
    DELIVERED = "delivered"
    RTO_INITIATED = "rto_initiated"
    RTO_IN_TRANSIT = "rto_in_transit"
    RTO_DELIVERED = "rto_delivered"
    CANCELLED = "cancelled"
    LOST = "lost"
    DAMAGED = "damaged"


S = Status

MOVES: Mapping[Status, frozenset[Status]] = {
    S.DRAFT: frozenset({S.LABEL_PENDING, S.CANCELLED}),
    S.LABEL_PENDING: frozenset({S.READY, S.CANCELLED}),
    S.READY: frozenset({S.MANIFESTED, S.PICKED_UP, S.CANCELLED}),
    S.MANIFESTED: frozenset({S.PICKED_UP, S.CANCELLED}),
    S.PICKED_UP: frozenset({S.IN_TRANSIT, S.OUT_FOR_DELIVERY, S.RTO_INITIATED}),
    S.IN_TRANSIT: frozenset(
        {S.ON_HOLD, S.OUT_FOR_DELIVERY, S.READY_FOR_PICKUP, S.RTO_INITIATED, S.LOST, S.DAMAGED}
    ),
    S.ON_HOLD: frozenset({S.IN_TRANSIT, S.OUT_FOR_DELIVERY, S.RTO_INITIATED}),
    S.OUT_FOR_DELIVERY: frozenset({S.DELIVERED, S.DELIVERY_FAILED, S.LOST, S.DAMAGED}),
    S.READY_FOR_PICKUP: frozenset({S.DELIVERED, S.RTO_INITIATED}),
    S.DELIVERY_FAILED: frozenset({S.OUT_FOR_DELIVERY, S.READY_FOR_PICKUP, S.RTO_INITIATED}),
    S.RTO_INITIATED: frozenset({S.RTO_IN_TRANSIT}),
    S.RTO_IN_TRANSIT: frozenset({S.RTO_DELIVERED}),
    S.DELIVERED: frozenset(),
    S.RTO_DELIVERED: frozenset(),
    S.CANCELLED: frozenset(),
    S.LOST: frozenset(),
    S.DAMAGED: frozenset(),
}
assert MOVES.keys() == set(Status), "every status states its moves, even if it has none"

WITH_US = frozenset({S.DRAFT, S.LABEL_PENDING, S.READY, S.MANIFESTED})
"""The goods have not left yet."""
CANCELLABLE = frozenset({S.DRAFT, S.LABEL_PENDING, S.READY})
ENDED = frozenset({S.DELIVERED, S.RTO_DELIVERED})
"""Somebody has the goods for good. Carriers like to call a return that arrived `delivered`, and a
stray scan of a delivered parcel a return: what is told after the end is kept and moves nothing."""
FINAL = frozenset(status for status, moves in MOVES.items() if not moves)


class ScanStatus(StrEnum):
    """What every carrier's codes are brought down to."""

    PENDING = "pending"
    PICKED_UP = "picked_up"
    ON_HOLD = "on_hold"
    CANCELLED = "cancelled"
    IN_TRANSIT = "in_transit"
    OUT_FOR_DELIVERY = "out_for_delivery"
    READY_FOR_PICKUP = "ready_for_pickup"
    DELIVERY_DELAYED = "delivery_delayed"
    DELIVERY_FAILED = "delivery_failed"
    DELIVERED = "delivered"
    RETURN_TO_SENDER = "return_to_sender"
    RETURNED_TO_SENDER = "returned_to_sender"
    LOST = "lost"
    DAMAGED = "damaged"
    UNKNOWN = "unknown"


MEANING: Mapping[ScanStatus, Status | None] = {
    ScanStatus.PENDING: None,
    ScanStatus.PICKED_UP: S.PICKED_UP,
    ScanStatus.ON_HOLD: S.ON_HOLD,
    ScanStatus.CANCELLED: None,
    ScanStatus.IN_TRANSIT: S.IN_TRANSIT,
    ScanStatus.OUT_FOR_DELIVERY: S.OUT_FOR_DELIVERY,
    ScanStatus.READY_FOR_PICKUP: S.READY_FOR_PICKUP,
    ScanStatus.DELIVERY_DELAYED: None,
    ScanStatus.DELIVERY_FAILED: S.DELIVERY_FAILED,
    ScanStatus.DELIVERED: S.DELIVERED,
    ScanStatus.RETURN_TO_SENDER: S.RTO_IN_TRANSIT,
    ScanStatus.RETURNED_TO_SENDER: S.RTO_DELIVERED,
    ScanStatus.LOST: S.LOST,
    ScanStatus.DAMAGED: S.DAMAGED,
    ScanStatus.UNKNOWN: None,
}
"""The status a scan stands for. None: kept and shown, but no step; a carrier's "cancelled" too,
for whether a shipment is cancelled is ours to decide."""
assert MEANING.keys() == set(ScanStatus), "every scan says what it means"

RANK: Mapping[Status, int] = {
    **dict.fromkeys(WITH_US, 0),
    S.PICKED_UP: 1,
    S.IN_TRANSIT: 2,
    S.ON_HOLD: 2,
    S.OUT_FOR_DELIVERY: 3,
    S.READY_FOR_PICKUP: 3,
    S.DELIVERY_FAILED: 3,
    S.RTO_INITIATED: 4,
    S.RTO_IN_TRANSIT: 5,
    S.LOST: 6,
    S.DAMAGED: 6,
    S.RTO_DELIVERED: 7,
    S.DELIVERED: 8,
    S.CANCELLED: 9,
}
"""How far along a status is. Only statuses of one rank may change back and forth, in the order
they happened (on hold and moving again, tried in vain and out again); a parcel called lost that is
scanned at a door was found."""
assert RANK.keys() == set(Status), "every status has its place"

NO_ATTEMPT = "no_attempt"
"""A failed delivery that nobody tried: it does not count as an attempt."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """As much of a scan as decides the status."""

    status: ScanStatus
    occurred_at: datetime
    reason: str = ""
    code: str = ""

    @property
    def is_no_attempt(self) -> bool:
        """However it is written (`No attempt: van full`), as our reason or the carrier's code."""
        return NO_ATTEMPT in {_word(self.reason), _word(self.code)}


def _word(text: str) -> str:
    return text.partition(":")[0].strip().lower().replace(" ", "_").replace("-", "_")


def status_after(base: Status, steps: Iterable[Step]) -> Status:
    """What we decided, and then the furthest that any scan has seen it.

    The same scans give the same status in whatever order they come, and one scan more never gives
    an earlier one.
    """
    best, place = base, (RANK[base], datetime.min.replace(tzinfo=UTC), "")
    for step in steps:
        status = MEANING[step.status]
        if status is not None and (RANK[status], step.occurred_at, status) > place:
            best, place = status, (RANK[status], step.occurred_at, status)
    return best


def attempts(steps: Iterable[Step]) -> int:
    """How often somebody stood at the door in vain."""
    return sum(
        step.status is ScanStatus.DELIVERY_FAILED and not step.is_no_attempt for step in steps
    )


def check_move(status: Status, target: Status) -> None:
    if target not in MOVES[status]:
        raise IllegalMove("Shipment", status, target, sorted(MOVES[status]))


def check_cancellable(status: Status) -> None:
    """A handed-over parcel cannot be cancelled: it can only come back (return to origin)."""
    if status in CANCELLABLE:
        return
    allowed = MOVES[status] - {S.CANCELLED}
    raise IllegalMove("Shipment", status, S.CANCELLED, sorted(allowed))
