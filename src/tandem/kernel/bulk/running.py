"""Records gone through some at a time, each for itself, with the progress in the same transaction.

A worker that dies leaves whole chunks; the next try goes on behind them.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.kernel.bulk import store
from tandem.kernel.bulk.kinds import Act, Changed, Kind
from tandem.kernel.bulk.shapes import SAID_MAX, Asker, HeldJob, HeldRow
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound, Refusal
from tandem.kernel.jobs import Work

CHUNK = 25
"""Records in one transaction: others wait for no longer than these take."""
Acting = Callable[[Tx, Asker, datetime], Awaitable[Tx]]
"""The same transaction in the name of whoever asked, with what they may now. Refuses who left."""
WAITING = {"running": "waiting", "undoing": "changed"}
AFTER = {"running": "done", "undoing": "undone"}


async def run(work: Work, kinds: dict[str, Kind[Any]], job_id: UUID, acting: Acting) -> None:
    while True:
        async with work.transaction() as tx:
            job = await store.lock(tx, job_id)
            if job is None or not job.is_busy:
                return
            try:
                own = await acting(tx, job.asker, work.now())
            except Refusal as refusal:
                await _give_up(tx, job, refusal, work.now())
                return
            if not await go_on(own, kinds[job.kind], job, work.now(), limit=CHUNK):
                return


async def go_on(tx: Tx, kind: Kind[Any], job: HeldJob, now: datetime, *, limit: int) -> bool:
    """The next of a locked job; False once there is none left. What one record refuses leaves
    nothing of that record behind."""
    rows = await store.next_rows(tx, job.id, WAITING[job.state], limit=limit)
    if rows:
        act = msgspec.convert(job.args, kind.act_type)
        settle = _do if job.state == "running" else _take_back
        settled = [await settle(tx, kind, act, row, now) for row in rows]
        await _settle(tx, job, settled, now)
    if len(rows) < limit:
        await store.settle(tx, job.id, AFTER[job.state], now)
    return len(rows) == limit


async def _do(tx: Tx, kind: Kind[Any], act: Act, row: HeldRow, now: datetime) -> dict[str, Any]:
    try:
        async with tx.attempt():
            changed = await kind.apply(tx, act, row.record_id, now=now)
    except Refusal as refusal:
        return _row(row, "refused", refusal, label=await _label(tx, kind, row.record_id))
    if changed is None:
        return _row(row, "same")
    return {
        **_row(row, "changed"),
        "before": msgspec.to_builtins(changed.before),
        "after": msgspec.to_builtins(changed.after),
    }


async def _take_back(
    tx: Tx, kind: Kind[Any], act: Act, row: HeldRow, now: datetime
) -> dict[str, Any]:
    was = Changed(before=row.before or {}, after=row.after or {})
    try:
        async with tx.attempt():
            is_back = await kind.revert(tx, act, row.record_id, was, now=now)
    except Refusal as refusal:
        return _row(row, "kept", refusal, label=await _label(tx, kind, row.record_id))
    if is_back:
        return _row(row, "undone")
    reason = Refusal("Somebody changed it since.")
    reason_row = _row(row, "kept", reason, label=await _label(tx, kind, row.record_id))
    return {**reason_row, "code": "changed_since"}


async def _label(tx: Tx, kind: Kind[Any], record_id: UUID) -> str:
    try:
        return await kind.label(tx, record_id)
    except Refusal:
        return ""


def _row(
    row: HeldRow, status: str, refusal: Refusal | None = None, *, label: str = ""
) -> dict[str, Any]:
    return {
        "record_id": str(row.record_id),
        "status": status,
        "label": label,
        "code": refusal.code if refusal else "",
        "said": refusal.detail[:SAID_MAX] if refusal else "",
    }


async def _settle(tx: Tx, job: HeldJob, rows: Sequence[dict[str, Any]], now: datetime) -> None:
    await store.settle_rows(tx, job.id, rows)
    await store.advance(tx, job.id, Counter(row["status"] for row in rows), now)


async def _give_up(tx: Tx, job: HeldJob, refusal: Refusal, now: datetime) -> None:
    """Whoever asked is not there any more: what is left stays as it is, and says so."""
    status = "refused" if job.state == "running" else "kept"
    left = await store.refuse_rest(
        tx,
        job.id,
        waiting=WAITING[job.state],
        status=status,
        code=refusal.code,
        said=refusal.detail[:SAID_MAX],
    )
    await store.advance(tx, job.id, {status: left}, now)
    await store.settle(tx, job.id, AFTER[job.state], now)


def known(job: HeldJob | None, actor_id: UUID | None) -> HeldJob:
    """One's own. Refuses with NotFound what is another's."""
    if job is None or job.asked_by != actor_id:
        raise NotFound("There is no such act on many records, or it is kept no more.")
    return job
