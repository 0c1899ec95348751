"""Providers by their keys: one carrier each, kept open, and where their vendors are reached."""

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit
from uuid import UUID

from tandem.crm.notifications.domain.providers import Kind
from tandem.crm.notifications.gateways.carriers.mailgun import Mailgun
from tandem.crm.notifications.gateways.carriers.msg91 import Msg91
from tandem.crm.notifications.gateways.carriers.own_smtp import OwnSmtp
from tandem.crm.notifications.gateways.carriers.postmark import Postmark
from tandem.crm.notifications.gateways.carriers.sendgrid import SendGrid
from tandem.crm.notifications.gateways.carriers.ses import Ses
from tandem.crm.notifications.gateways.carriers.twilio_texts import TwilioTexts
from tandem.crm.notifications.gateways.carriers.way import Reach, Way
from tandem.crm.notifications.gateways.carriers.whatsapp import WhatsApp
from tandem.crm.notifications.gateways.port import Carrier
from tandem.kernel.guard import Guard

__all__ = ["Carriers", "Way"]

OPEN_MAX = 500
"""Connections to providers kept by a process; the oldest is closed for a new one."""

MAKE: Mapping[Kind, Callable[[Way, Reach], Carrier]] = {
    Kind.SMTP: OwnSmtp,
    Kind.SES: Ses,
    Kind.SENDGRID: SendGrid,
    Kind.MAILGUN: Mailgun,
    Kind.POSTMARK: Postmark,
    Kind.TWILIO: TwilioTexts,
    Kind.MSG91: Msg91,
    Kind.WHATSAPP: WhatsApp,
}
assert MAKE.keys() == set(Kind), "every kind has a carrier"


class Carriers:
    """`sandbox_url` is the stand-ins' address, empty without them; `base_url` is ours, where
    reports are to come: empty where nobody outside can reach it."""

    def __init__(
        self, guard: Guard, *, sandbox_url: str, sandbox_smtp_url: str, callback_base: str
    ) -> None:
        self._reach = Reach(
            guard=guard,
            sandbox_url=sandbox_url.rstrip("/"),
            sandbox_smtp_url=sandbox_smtp_url,
            callback_base=callback_base.rstrip("/"),
        )
        self._open: dict[tuple[UUID, UUID, int], Carrier] = {}

    @property
    def has_stand_ins(self) -> bool:
        return bool(self._reach.sandbox_url)

    @property
    def callback_base(self) -> str:
        return self._reach.callback_base

    async def open(self, way: Way) -> Carrier:
        """The same carrier for the same keys; whatever was open with older ones is closed."""
        key = (way.org_id, way.id, way.version)
        if key not in self._open:
            for old in [known for known in self._open if known[:2] == key[:2]]:
                await self._open.pop(old).close()
            if len(self._open) >= OPEN_MAX:
                await self._open.pop(next(iter(self._open))).close()
            self._open[key] = MAKE[way.kind](way, self._reach)
        return self._open[key]

    async def check_server(self, url: str) -> None:
        """Raises AddressRefused for a mail server inside our own network."""
        parts = urlsplit(url)
        await self._reach.guard.address_of(parts.hostname or "", parts.port or 587)

    async def close(self) -> None:
        for carrier in self._open.values():
            await carrier.close()
        self._open.clear()
