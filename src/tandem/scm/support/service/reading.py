"""Finding complaints and what belongs to them."""

from uuid import UUID

from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound
from tandem.scm.support.domain.complaints import Complaint, Message, Step
from tandem.scm.support.domain.files import File
from tandem.scm.support.domain.statuses import Visibility
from tandem.scm.support.store import complaints as store
from tandem.scm.support.store import threads

EVERYTHING = frozenset(Visibility)
PUBLIC_ONLY = frozenset({Visibility.PUBLIC})


async def get_complaint(tx: Tx, complaint_id: UUID) -> Complaint:
    tx.actor.require("support.read")
    return _there(await store.find(tx, complaint_id))


async def lock_complaint(tx: Tx, complaint_id: UUID) -> Complaint:
    """Nobody else changes it until the transaction ends."""
    return _there(await store.lock(tx, complaint_id))


async def find_by_number(tx: Tx, number: str) -> Complaint | None:
    tx.actor.require("support.read")
    return await store.find_by_number(tx, number)


async def list_of_order(tx: Tx, order_id: UUID) -> list[Complaint]:
    """Newest first, 100 at most."""
    tx.actor.require("support.read")
    return await store.list_of_order(tx, order_id)


async def list_messages(
    tx: Tx, complaint_id: UUID, *, visibilities: frozenset[Visibility] = EVERYTHING
) -> list[Message]:
    """Oldest first."""
    tx.actor.require("support.read")
    return await threads.list_messages(tx, complaint_id, visibilities)


async def get_message(tx: Tx, message_id: UUID) -> Message:
    tx.actor.require("support.read")
    found = await threads.find_message(tx, message_id)
    if found is None:
        raise NotFound("There is no such message.")
    return found


async def list_files(
    tx: Tx, complaint_id: UUID, *, visibilities: frozenset[Visibility] = EVERYTHING
) -> list[File]:
    """Oldest first."""
    tx.actor.require("support.read")
    return await threads.list_files(tx, complaint_id, visibilities)


async def list_steps(tx: Tx, complaint_id: UUID) -> list[Step]:
    """The history, oldest first."""
    tx.actor.require("support.read")
    return await store.list_steps(tx, complaint_id)


def _there(complaint: Complaint | None) -> Complaint:
    if complaint is None:
        raise NotFound("There is no such complaint.")
    return complaint
