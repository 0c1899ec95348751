"""What a way out has to offer, and how it says no."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

import msgspec

from tandem.crm.notifications.domain.messages import Message

HandOver = Callable[[], Awaitable[None]]
"""Called right before the step after which the other side may have the message. It may raise, and
then nothing is handed over."""


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """Where people reach this installation: the beginning of every link."""

    base_url: str


class Refused(Exception):
    """The other side will never take this message."""


class TryLater(Exception):
    """The other side surely does not have the message, and may take it another time."""

    def __init__(self, detail: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class KeysRefused(TryLater):
    """The other side surely does not have it, and takes nothing until somebody mends the keys."""


class Leaving(msgspec.Struct, frozen=True, kw_only=True):
    """A message as it leaves, with links to our address. `headers` stand beside an e-mail's own."""

    message: Message
    org_id: UUID
    headers: Mapping[str, str] = {}


class Mailer(Protocol):
    async def send(
        self, message: Message, *, hand_over: HandOver, headers: Mapping[str, str] | None = None
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
