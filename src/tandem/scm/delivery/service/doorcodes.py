"""The code at the door: checked, counted, locked, sent again. Its digits leave by one verb only."""

from datetime import datetime
from uuid import UUID

from tandem.kernel.actor import Kind
from tandem.kernel.db import Tx
from tandem.kernel.errors import Forbidden
from tandem.kernel.ids import new_id
from tandem.scm.delivery.domain.deliveries import Delivery
from tandem.scm.delivery.domain.doorcodes import (
    TRIES_MAX,
    DoorCodeLocked,
    NotAtTheDoor,
    WrongDoorCode,
    check_sendable,
    check_usable,
    is_right,
)
from tandem.scm.delivery.domain.permissions import OVERRIDE
from tandem.scm.delivery.domain.places import Point
from tandem.scm.delivery.domain.proofs import Proof, ProofKind
from tandem.scm.delivery.domain.statuses import AT_THE_DOOR
from tandem.scm.delivery.service.moves import Told, code_requested, get_locked
from tandem.scm.delivery.service.proofs import is_at_door
from tandem.scm.delivery.store import proofs as store


async def door_code(tx: Tx, delivery_id: UUID) -> str:
    """The six digits for the buyer's message. Only the suite itself may ask: no person, key or
    device ever reads a code."""
    if tx.actor.kind is not Kind.SYSTEM:
        raise Forbidden("Door codes are for the buyer alone.", permission="system")
    return (await store.get_door_code(tx, delivery_id)).digits()


async def verify(tx: Tx, delivery: Delivery, given: str, told: Told, *, now: datetime) -> Proof:
    """Check what the buyer said. Right twice is right once.

    Refuses with NotAtTheDoor, DoorCodeLocked, WrongDoorCode; the last counts the try for good.
    """
    code = await store.lock_door_code(tx, delivery.id)
    if code.verified_at is not None:
        if not is_right(code, given):
            raise WrongDoorCode("That is not the code. It was given right before.", tries_left=0)
        return await _given(tx, delivery.id)
    check_usable(code, delivery.status)
    if not is_right(code, given):
        await store.save_door_code(tx, code, tries=code.tries + 1)
        left = TRIES_MAX - code.tries - 1
        raise WrongDoorCode(f"That is not the code. Tries left: {left}.", tries_left=left)
    await store.save_door_code(tx, code, verified_at=now)
    proof = _proof(delivery, told, now)
    await store.add(tx, proof)
    return proof


async def send_again(tx: Tx, delivery_id: UUID, *, now: datetime) -> None:
    """Staff: let the buyer have the code once more; a new one when the old is locked."""
    tx.actor.require(OVERRIDE)
    delivery = await get_locked(tx, delivery_id)
    await _send(tx, delivery, may_renew=True, now=now)


async def resend_for_buyer(tx: Tx, delivery: Delivery, *, now: datetime) -> None:
    """The buyer asks on the tracking page. A locked code stays locked: dispatch judges that."""
    await _send(tx, delivery, may_renew=False, now=now)


async def _send(tx: Tx, delivery: Delivery, *, may_renew: bool, now: datetime) -> None:
    if delivery.status not in AT_THE_DOOR or ProofKind.OTP not in delivery.proof_policy:
        raise NotAtTheDoor(
            "The code is sent when the driver is near.", delivery_status=delivery.status
        )
    code = await store.lock_door_code(tx, delivery.id)
    if code.verified_at is not None:
        raise NotAtTheDoor("The code was used already.", delivery_status=delivery.status)
    if code.is_locked and not may_renew:
        raise DoorCodeLocked("Too many wrong tries. Please call us.")
    check_sendable(code, now)
    if code.is_locked:
        await store.save_door_code(
            tx,
            code,
            generation=code.generation + 1,
            tries=0,
            sends=code.sends + 1,
            sent_at=now,
        )
    else:
        await store.save_door_code(tx, code, sends=code.sends + 1, sent_at=now)
    await tx.publish(code_requested(delivery))


async def _given(tx: Tx, delivery_id: UUID) -> Proof:
    proofs = await store.list_of(tx, delivery_id)
    return next(proof for proof in proofs if proof.kind is ProofKind.OTP)


def _proof(delivery: Delivery, told: Told, now: datetime) -> Proof:
    point: Point | None = told.point
    return Proof(
        id=new_id(),
        delivery_id=delivery.id,
        kind=ProofKind.OTP,
        blob_id=None,
        sha256=None,
        meta={"attempt": delivery.attempt},
        lat=point.lat if point else None,
        lon=point.lon if point else None,
        is_at_door=is_at_door(delivery, point),
        occurred_at=told.occurred_at,
        received_at=now,
        client_event_id=None,
    )
