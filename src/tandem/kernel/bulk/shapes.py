"""An act on many records as it is kept, and what became of each of them."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from tandem.kernel.actor import Actor, Impersonator, Kind, Origin
from tandem.kernel.errors import Conflict, Invalid

AT_ONCE = 200
"""Records that are done while the asker waits; more are a job's."""
MANY_MAX = 10_000
"""Records that one act is for."""
SAID_MAX = 500
State = Literal["running", "done", "undoing", "undone"]
Outcome = Literal["waiting", "changed", "same", "refused", "undone", "kept"]


class BulkBusy(Conflict):
    """It is in no state for this."""

    code = "bulk_busy"


class TooMany(Invalid):
    """More records than one act is for."""

    code = "too_many_records"


class Asker(msgspec.Struct, frozen=True, kw_only=True):
    """Whose permissions count when the job works, looked up anew each time. A key has never more
    than the `grants` that it was asked with: a token of it may have had fewer."""

    user_id: UUID | None
    kind: Kind
    label: str
    grants: tuple[str, ...] = ()
    origin: Origin = Origin()
    impersonator: Impersonator | None = None


class BulkJob(msgspec.Struct, frozen=True, kw_only=True):
    """`total` records; those of which nothing is said yet wait. `same` were so already, `refused`
    said no, each with its reason; of those taken back, `kept` had been changed by somebody since.
    `said` is the act in words: assigned to Rina."""

    id: UUID
    kind: str
    act: str
    args: dict[str, Any]
    said: str
    state: State
    is_undoable: bool
    total: int
    changed: int
    same: int
    refused: int
    undone: int
    kept: int
    created_at: datetime
    updated_at: datetime

    @property
    def done(self) -> int:
        """Records gone through, of those that the present state goes through."""
        if self.state in ("undoing", "undone"):
            return self.undone + self.kept
        return self.changed + self.same + self.refused

    @property
    def to_do(self) -> int:
        return self.changed if self.state in ("undoing", "undone") else self.total

    @property
    def is_busy(self) -> bool:
        return self.state in ("running", "undoing")

    @property
    def may_go_back(self) -> bool:
        return self.is_undoable and self.state == "done" and self.changed > 0


class HeldJob(BulkJob, frozen=True, kw_only=True):
    """With whose it is."""

    asker: Asker
    asked_by: UUID | None


class BulkRow(msgspec.Struct, frozen=True, kw_only=True):
    """`label` is the record's number, where its reader was allowed to know it."""

    record_id: UUID
    status: Outcome
    label: str
    code: str
    said: str


class HeldRow(BulkRow, frozen=True, kw_only=True):
    before: dict[str, Any] | None
    after: dict[str, Any] | None


def asker_of(actor: Actor) -> Asker:
    return Asker(
        user_id=actor.user_id,
        kind=actor.kind,
        label=actor.label,
        grants=_grants(actor) if actor.kind is Kind.API_KEY else (),
        origin=actor.origin,
        impersonator=actor.impersonator,
    )


def _grants(actor: Actor) -> tuple[str, ...]:
    standing = actor.standing
    if standing is None:
        return tuple(sorted(actor.grants))
    return (*sorted(standing.wide), *(f"{name}@{scope}" for name, scope in sorted(standing.narrow)))
