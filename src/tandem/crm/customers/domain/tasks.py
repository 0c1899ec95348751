"""Tasks, calls and meetings beside a customer, an account, a lead or a deal."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from tandem.contracts.address import FILLED
from tandem.kernel.errors import Invalid

TaskKind = Literal["task", "call", "meeting"]
Beside = Literal["customer", "account", "lead", "opportunity"]
Scope = Literal["mine", "team"]
State = Literal["open", "done"]
When = Literal["overdue", "today", "later", "someday"]
Title = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=FILLED)]
Outcome = Annotated[str, msgspec.Meta(max_length=2000, pattern=r"^[^\x00]*$")]
Minutes = Annotated[int, msgspec.Meta(ge=0, le=43_200)]
YEARS = range(2000, 2201)
"""Anything else is a slip of the hand, and the ends of the calendar have no neighbours."""
DAY_BEGINS = time(9)
"""When somebody is reminded of what is due on a day without a time."""


class TaskDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something to do, or with `is_done` something that was done: a call, a meeting.

    Due at an instant or on a day. `remind_minutes` before the instant, or on the day at nine less
    these minutes.
    """

    subject_kind: Beside
    subject_id: UUID
    title: Title
    kind: TaskKind = "task"
    due_on: date | None = None
    due_at: datetime | None = None
    remind_minutes: Minutes | None = None
    assignee_id: UUID | None = None
    outcome: Outcome = ""
    is_done: bool = False


class TaskChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays; null empties. Another time needs the reminder said anew."""

    title: Title | msgspec.UnsetType = msgspec.UNSET
    kind: TaskKind | msgspec.UnsetType = msgspec.UNSET
    due_on: date | msgspec.UnsetType | None = msgspec.UNSET
    due_at: datetime | msgspec.UnsetType | None = msgspec.UNSET
    remind_minutes: Minutes | msgspec.UnsetType | None = msgspec.UNSET
    assignee_id: UUID | msgspec.UnsetType | None = msgspec.UNSET
    outcome: Outcome | msgspec.UnsetType = msgspec.UNSET


class Task(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    subject_kind: Beside
    subject_id: UUID
    kind: TaskKind
    title: str
    due_on: date | None
    due_at: datetime | None
    remind_at: datetime | None
    reminded_at: datetime | None
    assignee_id: UUID | None
    outcome: str
    done_at: datetime | None
    done_label: str
    created_label: str
    created_at: datetime
    version: int

    def when(self, now: datetime, zone: str) -> When:
        """Where it stands on somebody's list: a day is over at its midnight, an instant at once."""
        here = ZoneInfo(zone)
        today = now.astimezone(here).date()
        day = self.due_at.astimezone(here).date() if self.due_at else self.due_on
        if day is None:
            return "someday"
        if day < today or (self.due_at is not None and self.due_at < now):
            return "overdue"
        return "today" if day == today else "later"


class TaskFilters(msgspec.Struct, frozen=True, kw_only=True):
    subject_kind: Beside | None = None
    subject_id: UUID | None = None
    assignee_id: UUID | None = None
    state: State | None = None


def check_due(due_on: date | None, due_at: datetime | None) -> None:
    if due_on is not None and due_at is not None:
        raise Invalid("It is due at an instant or on a day, not both.", field="due_on")
    if due_at is not None and due_at.tzinfo is None:
        raise Invalid("Say the time zone of the time.", field="due_at")
    for field, due in (("due_on", due_on), ("due_at", due_at)):
        if due is not None and due.year not in YEARS:
            raise Invalid("Give a year from 2000 to 2200.", field=field)


def remind_at(
    due_on: date | None, due_at: datetime | None, minutes: int | None, zone: str
) -> datetime | None:
    """The instant to remind at. Refuses a reminder of what is never due."""
    if minutes is None:
        return None
    due = due_at
    if due is None and due_on is not None:
        due = datetime.combine(due_on, DAY_BEGINS, ZoneInfo(zone))
    if due is None:
        raise Invalid("Say when it is due to be reminded.", field="remind_minutes")
    return due.astimezone(UTC) - timedelta(minutes=minutes)
