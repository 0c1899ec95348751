"""The life of a delivery as a table of moves, and why a move is refused."""

from collections.abc import Mapping
from enum import StrEnum

from tandem.kernel.errors import Conflict, IllegalMove, Invalid


class Status(StrEnum):
    UNASSIGNED = "unassigned"
    OFFERED = "offered"
    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    AT_PICKUP = "at_pickup"
    PICKED_UP = "picked_up"
    EN_ROUTE = "en_route"
    ARRIVING = "arriving"
    ARRIVED = "arrived"
    DELIVERED = "delivered"
    FAILED = "failed"
    REATTEMPT_SCHEDULED = "reattempt_scheduled"
    RETURNING = "returning"
    RETURNED = "returned"
    CANCELLED = "cancelled"


S = Status

MOVES: Mapping[Status, frozenset[Status]] = {
    S.UNASSIGNED: frozenset({S.OFFERED, S.ASSIGNED, S.CANCELLED}),
    S.OFFERED: frozenset({S.ASSIGNED, S.UNASSIGNED, S.CANCELLED}),
    S.ASSIGNED: frozenset({S.ACCEPTED, S.UNASSIGNED, S.FAILED, S.CANCELLED}),
    S.ACCEPTED: frozenset({S.AT_PICKUP, S.UNASSIGNED, S.FAILED, S.CANCELLED}),
    S.AT_PICKUP: frozenset({S.PICKED_UP, S.UNASSIGNED, S.FAILED, S.CANCELLED}),
    S.PICKED_UP: frozenset({S.EN_ROUTE, S.FAILED, S.RETURNING}),
    S.EN_ROUTE: frozenset({S.ARRIVING, S.ARRIVED, S.DELIVERED, S.FAILED, S.RETURNING}),
    S.ARRIVING: frozenset({S.ARRIVED, S.DELIVERED, S.FAILED, S.RETURNING}),
    S.ARRIVED: frozenset({S.DELIVERED, S.FAILED, S.RETURNING}),
    S.FAILED: frozenset({S.REATTEMPT_SCHEDULED, S.RETURNING, S.CANCELLED}),
    S.REATTEMPT_SCHEDULED: frozenset({S.ASSIGNED, S.RETURNING, S.CANCELLED}),
    S.RETURNING: frozenset({S.RETURNED}),
    S.RETURNED: frozenset(),
    S.DELIVERED: frozenset(),
    S.CANCELLED: frozenset(),
}
assert MOVES.keys() == set(Status), "every status states its moves, even if it has none"

SKIPS = frozenset({(S.EN_ROUTE, S.ARRIVED), (S.EN_ROUTE, S.DELIVERED), (S.ARRIVING, S.DELIVERED)})
"""Moves that leave out `arriving` or `arrived`: allowed, but somebody has to say why."""

NEED_REASON = frozenset({S.FAILED, S.CANCELLED, S.RETURNING})

FINAL = frozenset(status for status, moves in MOVES.items() if not moves)
WAITING = frozenset({S.UNASSIGNED, S.OFFERED, S.REATTEMPT_SCHEDULED})
"""Nobody carries it: a dispatcher's to do."""
BEFORE_PICKUP = frozenset({S.ASSIGNED, S.ACCEPTED, S.AT_PICKUP})
UNDER_WAY = frozenset({S.EN_ROUTE, S.ARRIVING, S.ARRIVED})
"""On its way to this door; the fence and the ETA look at these."""
ABOARD = UNDER_WAY | {S.PICKED_UP}
WITH_DRIVER = BEFORE_PICKUP | ABOARD
"""A stop of somebody's run."""
AT_THE_DOOR = frozenset({S.ARRIVING, S.ARRIVED})
"""Only now is the door code worth anything."""

HANDED_OVER = "handed_over_elsewhere"
"""Why a delivery was cancelled whose parcel the buyer has all the same."""
BACK = frozenset({"rto_initiated", "rto_delivered"})
FOLLOWED: Mapping[str, str] = {
    "delivered": HANDED_OVER,
    "lost": "the parcel is lost",
    "damaged": "the parcel is damaged",
    "rto_initiated": "the parcel is called back",
    "rto_delivered": "the parcel is back",
}
"""What may be said of a shipment by others than its driver, and what its delivery says then."""

FAILURES: Mapping[str, str] = {
    "customer_absent": "Nobody answered at the address",
    "address_not_found": "The address could not be found",
    "refused": "The customer refused the parcel",
    "rescheduled": "The customer asked for another day",
    "cash_not_ready": "The customer did not have the amount due",
    "damaged": "The parcel is damaged",
    "vehicle_breakdown": "The vehicle broke down",
    "weather": "Weather or a closed road",
    "other": "Another reason",
}
"""Reason codes of a failed attempt. A note may follow after a colon: `other: dog in the yard`."""


class ReasonMissing(Invalid):
    code = "reason_missing"


class UnknownReason(Invalid):
    code = "unknown_reason"


class NotYours(Conflict):
    """The delivery is another driver's now."""

    code = "not_your_delivery"


def allowed(status: Status, *, was_picked_up: bool) -> list[Status]:
    """Where a delivery can go. Goods that left the hub come back before anything is cancelled."""
    left_out = S.CANCELLED if was_picked_up else S.RETURNING
    return sorted(MOVES[status] - {left_out})


def check_move(status: Status, target: Status, *, was_picked_up: bool, reason: str) -> None:
    """Raise IllegalMove with what is allowed, or say that this move needs its reason."""
    options = allowed(status, was_picked_up=was_picked_up)
    if target not in options:
        raise IllegalMove("Delivery", status, target, options)
    if not reason and (target in NEED_REASON or (status, target) in SKIPS):
        raise ReasonMissing(f"Say why: {status} to {target} needs a reason.", field="reason")
    if target is S.FAILED and reason.partition(":")[0].strip() not in FAILURES:
        raise UnknownReason(
            f"Start with one of: {', '.join(FAILURES)}.", field="reason", allowed=list(FAILURES)
        )
