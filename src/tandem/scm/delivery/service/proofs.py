"""Photos and signatures, bound to the delivery, the place and the time."""

from datetime import datetime
from typing import Any
from uuid import UUID

from tandem.kernel.blobs import Blob, Blobs
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.ids import new_id
from tandem.scm.delivery.domain.deliveries import Delivery
from tandem.scm.delivery.domain.fences import EXIT_M
from tandem.scm.delivery.domain.permissions import READ
from tandem.scm.delivery.domain.places import Point, distance
from tandem.scm.delivery.domain.proofs import (
    PROOFS_MAX,
    Proof,
    ProofKind,
    TooManyProofs,
    check_picture,
)
from tandem.scm.delivery.service.moves import Told
from tandem.scm.delivery.store import deliveries
from tandem.scm.delivery.store import proofs as store


async def add_picture(
    tx: Tx,
    blobs: Blobs,
    delivery: Delivery,
    *,
    kind: ProofKind,
    content: bytes,
    media_type: str,
    told: Told,
    meta: dict[str, Any],
    now: datetime,
) -> Proof:
    """Keep a photo or signature of a locked delivery. The same `client_event_id` is kept once.

    Refuses with NotAPicture and TooManyProofs.
    """
    assert kind is not ProofKind.OTP, "codes are checked, not uploaded"
    if told.client_event_id and (known := await store.find_by_event(tx, told.client_event_id)):
        return known
    check_picture(content, media_type)
    if len(await store.list_of(tx, delivery.id)) >= PROOFS_MAX:
        raise TooManyProofs(f"A delivery keeps {PROOFS_MAX} proofs at most.")
    blob = await blobs.put(
        tx, content, media_type=media_type, filename=f"{kind}-{delivery.shipment_number}", now=now
    )
    proof = Proof(
        id=new_id(),
        delivery_id=delivery.id,
        kind=kind,
        blob_id=blob.id,
        sha256=blob.sha256,
        meta=meta,
        lat=told.point.lat if told.point else None,
        lon=told.point.lon if told.point else None,
        is_at_door=is_at_door(delivery, told.point),
        occurred_at=told.occurred_at,
        received_at=now,
        client_event_id=told.client_event_id,
    )
    await store.add(tx, proof)
    return proof


async def list_proofs(tx: Tx, delivery_id: UUID) -> list[Proof]:
    tx.actor.require(READ)
    if await deliveries.find(tx, delivery_id) is None:
        raise NotFound("There is no such delivery.")
    return await store.list_of(tx, delivery_id)


async def read_picture(
    tx: Tx, blobs: Blobs, delivery_id: UUID, proof_id: UUID
) -> tuple[Blob, bytes]:
    tx.actor.require(READ)
    proof = await store.find(tx, delivery_id, proof_id)
    if proof is None or proof.blob_id is None:
        raise NotFound("There is no such picture.")
    return await blobs.get(tx, proof.blob_id)


def is_at_door(delivery: Delivery, point: Point | None) -> bool | None:
    """Within the fence around the address; None when either place is unknown."""
    if point is None or delivery.door is None:
        return None
    return distance(point, delivery.door) <= EXIT_M
