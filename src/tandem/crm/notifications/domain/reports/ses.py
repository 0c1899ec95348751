"""Amazon SES's events inside SNS's notification (docs: Event publishing, Notification contents)."""

from collections.abc import Mapping
from typing import Any

from tandem.crm.notifications.domain.bounces import is_hard
from tandem.crm.notifications.domain.reports.report import (
    URL_MAX,
    Inbound,
    Malformed,
    Report,
    Unreadable,
    What,
    digest,
    each,
    our_id,
    parsed,
    text_of,
    when,
)

EVENTS: Mapping[str, What] = {
    "Send": What.ACCEPTED,
    "DeliveryDelay": What.DEFERRED,
    "Delivery": What.DELIVERED,
    "Bounce": What.HARD_BOUNCE,
    "Complaint": What.COMPLAINED,
    "Reject": What.FAILED,
    "Rendering Failure": What.FAILED,
    "Open": What.OPENED,
    "Click": What.CLICKED,
    "Subscription": What.UNSUBSCRIBED,
}
PART = {"DeliveryDelay": "deliveryDelay", "Rendering Failure": "failure"}


def read_ses(body: bytes) -> list[Report | Malformed | Inbound]:
    """The envelope's own id names the event."""
    envelope = parsed(body)
    if not isinstance(envelope, dict) or envelope.get("Type") != "Notification":
        return []
    return each([envelope], _read)


def _read(envelope: Mapping[str, Any]) -> Report | None:
    event = parsed(str(envelope["Message"]).encode())
    if not isinstance(event, dict):
        raise Unreadable("the message is no object")
    kind = event.get("eventType") or event.get("notificationType")
    what = EVENTS.get(str(kind))
    if what is None:
        return None
    told = event.get(PART.get(str(kind), str(kind).lower())) or {}
    mail = event["mail"]
    people = told.get("bouncedRecipients") or told.get("complainedRecipients") or []
    detail = text_of(
        told.get("reason")
        or told.get("errorMessage")
        or told.get("smtpResponse")
        or (people[0].get("diagnosticCode") if people else None)
    )
    if what is What.HARD_BOUNCE:
        what = _bounce(told, people, detail)
    tags = mail.get("tags") or {}
    return Report(
        key=text_of(envelope.get("MessageId"), 100) or digest(event),
        what=what,
        at=when(told.get("timestamp") or envelope.get("Timestamp") or mail.get("timestamp")),
        message_id=our_id((tags.get("tandem_message") or [""])[0]),
        provider_message_id=text_of(mail["messageId"], 200),
        recipient=text_of(_recipient(people, mail), 320),
        detail=detail,
        url=text_of(told.get("link"), URL_MAX),
        user_agent=text_of(told.get("userAgent")),
        address=text_of(told.get("ipAddress"), 60),
    )


def _bounce(told: Mapping[str, Any], people: list[Any], detail: str) -> What:
    """SES's own word for it, unless the server's status says that it is not about the address."""
    if told.get("bounceType") != "Permanent":
        return What.SOFT_BOUNCE
    status = str(people[0].get("status", "")) if people else ""
    is_said = bool(status or detail)
    return What.SOFT_BOUNCE if is_said and not is_hard(status, detail) else What.HARD_BOUNCE


def _recipient(people: list[Any], mail: Mapping[str, Any]) -> str:
    if people:
        return str(people[0].get("emailAddress", ""))
    destination = mail.get("destination") or [""]
    return str(destination[0])
