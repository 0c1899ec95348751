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
DROPPED: Mapping[str, What] = {
    "bounced address": What.HARD_BOUNCE,
    "invalid": What.HARD_BOUNCE,
    "spam reporting address": What.COMPLAINED,
}
"""Why SendGrid did not even try: what it was once told of the address is news to us perhaps."""
NO_MORE = "unsubscribed address"
_OWN_ID = re.compile(r"^(.*?)\.(?:filter|recvd)")


def read_sendgrid(body: bytes) -> list[Report | Malformed | Inbound]:
    found = parsed(body)
    events = found if isinstance(found, list) else [found]
    return each([one for event in events for one in (event, *_also(event))], _read)


def _also(event: Any) -> list[dict[str, Any]]:
    """Who has unsubscribed there before is dropped, and has said no: both count."""
    if not isinstance(event, dict) or event.get("event") != "dropped":
        return []
    if str(event.get("reason")).casefold() != NO_MORE:
        return []
    named = f"{event.get('sg_event_id') or digest(event)}:no"
    return [{**event, "event": "unsubscribe", "sg_event_id": named}]


def _read(event: Mapping[str, Any]) -> Report | None:
    what = EVENTS.get(event["event"])
    if what is None:
        return None
    detail = text_of(event.get("reason") or event.get("response"))
    if what is What.HARD_BOUNCE:
        what = _bounce(event, detail)
    elif what is What.FAILED:
        what = DROPPED.get(detail.casefold(), what)
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
