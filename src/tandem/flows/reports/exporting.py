"""Files people ask for: small ones at once, long ones in the background, gone after some days."""

import asyncio
import hashlib
from datetime import datetime
from typing import IO
from uuid import UUID

import structlog

from tandem.crm.analytics.domain.exports import (
    AT_ONCE_MAX,
    FOR_A_KEY_MAX,
    PART_BYTES,
    ROWS_MAX,
    Export,
    ExportDraft,
    Written,
    check,
    part_name,
)
from tandem.crm.analytics.domain.looking import Looking
from tandem.crm.analytics.domain.permissions import READ
from tandem.crm.analytics.domain.tables import Head, Table, Value
from tandem.crm.analytics.service import drilling, exports
from tandem.crm.analytics.service.drilling import Opened
from tandem.crm.identity import service as identity
from tandem.flows.reports import writing
from tandem.flows.reports.acting import as_member
from tandem.flows.reports.making import Report, make, subject_of
from tandem.flows.reports.paper import report_pdf
from tandem.flows.reports.people import funnel_report, retention_report
from tandem.flows.reports.tables import rows_cells, rows_heads
from tandem.flows.tell_customer import company_name
from tandem.kernel.actor import Kind
from tandem.kernel.blobs import Blobs
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.jobs import Work, enqueue, every, job

log = structlog.get_logger()
STEP = 20_000
"""Rows after which a long file says how far it is."""


class Overtaken(Exception):
    """Another worker has the file in hand."""


async def ask_export(tx: Tx, blobs: Blobs, draft: ExportDraft, *, now: datetime) -> Export:
    """A file of a question's answer, of the rows behind a number or of a dashboard, of what its
    asker may see. A long one is made in the background: look again by its id."""
    tx.actor.require(READ)
    check(draft)
    if draft.rows is None:
        return await _at_once(tx, blobs, draft, now=now)
    opened = await drilling.open_number(tx, draft.rows, now=now)
    if opened.count > ROWS_MAX:
        raise Invalid(f"A sheet holds {ROWS_MAX:,} rows. Ask for fewer days.", field="rows")
    title = f"Rows of {opened.metric.label}"
    fixed = ExportDraft(rows=opened.ask, title=draft.title, file=draft.file)
    is_key = tx.actor.kind is not Kind.STAFF
    if opened.count > (FOR_A_KEY_MAX if is_key else AT_ONCE_MAX):
        if is_key:
            raise Invalid(f"A key gets {FOR_A_KEY_MAX:,} rows. Ask for fewer days.", field="rows")
        made = await exports.ask(tx, fixed, title=title, row_count=opened.count, now=now)
        await enqueue(tx, exports.RUN, export_id=str(made.id))
        return made
    made = await exports.ask(tx, fixed, title=title, row_count=opened.count, now=now)
    with writing.new_file() as file:
        await _write_rows(tx, file, opened, title, draft.file, now=now)
        written = await keep(
            tx, blobs, made.id, file, count=opened.count, suffix=draft.file,
            as_of=opened.as_of, policy_hash=opened.policy_hash,
        )  # fmt: skip
    await exports.finish(tx, made.id, written, now=now)
    return await exports.get_export(tx, made.id)


async def _at_once(tx: Tx, blobs: Blobs, draft: ExportDraft, *, now: datetime) -> Export:
    """Answers have few groups: nobody waits long for them."""
    report = await _report(tx, draft, now)
    made = await exports.ask(tx, draft, title=report.title, row_count=report.row_count, now=now)
    return await keep_report(tx, blobs, made, report, now=now)


async def _report(tx: Tx, draft: ExportDraft, now: datetime) -> Report:
    if draft.funnel is not None:
        return await funnel_report(tx, draft.title, draft.funnel, now=now)
    if draft.retention is not None:
        return await retention_report(tx, draft.title, draft.retention, now=now)
    subject = await subject_of(tx, draft)
    looking = (draft.looking or Looking()) if draft.dashboard else draft.looking
    return await make(tx, subject, looking, now=now, as_of=None)


async def keep_report(
    tx: Tx, blobs: Blobs, made: Export, report: Report, *, now: datetime
) -> Export:
    """Write a report into its file, within the same transaction."""
    with writing.new_file() as file:
        if made.file == "pdf":
            zone = (await identity.get_organisation(tx.with_all_grants())).time_zone
            company = await company_name(tx)
            file.write(await report_pdf(report, company=company, zone=zone, now=now))
            suffix = "pdf"
        else:
            suffix = writing.write_tables(file, report.tables, report.about, made.file)
        written = await keep(
            tx, blobs, made.id, file, count=report.row_count, suffix=suffix,
            as_of=report.as_of, policy_hash=report.policy_hash,
        )  # fmt: skip
    await exports.finish(tx, made.id, written, now=now)
    return await exports.get_export(tx, made.id)


@job(exports.RUN)
async def run_export(work: Work, export_id: str) -> None:
    """Make a long file as its asker. Who dies half-way leaves nothing; the next begins anew."""
    wanted = UUID(export_id)
    now = work.now()
    async with work.transaction() as tx:
        claimed = await exports.claim(tx, wanted, now=now)
        asker_id = await exports.asker_of(tx, wanted) if claimed else None
    if claimed is None or asker_id is None:
        return
    try:
        await _run(work, wanted, asker_id, claimed.draft, claimed.attempts)
    except Overtaken:
        log.info("export_overtaken", export=export_id)
    except Refusal as refusal:
        async with work.transaction() as tx:
            await exports.fail(tx, wanted, error=refusal.detail, now=work.now())


async def _run(
    work: Work, export_id: UUID, asker_id: UUID, draft: ExportDraft, attempts: int
) -> None:
    now = work.now()
    blobs = work.get(Blobs)
    assert draft.rows is not None, "only rows are long"
    async with work.transaction() as own:
        tx = await as_member(own, asker_id, now=now)
        opened = await drilling.open_number(tx, draft.rows, now=now)
        with writing.new_file() as file:
            progress = _Progress(work, export_id, attempts)
            title = await exports.title_of(tx, export_id)
            await _write_rows(tx, file, opened, title, draft.file, now=now, progress=progress)
            written = await keep(
                tx, blobs, export_id, file, count=opened.count, suffix=draft.file,
                as_of=opened.as_of, policy_hash=opened.policy_hash,
            )  # fmt: skip
        if not await exports.finish(own, export_id, written, attempts=attempts, now=work.now()):
            raise Overtaken


class _Progress:
    """Told in transactions of its own, so that it is seen while the file is written."""

    def __init__(self, work: Work, export_id: UUID, attempts: int) -> None:
        self._work = work
        self._export_id = export_id
        self._attempts = attempts
        self._told = 0

    async def tell(self, done_rows: int) -> None:
        if done_rows - self._told < STEP:
            return
        self._told = done_rows
        async with self._work.transaction() as tx:
            is_ours = await exports.progress(
                tx,
                self._export_id,
                attempts=self._attempts,
                done_rows=done_rows,
                now=self._work.now(),
            )
        if not is_ours:
            raise Overtaken


async def _write_rows(
    tx: Tx,
    file: IO[bytes],
    opened: Opened,
    title: str,
    kind: str,
    *,
    now: datetime,
    progress: _Progress | None = None,
) -> None:
    done = 0
    with writing.rows_file(file, title, rows_heads(opened), _about(opened, title), kind) as sheet:
        async for rows in drilling.stream_rows(tx, opened, most=ROWS_MAX, now=now):
            sheet.add(list(rows_cells(opened, rows)))
            done += len(rows)
            if progress is not None:
                await progress.tell(done)
                # A long file is one of many things that the worker does.
                await asyncio.sleep(0)


def _about(opened: Opened, title: str) -> Table:
    metric = opened.metric
    rows: list[list[Value]] = [
        ["Rows", title],
        ["As of", opened.as_of.isoformat(timespec="seconds")],
        ["Time zone", opened.zone],
        ["Currency", opened.currency],
        [metric.name, metric.meaning],
        ["They come to", opened.value],
    ]
    return Table(title="About", heads=[Head(label="About")], rows=rows)


async def keep(
    tx: Tx,
    blobs: Blobs,
    export_id: UUID,
    file: IO[bytes],
    *,
    count: int,
    suffix: str,
    as_of: datetime,
    policy_hash: str,
) -> Written:
    """Put a file's bytes down in parts; what they are is for its row."""
    file.seek(0)
    digest, size, place = hashlib.sha256(), 0, 0
    while piece := file.read(PART_BYTES):
        await blobs.put_passing(tx, part_name(export_id, place), piece)
        digest.update(piece)
        size += len(piece)
        place += 1
    return Written(
        row_count=count,
        size_bytes=size,
        parts=place,
        suffix=suffix,
        sha256=digest.hexdigest(),
        as_of=as_of,
        policy_hash=policy_hash,
    )


@every(60, "analytics.tidy_exports")
async def tidy_exports(work: Work) -> None:
    """Begin again what a dead worker had in hand; let go of what has had its time."""
    async with work.transaction() as tx:
        for export_id in await exports.abandoned(tx, now=work.now()):
            await enqueue(tx, exports.RUN, export_id=str(export_id))
    async with work.transaction() as tx:
        gone = await exports.expire(tx, now=work.now())
        await work.get(Blobs).drop_passing(tx, gone)
