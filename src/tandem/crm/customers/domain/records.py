"""What people keep with a customer or an account: notes, tasks, files; and whose the record is."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from tandem.contracts.address import FILLED

Subject = Literal["customer", "account"]
Noted = Literal["customer", "account", "opportunity", "order"]
"""What notes stand beside; leads keep their own."""
NoteText = Annotated[str, msgspec.Meta(min_length=1, max_length=10_000, pattern=r"^[^\x00]*$")]
TaskTitle = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=FILLED)]
Tag = Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=FILLED)]
Tags = Annotated[list[Tag], msgspec.Meta(max_length=50)]

KEPT_MAX = 500
"""Notes, tasks and files that one record may have of each."""


class NewNote(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    text: NoteText
    is_pinned: bool = False


class Note(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    text: str
    is_pinned: bool
    author_id: UUID | None
    author_label: str
    created_at: datetime


class NewTask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    title: TaskTitle
    due_on: date | None = None
    assignee_id: UUID | None = None


class Task(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    subject_kind: Subject
    subject_id: UUID
    title: str
    due_on: date | None
    assignee_id: UUID | None
    done_at: datetime | None
    created_label: str
    created_at: datetime
    kind: Literal["task", "call", "meeting"] = "task"
    due_at: datetime | None = None
    outcome: str = ""


class KeptFile(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    blob_id: UUID
    filename: str
    media_type: str
    size_bytes: int
    added_label: str
    added_at: datetime


class Owning(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All three are written: leaving one out takes it away."""

    owner_id: UUID | None = None
    team_id: UUID | None = None
    territory_id: UUID | None = None


def tidy_tags(given: list[str]) -> list[str]:
    """Trimmed, each once whatever its case, in the order given."""
    found: dict[str, str] = {}
    for tag in given:
        if text := " ".join(tag.split()):
            found.setdefault(text.lower(), text)
    return list(found.values())
