"""What any payment gateway must be able to do for us. Authorising happens in the buyer's browser.

Every call is made with no transaction open, and ends in one of four ways: an answer,
`GatewayRefused` (a decision: it did not act), `TryLater` (it did not act and may act later), or the
kernel's `OutcomeUnknown` (it may have acted: look it up, never just send again).
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

import msgspec

from tandem.scm.payments.domain import (
    Fact,
    GatewayLink,
    LinkKind,
    LinkNews,
    Mode,
    PaymentLink,
    ToldRow,
    ToldSettlement,
)


class GatewayRefused(Exception):
    """The gateway's no, in its own words. `field` is the one it blames, when it says so."""

    def __init__(self, detail: str, *, field: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field


class TryLater(Exception):
    """Not now: out of reach, over its limits, or busy with the same request."""


class GatewayOrder(msgspec.Struct, frozen=True, kw_only=True):
    provider_order_id: str
    amount_minor: int
    currency: str


class LinkGateway(Protocol):
    """Links and QR codes. Calls end as those of the PaymentGateway do."""

    async def open(self, link: PaymentLink, *, notes: dict[str, str]) -> GatewayLink:
        """Not repeatable: after `OutcomeUnknown` use `find`."""

    async def find(self, link: PaymentLink) -> GatewayLink | None:
        """What we made for this link, if it exists."""

    async def look_at(
        self, kind: LinkKind, provider_link_id: str, *, seen_at: datetime
    ) -> LinkNews:
        """Whether it can be paid, and everything that was paid by it."""

    async def close(self, kind: LinkKind, provider_link_id: str) -> None:
        """Take it back. GatewayRefused when it is over already."""

    async def remind(self, provider_link_id: str, medium: str) -> None:
        """Send a link to its customer again, by `sms` or `email`."""


class EvidencePaper(msgspec.Struct, frozen=True, kw_only=True):
    """A file that speaks for us; `purpose` is the gateway's word: billing_proof, shipping_proof."""

    purpose: str
    filename: str
    media_type: str
    content: bytes


class DisputeDesk(Protocol):
    """Answers to disputes. Calls end as those of the PaymentGateway do; after `OutcomeUnknown`
    `is_answered` tells whether to say it again."""

    async def accept(self, provider_dispute_id: str, *, seen_at: datetime) -> Fact:
        """Give the money up: the dispute is lost."""

    async def contest(
        self,
        provider_dispute_id: str,
        *,
        amount_minor: int,
        summary: str,
        papers: Sequence[EvidencePaper],
        seen_at: datetime,
    ) -> Fact:
        """Hand in the papers and the words, finally. The gateway wants one paper at least."""

    async def is_answered(self, provider_dispute_id: str, *, since: datetime) -> bool:
        """Whether the bank has our word, told since then, or has decided."""


class PaymentGateway(Protocol):
    """`key_id` is public and goes to the browser, as does `script_url`; `return_base_url` is where
    the browser comes back to. `mode` follows from the key."""

    provider: str
    mode: Mode
    key_id: str
    script_url: str
    return_base_url: str
    is_capture_automatic: bool
    links: LinkGateway
    disputes: DisputeDesk

    async def open_order(
        self, *, receipt: str, amount_minor: int, currency: str, notes: dict[str, str]
    ) -> GatewayOrder:
        """Not repeatable at any gateway we know: after `OutcomeUnknown` use `find_order`."""

    async def find_order(self, *, receipt: str, intent_id: UUID) -> GatewayOrder | None:
        """The gateway order we made for this intent under this receipt, if it exists."""

    async def look_at_order(self, provider_order_id: str, *, seen_at: datetime) -> list[Fact]:
        """Everything the gateway knows of an order's payments and their refunds."""

    async def look_at_payment(self, provider_payment_id: str, *, seen_at: datetime) -> list[Fact]:
        """One payment and its refunds; nothing when the gateway does not know it."""

    async def capture(
        self, provider_payment_id: str, *, amount_minor: int, currency: str, seen_at: datetime
    ) -> list[Fact]:
        """Take the money that was authorised."""

    async def refund(
        self,
        provider_payment_id: str,
        *,
        refund_id: UUID,
        amount_minor: int,
        key: str,
        notes: dict[str, str],
        seen_at: datetime,
    ) -> Fact:
        """Repeatable with the same key and the same amount."""

    async def look_at_refunds(self, provider_payment_id: str, *, seen_at: datetime) -> list[Fact]:
        """The refunds of a payment as they stand."""

    async def list_settlements(self, *, since: datetime, until: datetime) -> list[ToldSettlement]:
        """Everything paid out to the bank, or about to be, that was made in this time."""

    async def list_settled(self, day: date) -> list[ToldRow]:
        """What was settled on one of the gateway's days, thing by thing. May repeat itself."""

    async def list_disputes(self, *, seen_at: datetime) -> list[Fact]:
        """How the latest disputes of the account stand, whosever they are: at most 500."""

    async def check(self) -> None:
        """Prove that the keys are good without changing anything. Raises like any other call."""

    def is_genuine_return(
        self, *, provider_order_id: str, provider_payment_id: str, signature: str
    ) -> bool:
        """Did the gateway sign this payment for this order of ours?"""

    def is_genuine_webhook(self, body: bytes, signature: str) -> bool:
        """Over the raw bytes, with the current or the previous secret."""
