"""Bounces of old servers: a letter in somebody's words, in which an address stands somewhere."""

import html
import re
from collections.abc import Iterator, Sequence
from email.message import Message
from email.utils import getaddresses
from typing import Any

READ_MAX = 6_000
ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&*+/=?^_{|}~.-][A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{0,63}"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,23}"
)
LISTED = re.compile(
    r"(?:following|these) (?:recipient|address|user)[^\n]*:|address(?:es)?(?:\(es\))? failed:", re.I
)
"""After this come those whom it did not reach."""
COPY = re.compile(
    r"^[\s>*|-]*(?:-{2,}\s*)?(?:"
    r"below this line is a copy|this is a copy of|original message|(?:start of )?(?:the )?"
    r"(?:returned|unsent|original|undelivered) (?:message|mail|letter)\b.{0,40}$|message header|"
    r"(?:received|return-path|delivered-to|x-mailer):)",
    re.I | re.M,
)
"""Where the letter that came back begins inside the text."""
LEADING = re.compile(
    r"^[\s>*|:\"']*(?:(?:final-|failed |original )?(?:recipients?|address(?:es)?|to|rcpt|user)"
    r"\b[^@\n]{0,30}?[:=]?\s*)?(?:smtp:|rfc822;)?\s*[<\"'(]*\Z",
    re.I,
)
"""What may stand before an address that a line is about."""
TOLD = re.compile(r"^[ \t>*]*(?:subject|to|cc|from|sent|date|message-id):.*$", re.I | re.M)
NOBODY = re.compile(
    r"^(?:mailer-daemon|postmaster|abuse|support|helpdesk|help|root|mdaemon)@", re.I
)
OURS = ("from", "to", "reply-to", "sender", "errors-to", "return-path", "delivered-to")


def notice_of(parts: Sequence[Any]) -> str:
    """What the server itself says: the text before the copy of what came back."""
    text = "\n".join(_texts(parts, "text/plain"))
    if not text.strip():
        text = html.unescape(re.sub(r"<[^>]{0,500}>", "\n", "\n".join(_texts(parts, "text/html"))))
    text = text.lstrip()[:READ_MAX]
    found = COPY.search(text)
    return text[: found.start()] if found and found.start() else text


def failed_recipient(mail: Any, notice: str, originals: Sequence[Message]) -> str:
    """Whom it did not reach, lower case; empty where the letter does not say. The first of many."""
    named = mail.get("x-failed-recipients")
    if named:
        return _first(ADDRESS.findall(str(named)))
    own = {one.casefold() for name in OURS for one in _in_header(mail, name)}
    meant = [one for letter in originals for one in _in_header(letter, "to")]
    listed, said = _said(notice, own)
    for group in (listed, said):
        for one in meant:
            if one.casefold() in group:
                return one.casefold()
        if group is listed and listed:
            return listed[0]
    return _first([*said, *_subject(mail, own), *(one for one in meant if one not in own)])


def without_headers(notice: str) -> str:
    """Without what it tells of the letter: a subject is nobody's verdict."""
    return TOLD.sub("", notice)


def _said(notice: str, own: set[str]) -> tuple[list[str], list[str]]:
    """Addresses of a list that is announced; and those that lines begin with, then all others."""
    listed: list[str] = []
    leading: list[str] = []
    others: list[str] = []
    announced = LISTED.search(notice)
    for found in ADDRESS.finditer(notice):
        if found[0].casefold() in own or NOBODY.match(found[0]):
            continue
        line = notice[notice.rfind("\n", 0, found.start()) + 1 : found.start()]
        if not LEADING.match(line):
            others.append(found[0].casefold())
        elif announced and found.start() > announced.end():
            listed.append(found[0].casefold())
        else:
            leading.append(found[0].casefold())
    return listed, [*leading, *others]


def _subject(mail: Any, own: set[str]) -> list[str]:
    found = ADDRESS.findall(str(mail.get("subject", "")))
    return [one for one in found if one.casefold() not in own]


def _in_header(letter: Any, name: str) -> Iterator[str]:
    for _, address in getaddresses([str(one)[:2_000] for one in letter.get_all(name, [])]):
        if ADDRESS.fullmatch(address):
            yield address


def _first(found: Sequence[str]) -> str:
    return found[0].casefold() if found else ""


def _texts(parts: Sequence[Any], kind: str) -> Iterator[str]:
    """Of the letter itself, not of one inside it."""
    for part in parts:
        if part.get_content_type().startswith("message/"):
            return
        if part.get_content_type() != kind:
            continue
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes):
            yield _decoded(payload, part.get_content_charset() or "utf-8")


def _decoded(payload: bytes, charset: str) -> str:
    try:
        return payload.decode(charset, "replace")
    except LookupError:
        return payload.decode("utf-8", "replace")
