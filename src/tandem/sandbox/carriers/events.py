"""What became of a message, in each vendor's own words."""

import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from tandem.sandbox.carriers.letters import Letter

URL = "https://shop.example/offer"
AGENT = "Mozilla/5.0 (X11; Linux x86_64)"
HARD = "550 5.1.1 The email account that you tried to reach does not exist."
SOFT = "452 4.2.2 The mailbox is full."
EVENTS = frozenset(
    {
        "sent",
        "deferred",
        "delivered",
        "bounced",
        "soft_bounced",
        "complained",
        "opened",
        "clicked",
        "unsubscribed",
        "rejected",
        "read",
        "failed",
    }
)


def body_of(vendor: str, letter: Letter, event: str) -> bytes:
    """One event as the vendor posts it."""
    made = {
        "sendgrid": _sendgrid,
        "mailgun": _mailgun,
        "postmark": _postmark,
        "ses": _ses,
        "msg91": _msg91,
        "whatsapp": _whatsapp,
    }[vendor](letter, event)
    return msgspec.json.encode(made)


def _sendgrid(letter: Letter, event: str) -> list[dict[str, Any]]:
    names = {
        "sent": "processed",
        "bounced": "bounce",
        "soft_bounced": "bounce",
        "complained": "spamreport",
        "opened": "open",
        "clicked": "click",
        "unsubscribed": "unsubscribe",
        "rejected": "dropped",
    }
    more: Mapping[str, Mapping[str, Any]] = {
        "bounced": {"type": "bounce", "status": "5.1.1", "reason": HARD},
        "soft_bounced": {"type": "blocked", "status": "4.2.2", "reason": SOFT},
        "rejected": {"reason": "Bounced Address"},
        "clicked": {"url": URL, "useragent": AGENT, "ip": "192.0.2.7"},
        "opened": {"useragent": AGENT, "ip": "192.0.2.7"},
    }
    return [
        {
            "email": letter.recipient,
            "timestamp": int(time.time()),
            "event": names.get(event, event),
            "sg_event_id": secrets.token_urlsafe(16),
            "sg_message_id": f"{letter.id}.filter0425p1mdw1.13037.57168B4A1D.0",
            "tandem_message": letter.ours,
            **more.get(event, {}),
        }
    ]


def _mailgun(letter: Letter, event: str) -> dict[str, Any]:
    """Without its signature: that is made when it is sent."""
    names = {
        "sent": "accepted",
        "bounced": "failed",
        "soft_bounced": "failed",
        "deferred": "failed",
    }
    more: Mapping[str, Mapping[str, Any]] = {
        "bounced": {"severity": "permanent", "delivery-status": {"code": 550, "message": HARD}},
        "soft_bounced": {
            "severity": "permanent",
            "delivery-status": {"code": 452, "message": SOFT},
        },
        "deferred": {"severity": "temporary", "delivery-status": {"code": 451, "message": SOFT}},
        "clicked": {"url": URL, "ip": "192.0.2.7", "client-info": {"user-agent": AGENT}},
        "opened": {"ip": "192.0.2.7", "client-info": {"user-agent": AGENT}},
    }
    return {
        "event-data": {
            "event": names.get(event, event),
            "id": secrets.token_urlsafe(16),
            "timestamp": time.time(),
            "recipient": letter.recipient,
            "message": {"headers": {"message-id": letter.id, "to": letter.recipient}},
            "user-variables": {"tandem_message": letter.ours},
            **more.get(event, {}),
        }
    }


def _postmark(letter: Letter, event: str) -> dict[str, Any]:
    at = _iso()
    head = {"MessageID": letter.id, "Metadata": {"tandem_message": letter.ours}, "ServerID": 23}
    match event:
        case "delivered":
            return {
                **head,
                "RecordType": "Delivery",
                "Recipient": letter.recipient,
                "DeliveredAt": at,
            }
        case "bounced" | "soft_bounced" | "deferred":
            kind = {"bounced": "HardBounce", "soft_bounced": "SoftBounce", "deferred": "Transient"}
            said = HARD if event == "bounced" else SOFT
            return {
                **head,
                "RecordType": "Bounce",
                "ID": secrets.randbelow(10**9),
                "Type": kind[event],
                "Email": letter.recipient,
                "BouncedAt": at,
                "Details": said,
            }
        case "complained":
            return {
                **head,
                "RecordType": "SpamComplaint",
                "ID": secrets.randbelow(10**9),
                "Type": "SpamComplaint",
                "Email": letter.recipient,
                "BouncedAt": at,
            }
        case "unsubscribed":
            return {
                **head,
                "RecordType": "SubscriptionChange",
                "Recipient": letter.recipient,
                "SuppressSending": True,
                "SuppressionReason": "ManualSuppression",
                "ChangedAt": at,
            }
        case _:
            more = {"OriginalLink": URL} if event == "clicked" else {}
            return {
                **head,
                "RecordType": "Click" if event == "clicked" else "Open",
                "Recipient": letter.recipient,
                "ReceivedAt": at,
                "UserAgent": AGENT,
                **more,
            }


def _ses(letter: Letter, event: str) -> dict[str, Any]:
    """What stands in the SNS notification's `Message`."""
    names = {
        "sent": "Send",
        "deferred": "DeliveryDelay",
        "delivered": "Delivery",
        "bounced": "Bounce",
        "soft_bounced": "Bounce",
        "complained": "Complaint",
        "opened": "Open",
        "clicked": "Click",
        "unsubscribed": "Subscription",
        "rejected": "Reject",
    }
    at, to = _iso(), [{"emailAddress": letter.recipient}]
    more: Mapping[str, Mapping[str, Any]] = {
        "delivered": {"delivery": {"recipients": [letter.recipient], "timestamp": at}},
        "bounced": {
            "bounce": {
                "bounceType": "Permanent",
                "bounceSubType": "General",
                "bouncedRecipients": [{**to[0], "status": "5.1.1", "diagnosticCode": HARD}],
                "timestamp": at,
            }
        },
        "soft_bounced": {
            "bounce": {
                "bounceType": "Transient",
                "bounceSubType": "MailboxFull",
                "bouncedRecipients": [{**to[0], "status": "4.2.2", "diagnosticCode": SOFT}],
                "timestamp": at,
            }
        },
        "complained": {
            "complaint": {
                "complainedRecipients": to,
                "complaintFeedbackType": "abuse",
                "timestamp": at,
            }
        },
        "clicked": {"click": {"link": URL, "ipAddress": "192.0.2.7", "userAgent": AGENT}},
        "opened": {"open": {"ipAddress": "192.0.2.7", "userAgent": AGENT}},
        "rejected": {"reject": {"reason": "Bad content"}},
    }
    mail = {
        "timestamp": at,
        "messageId": letter.id,
        "destination": [letter.recipient],
        "tags": {"tandem_message": [letter.ours]},
    }
    return {"eventType": names[event], "mail": mail, **more.get(event, {})}


def _msg91(letter: Letter, event: str) -> list[dict[str, Any]]:
    status = {
        "delivered": "1",
        "failed": "2",
        "bounced": "2",
        "rejected": "16",
        "unsubscribed": "9",
    }
    said = {"delivered": "DELIVERED", "unsubscribed": "NDNC"}
    report = {
        "number": letter.recipient.lstrip("+"),
        "status": status.get(event, "8"),
        "desc": said.get(event, "FAILED" if event in status else "SUBMITTED"),
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S"),
    }
    return [{"requestId": letter.id, "senderId": "TANDEM", "report": [report]}]


def _whatsapp(letter: Letter, event: str) -> dict[str, Any]:
    status: dict[str, Any] = {
        "id": letter.id,
        "status": "failed" if event in {"failed", "bounced", "rejected"} else event,
        "timestamp": str(int(time.time())),
        "recipient_id": letter.recipient.lstrip("+"),
        "biz_opaque_callback_data": letter.ours,
    }
    if status["status"] == "failed":
        status["errors"] = [{"code": 131026, "title": "Message undeliverable"}]
    return whatsapp_change({"statuses": [status]})


def whatsapp_change(value: dict[str, Any]) -> dict[str, Any]:
    head = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": "100000000000001"}}
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": "1", "changes": [{"field": "messages", "value": {**head, **value}}]}],
    }


def whatsapp_inbound(phone: str, text: str) -> bytes:
    """A person writes: it opens the 24 hours in which any words may be answered."""
    message = {
        "from": phone.lstrip("+"),
        "id": f"wamid.{secrets.token_hex(20).upper()}",
        "timestamp": str(int(time.time())),
        "type": "text",
        "text": {"body": text},
    }
    return msgspec.json.encode(whatsapp_change({"messages": [message]}))


def _iso() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
