"""What we decide of a shipment: cancel, number, repack, hand over, call back, promise anew."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec

from tandem.contracts.shipping import ShipmentCancelled
from tandem.kernel import audit, numbering, references
from tandem.kernel.db import Tx
from tandem.kernel.errors import Conflict, Invalid, NotFound
from tandem.kernel.ids import new_id
from tandem.kernel.references import Reference
from tandem.scm.shipping.domain.packing import parcels_of
from tandem.scm.shipping.domain.shipments import Manifest, NewParcel, Shipment
from tandem.scm.shipping.domain.statuses import FINAL, Status, check_cancellable, check_move
from tandem.scm.shipping.service.creating import ready
from tandem.scm.shipping.service.promising import plan_of
from tandem.scm.shipping.service.reading import lock_shipment
from tandem.scm.shipping.service.revising import revise, status_changed
from tandem.scm.shipping.store import shipments as store
from tandem.scm.shipping.store import undelivered


class OtherCarrier(Conflict):
    """One hand-over sheet names shipments of one carrier."""

    code = "other_carrier"


class ShipmentOver(Conflict):
    code = "shipment_over"


async def cancel_shipment(tx: Tx, *, shipment_id: UUID, reason: str, now: datetime) -> Shipment:
    """Before it is handed over. Cancelling again changes nothing.

    Raises IllegalMove once it is on a manifest; after pick-up `allowed` says that it can only be
    called back (return to origin).
    """
    tx.actor.require("shipping.cancel")
    shipment = await lock_shipment(tx, shipment_id)
    if shipment.status is Status.CANCELLED:
        return shipment
    check_cancellable(shipment.status)
    cancelled = await _decide(tx, shipment, Status.CANCELLED, now, cancel_reason=reason)
    await _audit(tx, "cancel", shipment, now, {"reason": reason})
    await tx.publish(
        ShipmentCancelled(
            order_id=shipment.order_id,
            shipment_id=shipment.id,
            number=shipment.number,
            reason=reason,
        )
    )
    return cancelled


async def cancel_of_order(tx: Tx, *, order_id: UUID, reason: str, now: datetime) -> list[Shipment]:
    """Cancel every shipment of an order that is not cancelled yet, or refuse and cancel none."""
    tx.actor.require("shipping.cancel")
    found = await store.lock_many(tx, [s.id for s in await store.list_of_order(tx, order_id)])
    live = [shipment for shipment in found if shipment.status is not Status.CANCELLED]
    for shipment in live:
        check_cancellable(shipment.status)
    return [
        await cancel_shipment(tx, shipment_id=shipment.id, reason=reason, now=now)
        for shipment in live
    ]


async def set_awb(tx: Tx, shipment: Shipment, awb: str, *, now: datetime) -> Shipment:
    """The carrier's number, typed in by staff; a shipment that waited for it is ready.

    Raises ReferenceTaken when another shipment has this number.
    """
    tx.actor.require("shipping.write")
    if shipment.status in FINAL:
        raise ShipmentOver(f"Shipment {shipment.number} is {shipment.status}.")
    if shipment.awb == awb:
        return shipment
    await references.add(
        tx,
        Reference(
            system=shipment.carrier,
            kind="awb",
            external_id=awb,
            entity_kind="shipment",
            entity_id=shipment.id,
            order_id=shipment.order_id,
        ),
    )
    await _audit(tx, "set_awb", shipment, now, {"awb": awb})
    if shipment.status is not Status.LABEL_PENDING:
        numbered = msgspec.structs.replace(shipment, awb=awb)
        await store.save(tx, numbered, now)
        return await lock_shipment(tx, shipment.id)
    moved = await _decide(tx, shipment, Status.READY, now, awb=awb)
    await tx.publish(ready(moved))
    return moved


async def set_parcels(
    tx: Tx, shipment: Shipment, parcels: Sequence[NewParcel], *, now: datetime
) -> Shipment:
    """How the goods are really packed, while they are still here."""
    tx.actor.require("shipping.write")
    check_cancellable(shipment.status)
    packed = parcels_of(shipment.number, parcels)
    await store.replace_parcels(tx, shipment.id, packed)
    repacked = msgspec.structs.replace(
        shipment,
        weight_grams=sum(parcel.weight_grams for parcel in packed),
        charged_grams=sum(parcel.charged_grams for parcel in packed),
    )
    await store.save(tx, repacked, now)
    await _audit(tx, "set_parcels", shipment, now, {"parcels": msgspec.to_builtins(packed)})
    return await lock_shipment(tx, shipment.id)


async def hand_over(tx: Tx, shipment_ids: Sequence[UUID], *, now: datetime) -> Manifest:
    """One hand-over sheet for ready shipments of one carrier. Then none can be cancelled."""
    tx.actor.require("shipping.write")
    tx.actor.require_everywhere("shipping.read")
    found = await store.lock_many(tx, shipment_ids)
    if len(found) < len(set(shipment_ids)):
        raise NotFound("One of these shipments does not exist.", field="shipment_ids")
    if len({shipment.carrier for shipment in found}) > 1:
        raise OtherCarrier("A manifest is for one carrier.", field="shipment_ids")
    for shipment in found:
        check_move(shipment.status, Status.MANIFESTED)
    manifest = Manifest(
        id=new_id(),
        number=f"MAN-{await numbering.take(tx, kind='manifest', start=1001)}",
        carrier=found[0].carrier,
        created_at=now,
        shipments=sorted(shipment.number for shipment in found),
    )
    await store.insert_manifest(tx, manifest)
    for shipment in found:
        await _decide(tx, shipment, Status.MANIFESTED, now, manifest_id=manifest.id)
        await tx.publish(status_changed(shipment, Status.MANIFESTED, now))
    return manifest


async def call_back(tx: Tx, *, shipment_id: UUID, reason: str, now: datetime) -> Shipment:
    """Start the return to origin of goods that have left. Raises IllegalMove otherwise."""
    tx.actor.require("shipping.write")
    shipment = await lock_shipment(tx, shipment_id)
    check_move(shipment.status, Status.RTO_INITIATED)
    returning = await _decide(tx, shipment, Status.RTO_INITIATED, now)
    await undelivered.close(tx, shipment_id)
    await _audit(tx, "call_back", shipment, now, {"reason": reason})
    await tx.publish(status_changed(returning, Status.RTO_INITIATED, now))
    return returning


PROMISED_AHEAD_MAX = timedelta(days=366)


async def revise_promise(
    tx: Tx, shipment: Shipment, *, promised_on: date, cause: str, now: datetime
) -> Shipment:
    """Tell the buyer another day, with its cause. The first promise stays what we are judged by."""
    tx.actor.require("shipping.write")
    if shipment.status in FINAL:
        raise ShipmentOver(f"Shipment {shipment.number} is {shipment.status}.")
    rules = (await plan_of(tx)).rules[0]
    if promised_on < rules.today(now):
        raise Invalid("A promise cannot lie in the past.", field="promised_on")
    if promised_on > rules.today(now) + PROMISED_AHEAD_MAX:
        raise Invalid("Nobody waits for more than a year.", field="promised_on")
    if not rules.delivery_days.is_open(promised_on):
        raise Invalid("Nothing is delivered on this day.", field="promised_on")
    revised, events = await revise(tx, shipment, promised_on, cause, now)
    await store.save(tx, revised, now)
    await tx.publish(*events)
    return await lock_shipment(tx, shipment.id)


async def _decide(
    tx: Tx,
    shipment: Shipment,
    status: Status,
    now: datetime,
    *,
    cancel_reason: str = "",
    awb: str | None = None,
    manifest_id: UUID | None = None,
) -> Shipment:
    decided = msgspec.structs.replace(
        shipment,
        status=status,
        base_status=status,
        status_at=now,
        cancel_reason=cancel_reason or shipment.cancel_reason,
        awb=awb or shipment.awb,
        manifest_id=manifest_id or shipment.manifest_id,
    )
    await store.save(tx, decided, now)
    return await lock_shipment(tx, shipment.id)


async def _audit(
    tx: Tx, what: str, shipment: Shipment, now: datetime, after: dict[str, object]
) -> None:
    await audit.write(
        tx,
        action=f"shipping.{what}",
        subject_kind="shipment",
        subject_id=shipment.id,
        now=now,
        before={"status": shipment.status},
        after=after,
    )
