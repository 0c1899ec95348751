"""Which files a complaint takes: known by their first bytes, never by their name or claim."""

import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from urllib.parse import quote
from uuid import UUID

import msgspec

from tandem.kernel.errors import Conflict, Invalid, TooLarge
from tandem.scm.support.domain.statuses import Origin, Visibility

FILES_MAX = 50
FILENAME_LENGTH_MAX = 120
MIB = 1024 * 1024

SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypmif1", "image/heic"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypisom", "video/mp4"),
    (4, b"ftypmp4", "video/mp4"),
    (4, b"ftypqt", "video/quicktime"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"%PDF-", "application/pdf"),
)
"""Offset, bytes, what it is. Anything else is text or refused."""

PROGRAMS = (b"MZ", b"\x7fELF", b"#!", b"\xca\xfe\xba\xbe", b"\xfe\xed\xfa", b"\xcf\xfa\xed\xfe")
PROGRAM_NAME = re.compile(
    r"\.(apk|app|bat|cmd|com|cpl|dll|dmg|exe|hta|html?|iso|jar|jse?|lnk|msi|msp|pif|ps1|py|reg|scr|sh"
    r"|svg|vb|vbe|vbs|wsf|xhtml)$",
    re.IGNORECASE,
)
"""Even as text these run when somebody opens them."""

EXTENSIONS: Mapping[str, str] = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/heic": "heic",
    "image/avif": "avif",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "application/pdf": "pdf",
    "text/plain": "txt",
}
SHOWN_INLINE = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "image/avif"})


class FileRefused(Invalid):
    code = "file_refused"


class FileTooLarge(TooLarge):
    code = "file_too_large"


class TooManyFiles(Conflict):
    code = "too_many_files"


class FileNotReady(Conflict):
    """It waits for its virus scan, or did not pass it."""

    code = "file_not_ready"


class Scan(StrEnum):
    NOT_SCANNED = "not_scanned"
    PENDING = "pending"
    CLEAN = "clean"
    INFECTED = "infected"


class File(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    complaint_id: UUID
    message_id: UUID | None
    blob_id: UUID
    sha256: str
    size_bytes: int
    media_type: str
    filename: str
    visibility: Visibility
    origin: Origin
    author_kind: str
    author_id: UUID | None
    author_label: str
    scan: Scan
    created_at: datetime

    @property
    def is_readable(self) -> bool:
        return self.scan in {Scan.NOT_SCANNED, Scan.CLEAN}


def check_file(content: bytes, filename: str, *, mib_max: int) -> str:
    """The media type by content. Raises FileTooLarge and FileRefused."""
    if len(content) > mib_max * MIB:
        raise FileTooLarge(f"A file may have {mib_max} MiB at most.", field="file")
    if not content:
        raise FileRefused("This file is empty.", field="file")
    if PROGRAM_NAME.search(filename.rstrip(". ")) or content.startswith(PROGRAMS):
        raise FileRefused("Programs and pages are not taken. Send a photo, video or PDF.")
    media_type = _media_type(content)
    if media_type is None:
        raise FileRefused(
            "Photos (JPEG, PNG, WebP, HEIC, GIF), videos (MP4, MOV, WebM), PDF and plain text are "
            "taken; this is none of them.",
            field="file",
        )
    return media_type


def clean_filename(filename: str, media_type: str) -> str:
    """The last part of the path, printable, with the ending that its content has."""
    last = filename.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(c for c in last if c.isprintable() and c not in '"<>|:*?;').strip(". ")
    stem = kept.rsplit(".", 1)[0].strip(". ")[:FILENAME_LENGTH_MAX] or "file"
    return f"{stem}.{EXTENSIONS[media_type]}"


def headers_of(file: File) -> dict[str, str]:
    """Pictures in place, everything else as a download; nothing of it may run as a page."""
    kind = "inline" if file.media_type in SHOWN_INLINE else "attachment"
    return {
        "content-disposition": f"{kind}; filename*=UTF-8''{quote(file.filename)}",
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; sandbox",
        "cache-control": "private, no-store",
    }


def _media_type(content: bytes) -> str | None:
    for offset, mark, media_type in SIGNATURES:
        if content[offset : offset + len(mark)] == mark:
            return media_type
    return "text/plain" if _is_text(content) else None


def _is_text(content: bytes) -> bool:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return False
    return all(c.isprintable() or c in "\t\r\n" for c in text) and "<" not in text.lstrip()[:1]
