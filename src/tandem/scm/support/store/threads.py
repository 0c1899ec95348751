"""What was said and sent: messages and files."""

from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from tandem.kernel.db import Query, Tx
from tandem.scm.support.domain.complaints import Message
from tandem.scm.support.domain.files import File, Scan
from tandem.scm.support.domain.statuses import Visibility

MESSAGES_MAX = 1_000
_MESSAGE: LiteralString = """
    select id, complaint_id, visibility, origin, author_kind, author_id, author_label, body,
           sha256, created_at, edited_at
      from support.message
"""
_FILE: LiteralString = """
    select id, complaint_id, message_id, blob_id, sha256, size_bytes, media_type, filename,
           visibility, origin, author_kind, author_id, author_label, scan, created_at
      from support.file
"""

INSERT_MESSAGE = Query(
    """
    insert into support.message
           (org_id, id, complaint_id, visibility, origin, author_kind, author_id, author_label,
            body, sha256, dedupe, created_at)
    values (:org_id, :id, :complaint_id, :visibility, :origin, :author_kind, :author_id,
            :author_label, :body, :sha256, :dedupe, :created_at)
    """
)

FIND_MESSAGE_BY_DEDUPE = Query(
    _MESSAGE + "where org_id = :org_id and complaint_id = :complaint_id and dedupe = :dedupe"
)

GET_MESSAGE = Query(_MESSAGE + "where org_id = :org_id and id = :id")

EDIT_MESSAGE = Query(
    """
    update support.message
       set body = :body, sha256 = :sha256, edited_at = :now
     where org_id = :org_id and id = :id
    """
)

LIST_MESSAGES = Query(
    _MESSAGE
    + """
     where org_id = :org_id and complaint_id = :complaint_id
       and visibility = any(:visibilities::text[])
     order by id
     limit :limit
    """
)

COUNT_MESSAGES = Query(
    """
    select count(*) from support.message
     where org_id = :org_id and complaint_id = :complaint_id
    """
)

INSERT_FILE = Query(
    """
    insert into support.file
           (org_id, id, complaint_id, message_id, blob_id, sha256, size_bytes, media_type,
            filename, visibility, origin, author_kind, author_id, author_label, scan, created_at)
    values (:org_id, :id, :complaint_id, :message_id, :blob_id, :sha256, :size_bytes, :media_type,
            :filename, :visibility, :origin, :author_kind, :author_id, :author_label, :scan,
            :created_at)
    """
)

FIND_FILE_BY_SHA = Query(
    _FILE + "where org_id = :org_id and complaint_id = :complaint_id and sha256 = :sha256"
)

GET_FILE = Query(_FILE + "where org_id = :org_id and complaint_id = :complaint_id and id = :id")

SHOW_FILE = Query(
    "update support.file set visibility = 'public' where org_id = :org_id and id = :id"
)

LIST_UNSCANNED = Query(_FILE + "where org_id = :org_id and scan = 'pending' order by id limit 10")

LOCK_UNSCANNED = Query(
    _FILE + "where org_id = :org_id and id = :id and scan = 'pending' order by id for update"
)

SETTLE_SCAN = Query("update support.file set scan = :scan where org_id = :org_id and id = :id")

LIST_FILES = Query(
    _FILE
    + """
     where org_id = :org_id and complaint_id = :complaint_id
       and visibility = any(:visibilities::text[])
     order by id
     limit 200
    """
)


async def insert_message(tx: Tx, message: Message, *, dedupe: str | None) -> None:
    values = {n: v for n, v in msgspec.structs.asdict(message).items() if n != "edited_at"}
    await tx.run(INSERT_MESSAGE, **values, dedupe=dedupe)


async def find_message_by_dedupe(tx: Tx, complaint_id: UUID, dedupe: str) -> Message | None:
    return await tx.one_or_none(
        FIND_MESSAGE_BY_DEDUPE, Message, complaint_id=complaint_id, dedupe=dedupe
    )


async def find_message(tx: Tx, message_id: UUID) -> Message | None:
    return await tx.one_or_none(GET_MESSAGE, Message, id=message_id)


async def edit_message(tx: Tx, message_id: UUID, body: str, sha256: str, now: datetime) -> None:
    await tx.run(EDIT_MESSAGE, id=message_id, body=body, sha256=sha256, now=now)


async def list_messages(
    tx: Tx, complaint_id: UUID, visibilities: frozenset[Visibility]
) -> list[Message]:
    return await tx.many(
        LIST_MESSAGES,
        Message,
        complaint_id=complaint_id,
        visibilities=sorted(visibilities),
        limit=MESSAGES_MAX,
    )


async def count_messages(tx: Tx, complaint_id: UUID) -> int:
    count: int = await tx.value(COUNT_MESSAGES, complaint_id=complaint_id)
    return count


async def insert_file(tx: Tx, file: File) -> None:
    values: dict[str, Any] = msgspec.structs.asdict(file)
    await tx.run(INSERT_FILE, **values)


async def find_file_by_sha(tx: Tx, complaint_id: UUID, sha256: str) -> File | None:
    return await tx.one_or_none(FIND_FILE_BY_SHA, File, complaint_id=complaint_id, sha256=sha256)


async def find_file(tx: Tx, complaint_id: UUID, file_id: UUID) -> File | None:
    return await tx.one_or_none(GET_FILE, File, complaint_id=complaint_id, id=file_id)


async def show_file(tx: Tx, file_id: UUID) -> None:
    await tx.run(SHOW_FILE, id=file_id)


async def list_unscanned(tx: Tx) -> list[File]:
    return await tx.many(LIST_UNSCANNED, File)


async def lock_unscanned(tx: Tx, file_id: UUID) -> File | None:
    return await tx.one_or_none(LOCK_UNSCANNED, File, id=file_id)


async def settle_scan(tx: Tx, file_id: UUID, scan: Scan) -> None:
    await tx.run(SETTLE_SCAN, id=file_id, scan=scan)


async def list_files(tx: Tx, complaint_id: UUID, visibilities: frozenset[Visibility]) -> list[File]:
    return await tx.many(
        LIST_FILES, File, complaint_id=complaint_id, visibilities=sorted(visibilities)
    )
