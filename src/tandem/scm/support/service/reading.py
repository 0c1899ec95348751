"""Finding complaints and what belongs to them."""

from datetime import datetime
from uuid import UUID

from tandem.kernel.db import Tx
from tandem.kernel.errors import Forbidden, NotFound
from tandem.kernel.pages import Page, decode_cursor, page_of
from tandem.kernel.reach import Reach
from tandem.scm.support.domain.complaints import Complaint, Message, Step
from tandem.scm.support.domain.files import File
from tandem.scm.support.domain.statuses import Visibility
from tandem.scm.support.domain.views import Count, Filters, Sort
from tandem.scm.support.store import complaints as store
from tandem.scm.support.store import listing, reached, threads

EVERYTHING = frozenset(Visibility)
PUBLIC_ONLY = frozenset({Visibility.PUBLIC})


async def get_complaint(tx: Tx, complaint_id: UUID) -> Complaint:
    tx.actor.require("support.read")
    return await _seen(tx, await store.find(tx, complaint_id))


async def lock_complaint(
    tx: Tx, complaint_id: UUID, *, permission: str = "support.write"
) -> Complaint:
    """Nobody else changes it until the transaction ends. Forbidden where the permission does not
    reach a complaint that the actor sees."""
    complaint = await _seen(tx, await store.lock(tx, complaint_id))
    if not await _is_reached(tx, permission, complaint):
        raise Forbidden(
            f"Your permission {permission!r} does not reach this record.",
            permission=permission,
            reason="out_of_reach",
        )
    return complaint


async def find_by_number(tx: Tx, number: str) -> Complaint | None:
    tx.actor.require("support.read")
    return await store.find_by_number(tx, _reach(tx), number)


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
    return await store.list_of_order(tx, _reach(tx), order_id)


async def list_of_customer(tx: Tx, customer_id: UUID) -> list[Complaint]:
    """Newest first, 100 at most."""
    tx.actor.require("support.read")
    return await store.list_of_customer(tx, _reach(tx), customer_id)


async def list_messages(
    tx: Tx, complaint_id: UUID, *, visibilities: frozenset[Visibility] = EVERYTHING
) -> list[Message]:
    """Oldest first."""
    await check_seen(tx, complaint_id)
    return await threads.list_messages(tx, complaint_id, visibilities)


async def get_message(tx: Tx, message_id: UUID) -> Message:
    tx.actor.require("support.read")
    found = await threads.find_message(tx, message_id)
    if found is None:
        raise NotFound("There is no such message.")
    await check_seen(tx, found.complaint_id)
    return found


async def list_files(
    tx: Tx, complaint_id: UUID, *, visibilities: frozenset[Visibility] = EVERYTHING
) -> list[File]:
    """Oldest first."""
    await check_seen(tx, complaint_id)
    return await threads.list_files(tx, complaint_id, visibilities)


async def list_steps(tx: Tx, complaint_id: UUID) -> list[Step]:
    """The history, oldest first."""
    await check_seen(tx, complaint_id)
    return await store.list_steps(tx, complaint_id)


async def check_seen(tx: Tx, complaint_id: UUID) -> None:
    """What belongs to a complaint is seen with it. Free for whoever reaches all of them."""
    tx.actor.require("support.read")
    if not _reach(tx).is_all:
        await _seen(tx, await store.find(tx, complaint_id))


async def _seen(tx: Tx, complaint: Complaint | None) -> Complaint:
    if complaint is None or not await _is_reached(tx, "support.read", complaint):
        raise NotFound("There is no such complaint.")
    return complaint


async def _is_reached(tx: Tx, permission: str, complaint: Complaint) -> bool:
    """Whoever is not narrowed to some records is asked for the permission elsewhere."""
    return tx.actor.standing is None or await reached.is_reached(
        tx, tx.actor.reach(permission), complaint
    )


def _reach(tx: Tx) -> Reach:
    return tx.actor.reach("support.read")
