"""Mailgun's webhooks: one event each, in `event-data` (docs: Tracking, webhooks)."""

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
    "accepted": What.ACCEPTED,
    "rejected": What.FAILED,
    "delivered": What.DELIVERED,
    "failed": What.HARD_BOUNCE,
    "complained": What.COMPLAINED,
    "opened": What.OPENED,
    "clicked": What.CLICKED,
    "unsubscribed": What.UNSUBSCRIBED,
}


def read_mailgun(body: bytes) -> list[Report | Malformed | Inbound]:
    found = parsed(body)
    event = found.get("event-data") if isinstance(found, dict) else None
    return each([event, *_also(event)], _read)


def _read(event: Mapping[str, Any]) -> Report | None:
    what = EVENTS.get(event["event"])
    if what is None:
        return None
    status = event.get("delivery-status") or {}
    detail = text_of(f"{status.get('code', '')} {status.get('message', '')}".strip())
    if what is What.HARD_BOUNCE:
        what = _failure(event, detail)
    headers = (event.get("message") or {}).get("headers") or {}
    return Report(
        key=text_of(event.get("id"), 100) or digest(event),
        what=what,
        at=when(event["timestamp"]),
        message_id=our_id((event.get("user-variables") or {}).get("tandem_message")),
        provider_message_id=text_of(headers.get("message-id"), 200).strip("<>"),
        recipient=text_of(event.get("recipient") or headers.get("to"), 320),
        detail=detail or text_of((event.get("reject") or {}).get("reason")),
        url=text_of(event.get("url"), URL_MAX),
        user_agent=text_of((event.get("client-info") or {}).get("user-agent")),
        address=text_of(event.get("ip"), 60),
    )


SUPPRESSED: Mapping[str, What] = {
    "suppress-bounce": What.HARD_BOUNCE,
    "suppress-complaint": What.COMPLAINED,
    "suppress-unsubscribe": What.FAILED,
}
"""What Mailgun knew of the address before and did not try again."""


def _also(event: Any) -> list[dict[str, Any]]:
    """Who has unsubscribed there before is not written to, and has said no: both count."""
    if not isinstance(event, dict) or event.get("reason") != "suppress-unsubscribe":
        return []
    return [{**event, "event": "unsubscribed", "id": f"{event.get('id') or digest(event)}:no"}]


def _failure(event: Mapping[str, Any], detail: str) -> What:
    """A temporary one is tried again there; a permanent one may still not be about the address."""
    if event.get("reason") in SUPPRESSED:
        return SUPPRESSED[event["reason"]]
    if event.get("severity") == "temporary":
        return What.DEFERRED
    return What.HARD_BOUNCE if is_hard("", detail) else What.SOFT_BOUNCE
