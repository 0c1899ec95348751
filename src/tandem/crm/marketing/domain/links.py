"""Links of a message on their way out: tagged, made traceable, and led back only where they led.

A token names the company, the link and the message, and is signed: an address never stands in it,
so there is nothing to change into another place.

    1 byte version · 16 company · 16 link · 16 message (zero: not told) · 16 signature, base64url

In a text message there is no room for that: a code drawn by chance stands for it, in a table.
"""

import base64
import binascii
import html
import re
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit
from uuid import UUID

import msgspec

from tandem.crm.marketing.domain.campaigns import Utm
from tandem.kernel.errors import Refusal

VERSION = b"\x01"
NOBODY = UUID(int=0)
SIGNATURE_BYTES = 16
TOKEN_BYTES = 1 + 3 * 16 + SIGNATURE_BYTES
URL_MAX = 2_000
PURPOSE = "marketing.link"
"""What the signature is for (kernel.secrets)."""

CODE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
"""Nothing that looks like something else, and all of it in GSM 03.38."""
CODE_LENGTH = 9
"""56 bits of chance: among a hundred million codes one guess in 500 million finds any."""
CODE = re.compile(r"[0-9A-Za-z]{8,12}")

HREF = re.compile(
    r"(<a\b(?:[^<>\"']|\"[^\"]*\"|'[^']*')*?(?<![-\w])href\s*=\s*)(\"[^\"]*\"|'[^']*'|[^\s\"'>]+)",
    re.IGNORECASE,
)
"""A link's own address: not one in another attribute, nor in another attribute's value."""
BARE = re.compile(r"https?://(?:[^\s<>\"'()\]]|\([^\s<>\"'()]*\))+")
"""In words; brackets belong to it where they are closed in it."""
CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
BODY_END = re.compile(r"</body\s*>", re.IGNORECASE)


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """What a token names."""

    org_id: UUID
    link_id: UUID
    message_id: UUID | None


class LinkWrong(Refusal):
    """Not a link of ours, or changed since it was made."""

    code = "link_wrong"


def token_of(reference: Reference, sign: Callable[[bytes], bytes]) -> str:
    head = (
        VERSION
        + reference.org_id.bytes
        + reference.link_id.bytes
        + (reference.message_id or NOBODY).bytes
    )
    return base64.urlsafe_b64encode(head + sign(head)[:SIGNATURE_BYTES]).decode().rstrip("=")


def read_token(token: str, is_signed: Callable[[bytes, bytes], bool]) -> Reference:
    """Raises LinkWrong for whatever we did not make."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error) as reason:
        raise LinkWrong("This is not a link of ours.") from reason
    head, signature = raw[:-SIGNATURE_BYTES], raw[-SIGNATURE_BYTES:]
    if len(raw) != TOKEN_BYTES or head[:1] != VERSION or not is_signed(head, signature):
        raise LinkWrong("This is not a link of ours.")
    message_id = UUID(bytes=head[33:49])
    return Reference(
        org_id=UUID(bytes=head[1:17]),
        link_id=UUID(bytes=head[17:33]),
        message_id=None if message_id == NOBODY else message_id,
    )


def tagged(url: str, utm: Utm) -> str:
    """With the campaign's tags where the address has none of its own."""
    tags = {f"utm_{name}": value for name, value in msgspec.structs.asdict(utm).items() if value}
    parts = urlsplit(url)
    given = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    fresh = {name: value for name, value in tags.items() if name not in given}
    if not fresh:
        return url
    query = "&".join(part for part in (parts.query, urlencode(fresh)) if part)
    return urlunsplit(parts._replace(query=query))


def in_ascii(url: str) -> str:
    """As a header can carry it: other letters escaped, in the host's name as DNS has them."""
    parts = urlsplit(CONTROLS.sub("", url))
    try:
        place = parts.netloc.encode("idna").decode("ascii")
    except UnicodeError:
        place = quote(parts.netloc, safe=":@[]")
    path, query, rest = (
        quote(one, safe="/?%:@!$&'()*+,;=~-._[]")
        for one in (parts.path, parts.query, parts.fragment)
    )
    return urlunsplit((parts.scheme, place, path, query, rest))


def is_trackable(url: str, own: str) -> bool:
    """Pages on the web, and none of our own: those are for one person already."""
    is_web = url[:8].lower().startswith(("https://", "http://"))
    if not is_web or url.startswith(own) or len(url) >= URL_MAX:
        return False
    try:
        return bool(urlsplit(url).hostname)
    except ValueError:  # brackets where an address of version 6 would stand
        return False


def addresses_of(body: str, *, is_html: bool) -> list[str]:
    """The addresses that stand in a body, each once, in order."""
    if is_html:
        found = [_value(one) for one in HREF.finditer(body)]
    else:
        found = [_trimmed(one[0]) for one in BARE.finditer(body)]
    return list(dict.fromkeys(found))


def replaced(body: str, places: Mapping[str, str], *, is_html: bool) -> str:
    """The body with its addresses led to other places; what has none stays."""

    def anchor(found: re.Match[str]) -> str:
        place = places.get(_value(found))
        return found[0] if place is None else f'{found[1]}"{html.escape(place)}"'

    def bare(found: re.Match[str]) -> str:
        url = _trimmed(found[0])
        return places.get(url, url) + found[0][len(url) :]

    return HREF.sub(anchor, body) if is_html else BARE.sub(bare, body)


def with_at_end(body: str, markup: str) -> str:
    """Markup before the body ends."""
    found = BODY_END.search(body)
    return body[: found.start()] + markup + body[found.start() :] if found else body + markup


def _value(found: re.Match[str]) -> str:
    """What stands after `href=`, with quotes or without, as a browser reads it: without the ends of
    lines."""
    written = found[2][1:-1] if found[2][0] in "\"'" else found[2]
    return CONTROLS.sub("", html.unescape(written)).strip()


def _trimmed(url: str) -> str:
    """A sentence's own signs do not belong to the address before them."""
    return url.rstrip(".,;:!?।॥…”’»")
