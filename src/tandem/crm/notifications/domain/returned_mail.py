"""Mail that came back: delivery reports (RFC 3464), complaints (RFC 5965), and their likes.

Reading is not believing: which message it is about has to be proven by its own return path, or by
the Message-ID that only its recipient and their servers know.
"""

import re
from collections.abc import Iterator
from email import message_from_bytes, message_from_string, policy
from email.message import EmailMessage, Message
from typing import Any
from uuid import UUID

import msgspec

from tandem.crm.notifications.domain.bounces import by_words, is_hard
from tandem.crm.notifications.domain.reports.report import What, text_of
from tandem.crm.notifications.domain.returned_words import (
    failed_recipient,
    notice_of,
    without_headers,
)

OUR_ID = re.compile(
    r"<([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})@[^<>@\s]{1,190}>", re.I
)
DAEMON = re.compile(
    r"mailer-daemon|postmaster|mdaemon@|mail delivery (sub)?system|delivery subsystem"
    r"|system administrator|antivirus",
    re.I,
)
FAILED = re.compile(
    r"undeliver|deliver(y|ed)? (has )?(fail|problem|error|warning)|failure (notice|deliver)"
    r"|returned (mail|to sender)|returning (mail|message|to sender)|mail (system error|failed)"
    r"|could ?n.t be deliver|(could )?not (be )?delivered|delivery status notification"
    r"|non-?deliver|rejected mail|failed mail|user unknown",
    re.I,
)
ANSWER = re.compile(r"\s*(re|aw|sv|fwd?|antw)\s*:", re.I)
ADDRESSED = ("to", "delivered-to", "x-original-to", "envelope-to", "x-failed-recipients", "cc")
PARTS_MAX = 50
COMPLAINTS = frozenset({"abuse", "fraud", "virus", "other", "complaint"})


class Returned(msgspec.Struct, frozen=True, kw_only=True):
    """`addresses` may hold a return path of ours, `message_ids` our ids from the letter itself.

    `is_standard`: a machine's report by the RFCs; else it counts only with a return path.
    """

    what: What
    detail: str
    recipient: str
    addresses: tuple[str, ...]
    message_ids: tuple[UUID, ...]
    is_standard: bool


def read_returned(raw: bytes) -> Returned | None:
    """None for what is no report: an answer by hand, a vacation note, a delay's end."""
    mail: Any = message_from_bytes(raw, policy=policy.default)
    parts = list(_parts(mail))
    blocks = _blocks(parts, "message/delivery-status")
    feedback = _blocks(parts, "message/feedback-report")
    originals = _originals(parts)
    what, detail, recipient = _meaning(mail, blocks, feedback, parts, originals)
    if what is None:
        return None
    held = [mail, *originals, *feedback, *blocks]
    return Returned(
        what=what,
        detail=detail,
        recipient=recipient,
        addresses=tuple(_addresses(held)),
        message_ids=tuple(_message_ids(originals)),
        is_standard=bool(blocks or feedback),
    )


def _parts(mail: EmailMessage) -> Iterator[Any]:
    for number, part in enumerate(mail.walk()):
        if number >= PARTS_MAX:
            return
        yield part


def _blocks(parts: list[Any], kind: str) -> list[Message]:
    """The groups of fields inside a report, however its transfer was encoded."""
    found: list[Message] = []
    for part in parts:
        if part.get_content_type() != kind:
            continue
        payload = part.get_payload()
        if isinstance(payload, list):
            found.extend(_with_fields(payload))
        else:
            text = (part.get_payload(decode=True) or b"").decode("utf-8", "replace")
            found.extend(message_from_string(one) for one in re.split(r"\r?\n\r?\n", text) if one)
    return found


def _with_fields(payload: list[Any]) -> Iterator[Message]:
    """Some parsers' readers put the fields into the body."""
    for one in payload:
        if one.keys():
            yield one
        elif isinstance(one.get_payload(), str):
            yield message_from_string(one.get_payload())


def _originals(parts: list[Any]) -> list[Message]:
    """What was returned: the whole letter, or its headers."""
    found: list[Message] = []
    for part in parts:
        kind = part.get_content_type()
        if kind == "message/rfc822" and isinstance(part.get_payload(), list):
            found.extend(part.get_payload())
        elif kind in {"text/rfc822-headers", "message/rfc822-headers"}:
            payload = part.get_payload(decode=True) or b""
            found.append(message_from_bytes(payload))
    return found


def _meaning(
    mail: Any,
    blocks: list[Message],
    feedback: list[Message],
    parts: list[Any],
    originals: list[Message],
) -> tuple[What | None, str, str]:
    if feedback:
        kind = str(feedback[0].get("feedback-type", "")).strip().casefold()
        recipient = _bare(feedback[0].get("original-rcpt-to") or "")
        if kind in COMPLAINTS:
            return What.COMPLAINED, f"Feedback: {kind}", recipient
        return (What.UNSUBSCRIBED if kind == "opt-out" else None), "", recipient
    about = next((one for one in blocks if one.get("action") or one.get("status")), None)
    if about is not None:
        return _of_block(about)
    return _of_words(mail, parts, originals)


def _of_block(block: Message) -> tuple[What | None, str, str]:
    action = str(block.get("action", "failed")).strip().casefold().partition(" ")[0]
    status = str(block.get("status", "")).strip()
    diagnostic = " ".join(str(block.get("diagnostic-code", "")).split())
    recipient = _bare(block.get("original-recipient") or block.get("final-recipient") or "")
    detail = text_of(f"{status} {diagnostic}".strip())
    match action:
        case "delivered" | "relayed" | "expanded":
            return What.DELIVERED, detail, recipient
        case "delayed":
            return What.DEFERRED, detail, recipient
        case _:
            hard = is_hard(status, diagnostic)
            return (What.HARD_BOUNCE if hard else What.SOFT_BOUNCE), detail, recipient


def _of_words(
    mail: Any, parts: list[Any], originals: list[Message]
) -> tuple[What | None, str, str]:
    """Old servers write a letter: from a daemon, or with a subject that says so."""
    auto = str(mail.get("auto-submitted", "no")).casefold()
    sender, subject = str(mail.get("from", "")), str(mail.get("subject", ""))
    # Exim and Gmail call their reports replies; a vacation note comes from a person (RFC 3834).
    is_reply = auto.startswith("auto-replied") and "reject" not in auto
    is_known = DAEMON.search(sender) and not ANSWER.match(subject)
    if is_reply and "x-failed-recipients" not in mail and not is_known:
        return None, "", ""
    is_machine = DAEMON.search(sender) or _is_report(mail)
    if not is_machine and (ANSWER.match(subject) or not FAILED.search(subject)):
        return None, "", ""
    notice = notice_of(parts)
    verdict = without_headers(notice)
    hard = is_hard("", verdict if by_words(verdict) is not None else f"{verdict}\n{subject}")
    failed = failed_recipient(mail, notice, originals)
    said = next((one for one in notice.splitlines() if re.search(r"\b[45]\d\d\b", one)), subject)
    return (What.HARD_BOUNCE if hard else What.SOFT_BOUNCE), text_of(said.strip()), failed


def _is_report(mail: Any) -> bool:
    kind = str(mail.get("content-type", "")).casefold()
    return "multipart/report" in kind and "delivery-status" in kind


def _addresses(held: list[Any]) -> Iterator[str]:
    """Wherever a server may have kept our return path."""
    names = (*ADDRESSED, "return-path", "original-mail-from", "x-envelope-from", "sender")
    for one in held:
        for name in names:
            for value in one.get_all(name, []):
                yield str(value)[:2_000]


def _message_ids(originals: list[Message]) -> Iterator[UUID]:
    for one in originals:
        found = OUR_ID.search(str(one.get("message-id", "")))
        if found:
            yield UUID(found[1])


def _bare(value: object) -> str:
    """`rfc822; <ann@example.com>` is ann@example.com."""
    text = str(value).rpartition(";")[2].strip().strip("<>").strip()
    return text_of(text.partition(" ")[0], 320).casefold()
