"""Twilio's status callback: a form for each status. Our id stands in the address it is sent to."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from tandem.crm.notifications.domain.reports.report import (
    Inbound,
    Malformed,
    Report,
    What,
    each,
    our_id,
    text_of,
)

STATUSES: Mapping[str, What] = {
    "accepted": What.ACCEPTED,
    "scheduled": What.ACCEPTED,
    "queued": What.ACCEPTED,
    "sending": What.ACCEPTED,
    "sent": What.SENT,
    "delivered": What.DELIVERED,
    "read": What.READ,
    "undelivered": What.FAILED,
    "failed": What.FAILED,
    "canceled": What.FAILED,
}


def read_twilio(body: bytes) -> list[Report | Malformed | Inbound]:
    return each([dict(parse_qsl(body.decode("utf-8", "replace")))], _read)


def _read(form: Mapping[str, Any]) -> Report | None:
    what = STATUSES.get(form["MessageStatus"])
    if what is None:
        return None
    code = text_of(form.get("ErrorCode"), 20)
    return Report(
        key=f"{form['MessageSid']}:{form['MessageStatus']}"[:100],
        what=what,
        at=None,
        message_id=our_id(form.get("tandem_message")),
        provider_message_id=text_of(form["MessageSid"], 200),
        recipient=text_of(form.get("To"), 60),
        detail=f"The gateway reports error {code}." if code else "",
    )
