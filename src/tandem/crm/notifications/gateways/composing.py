"""A message as the bytes of a letter (RFC 5322, RFC 2045).

The standard library parses every header it is given, which takes longer than everything else that
is done to a letter. So the letters that nearly all are, with an address and headers of ASCII, are
written straight down; whatever is unusual goes the library's way.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from email import policy
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

from tandem.crm.notifications.domain.messages import Message

WIRE = policy.SMTP.clone(cte_type="7bit")
"""Seven bits, so that no server on the way needs 8BITMIME."""
WIRE_UTF8 = policy.SMTPUTF8.clone(cte_type="7bit")
"""For an address beyond ASCII (RFC 6531)."""
LINE_MAX = 78
_ATOMS = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ADDRESS = re.compile(rf"{_ATOMS}(?:\.{_ATOMS})*@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
_TITLE = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_VALUE = re.compile(r"(?!.*=\?)[\x21-\x7e](?:[\x20-\x7e]{0,900}[\x21-\x7e])?")
"""What stands in a header as it is: ASCII on one line, without control characters, blanks around
it, or what would be read as an encoded word."""
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_ATOM_WORDS = re.compile(rf"{_ATOMS}(?: {_ATOMS})*")


def composed(message: Message, *, sender: str, headers: Mapping[str, str]) -> bytes:
    """The whole letter, the same bytes at every try. `sender` is the bare address and the name
    before it the message's, unless a header `From` says otherwise; the Message-ID is the same
    either way. Raises ValueError for a header that would begin another one."""
    name, address = parseaddr(headers.get("From", ""))
    author = (name if address else message.sender_name, address or sender)
    if not _is_usual(message, author, headers):
        return compose(message, sender=sender, headers=headers).as_bytes()
    head = [
        f"From: {_mailbox(*author)}",
        f"To: {message.recipient}",
        f"Subject: {_words(message.subject, 'Subject')}",
        f"Date: {format_datetime(message.created_at)}",
        f"Message-ID: {message_id_of(message, sender)}",
        "Auto-Submitted: auto-generated",
        *(f"{title}: {value}" for title, value in headers.items() if title != "From"),
        "MIME-Version: 1.0",
    ]
    return "\r\n".join(head).encode("ascii") + b"\r\n" + _body(message)


def message_id_of(message: Message, sender: str) -> str:
    return f"<{message.id}@{sender.rpartition('@')[2] or 'localhost'}>"


def author_domain(sender: str, headers: Mapping[str, str]) -> str:
    """Whose keys sign it."""
    address = parseaddr(headers.get("From", ""))[1] or sender
    return address.rpartition("@")[2].casefold()


def compose(message: Message, *, sender: str, headers: Mapping[str, str]) -> EmailMessage:
    """The same by the standard library: for addresses beyond ASCII and unusual headers."""
    made = EmailMessage(policy=WIRE if message.recipient.isascii() else WIRE_UTF8)
    name, address = parseaddr(headers.get("From", ""))
    made["From"] = Address(
        display_name=name if address else message.sender_name, addr_spec=address or sender
    )
    local, _, domain = message.recipient.rpartition("@")
    made["To"] = Address(username=local, domain=domain)
    made["Subject"] = message.subject
    made["Date"] = format_datetime(message.created_at)
    made["Message-ID"] = message_id_of(message, sender)
    made["Auto-Submitted"] = "auto-generated"
    for title, value in headers.items():
        if title != "From":
            made[title] = value
    made.set_content(message.text)
    if message.html:
        made.add_alternative(message.html, subtype="html")
        made.set_boundary(_edge(message))
    return made


def _edge(message: Message) -> str:
    """Between the parts: in no encoded part can it stand."""
    return f"=_{message.id.hex}"


def _is_usual(message: Message, author: tuple[str, str], headers: Mapping[str, str]) -> bool:
    return (
        _ADDRESS.fullmatch(message.recipient) is not None
        and _ADDRESS.fullmatch(author[1]) is not None
        and not any(_CONTROLS.search(one) or "=?" in one for one in (message.subject, author[0]))
        and all(
            title == "From" or (_TITLE.fullmatch(title) and _VALUE.fullmatch(value))
            for title, value in headers.items()
        )
    )


def _mailbox(name: str, address: str) -> str:
    if not name.strip():
        return address
    if _ATOM_WORDS.fullmatch(name):
        return f"{name} <{address}>"
    if name.isascii():
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}" <{address}>'
    return f"{_words(name, 'From')} <{address}>"


def _words(text: str, title: str) -> str:
    """Folded where it is long, and in encoded words where it is not ASCII (RFC 2047)."""
    if text.isascii() and len(text) + len(title) + 2 <= LINE_MAX:
        return text
    charset = "us-ascii" if text.isascii() else "utf-8"
    return Header(text, charset, header_name=title).encode(linesep="\r\n")


def _body(message: Message) -> bytes:
    """Text alone, or text and HTML side by side (RFC 2046)."""
    if not message.html:
        return _part("plain", message.text)
    edge = _edge(message).encode("ascii")
    opening = b"\r\n--" + edge + b"\r\n"
    return b"".join(
        [
            b'Content-Type: multipart/alternative; boundary="' + edge + b'"\r\n',
            opening,
            _part("plain", message.text),
            opening,
            _part("html", message.html),
            b"\r\n--" + edge + b"--\r\n",
        ]
    )


def _part(subtype: str, text: str) -> bytes:
    lines = text.encode("utf-8").splitlines()
    raw = b"".join(line + b"\r\n" for line in lines or [b""])
    how, sent = _transferred(raw, max(map(len, lines), default=0))
    return (
        f'Content-Type: text/{subtype}; charset="utf-8"\r\n'
        f"Content-Transfer-Encoding: {how}\r\n\r\n".encode("ascii")
        + sent
    )


def _transferred(raw: bytes, longest: int) -> tuple[str, bytes]:
    """Seven bits in short lines, whichever way is the shorter."""
    if raw.isascii() and longest <= LINE_MAX:
        return "7bit", raw
    beyond = sum(byte > 126 for byte in raw) if not raw.isascii() else 0
    if beyond * 6 > len(raw):
        return "base64", base64.encodebytes(raw).replace(b"\n", b"\r\n")
    return "quoted-printable", binascii.b2a_qp(raw, istext=True)
