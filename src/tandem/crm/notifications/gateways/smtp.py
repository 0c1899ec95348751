"""E-mail over SMTP (RFC 5321). A Message-ID is the message's own, so a copy shows as one.

A connection carries one letter after the other, and is closed soon after the last one. Nothing is
handed over on it before the server has taken the recipient: one that turns out to be gone by then
is replaced, and the letter begins anew.
"""

import socket
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from email.utils import parseaddr
from urllib.parse import unquote, urlsplit

from aiosmtplib import SMTP
from aiosmtplib.errors import (
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)

from tandem.crm.notifications.domain.bounces import is_hard
from tandem.crm.notifications.domain.dkim import Signing, signed
from tandem.crm.notifications.domain.messages import Message
from tandem.crm.notifications.gateways.composing import author_domain, composed, message_id_of
from tandem.crm.notifications.gateways.lines import Line, Lines
from tandem.crm.notifications.gateways.port import (
    AddressDead,
    HandOver,
    KeysRefused,
    Refused,
    TryLater,
)
from tandem.kernel.outbound import OutcomeUnknown

TIMEOUT_SECONDS = 20.0
UNSIGNED: Signing = {}
GOING_DOWN = 421
GOING_DOWN_REST = timedelta(seconds=30)
LOST = (SMTPTimeoutError, SMTPServerDisconnected, SMTPConnectError, OSError)


class SmtpMailer:
    """`url`: `smtp://user:password@host:port` (STARTTLS when offered) or `smtps://`. Empty: no way
    out is set, and every message is refused. `connect` opens the line where not everywhere will do.
    """

    def __init__(
        self,
        url: str,
        *,
        sender: str,
        timeout_seconds: float = TIMEOUT_SECONDS,
        connect: Callable[[], Awaitable[socket.socket]] | None = None,
    ) -> None:
        self._url = urlsplit(url)
        self._timeout = timeout_seconds
        self._address = parseaddr(sender)[1]
        self._open_line = connect
        self._lines = Lines()

    async def send(
        self,
        message: Message,
        *,
        hand_over: HandOver,
        headers: Mapping[str, str] | None = None,
        return_path: str = "",
        signing: Signing = UNSIGNED,
    ) -> str:
        """`return_path` is where bounces go; the sender's own address when empty. Signed with the
        keys of the domain it is from."""
        others = headers or {}
        keys = signing.get(author_domain(self._address, others), ())
        content = signed(composed(message, sender=self._address, headers=others), keys)
        line = await self._addressed(message.recipient, return_path or self._address)
        is_over = False
        try:
            await hand_over()
            await self._give(line.client, content)
            is_over = True
        finally:
            # Whatever else happened, nobody knows what this connection is in the middle of.
            self._put_back(line) if is_over else line.close()
        return self.message_id(message)

    async def check(self) -> None:
        """Sign in and leave. Raises Refused or TryLater."""
        client = await self._connect()
        client.close()

    def close(self) -> None:
        """Hang up where nothing is under way."""
        self._lines.close()

    def message_id(self, message: Message) -> str:
        return message_id_of(message, self._address)

    async def _connect(self) -> SMTP:
        if not self._url.hostname:
            raise Refused("No mail server is set (TANDEM_SMTP_URL).")
        line = await self._open_line() if self._open_line else None
        client = SMTP(
            hostname=self._url.hostname,
            port=None if line else self._url.port,
            sock=line,
            username=unquote(self._url.username) if self._url.username else None,
            password=unquote(self._url.password) if self._url.password else None,
            use_tls=self._url.scheme == "smtps",
            timeout=self._timeout,
        )
        try:
            await client.connect()
        except SMTPAuthenticationError as reason:
            client.close()
            raise KeysRefused(_words(reason)) from reason
        except (SMTPException, OSError) as reason:
            client.close()
            raise TryLater(_words(reason)) from reason
        return client

    async def _addressed(self, recipient: str, sender: str) -> Line:
        """A connection on which the server has taken this recipient, and has nothing else yet."""
        while (kept := self._lines.take()) is not None:
            try:
                await self._address_envelope(kept, recipient, sender)
            except TryLater as reason:
                if reason.is_about_message or isinstance(reason.__cause__, SMTPTimeoutError):
                    raise
                continue  # It had gone meanwhile, or wants nobody for so long.
            return kept
        line = Line(client=await self._connect())
        await self._address_envelope(line, recipient, sender)
        return line

    async def _address_envelope(self, line: Line, recipient: str, sender: str) -> None:
        """A refusal leaves the connection to the next letter; after anything else it is closed."""
        client = line.client
        options = [] if recipient.isascii() else ["SMTPUTF8"]
        encoding = "utf-8" if options else "ascii"
        is_clean = False
        try:
            await client.mail(sender, options=options, encoding=encoding)
            await client.rcpt(recipient, encoding=encoding)
            is_clean = True
        except SMTPResponseException as answer:
            is_clean = answer.code != GOING_DOWN and await self._begins_anew(line)
            is_about_recipient = isinstance(answer, SMTPRecipientRefused)
            raise _answered(answer, is_about_recipient=is_about_recipient) from answer
        except SMTPNotSupported as reason:
            raise Refused("The mail server cannot take this address (SMTPUTF8).") from reason
        except LOST as reason:
            raise TryLater(_words(reason)) from reason
        finally:
            if not is_clean:
                line.close()

    async def _begins_anew(self, line: Line) -> bool:
        """Whether the server forgets what was begun, so that the next letter may follow."""
        try:
            await line.client.rset()
        except (SMTPException, OSError):
            return False
        self._put_back(line)
        return True

    def _put_back(self, line: Line) -> None:
        line.letters += 1
        self._lines.keep(line)

    async def _give(self, client: SMTP, content: bytes) -> None:
        """From here on silence means that it may have arrived."""
        try:
            await client.data(content)
        except SMTPResponseException as answer:
            raise _answered(answer) from answer
        except LOST as reason:
            raise OutcomeUnknown(_words(reason)) from reason


def _answered(
    answer: SMTPResponseException, *, is_about_recipient: bool = False
) -> Refused | TryLater:
    detail = f"{answer.code} {answer.message}"
    if answer.code == GOING_DOWN:
        return TryLater(detail, retry_after=GOING_DOWN_REST)
    if 400 <= answer.code < 500:
        return TryLater(detail, is_about_message=True)
    if is_about_recipient and is_hard("", detail):
        return AddressDead(detail)
    return Refused(detail)


def _words(reason: Exception) -> str:
    return f"{type(reason).__name__}: {reason}"[:500]
