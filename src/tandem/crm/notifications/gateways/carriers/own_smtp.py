"""A company's own mail server: reached where the guard allows, looked at for each connection."""

import asyncio
import contextlib
import socket
from datetime import datetime
from urllib.parse import quote, urlsplit

from tandem.crm.notifications.domain.messages import Message
from tandem.crm.notifications.domain.verp import return_path
from tandem.crm.notifications.gateways.carriers.way import Reach, Way
from tandem.crm.notifications.gateways.port import HandOver, Leaving, TryLater
from tandem.crm.notifications.gateways.smtp import SmtpMailer
from tandem.kernel.guard import AddressRefused

CONNECT_SECONDS = 10.0


class OwnSmtp:
    """With a bounce mailbox each message has a return path of its own (VERP)."""

    def __init__(self, way: Way, reach: Reach) -> None:
        self._reach = reach
        self._secret = way.secrets["callback_secret"]
        self._bounces = way.config.get("bounce_address", "")
        url = reach.sandbox_smtp_url if way.is_stand_in else way.config["url"]
        self._server = urlsplit(url)
        self._is_stand_in = way.is_stand_in
        self._mailer = SmtpMailer(
            _with_user(url, way.config.get("user", ""), way.secrets.get("password", "")),
            sender=way.config["from_address"],
            connect=None if way.is_stand_in else self._connect,
        )

    async def send(self, leaving: Leaving, *, hand_over: HandOver) -> str:
        path = return_path(self._bounces, leaving.message.id, self._secret)
        sent = await self._mailer.send(
            leaving.message,
            hand_over=hand_over,
            headers=leaving.headers,
            return_path=path,
            signing=leaving.signing,
        )
        return sent.strip("<>")

    async def check(self) -> None:
        await self._mailer.check()

    async def list_sent(self, message: Message, *, since: datetime) -> list[str] | None:
        return None

    async def close(self) -> None:
        self._mailer.close()

    async def _connect(self) -> socket.socket:
        """To the very address that was looked at, so that a name cannot change its mind."""
        host, port = self._server.hostname or "", self._server.port or _port(self._server.scheme)
        try:
            address = await self._reach.guard.address_of(host, port)
        except AddressRefused as reason:
            raise TryLater("The mail server's name leads to no public address.") from reason
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        opened = socket.socket(family, socket.SOCK_STREAM)
        opened.setblocking(False)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await asyncio.get_running_loop().sock_connect(opened, (address, port))
        except (OSError, TimeoutError) as reason:
            with contextlib.suppress(OSError):
                opened.close()
            raise TryLater(f"The mail server cannot be reached: {reason}") from reason
        return opened


def _port(scheme: str) -> int:
    return 465 if scheme == "smtps" else 587


def _with_user(url: str, user: str, password: str) -> str:
    if not user:
        return url
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{quote(user, safe='')}:{quote(password, safe='')}@{rest}"
