"""The two clocks of a complaint: until somebody answers, and until it is resolved.

Only business time counts. The second one rests while the customer has to say something, and while
the complaint is settled; taken up again it goes on where it stopped.
"""

from datetime import datetime
from enum import StrEnum

import msgspec

from tandem.kernel.calendars import BusinessTime
from tandem.scm.support.domain.complaints import Complaint
from tandem.scm.support.domain.desk import Target
from tandem.scm.support.domain.statuses import WORKED_ON, Status

replace = msgspec.structs.replace


class Light(StrEnum):
    """How urgent a complaint looks: no clock runs, time enough, nearly due, overdue."""

    NONE = "none"
    GREEN = "green"
    AMBER = "amber"
    RED = "red"


def light_of(complaint: Complaint, *, warn_seconds: int, now: datetime) -> Light:
    due = complaint.next_due_at
    if due is None:
        return Light.NONE
    left = (due - now).total_seconds()
    if left <= 0:
        return Light.RED
    return Light.AMBER if left <= warn_seconds else Light.GREEN


def answered(complaint: Complaint, now: datetime) -> Complaint:
    """Somebody of ours wrote to the customer: the first clock was met (or missed) now."""
    if complaint.responded_at is not None:
        return complaint
    return replace(complaint, responded_at=now, response_due_at=None)


def moved(complaint: Complaint, target: Status, time: BusinessTime, now: datetime) -> Complaint:
    """The complaint in its new state, with its clocks stopped or started accordingly."""
    after = _rested(complaint, time, now)
    if target in WORKED_ON:
        after = _resumed(after, time, now)
    if target is Status.RESOLVED:
        after = replace(after, resolved_at=now, response_due_at=None)
    elif target is Status.REOPENED:
        after = replace(after, resolved_at=None)
    elif target is Status.CLOSED:
        after = replace(after, closed_at=now)
    return replace(after, status=target)


def retargeted(
    complaint: Complaint, target: Target, time: BusinessTime, now: datetime
) -> Complaint:
    """Another severity gives other times; what was used of the old ones stays used."""
    response, resolution = target.response_minutes * 60, target.resolution_minutes * 60
    rested = _rested(complaint, time, now)
    used = complaint.resolution_seconds - (rested.resolution_left_seconds or 0)
    after = replace(
        rested,
        response_seconds=response,
        resolution_seconds=resolution,
        resolution_left_seconds=resolution - used,
    )
    if complaint.response_due_at is not None:
        after = replace(after, response_due_at=time.after(complaint.opened_at, response))
    return _resumed(after, time, now) if complaint.status in WORKED_ON else after


def _rested(complaint: Complaint, time: BusinessTime, now: datetime) -> Complaint:
    """Negative seconds left say by how much it was late."""
    if complaint.resolution_due_at is None:
        return complaint
    left = time.between(now, complaint.resolution_due_at)
    return replace(complaint, resolution_due_at=None, resolution_left_seconds=left)


def _resumed(complaint: Complaint, time: BusinessTime, now: datetime) -> Complaint:
    left = complaint.resolution_left_seconds
    if left is None:
        return complaint
    due = time.after(now, left)
    return replace(complaint, resolution_due_at=due, resolution_left_seconds=None)
