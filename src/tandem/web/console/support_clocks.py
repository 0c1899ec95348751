"""A complaint's next due time as a colour and a few words."""

from datetime import datetime

import msgspec

from tandem.scm.support.domain.clocks import Light, light_of
from tandem.scm.support.domain.complaints import Complaint
from tandem.scm.support.domain.desk import Desk
from tandem.scm.support.domain.statuses import Status

TONES = {Light.NONE: "quiet", Light.GREEN: "good", Light.AMBER: "warn", Light.RED: "bad"}


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """`said` as in "Answer in 2 h 10 min" or "3 h late"; `due_at` None where nothing runs."""

    tone: str
    said: str
    due_at: datetime | None


def clock_of(complaint: Complaint, desk: Desk, now: datetime) -> Clock:
    light = light_of(complaint, warn_seconds=desk.warn_minutes * 60, now=now)
    due = complaint.next_due_at
    if due is None:
        return Clock(tone="quiet", said=_resting(complaint), due_at=None)
    what = "Answer" if due == complaint.response_due_at else "Resolve"
    span = _span(abs((due - now).total_seconds()))
    said = f"{span} late" if light is Light.RED else f"{what} in {span}"
    return Clock(tone=TONES[light], said=said, due_at=due)


def _resting(complaint: Complaint) -> str:
    return "Rests" if complaint.status is Status.WAITING_CUSTOMER else "–"


def _span(seconds: float) -> str:
    minutes = int(seconds // 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        return f"{minutes // 60} h" + (f" {minutes % 60} min" if minutes % 60 else "")
    hours = minutes // 60
    return f"{hours // 24} d" + (f" {hours % 24} h" if hours % 24 else "")
