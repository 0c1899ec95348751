"""One thing a provider told, whoever it is."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

DETAIL_MAX = 300
URL_MAX = 2_000
ITEMS_MAX = 2_000


class What(StrEnum):
    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    SENT = "sent"
    FAILED = "failed"
    DELIVERED = "delivered"
    READ = "read"
    SOFT_BOUNCE = "soft_bounce"
    HARD_BOUNCE = "hard_bounce"
    COMPLAINED = "complained"
    OPENED = "opened"
    CLICKED = "clicked"
    UNSUBSCRIBED = "unsubscribed"


RANK: Mapping[str, int] = {
    "queued": 1,
    "scheduled": 1,
    What.ACCEPTED: 1,
    "sending": 2,
    What.DEFERRED: 2,
    What.SENT: 3,
    "canceled": 4,
    "undelivered": 4,
    What.FAILED: 4,
    What.DELIVERED: 5,
    What.READ: 6,
    What.SOFT_BOUNCE: 7,
    What.HARD_BOUNCE: 8,
    What.COMPLAINED: 9,
}
"""How far along a word is; only a higher one counts. A bounce may follow a delivery, never the
other way round, and a complaint is the last word."""

FAILURES = frozenset({What.FAILED})
ENGAGEMENT: Mapping[What, str] = {
    What.OPENED: "opened",
    What.CLICKED: "clicked",
    What.UNSUBSCRIBED: "unsubscribed",
}


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """`key` names the event, so that telling it again is nothing new. `message_id` is ours where
    the provider carried it along, `provider_message_id` theirs; one of them is known. Without `at`
    it is told as it happens."""

    key: str
    what: What
    at: datetime | None
    message_id: UUID | None = None
    provider_message_id: str = ""
    recipient: str = ""
    detail: str = ""
    url: str = ""
    user_agent: str = ""
    address: str = ""


class Malformed(msgspec.Struct, frozen=True, kw_only=True):
    """An item nobody can make sense of; the others of its batch count all the same."""

    key: str
    reason: str


class Inbound(msgspec.Struct, frozen=True, kw_only=True):
    """A person wrote to us: in a chat they may be answered in any words for a day. Without `at` it
    is told as it happens. `is_answered`: the carrier obeyed a keyword and said so itself."""

    key: str
    phone: str
    at: datetime | None = None
    text: str = ""
    is_chat: bool = False
    is_answered: bool = False


class Unreadable(Exception):
    """This one item makes no sense."""


def is_progress(what: What, known: str) -> bool:
    return RANK.get(what, 0) > RANK.get(known, 0)


def each(
    items: Iterable[Any], read: Callable[[Mapping[str, Any]], Report | Inbound | None]
) -> list[Report | Malformed | Inbound]:
    """Read one by one; None is something that does not matter here."""
    found: list[Report | Malformed | Inbound] = []
    for number, item in enumerate(items):
        if number >= ITEMS_MAX:
            break
        try:
            if not isinstance(item, dict):
                raise Unreadable("not an object")
            report = read(item)
        except (Unreadable, KeyError, TypeError, ValueError, AttributeError, IndexError) as reason:
            said = f"{type(reason).__name__}: {reason}"[:DETAIL_MAX]
            found.append(Malformed(key=f"malformed:{digest(item)}", reason=said))
        else:
            if report is not None:
                found.append(report)
    return found


def parsed(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        return None


def digest(item: object) -> str:
    """The same for the same item: names what has no id of its own."""
    try:
        text = msgspec.json.encode(item, order="sorted")
    except (TypeError, ValueError):
        text = repr(item).encode()
    return hashlib.sha256(text).hexdigest()[:40]


def our_id(value: object) -> UUID | None:
    try:
        return UUID(str(value)) if value else None
    except ValueError:
        return None


def text_of(value: object, longest: int = DETAIL_MAX) -> str:
    """Printable, and no longer than we keep."""
    text = value if isinstance(value, str) else "" if value is None else str(value)
    return "".join(character for character in text if character.isprintable())[:longest]


def when(value: object) -> datetime:
    """Unix seconds or ISO; raises Unreadable."""
    try:
        if isinstance(value, bool) or value is None:
            raise Unreadable("no time")
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
        text = str(value)
        if text.replace(".", "", 1).isdigit():
            return datetime.fromtimestamp(float(text), UTC)
        found = datetime.fromisoformat(_cut(text))
    except (ValueError, OverflowError, OSError) as reason:
        raise Unreadable("not a time") from reason
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _cut(text: str) -> str:
    """Seven digits of a second are one too many for us."""
    head, dot, tail = text.partition(".")
    digits = tail[: len(tail) - len(tail.lstrip("0123456789"))]
    return f"{head}{dot}{digits[:6]}{tail[len(digits) :]}"
