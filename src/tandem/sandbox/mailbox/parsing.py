"""An e-mail taken apart for reading. What cannot be understood is shown as it came."""

import base64
import re
from collections.abc import Sequence
from email import message_from_bytes, policy
from email.message import EmailMessage, MIMEPart
from html import unescape

from tandem.sandbox.mailbox.messages import Attachment


class Parts:
    """The readable parts of a raw message; missing or broken ones are empty."""

    def __init__(self, raw: bytes) -> None:
        self._message = message_from_bytes(raw, policy=policy.default)

    @property
    def subject(self) -> str:
        return str(self._message.get("subject", ""))

    @property
    def headers(self) -> list[tuple[str, str]]:
        return [(name, str(value)) for name, value in self._message.items()]

    @property
    def html(self) -> str | None:
        part = self._message.get_body(("html",))
        return _content(part) if part is not None else None

    @property
    def text(self) -> str:
        """The plain part; without one, the words of the HTML."""
        part = self._message.get_body(("plain",))
        if part is not None:
            return _content(part)
        return _words(self.html or "")

    @property
    def attachments(self) -> list[Attachment]:
        return [
            Attachment(
                part=number,
                name=part.get_filename() or f"part-{number}",
                media_type=part.get_content_type(),
                size_bytes=len(_bytes(part)),
                content_id=str(part["content-id"]).strip("<>") if part["content-id"] else None,
            )
            for number, part in self._files()
        ]

    def attachment_bytes(self, number: int) -> bytes | None:
        return next((_bytes(part) for part_no, part in self._files() if part_no == number), None)

    def html_with_pictures(self) -> str:
        """The HTML with `cid:` references replaced by the pictures themselves."""
        html = self.html or ""
        for attachment in self.attachments:
            if attachment.content_id and attachment.media_type.startswith("image/"):
                content = self.attachment_bytes(attachment.part) or b""
                data = base64.b64encode(content).decode()
                html = html.replace(
                    f"cid:{attachment.content_id}", f"data:{attachment.media_type};base64,{data}"
                )
        return html

    def _files(self) -> Sequence[tuple[int, EmailMessage]]:
        bodies = {id(self._message.get_body((kind,))) for kind in ("plain", "html")}
        leaves = [part for part in self._message.walk() if not part.is_multipart()]
        return [(number, part) for number, part in enumerate(leaves) if id(part) not in bodies]


def _content(part: MIMEPart) -> str:
    try:
        return str(part.get_content())
    except (LookupError, UnicodeError, ValueError):  # an unknown or wrongly declared character set
        return _bytes(part).decode("utf-8", "replace")


def _bytes(part: MIMEPart) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _words(html: str) -> str:
    """Enough of the HTML's text to search in and to preview."""
    without = re.sub(r"(?is)<(style|script|head)\b.*?</\1>", " ", html)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", without))).strip()
