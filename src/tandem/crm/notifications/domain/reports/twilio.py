"""Twilio's callbacks: a form for each status, our id in the address it is sent to; and a form for
each message that somebody sends to the company's number."""

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
    return each([dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))], _read)


def _read(form: Mapping[str, Any]) -> Report | Inbound | None:
    if "MessageStatus" not in form and "Body" in form:
        return _heard(form)
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


def _heard(form: Mapping[str, Any]) -> Inbound:
    """`OptOutType` is there where Twilio has obeyed the keyword and answered by its own words."""
    return Inbound(
        key=text_of(form["MessageSid"], 100),
        phone=text_of(form["From"], 20),
        text=text_of(form["Body"], 200),
        is_answered=bool(form.get("OptOutType")),
    )
