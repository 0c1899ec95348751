"""SendGrid's event webhook: an array of events (docs: Event Webhook Reference)."""

import re
from collections.abc import Mapping
from typing import Any

from tandem.crm.notifications.domain.bounces import is_hard
from tandem.crm.notifications.domain.reports.report import (
    URL_MAX,
    Inbound,
    Malformed,
    Report,
    What,
    digest,
    each,
    our_id,
    parsed,
    text_of,
    when,
)

EVENTS: Mapping[str, What] = {
    "processed": What.ACCEPTED,
    "deferred": What.DEFERRED,
    "delivered": What.DELIVERED,
    "dropped": What.FAILED,
    "bounce": What.HARD_BOUNCE,
    "spamreport": What.COMPLAINED,
    "open": What.OPENED,
    "click": What.CLICKED,
    "unsubscribe": What.UNSUBSCRIBED,
    "group_unsubscribe": What.UNSUBSCRIBED,
}
_OWN_ID = re.compile(r"^(.*?)\.(?:filter|recvd)")


def read_sendgrid(body: bytes) -> list[Report | Malformed | Inbound]:
    found = parsed(body)
    return each(found if isinstance(found, list) else [found], _read)


def _read(event: Mapping[str, Any]) -> Report | None:
    what = EVENTS.get(event["event"])
    if what is None:
        return None
    detail = text_of(event.get("reason") or event.get("response"))
    if what is What.HARD_BOUNCE:
        what = _bounce(event, detail)
    theirs = str(event.get("sg_message_id", ""))
    named = _OWN_ID.match(theirs)
    return Report(
        key=text_of(event.get("sg_event_id"), 100) or digest(event),
        what=what,
        at=when(event["timestamp"]),
        message_id=our_id(event.get("tandem_message")),
        provider_message_id=text_of(named[1] if named else theirs, 200),
        recipient=text_of(event.get("email"), 320),
        detail=detail,
        url=text_of(event.get("url"), URL_MAX),
        user_agent=text_of(event.get("useragent")),
        address=text_of(event.get("ip"), 60),
    )


def _bounce(event: Mapping[str, Any], detail: str) -> What:
    """`blocked` is the server's word of the moment; a bounce says by its status what it is."""
    if event.get("type") == "blocked":
        return What.SOFT_BOUNCE
    is_final = is_hard(text_of(event.get("status")), detail)
    return What.HARD_BOUNCE if is_final else What.SOFT_BOUNCE
