"""A delivery in a buyer's words: one headline, one line below it, the steps with their times."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from tandem.scm.delivery.domain.visibility import Sight, Step, Tracking

WAY: tuple[tuple[str, str], ...] = (
    ("preparing", "Order prepared"),
    ("picked_up", "Picked up"),
    ("en_route", "On the way"),
    ("arriving", "Nearly there"),
    ("delivered", "Delivered"),
)
"""The steps everybody hopes for, in order."""

TITLES: Mapping[str, str] = {
    **dict(WAY),
    "arrived": "At the door",
    "failed": "Not delivered",
    "reattempt_scheduled": "Another try is planned",
    "returning": "On its way back to us",
    "returned": "Back with us",
    "cancelled": "Cancelled",
}
KINDS: Mapping[str, str] = {
    "bicycle": "bicycle",
    "scooter": "scooter",
    "three_wheeler": "three-wheeler",
    "van": "van",
    "truck": "truck",
}
PROOFS: Mapping[str, str] = {
    "otp": "with your code",
    "photo": "with a photo",
    "signature": "with a signature",
}
OVER = frozenset({"failed", "returning", "returned", "cancelled"})


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the steps. `state`: done, now, next or off."""

    title: str
    at: datetime | None
    state: str
    detail: str = ""


class Journey(msgspec.Struct, frozen=True, kw_only=True):
    """What the page says. `tone`: info, good, warn or bad."""

    headline: str
    line: str
    tone: str
    marks: list[Mark]
    driver: str
    vehicle: str
    is_live: bool
    is_over: bool
    needs_code: bool
    proof: str


def journey_of(tracking: Tracking) -> Journey:
    status = tracking.status
    headline, line, tone = _words(tracking)
    return Journey(
        headline=headline,
        line=line,
        tone=tone,
        marks=_marks(tracking),
        driver=tracking.driver_first_name or "",
        vehicle=" · ".join(
            part
            for part in (
                KINDS.get(tracking.vehicle_kind or "", "").capitalize(),
                tracking.vehicle_plate,
            )
            if part
        ),
        is_live=tracking.sight is Sight.LIVE,
        is_over=tracking.state == "CLOSED",
        needs_code=tracking.needs_code and status in {"en_route", "arriving", "arrived"},
        proof=" and ".join(PROOFS[kind] for kind in tracking.proofs if kind in PROOFS),
    )


def _words(tracking: Tracking) -> tuple[str, str, str]:
    who = tracking.driver_first_name or "Your driver"
    match tracking.status:
        case "preparing":
            return (
                "We are getting it ready",
                "You will see the vehicle here once it sets out.",
                "info",
            )
        case "picked_up" | "en_route" | "arriving":
            return _on_the_way(tracking, who)
        case "arrived":
            asked = "have your delivery code ready" if tracking.needs_code else "come to the door"
            return f"{who} is at your door", f"Please {asked}.", "good"
        case "delivered":
            return "Delivered", _handed_over(tracking), "good"
        case "failed":
            reason = next((step.reason for step in reversed(tracking.steps) if step.reason), None)
            return "We could not deliver it", f"{reason or 'Something went wrong'}.", "bad"
        case "reattempt_scheduled":
            line = "The door code will be a new one." if tracking.needs_code else ""
            return "We will try again", line, "warn"
        case "cancelled":
            return "This delivery was cancelled", "Nothing more will come with it.", "bad"
        case _:
            return TITLES.get(tracking.status, "On its way"), "", "warn"


def _on_the_way(tracking: Tracking, who: str) -> tuple[str, str, str]:
    if tracking.sight is Sight.STOPS_AWAY and tracking.remaining_stop_count:
        count = tracking.remaining_stop_count
        stops = "1 stop" if count == 1 else f"{count} stops"
        first = "that one" if count == 1 else "them"
        return f"{stops} before yours", f"{who} serves {first} first, then comes to you.", "info"
    minutes = tracking.estimated_minutes
    if minutes is None:
        return "On its way to you", f"{who} has your parcel.", "info"
    about = "about " if tracking.eta_confidence == "low" else ""
    distance = tracking.remaining_driving_distance_meters
    line = f"{who} is on the way" + (f" · {_metres(distance)} to go" if distance else "")
    return f"Arriving in {about}{minutes} min", line, "info"


def _handed_over(tracking: Tracking) -> str:
    proof = " and ".join(PROOFS[kind] for kind in tracking.proofs if kind in PROOFS)
    return f"Handed over {proof}." if proof else "Your parcel was handed over."


def _metres(distance: int) -> str:
    return f"{distance} m" if distance < 950 else f"{distance / 1000:.1f} km"


def _marks(tracking: Tracking) -> list[Mark]:
    """What happened, then what is still to come; a parcel that turned back has no more to come."""
    done = [
        Mark(
            title=TITLES.get(step.status, step.status.replace("_", " ").capitalize()),
            at=step.at,
            state="off" if step.status in OVER else "done",
            detail=step.reason or "",
        )
        for step in _last_of_each(tracking.steps)
    ]
    if not done:
        done = [Mark(title=TITLES["preparing"], at=None, state="now")]
    elif tracking.state == "OPEN" and tracking.status not in OVER:
        done[-1] = msgspec.structs.replace(done[-1], state="now")
    if tracking.state == "CLOSED" or tracking.status in OVER:
        return done
    reached = [status for status, _ in WAY]
    here = "arriving" if tracking.status == "arrived" else tracking.status
    place = reached.index(here) if here in reached else 0
    return [*done, *(Mark(title=title, at=None, state="next") for _, title in WAY[place + 1 :])]


def _last_of_each(steps: list[Step]) -> list[Step]:
    """A second attempt repeats steps: the first of each attempt in a row is enough."""
    return [step for at, step in enumerate(steps) if at == 0 or step.status != steps[at - 1].status]
