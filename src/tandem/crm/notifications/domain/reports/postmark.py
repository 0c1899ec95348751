"""Postmark's webhooks: one object each, named by `RecordType` (docs: Webhooks)."""

from collections.abc import Mapping
from typing import Any

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

BOUNCES: Mapping[str, What] = {
    "HardBounce": What.HARD_BOUNCE,
    "BadEmailAddress": What.HARD_BOUNCE,
    "ManuallyDeactivated": What.FAILED,
    "SpamComplaint": What.COMPLAINED,
    "SpamNotification": What.SOFT_BOUNCE,
    "Transient": What.DEFERRED,
    "Unsubscribe": What.UNSUBSCRIBED,
    "AutoResponder": What.ACCEPTED,
    "Subscribe": What.ACCEPTED,
    "AddressChange": What.ACCEPTED,
    "OpenRelayTest": What.ACCEPTED,
    "ChallengeVerification": What.ACCEPTED,
}
"""By `Type`; every other type is a soft bounce (DnsError, SoftBounce, Blocked, …)."""


def read_postmark(body: bytes) -> list[Report | Malformed | Inbound]:
    found = parsed(body)
    return each(found if isinstance(found, list) else [found], _read)


def _read(event: Mapping[str, Any]) -> Report | None:
    what = _what(event)
    if what is None:
        return None
    named = f"bounce:{event['ID']}:{what}" if event.get("ID") else digest(event)
    times = ("DeliveredAt", "BouncedAt", "ReceivedAt", "ChangedAt")
    at = next((event[name] for name in times if event.get(name)), None)
    return Report(
        key=named[:100],
        what=what,
        at=when(at) if at is not None else None,
        message_id=our_id((event.get("Metadata") or {}).get("tandem_message")),
        provider_message_id=text_of(event["MessageID"], 200),
        recipient=text_of(event.get("Recipient") or event.get("Email"), 320),
        detail=text_of(event.get("Details") or event.get("Description")),
        url=text_of(event.get("OriginalLink"), URL_MAX),
        user_agent=text_of(event.get("UserAgent")),
        address=text_of((event.get("Geo") or {}).get("IP"), 60),
    )


def _what(event: Mapping[str, Any]) -> What | None:
    match event["RecordType"]:
        case "Delivery":
            return What.DELIVERED
        case "Bounce":
            return BOUNCES.get(event["Type"], What.SOFT_BOUNCE)
        case "SpamComplaint":
            return What.COMPLAINED
        case "Open":
            return What.OPENED
        case "Click":
            return What.CLICKED
        case "SubscriptionChange":
            by_hand = event.get("SuppressionReason") == "ManualSuppression"
            return What.UNSUBSCRIBED if event.get("SuppressSending") and by_hand else None
        case _:
            return None
