"""What a way out has to offer, and how it says no."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Protocol
from uuid import UUID

import msgspec

from tandem.crm.notifications.domain.dkim import Signing
from tandem.crm.notifications.domain.messages import Message

HandOver = Callable[[], Awaitable[None]]
"""Called right before the step after which the other side may have the message. It may raise, and
then nothing is handed over."""


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """Where people reach this installation: the beginning of every link. `place` tells it from a
    copy of itself where the address does not."""

    base_url: str
    place: str = ""


class Refused(Exception):
    """The other side will never take this message."""


class AddressDead(Refused):
    """It has said that there is no such address: nobody need try it again, with any message."""


class TryLater(Exception):
    """The other side surely does not have the message, and may take it another time.

    `is_about_message`: it has nothing against us, only against this one just now (a greylist).
    """

    def __init__(
        self,
        detail: str,
        *,
        retry_after: timedelta | None = None,
        is_about_message: bool = False,
    ) -> None:
        super().__init__(detail)
        self.retry_after = retry_after
        self.is_about_message = is_about_message


class HourWrong(Exception):
    """Nobody may be sent this before `until`; nothing was tried."""

    def __init__(self, reason: str, detail: str, until: datetime) -> None:
        super().__init__(detail)
        self.reason = reason
        self.until = until


class KeysRefused(TryLater):
    """The other side surely does not have it, and takes nothing until somebody mends the keys."""


class NobodyTakes(TryLater):
    """Whoever could carry it rests just now; nothing was asked."""


class Registered(msgspec.Struct, frozen=True, kw_only=True):
    """What a text was registered as, and its variables in order: DLT in India, or WhatsApp.

    `name` is how the carrier calls the template, `template_id` how the registry does.
    """

    template_id: str
    name: str
    variables: tuple[str, ...]
    entity_id: str = ""
    header: str = ""
    language: str = ""


class Leaving(msgspec.Struct, frozen=True, kw_only=True):
    """A message as it leaves, with links to our address. `headers` stand beside an e-mail's own.

    `signing` is for an e-mail that nobody signs after us. Without `registered` a text leaves with
    its own words; `is_talking` says that the person wrote within the last day, so that WhatsApp
    takes any words.
    """

    message: Message
    org_id: UUID
    headers: Mapping[str, str] = {}
    signing: Signing = {}
    registered: Registered | None = None
    is_talking: bool = False
    unshortened: str = ""

    @property
    def wordings(self) -> tuple[str, ...]:
        """A text's words in order of preference: with short links, then as they were written."""
        return tuple(dict.fromkeys(one for one in (self.message.text, self.unshortened) if one))

    def saying(self, text: str) -> "Leaving":
        return msgspec.structs.replace(
            self, message=msgspec.structs.replace(self.message, text=text)
        )

    def sent_from(self, usual: str) -> tuple[str, str]:
        """(name, address) an e-mail comes from: the stream's own where it has one."""
        name, address = parseaddr(self.headers.get("From", ""))
        return (name, address) if address else (self.message.sender_name, usual)

    def other_headers(self) -> dict[str, str]:
        return {name: value for name, value in self.headers.items() if name != "From"}


class Carrier(Protocol):
    """One provider with its keys."""

    async def send(self, leaving: Leaving, *, hand_over: HandOver) -> str:
        """Hand it over; the provider's id of it. Raises Refused, TryLater (KeysRefused among
        them), or OutcomeUnknown when no answer came after the hand-over."""

    async def check(self) -> None:
        """Prove that the keys are good without sending anything. Raises as `send` does."""

    async def list_sent(self, message: Message, *, since: datetime) -> list[str] | None:
        """Ids of what the provider has with these words for this recipient; None: it cannot say."""

    async def close(self) -> None: ...


class Mailer(Protocol):
    async def send(
        self,
        message: Message,
        *,
        hand_over: HandOver,
        headers: Mapping[str, str] | None = None,
        signing: Signing = ...,
    ) -> str:
        """Hand an e-mail over; its Message-ID, the same at every try.

        Raises Refused, TryLater, or OutcomeUnknown when no answer came after the body.
        """

    async def check(self) -> None:
        """Prove that the way out is open, without sending anything. Raises as `send` does."""


class Texter(Protocol):
    async def send(self, message: Message, *, org_id: UUID, hand_over: HandOver) -> str:
        """Hand a text over; the provider's id. Raises as Mailer.send does."""

    async def list_sent(self, message: Message, *, since: datetime) -> list[str]:
        """Ids of texts with this recipient and body that the provider has since then."""

    async def check(self) -> None:
        """Prove that the keys are good without sending anything. Raises as `send` does."""

    def is_signed(self, path: str, form: dict[str, str], signature: str) -> bool:
        """Did the provider sign this report, sent to `path` of our address?"""
