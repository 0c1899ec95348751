"""An act on many records as somebody asks for it, follows it and takes it back."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, get_args
from uuid import UUID

import msgspec

from tandem.kernel import audit, jobs
from tandem.kernel.bulk import store
from tandem.kernel.bulk.kinds import Act, Kind
from tandem.kernel.bulk.running import go_on, known
from tandem.kernel.bulk.shapes import (
    MANY_MAX,
    BulkBusy,
    BulkJob,
    BulkRow,
    HeldJob,
    Outcome,
    TooMany,
    asker_of,
)
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid
from tandem.kernel.ids import new_id
from tandem.kernel.pages import Page, decode_cursor, page_of

JOB = "kernel.run_bulk"
"""Registered by the flow that knows every kind, and who may what."""
NOTHING = UUID(int=0)


async def begin(
    tx: Tx, kind: Kind[Any], act: Act, ids: Collection[UUID], *, now: datetime
) -> BulkJob:
    """Do it to each, in the order of their ids so that two never wait for each other: at once when
    they are few, else by a job. Refuses the act as a whole where it can be done to none of them,
    nobody, and more than 10,000; what a single one refuses is told with it."""
    said = await kind.check(tx, act)
    chosen = sorted(set(ids))
    if not chosen:
        raise Invalid(f"Choose at least one {kind.one}.", field="ids")
    if len(chosen) > MANY_MAX:
        raise TooMany(f"At most {MANY_MAX:,} at a time: narrow them down.", field="ids")
    job = HeldJob(
        id=new_id(),
        kind=kind.name,
        act=act.name,
        args=msgspec.to_builtins(act),
        said=said,
        state="running",
        is_undoable=act.name in kind.undoable,
        total=len(chosen),
        changed=0,
        same=0,
        refused=0,
        undone=0,
        kept=0,
        asker=asker_of(tx.actor),
        asked_by=tx.actor.user_id,
        created_at=now,
        updated_at=now,
    )
    await store.insert(tx, job, chosen)
    await _note(tx, job, "begun", now)
    return await _start(tx, kind, job, now)


async def get_job(tx: Tx, job_id: UUID) -> BulkJob:
    """One's own: how far it is."""
    return _shown(known(await store.get(tx, job_id), tx.actor.user_id))


async def list_jobs(tx: Tx, *, limit: int, cursor: str | None = None) -> Page[BulkJob]:
    """One's own, the newest first."""
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    held = await store.list_of(tx, tx.actor.user_id, before_id=before, limit=limit + 1)
    return page_of([_shown(job) for job in held], limit, lambda job: (job.id,))


async def list_rows(
    tx: Tx, job_id: UUID, statuses: Sequence[Outcome] = (), *, limit: int, cursor: str | None = None
) -> Page[BulkRow]:
    """What became of each record, or of those with these outcomes."""
    await get_job(tx, job_id)
    after = decode_cursor(cursor, UUID)[0] if cursor else NOTHING
    wanted = list(statuses) or list(get_args(Outcome))
    rows = await store.list_rows(tx, job_id, wanted, after=after, limit=limit + 1)
    return page_of(rows, limit, lambda row: (row.record_id,))


async def take_back(tx: Tx, kind: Kind[Any], job_id: UUID, *, now: datetime) -> BulkJob:
    """Each record as it was, where nobody changed the same since. Refuses an act that cannot be
    taken back, one that is still going on, and one that was taken back already (BulkBusy)."""
    job = known(await store.lock(tx, job_id), tx.actor.user_id)
    if not job.is_undoable:
        raise BulkBusy("This cannot be taken back.")
    if not job.may_go_back:
        raise BulkBusy(f"It is {job.state}." if job.state != "done" else "Nothing was changed.")
    await store.settle(tx, job_id, "undoing", now)
    await _note(tx, job, "taken_back", now)
    return await _start(tx, kind, msgspec.structs.replace(job, state="undoing"), now)


async def _start(tx: Tx, kind: Kind[Any], job: HeldJob, now: datetime) -> BulkJob:
    if job.to_do > kind.at_once:
        await jobs.enqueue(tx, JOB, job_id=str(job.id))
    else:
        while await go_on(tx, kind, job, now, limit=kind.at_once):
            continue
    return await get_job(tx, job.id)


async def _note(tx: Tx, job: HeldJob, action: str, now: datetime) -> None:
    await audit.write(
        tx,
        action=f"bulk.{action}",
        subject_kind="bulk_job",
        subject_id=job.id,
        now=now,
        after={"kind": job.kind, "act": job.act, "records": job.total},
    )


def _shown(job: HeldJob) -> BulkJob:
    return BulkJob(**{name: getattr(job, name) for name in BulkJob.__struct_fields__})
