"""Finding complaints and what belongs to them."""

from datetime import datetime
from uuid import UUID

from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.pages import Page, decode_cursor, page_of
from tandem.scm.support.domain.complaints import Complaint, Message, Step
from tandem.scm.support.domain.files import File
from tandem.scm.support.domain.statuses import Visibility
from tandem.scm.support.domain.views import Count, Filters, Sort
from tandem.scm.support.store import complaints as store
from tandem.scm.support.store import listing, threads

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


async def list_complaints(
    tx: Tx,
    filters: Filters,
    *,
    limit: int,
    cursor: str | None,
    now: datetime,
    sort: Sort = Sort.NEWEST,
) -> Page[Complaint]:
    """Raises Invalid for a cursor of another order."""
    tx.actor.require("support.read")
    if sort is Sort.NEWEST:
        (before,) = decode_cursor(cursor, UUID) if cursor else (None,)
        rows = await listing.list_newest(tx, filters, before=before, count=limit + 1, now=now)
    else:
        after = decode_cursor(cursor, datetime, UUID) if cursor else None
        rows = await listing.list_due(
            tx, filters, after=(after[0], after[1]) if after else None, count=limit + 1, now=now
        )
    return page_of(rows, limit, lambda row: listing.place_of(row, sort))


async def count_complaints(tx: Tx, *, now: datetime) -> list[Count]:
    """How many wait, in each queue and (with an empty name) altogether."""
    tx.actor.require("support.read")
    return await listing.count(tx, me=tx.actor.user_id, now=now)


async def list_of_order(tx: Tx, order_id: UUID) -> list[Complaint]:
    """Newest first, 100 at most."""
    tx.actor.require("support.read")
    return await store.list_of_order(tx, order_id)


async def list_of_customer(tx: Tx, customer_id: UUID) -> list[Complaint]:
    """Newest first, 100 at most."""
    tx.actor.require("support.read")
    return await store.list_of_customer(tx, customer_id)


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
