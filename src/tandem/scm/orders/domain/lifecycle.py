"""The lifecycle axis: what we decided about an order. Every move is in this table or is refused."""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from tandem.kernel.errors import IllegalMove


class Status(StrEnum):
    DRAFT = "draft"
    PENDING_PAYMENT = "pending_payment"
    CONFIRMED = "confirmed"
    PROCESSING = "processing"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


MOVES: Mapping[Status, frozenset[Status]] = {
    Status.DRAFT: frozenset({Status.PENDING_PAYMENT, Status.CONFIRMED, Status.CANCELLED}),
    Status.PENDING_PAYMENT: frozenset({Status.CONFIRMED, Status.EXPIRED, Status.CANCELLED}),
    Status.CONFIRMED: frozenset({Status.PROCESSING, Status.CANCELLED}),
    Status.PROCESSING: frozenset({Status.COMPLETED, Status.CANCELLED}),
    Status.COMPLETED: frozenset(),
    Status.CANCELLED: frozenset(),
    Status.EXPIRED: frozenset({Status.CONFIRMED}),
}
assert MOVES.keys() == set(Status), "every status states its moves, even if it has none"

ENDED = frozenset({Status.COMPLETED, Status.CANCELLED, Status.EXPIRED})


class Action(StrEnum):
    """Everything that moves an order along this axis, by hand or by what happens to it."""

    PLACE = "place"
    CONFIRM = "confirm"
    EXPIRE = "expire"
    CANCEL = "cancel"
    PROCESS = "process"
    COMPLETE = "complete"
    REVIVE = "revive"


class Rule(msgspec.Struct, frozen=True):
    """From which statuses an action leads where. `place` leads to confirmed when nothing is due."""

    sources: frozenset[Status]
    targets: frozenset[Status]


ACTIONS: Mapping[Action, Rule] = {
    Action.PLACE: Rule(
        frozenset({Status.DRAFT}), frozenset({Status.PENDING_PAYMENT, Status.CONFIRMED})
    ),
    Action.CONFIRM: Rule(frozenset({Status.PENDING_PAYMENT}), frozenset({Status.CONFIRMED})),
    Action.EXPIRE: Rule(frozenset({Status.PENDING_PAYMENT}), frozenset({Status.EXPIRED})),
    Action.CANCEL: Rule(
        frozenset({Status.DRAFT, Status.PENDING_PAYMENT, Status.CONFIRMED, Status.PROCESSING}),
        frozenset({Status.CANCELLED}),
    ),
    Action.PROCESS: Rule(frozenset({Status.CONFIRMED}), frozenset({Status.PROCESSING})),
    Action.COMPLETE: Rule(frozenset({Status.PROCESSING}), frozenset({Status.COMPLETED})),
    Action.REVIVE: Rule(frozenset({Status.EXPIRED}), frozenset({Status.CONFIRMED})),
}
assert ACTIONS.keys() == set(Action), "every action states its rule"


def allowed_from(status: Status, *, has_shipped: bool) -> list[Status]:
    """Where people may take the order from here.

    Cancelling ends when goods have left; an expired order comes back only with a late payment.
    """
    targets = set(MOVES[status])
    if has_shipped:
        targets.discard(Status.CANCELLED)
    if status is Status.EXPIRED:
        targets.clear()
    return sorted(targets)


def check_move(
    action: Action, status: Status, target: Status, *, has_shipped: bool = False
) -> None:
    """Refuse with IllegalMove (`illegal_transition`) what the action's rule does not have."""
    rule = ACTIONS[action]
    assert target in rule.targets, f"{action} never leads to {target}"
    is_too_late = action is Action.CANCEL and has_shipped
    if status not in rule.sources or is_too_late:
        raise IllegalMove(
            "The order", status, target, allowed_from(status, has_shipped=has_shipped)
        )
