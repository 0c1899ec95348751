"""Reactions that failed too often: what waits for a person, and another try for it."""

from datetime import datetime
from uuid import UUID

from tandem.kernel import audit, outbox
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.outbox import Parked

SUBJECT = UUID(int=0)
"""Deliveries of events have a number, not an id of their own; the action names it."""


async def list_stuck(tx: Tx) -> list[Parked]:
    """At most 200, the oldest first. Each holds back the later events of its key."""
    tx.actor.require("identity.settings")
    return await outbox.list_parked(tx)


async def retry(tx: Tx, delivery_id: int | None, *, now: datetime) -> int:
    """Give one (or all) a fresh set of tries; returns how many. Refuses one that is not stuck."""
    tx.actor.require("identity.settings")
    count = await outbox.retry_parked(tx, delivery_id)
    if delivery_id is not None and not count:
        raise NotFound("Nothing of this number is stuck.")
    await audit.write(
        tx,
        action="stuck_events.retried",
        subject_kind="event_delivery",
        subject_id=SUBJECT,
        now=now,
        after={"delivery": delivery_id, "count": count},
    )
    return count
