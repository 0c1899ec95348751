"""A bounce mailbox over IMAP (RFC 3501): looked into, never changed.

The client is the standard library's, which waits for each answer: it runs in a thread of its own,
with a time-out on every step.
"""

import asyncio
import imaplib
import re
import socket
import ssl
from collections.abc import Sequence
from urllib.parse import urlsplit

import msgspec

from tandem.kernel.guard import AddressRefused, Guard

SECONDS_MAX = 20.0
AT_ONCE = 50
BYTES_MAX = 256 * 1024
"""Of one mail: a report stands at its beginning, the letter that came back behind it."""
_UID = re.compile(rb"\bUID (\d+)")


class MailboxUnread(Exception):
    """It could not be read, for the reason said; what was read before stays."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """`url` is `imaps://host` or `imap://host` (STARTTLS when offered)."""

    url: str
    user: str
    password: str
    folder: str = "INBOX"

    def __repr__(self) -> str:
        return f"<Place {self.url}>"


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """`mails` are (UID, bytes), oldest first. `is_more`: there are more than these."""

    uid_validity: int
    mails: list[tuple[int, bytes]]
    is_more: bool


async def fetch(guard: Guard, place: Place, *, uid_validity: int, uid_seen: int) -> Fetched:
    """What has come since; all of it where the mailbox has begun anew. Raises MailboxUnread."""
    server = urlsplit(place.url)
    port = server.port or (993 if server.scheme == "imaps" else 143)
    try:
        address = await guard.address_of(server.hostname or "", port)
    except AddressRefused as reason:
        raise MailboxUnread("The mailbox's name leads to no public address.") from reason
    try:
        return await asyncio.to_thread(_fetch, place, (address, port), uid_validity, uid_seen)
    except (imaplib.IMAP4.error, OSError, ValueError) as reason:
        raise MailboxUnread(f"{type(reason).__name__}: {reason}"[:300]) from reason


class _Plain(imaplib.IMAP4):
    """To the very address that was looked at, so that a name cannot change its mind."""

    def __init__(self, host: str, at: tuple[str, int]) -> None:
        self._at = at
        super().__init__(host, at[1], timeout=SECONDS_MAX)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return socket.create_connection(self._at, timeout)


class _Secure(_Plain):
    def _create_socket(self, timeout: float | None) -> socket.socket:
        line = super()._create_socket(timeout)
        return ssl.create_default_context().wrap_socket(line, server_hostname=self.host)


def _fetch(place: Place, at: tuple[str, int], uid_validity: int, uid_seen: int) -> Fetched:
    server = urlsplit(place.url)
    host = server.hostname or ""
    box = _Secure(host, at) if server.scheme == "imaps" else _Plain(host, at)
    try:
        if server.scheme != "imaps" and "STARTTLS" in box.capabilities:
            box.starttls(ssl.create_default_context())
        box.login(place.user, place.password)
        _done(box.select(f'"{place.folder}"', readonly=True))
        validity = _validity(box)
        first = uid_seen + 1 if validity == uid_validity else 1
        uids = [one for one in _search(box, first) if one >= first]
        mails = [(uid, _mail(box, uid)) for uid in uids[:AT_ONCE]]
        return Fetched(uid_validity=validity, mails=mails, is_more=len(uids) > AT_ONCE)
    finally:
        box.shutdown()


def _validity(box: imaplib.IMAP4) -> int:
    _, told = box.response("UIDVALIDITY")
    value = next((one for one in told if isinstance(one, bytes)), b"")
    if not value.isdigit():
        raise ValueError("the mailbox tells no UIDVALIDITY")
    return int(value)


def _search(box: imaplib.IMAP4, first: int) -> list[int]:
    """In order. `n:*` names the last one even where it is before n, so the caller looks again."""
    told = _done(box.uid("SEARCH", None, f"UID {first}:*"))  # type: ignore[arg-type]  # no charset
    words = b" ".join(one for one in told if isinstance(one, bytes)).split()
    return sorted(int(word) for word in words)


def _mail(box: imaplib.IMAP4, uid: int) -> bytes:
    """Empty where it was deleted meanwhile. Peeking leaves it unread for people."""
    told = _done(box.uid("FETCH", str(uid), f"(BODY.PEEK[]<0.{BYTES_MAX}>)"))
    for one in told:
        if isinstance(one, tuple) and _UID.search(one[0]):
            return bytes(one[1])
    return b""


def _done(answer: tuple[str, Sequence[object]]) -> Sequence[object]:
    word, told = answer
    if word != "OK":
        raise ValueError(str(told)[:200])
    return told
