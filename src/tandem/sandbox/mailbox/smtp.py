"""The SMTP end of the mailbox: takes everything for everybody, on loopback, and keeps it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NoReturn

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tandem.sandbox.clock import Clock
from tandem.sandbox.faults import Fault, Faults, Target
from tandem.sandbox.mailbox import messages, script
from tandem.sandbox.mailbox.messages import Kind, NewMessage
from tandem.sandbox.mailbox.parsing import Parts
from tandem.sandbox.settings import HOST
from tandem.sandbox.store import Store

SIZE_BYTES_MAX = 25 * 1024 * 1024
SILENCE_SECONDS = 30.0
REFUSED_PASSWORD = "wrong"  # noqa: S105 - the one password the mailbox refuses
AT_RECIPIENT = {
    "451": "451 4.7.1 Greylisted, try again later",
    "550": "550 5.1.1 No such user here",
    "552": "552 5.2.2 Mailbox full",
}
AT_DATA = frozenset({"timeout_before", "timeout_after", "451_data"})
TARGET = Target(name="smtp", kinds=frozenset(AT_RECIPIENT) | AT_DATA)
"""Faults match the beginning of a recipient's address. `timeout_after` keeps the message and
never says so; `timeout_before` loses it."""


class Mailbox:
    def __init__(self, store: Store, faults: Faults, clock: Clock) -> None:
        self._store = store
        self._faults = faults
        self._clock = clock

    def answering(self, loop: asyncio.AbstractEventLoop) -> asyncio.Protocol:
        """Who answers a new connection: the mail server, or nobody, or somebody who hangs up."""
        rule = script.rule_for(self._store, "")
        match rule:
            case script.Rule(reply="no_banner"):
                return asyncio.Protocol()
            case script.Rule(reply="hang_up"):
                return _Gone()
        return _protocol(self, loop)

    async def handle_RCPT(  # noqa: N802 - the name aiosmtpd calls
        self, server: SMTP, __: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        fault = self._faults.take("smtp", address.casefold(), AT_RECIPIENT.keys())
        if fault is not None:
            return AT_RECIPIENT[fault.kind]
        refusal = await self._scripted(server, address)
        if refusal:
            return refusal
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - the name aiosmtpd calls
        self, server: SMTP, _: Session, envelope: Envelope
    ) -> str:
        fault = self._faults.take("smtp", envelope.rcpt_tos[0].casefold(), AT_DATA)
        match fault:
            case Fault(kind="451_data"):
                return "451 4.3.0 Temporary failure"
            case Fault(kind="timeout_before"):
                await _fall_silent(server, fault.seconds)
        rule = script.rule_for(self._store, envelope.rcpt_tos[0])
        if rule is not None and rule.reply == "half_open":
            await _fall_silent(server, rule.seconds)
        message_id = self._keep(envelope)
        if rule is not None and rule.reply == "drop":
            await _fall_silent(server, 0)
        if fault is not None and fault.kind == "timeout_after":
            await _fall_silent(server, fault.seconds)
        return f"250 2.0.0 Kept as message {message_id}"

    async def _scripted(self, server: SMTP, address: str) -> str:
        """What the script has for this recipient; empty: it is taken."""
        rule = script.rule_for(self._store, address)
        match rule:
            case script.Rule(reply="stall"):
                await _fall_silent(server, rule.seconds)
            case script.Rule(reply="421"):
                return "421 4.3.2 The service is going down"
            case script.Rule(reply="greylist"):
                is_first = script.is_first_try(self._store, address)
                return AT_RECIPIENT["451"] if is_first else ""
            case script.Rule(reply="451" | "550" as reply):
                return AT_RECIPIENT[reply]
        return ""

    def _keep(self, envelope: Envelope) -> int:
        raw = envelope.original_content or b""
        parts = Parts(raw)
        named = next((value for name, value in parts.headers if name.lower() == "message-id"), "")
        script.count(self._store, named, list(envelope.rcpt_tos))
        return messages.insert(
            self._store,
            NewMessage(
                kind=Kind.EMAIL,
                sender=envelope.mail_from or "",
                to=envelope.rcpt_tos,
                subject=parts.subject,
                text=parts.text,
                html=parts.html,
                headers=parts.headers,
                attachments=parts.attachments,
                raw=raw,
                received_at=self._clock.now(),
            ),
        )


class _Gone(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport), "a stream"
        transport.abort()


async def _fall_silent(server: SMTP, seconds: float | None) -> NoReturn:
    """Keep the line open without a word, then hang up. Never returns: aiosmtpd cancels it once the
    connection is gone, and whatever followed could still reach the client."""
    await asyncio.sleep(SILENCE_SECONDS if seconds is None else seconds)
    if server.transport is not None:
        server.transport.close()
    await asyncio.Event().wait()
    raise AssertionError("cancelled with the connection")


@asynccontextmanager
async def serve_smtp(mailbox: Mailbox, port: int) -> AsyncIterator[int]:
    """Listen while the context lasts; yields the port, chosen by the system when 0 is asked."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: mailbox.answering(loop), HOST, port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


def _protocol(mailbox: Mailbox, loop: asyncio.AbstractEventLoop) -> SMTP:
    return SMTP(
        mailbox,
        data_size_limit=SIZE_BYTES_MAX,
        enable_SMTPUTF8=True,
        hostname="mail.sandbox.localhost",
        ident="Tandem sandbox",
        auth_require_tls=False,
        authenticator=_authenticate,
        loop=loop,
    )


def _authenticate(
    _: SMTP, __: Session, ___: Envelope, ____: str, credentials: object
) -> AuthResult:
    """Any name and password will do but one. `handled=False` lets aiosmtpd answer 535 itself:
    with True it would expect this function to have answered, and the client would hang."""
    refused = (
        isinstance(credentials, LoginPassword)
        and credentials.password.decode(errors="replace") == REFUSED_PASSWORD
    )
    return AuthResult(success=not refused, handled=False)
