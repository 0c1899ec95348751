"""One person of a campaign, and what has become of them."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec


class State(StrEnum):
    """`planned`: not asked about yet. `holdout`: gets nothing, to compare with."""

    PLANNED = "planned"
    HOLDOUT = "holdout"
    QUEUED = "queued"
    HELD = "held"
    SENT = "sent"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


OPEN = frozenset({State.PLANNED, State.QUEUED, State.HELD})

MOVES: Mapping[State, frozenset[State]] = {
    State.PLANNED: frozenset({State.QUEUED, State.HELD, State.SKIPPED}),
    State.HOLDOUT: frozenset(),
    State.QUEUED: frozenset(
        {
            State.HELD,
            State.SENT,
            State.DELIVERED,
            State.BOUNCED,
            State.COMPLAINED,
            State.FAILED,
            State.UNKNOWN,
            State.SKIPPED,
        }
    ),
    State.HELD: frozenset(
        {
            State.QUEUED,
            State.SENT,
            State.DELIVERED,
            State.BOUNCED,
            State.COMPLAINED,
            State.FAILED,
            State.UNKNOWN,
            State.SKIPPED,
        }
    ),
    State.UNKNOWN: frozenset(
        {
            State.SENT,
            State.DELIVERED,
            State.BOUNCED,
            State.COMPLAINED,
            State.FAILED,
            State.SKIPPED,
        }
    ),
    State.FAILED: frozenset({State.SENT, State.DELIVERED, State.BOUNCED, State.COMPLAINED}),
    State.SENT: frozenset({State.DELIVERED, State.BOUNCED, State.COMPLAINED, State.FAILED}),
    State.DELIVERED: frozenset({State.BOUNCED, State.COMPLAINED}),
    State.BOUNCED: frozenset({State.COMPLAINED}),
    State.COMPLAINED: frozenset(),
    State.SKIPPED: frozenset(),
}
"""Providers' words come late and out of order; only what says more counts."""
assert MOVES.keys() == set(State), "every state states its moves"

FROM: Mapping[State, list[State]] = {
    target: [source for source, targets in MOVES.items() if target in targets] for target in State
}


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """`reason` is the code why somebody was left out, or is kept waiting."""

    customer_id: UUID
    channel: str
    variant_id: UUID | None
    state: State
    reason: str
    message_id: UUID | None
    planned_at: datetime
    decided_at: datetime | None
    updated_at: datetime


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided about a planned one; `trace` lists every rule that was asked."""

    customer_id: UUID
    state: State
    reason: str
    message_id: UUID | None
    trace: list[dict[str, Any]]


class Count(msgspec.Struct, frozen=True, kw_only=True):
    state: State
    reason: str
    variant_id: UUID | None
    count: int
