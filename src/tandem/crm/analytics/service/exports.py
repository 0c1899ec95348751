"""The record of files: who asked for what, how far it is, who may open it and for how long."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.crm.analytics.domain.exports import (
    ATTEMPTS_MAX,
    LEASE,
    LIFE,
    OPEN_MAX,
    Export,
    ExportDraft,
    ExportGone,
    ExportNotReady,
    TooManyExports,
    Written,
    check,
    part_name,
)
from tandem.crm.analytics.domain.permissions import READ
from tandem.crm.analytics.store import exports as store
from tandem.crm.analytics.store.exports import Claimed
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.errors import Forbidden, NotFound
from tandem.kernel.ids import new_id
from tandem.kernel.pages import Page, decode_cursor, page_of

RUN = "analytics.export"
"""The job that makes a long one (flows/reports)."""


async def ask(
    tx: Tx,
    draft: ExportDraft,
    *,
    title: str,
    row_count: int | None,
    now: datetime,
) -> Export:
    """Note that a file is wanted. Refuses the eleventh that is being made for one person."""
    asker_id = _asker(tx)
    check(draft)
    if await store.count_open(tx, asker_id) >= OPEN_MAX:
        raise TooManyExports(f"{OPEN_MAX} of your files are being made. Wait for one of them.")
    made = await note(tx, draft, title=title, row_count=row_count, now=now, expires_at=now + LIFE)
    await audit.write(
        tx,
        action="analytics.exported",
        subject_kind="export",
        subject_id=made.id,
        now=now,
        after={"title": made.title, "file": made.file, "rows": row_count},
    )
    return made


async def note(
    tx: Tx,
    draft: ExportDraft,
    *,
    title: str,
    row_count: int | None,
    now: datetime,
    expires_at: datetime,
) -> Export:
    """The record of a file for `tx`'s person, who need not have asked for it: schedules do."""
    export_id, asker_id = new_id(), _asker(tx)
    named = msgspec.structs.replace(draft, title=(draft.title.strip() or title)[:120])
    await store.insert(
        tx, export_id, asker_id, named, row_count=row_count, now=now, expires_at=expires_at
    )
    return await get_export(tx, export_id)


async def list_exports(tx: Tx, *, limit: int, cursor: str | None = None) -> Page[Export]:
    """The asker's own, newest first."""
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    found = await store.list_of(tx, _asker(tx), before_id=before, count=limit + 1)
    return page_of(found, limit, lambda one: (one.id,))


async def get_export(tx: Tx, export_id: UUID) -> Export:
    """Raises NotFound for everybody else's."""
    asker_id = _asker(tx)
    found = await store.find(tx, export_id)
    if found is None or found.asker_id != asker_id:
        raise NotFound("There is no such file of yours.")
    return found


async def parts_of(tx: Tx, export_id: UUID, *, now: datetime) -> tuple[Export, list[str]]:
    """A finished file and the names of its parts. Raises ExportNotReady, and ExportGone once its
    time is over."""
    found = await get_export(tx, export_id)
    if found.state == "expired" or (found.state == "done" and found.expires_at <= now):
        raise ExportGone("This file's time is over. Make it anew.")
    if found.state != "done":
        raise ExportNotReady(found.error or "The file is still being made.")
    count = await store.parts(tx, export_id)
    return found, [part_name(export_id, place) for place in range(count)]


async def claim(tx: Tx, export_id: UUID, *, now: datetime) -> Claimed | None:
    """Take a file in hand, for as long as the lease: None when somebody else has it."""
    return await store.claim(tx, export_id, now=now, lease_until=now + LEASE)


async def progress(
    tx: Tx, export_id: UUID, *, attempts: int, done_rows: int, now: datetime
) -> bool:
    return await store.progress(
        tx, export_id, attempts=attempts, done_rows=done_rows, lease_until=now + LEASE
    )


async def finish(
    tx: Tx, export_id: UUID, made: Written, *, attempts: int = 0, now: datetime
) -> bool:
    """False: somebody else finished it."""
    return await store.finish(tx, export_id, made, attempts=attempts, now=now)


async def fail(tx: Tx, export_id: UUID, *, error: str, now: datetime) -> None:
    await store.fail(tx, export_id, error=error, now=now)


async def asker_of(tx: Tx, export_id: UUID) -> UUID:
    found = await store.find(tx, export_id)
    assert found is not None, "the record of a file stays"
    return found.asker_id


async def title_of(tx: Tx, export_id: UUID) -> str:
    found = await store.find(tx, export_id)
    assert found is not None, "the record of a file stays"
    return found.title


async def abandoned(tx: Tx, *, now: datetime) -> list[UUID]:
    """What a worker that died had in hand and is to be made again; given up after some tries."""
    again = []
    for row in await store.abandoned(tx, now):
        if row["attempts"] < ATTEMPTS_MAX:
            again.append(row["id"])
        else:
            await store.fail(tx, row["id"], error="It could not be made.", now=now)
    return again


async def expire(tx: Tx, *, now: datetime) -> Sequence[str]:
    """End those whose time is over; the names of the parts that may go."""
    gone = []
    for row in await store.expired(tx, now):
        await store.expire(tx, row["id"])
        gone += [part_name(row["id"], place) for place in range(row["parts"])]
    return gone


def _asker(tx: Tx) -> UUID:
    tx.actor.require(READ)
    if tx.actor.user_id is None:
        raise Forbidden("A file belongs to somebody.", permission=READ)
    return tx.actor.user_id
