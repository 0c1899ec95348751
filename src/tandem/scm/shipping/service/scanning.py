"""What happened to a parcel, in whatever order we are told."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from tandem.kernel.db import Tx
from tandem.kernel.errors import Conflict, Invalid
from tandem.kernel.events import Event
from tandem.kernel.ids import new_id
from tandem.scm.shipping.domain import promise as engine
from tandem.scm.shipping.domain.shipments import Scan, Shipment
from tandem.scm.shipping.domain.statuses import (
    ENDED,
    MEANING,
    RANK,
    WITH_US,
    ScanStatus,
    Status,
    Step,
    attempts,
    status_after,
)
from tandem.scm.shipping.service.promising import plan_of
from tandem.scm.shipping.service.reading import lock_shipment
from tandem.scm.shipping.service.revising import revise, status_changed
from tandem.scm.shipping.service.undelivered import follow_failure
from tandem.scm.shipping.store import scans, undelivered
from tandem.scm.shipping.store import shipments as store

AHEAD_MAX = timedelta(days=1)
BEHIND_MAX = timedelta(days=366)
SCANS_MAX = 1000


class TooManyScans(Conflict):
    code = "too_many_scans"


async def record_scan(
    tx: Tx,
    *,
    shipment_id: UUID,
    status: ScanStatus,
    occurred_at: datetime,
    now: datetime,
    code: str = "",
    reason: str = "",
    location: str = "",
    source: str = "carrier",
    latitude: float | None = None,
    longitude: float | None = None,
) -> Shipment:
    """Keep a scan, once, and move the shipment on where it says something new.

    Late, repeated and out-of-order scans are welcome; the status never goes backwards. The first
    sign that the goods have left is told as `picked_up`, whatever scan brought it. A failed
    attempt moves the promise to the next delivery day. Refuses an instant without offset, more
    than a day ahead or a year ago.
    """
    tx.actor.require("shipping.scan")
    _check_time(occurred_at, now)
    shipment = await lock_shipment(tx, shipment_id)
    scan = Scan(
        id=new_id(),
        shipment_id=shipment_id,
        status=status,
        code=code,
        reason=reason,
        location=location,
        source=source,
        latitude=latitude,
        longitude=longitude,
        occurred_at=occurred_at,
        received_at=now,
    )
    if not await scans.add(tx, scan):
        return shipment
    steps = await scans.steps(tx, shipment_id)
    if len(steps) > SCANS_MAX:
        raise TooManyScans(f"A shipment keeps {SCANS_MAX} scans at most.")
    return await _follow(tx, shipment, steps, now)


def _check_time(occurred_at: datetime, now: datetime) -> None:
    if occurred_at.tzinfo is None:
        raise Invalid(
            "Give the instant with its offset: 2026-11-22T10:00:00Z.", field="occurred_at"
        )
    if not now - BEHIND_MAX <= occurred_at <= now + AHEAD_MAX:
        raise Invalid("This is more than a year ago or a day ahead.", field="occurred_at")


async def _follow(tx: Tx, shipment: Shipment, steps: Sequence[Step], now: datetime) -> Shipment:
    """Bring the shipment to what all its scans say together."""
    newest = max(steps, key=lambda step: (step.occurred_at, step.status))
    is_over = shipment.status in ENDED
    status = shipment.status if is_over else status_after(shipment.base_status, steps)
    seen_at = [s.occurred_at for s in steps if MEANING[s.status] is status]
    delivered_at = min(seen_at) if status is Status.DELIVERED else None
    moved = msgspec.structs.replace(
        shipment,
        status=status,
        carrier_status=newest.status,
        status_at=max(seen_at, default=shipment.status_at),
        attempts=attempts(steps),
        picked_up_at=min(_on_the_way(steps), default=None),
        delivered_at=delivered_at,
        delivered_on=_day(shipment, delivered_at) if delivered_at else None,
    )
    events = _changes(shipment, moved)
    if status is Status.DELIVERY_FAILED:
        moved, told = await _after_failure(tx, shipment, moved, steps, now)
        events += told
    elif status is not shipment.status:
        await undelivered.close(tx, shipment.id)
    await store.save(tx, moved, now)
    await tx.publish(*events)
    return await lock_shipment(tx, shipment.id)


def _on_the_way(steps: Sequence[Step]) -> list[datetime]:
    return [step.occurred_at for step in steps if MEANING[step.status] is not None]


def _day(shipment: Shipment, at: datetime) -> date:
    return at.astimezone(ZoneInfo(shipment.sender.time_zone)).date()


def _changes(before: Shipment, after: Shipment) -> list[Event]:
    """What others hear of it. Goods that have left are told as picked up before anything else."""
    if after.status is before.status:
        return []
    told = []
    has_left = before.status in WITH_US and RANK[after.status] >= RANK[Status.PICKED_UP]
    if has_left and after.status is not Status.PICKED_UP and after.status is not Status.CANCELLED:
        assert after.picked_up_at, "whoever is on the way has been seen"
        told.append(status_changed(after, Status.PICKED_UP, after.picked_up_at))
    return [*told, status_changed(after, after.status, after.status_at)]


async def _after_failure(
    tx: Tx, before: Shipment, moved: Shipment, steps: Sequence[Step], now: datetime
) -> tuple[Shipment, list[Event]]:
    """Of the newest failure alone; the next try moves the promise, and so does a try in vain."""
    failures = [step for step in steps if step.status is ScanStatus.DELIVERY_FAILED]
    newest = max(failures, key=lambda step: step.occurred_at)
    if before.status is Status.DELIVERY_FAILED and before.status_at == newest.occurred_at:
        return moved, []
    again = await follow_failure(tx, moved, newest, now)
    if not again and before.attempts == moved.attempts:
        return moved, []
    moved, revised = await _promise_again(tx, moved, now)
    return moved, [*revised, *again]


async def _promise_again(tx: Tx, shipment: Shipment, now: datetime) -> tuple[Shipment, list[Event]]:
    """After a failed attempt the next one is on the next delivery day, which is none of the past
    however late the carrier tells of it."""
    plan = await plan_of(tx)
    day = engine.next_delivery_day(plan.rules[0], max(shipment.status_at, now))
    return await revise(tx, shipment, day, "delivery attempt failed", now)
