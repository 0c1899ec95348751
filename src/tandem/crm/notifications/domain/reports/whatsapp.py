"""WhatsApp Cloud's webhook: statuses of what we sent, and that somebody wrote to us."""

from collections.abc import Iterator, Mapping
from typing import Any

from tandem.crm.notifications.domain.reports.report import (
    Inbound,
    Malformed,
    Report,
    What,
    each,
    our_id,
    parsed,
    text_of,
    when,
)

STATUSES: Mapping[str, What] = {
    "sent": What.SENT,
    "delivered": What.DELIVERED,
    "read": What.READ,
    "failed": What.FAILED,
}


def read_whatsapp(body: bytes) -> list[Report | Malformed | Inbound]:
    found = parsed(body)
    return each(list(_items(found)), _read)


def _items(found: Any) -> Iterator[Any]:
    for entry in _list(found, "entry"):
        for change in _list(entry, "changes"):
            value = change.get("value") if isinstance(change, dict) else None
            yield from _list(value, "statuses")
            yield from _list(value, "messages")


def _list(holder: Any, name: str) -> list[Any]:
    found = holder.get(name) if isinstance(holder, dict) else None
    return found if isinstance(found, list) else []


def _read(item: Mapping[str, Any]) -> Report | Inbound | None:
    at = when(item["timestamp"])
    if "status" not in item:
        return Inbound(
            key=text_of(item["id"], 100),
            phone=f"+{text_of(item['from'], 20)}",
            at=at,
            text=_said(item),
            is_chat=True,
        )
    what = STATUSES.get(item["status"])
    if what is None:
        return None
    errors = item.get("errors") or [{}]
    code, title = errors[0].get("code", ""), errors[0].get("title", "")
    return Report(
        key=f"{item['id']}:{item['status']}"[:100],
        what=what,
        at=at,
        message_id=our_id(item.get("biz_opaque_callback_data")),
        provider_message_id=text_of(item["id"], 200),
        recipient=f"+{text_of(item.get('recipient_id'), 20)}",
        detail=text_of(f"WhatsApp {code}: {title}") if code else "",
    )


def _said(item: Mapping[str, Any]) -> str:
    """What was typed, or what the button says that was pressed."""
    typed = item.get("text") or item.get("button") or {}
    if not isinstance(typed, dict):
        return ""
    return text_of(typed.get("body") or typed.get("text"), 200)
