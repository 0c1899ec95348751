"""Files of a complaint: taken by content, kept once, read only when they are clean."""

import hashlib
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.contracts.support import ComplaintFileAdded
from tandem.kernel.blobs import Blobs
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.ids import new_id
from tandem.scm.support.domain.complaints import Author, Complaint, check_not_closed
from tandem.scm.support.domain.files import (
    FILES_MAX,
    File,
    FileNotReady,
    Scan,
    TooManyFiles,
    check_file,
    clean_filename,
)
from tandem.scm.support.domain.statuses import Origin, Visibility
from tandem.scm.support.service.reading import EVERYTHING, check_seen, lock_complaint
from tandem.scm.support.service.settings import get_desk
from tandem.scm.support.store import complaints, threads
from tandem.scm.support.store.complaints import Change


async def add_file(
    tx: Tx,
    blobs: Blobs,
    *,
    complaint_id: UUID,
    content: bytes,
    filename: str,
    origin: Origin,
    now: datetime,
    visibility: Visibility = Visibility.INTERNAL,
    message_id: UUID | None = None,
    author: Author | None = None,
) -> File:
    """The same bytes again answer the file that is there, and tell nobody; given publicly they
    are public from then on. What it is follows from its content, not from its name. Where the
    desk scans files it is told of when it has passed.

    Raises FileRefused, FileTooLarge, TooManyFiles and ComplaintClosed.
    """
    tx.actor.require("support.write")
    desk = (await get_desk(tx)).desk
    media_type = check_file(content, filename, mib_max=desk.file_mib_max)
    complaint = await lock_complaint(tx, complaint_id)
    check_not_closed(complaint)
    sha256 = hashlib.sha256(content).hexdigest()
    if found := await threads.find_file_by_sha(tx, complaint_id, sha256):
        return await _widened(tx, complaint, found, visibility, origin)
    if len(await threads.list_files(tx, complaint_id, EVERYTHING)) >= FILES_MAX:
        raise TooManyFiles(f"A complaint takes {FILES_MAX} files.")
    name = clean_filename(filename, media_type)
    blob = await blobs.put(tx, content, media_type=media_type, filename=name, now=now)
    by = author or Author(kind=tx.actor.kind, id=tx.actor.user_id, label=tx.actor.label)
    file = File(
        id=new_id(),
        complaint_id=complaint_id,
        message_id=message_id,
        blob_id=blob.id,
        sha256=sha256,
        size_bytes=len(content),
        media_type=media_type,
        filename=name,
        visibility=visibility,
        origin=origin,
        author_kind=by.kind,
        author_id=by.id,
        author_label=by.label,
        scan=Scan.PENDING if desk.scans_files else Scan.NOT_SCANNED,
        created_at=now,
    )
    await threads.insert_file(tx, file)
    if file.is_readable:
        await tx.publish(_added(complaint, file))
    return file


async def read_file(
    tx: Tx,
    blobs: Blobs,
    *,
    complaint_id: UUID,
    file_id: UUID,
    visibilities: frozenset[Visibility] = EVERYTHING,
) -> tuple[File, bytes]:
    """Raises FileNotReady for what waits for its scan or did not pass it."""
    await check_seen(tx, complaint_id)
    file = await threads.find_file(tx, complaint_id, file_id)
    if file is None or file.visibility not in visibilities:
        raise NotFound("There is no such file.")
    if not file.is_readable:
        raise FileNotReady("This file has not passed its virus scan.")
    _, content = await blobs.get(tx, file.blob_id)
    return file, content


async def list_unscanned(tx: Tx) -> list[File]:
    """Files that wait for their scan, the longest waiting first; ten at most. For jobs."""
    return await threads.list_unscanned(tx)


async def record_scan(tx: Tx, file_id: UUID, *, is_clean: bool, now: datetime) -> None:
    """Clean: told of and readable from now on. Infected: kept back for good, with a line in the
    history. A verdict on what has one already changes nothing."""
    file = await threads.lock_unscanned(tx, file_id)
    if file is None:
        return
    complaint = await lock_complaint(tx, file.complaint_id)
    scan = Scan.CLEAN if is_clean else Scan.INFECTED
    await threads.settle_scan(tx, file_id, scan)
    if is_clean:
        await tx.publish(_added(complaint, msgspec.structs.replace(file, scan=scan)))
        return
    step = Change(kind="infected_file", after=file.filename)
    await complaints.add_steps(tx, complaint.id, [step], origin=Origin.SYSTEM, now=now)


async def _widened(
    tx: Tx, complaint: Complaint, file: File, visibility: Visibility, origin: Origin
) -> File:
    if visibility is file.visibility or visibility is not Visibility.PUBLIC:
        return file
    await threads.show_file(tx, file.id)
    shown = msgspec.structs.replace(file, visibility=Visibility.PUBLIC)
    if shown.is_readable:
        await tx.publish(_added(complaint, msgspec.structs.replace(shown, origin=origin)))
    return shown


def _added(complaint: Complaint, file: File) -> ComplaintFileAdded:
    return ComplaintFileAdded(
        complaint_id=complaint.id,
        number=complaint.number,
        order_id=complaint.order_id,
        origin=file.origin,
        file_id=file.id,
        visibility=file.visibility,
    )
