"""The calls we make to Razorpay's REST API. Amounts are minor units there too."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote as percent_encode
from uuid import UUID

import msgspec

from tandem.kernel.outbound import NotSent, Outbound, OutcomeUnknown
from tandem.kernel.signatures import is_signed
from tandem.scm.payments.domain import Fact, Mode, Source, ToldRow, ToldSettlement
from tandem.scm.payments.gateways.port import (
    DisputeDesk,
    GatewayOrder,
    GatewayRefused,
    LinkGateway,
    TryLater,
)
from tandem.scm.payments.gateways.razorpay.disputes import RazorpayDisputes
from tandem.scm.payments.gateways.razorpay.links import RazorpayLinks
from tandem.scm.payments.gateways.razorpay.settled import (
    WireSettledRows,
    WireSettlements,
    row_of,
    settlement_of,
)
from tandem.scm.payments.gateways.razorpay.wire import (
    PROVIDER,
    WireDisputes,
    WireOrder,
    WireOrders,
    WirePayment,
    WirePayments,
    WireRefund,
    WireRefunds,
    fact_of_dispute,
    fact_of_payment,
    fact_of_refund,
    note_id,
)

T = TypeVar("T")

quote = partial(percent_encode, safe="")

PAGE = 100
"""Razorpay lists 100 entities at most; an order has had far fewer payments before it is paid."""

PAGES_MAX = 5_000
DISPUTE_PAGES_MAX = 5
"""Half a million rows in a day: more is a list that never ends."""

TEST_KEY = "rzp_test_"


class _Error(msgspec.Struct):
    description: str = ""
    field: str | None = None


class _Answer(msgspec.Struct):
    error: _Error = msgspec.field(default_factory=_Error)


class RazorpayGateway:
    """Without keys every call says TryLater, so that what waits goes out once they are set."""

    provider = PROVIDER

    def __init__(
        self,
        *,
        key_id: str,
        key_secret: str,
        webhook_secret: str,
        webhook_secret_previous: str,
        base_url: str,
        script_url: str,
        return_base_url: str,
        is_capture_automatic: bool = True,
    ) -> None:
        self.key_id = key_id
        self.mode: Mode = "test" if key_id.startswith(TEST_KEY) else "live"
        self.script_url = script_url
        self.return_base_url = return_base_url.rstrip("/")
        self.is_capture_automatic = is_capture_automatic
        self._key_secret = key_secret
        self._webhook_secrets = (webhook_secret, webhook_secret_previous)
        self.links: LinkGateway = RazorpayLinks(self._call)
        self.disputes: DisputeDesk = RazorpayDisputes(self._call)
        self._outbound = Outbound(base_url.rstrip("/") + "/", auth=(key_id, key_secret))

    async def close(self) -> None:
        await self._outbound.close()

    async def open_order(
        self, *, receipt: str, amount_minor: int, currency: str, notes: dict[str, str]
    ) -> GatewayOrder:
        body = {"amount": amount_minor, "currency": currency, "receipt": receipt, "notes": notes}
        return _order(await self._call("POST", "orders", WireOrder, json=body))

    async def find_order(self, *, receipt: str, intent_id: UUID) -> GatewayOrder | None:
        """The vendor's filter matches parts of receipts, so receipt and note are compared here."""
        params = {"receipt": receipt, "count": PAGE}
        found = await self._call("GET", "orders", WireOrders, params=params)
        for order in found.items:
            if order.receipt == receipt and note_id(order.notes, "intent_id") == intent_id:
                return _order(order)
        return None

    async def look_at_order(self, provider_order_id: str, *, seen_at: datetime) -> list[Fact]:
        path = f"orders/{quote(provider_order_id)}/payments"
        found = await self._call("GET", path, WirePayments)
        facts: list[Fact] = []
        for payment in found.items:
            facts += await self._with_refunds(payment, Source.FETCH, seen_at)
        return facts

    async def look_at_payment(self, provider_payment_id: str, *, seen_at: datetime) -> list[Fact]:
        try:
            payment = await self._call("GET", f"payments/{quote(provider_payment_id)}", WirePayment)
        except GatewayRefused:
            return []
        return await self._with_refunds(payment, Source.FETCH, seen_at)

    async def capture(
        self, provider_payment_id: str, *, amount_minor: int, currency: str, seen_at: datetime
    ) -> list[Fact]:
        path = f"payments/{quote(provider_payment_id)}/capture"
        body = {"amount": amount_minor, "currency": currency}
        payment = await self._call("POST", path, WirePayment, json=body)
        return [fact_of_payment(payment, source=Source.ANSWER, seen_at=seen_at)]

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
        """https://razorpay.com/docs/api/refunds/normal-refunds-idempotent"""
        body = {
            "amount": amount_minor,
            "speed": "normal",
            "receipt": str(refund_id),
            "notes": {**notes, "refund_id": str(refund_id)},
        }
        refund = await self._call(
            "POST",
            f"payments/{quote(provider_payment_id)}/refund",
            WireRefund,
            json=body,
            headers={"X-Refund-Idempotency": key},
        )
        return fact_of_refund(refund, source=Source.ANSWER, seen_at=seen_at)

    async def look_at_refunds(self, provider_payment_id: str, *, seen_at: datetime) -> list[Fact]:
        path = f"payments/{quote(provider_payment_id)}/refunds"
        found = await self._call("GET", path, WireRefunds, params={"count": PAGE})
        return [
            fact_of_refund(refund, source=Source.FETCH, seen_at=seen_at) for refund in found.items
        ]

    async def list_settlements(self, *, since: datetime, until: datetime) -> list[ToldSettlement]:
        """https://razorpay.com/docs/api/settlements/fetch-all"""
        between = {"from": int(since.timestamp()), "to": int(until.timestamp()) + 1}
        found: list[ToldSettlement] = []
        for page in range(PAGES_MAX):
            params = {**between, **_page(page)}
            told = await self._call("GET", "settlements", WireSettlements, params=params)
            found += [settlement_of(one) for one in told.items]
            if len(told.items) < PAGE:
                return found
        raise OutcomeUnknown("The list of settlements does not end.")

    async def list_settled(self, day: date) -> list[ToldRow]:
        """https://razorpay.com/docs/api/settlements/fetch-recon. A row without a settlement is on
        hold there and not settled yet."""
        on = {"year": day.year, "month": f"{day:%m}", "day": f"{day:%d}"}
        found: list[ToldRow] = []
        for page in range(PAGES_MAX):
            params = {**on, **_page(page)}
            path = "settlements/recon/combined"
            told = await self._call("GET", path, WireSettledRows, params=params)
            found += [row_of(one) for one in told.items if one.settlement_id]
            if len(told.items) < PAGE:
                return found
        raise OutcomeUnknown("The list of what was settled does not end.")

    async def list_disputes(self, *, seen_at: datetime) -> list[Fact]:
        """https://razorpay.com/docs/api/disputes/fetch-all"""
        found: list[Fact] = []
        for page in range(DISPUTE_PAGES_MAX):
            told = await self._call("GET", "disputes", WireDisputes, params=_page(page))
            found += [fact_of_dispute(one, seen_at=seen_at) for one in told.items]
            if len(told.items) < PAGE:
                break
        return found

    async def check(self) -> None:
        await self._call("GET", "orders", WireOrders, params={"count": 1})

    def is_genuine_return(
        self, *, provider_order_id: str, provider_payment_id: str, signature: str
    ) -> bool:
        message = f"{provider_order_id}|{provider_payment_id}".encode()
        return is_signed([self._key_secret], message, signature)

    def is_genuine_webhook(self, body: bytes, signature: str) -> bool:
        return is_signed(self._webhook_secrets, body, signature)

    async def _with_refunds(
        self, payment: WirePayment, source: Source, seen_at: datetime
    ) -> list[Fact]:
        facts = [fact_of_payment(payment, source=source, seen_at=seen_at)]
        if payment.amount_refunded:
            facts += await self.look_at_refunds(payment.id, seen_at=seen_at)
        return facts

    async def _call(self, method: str, path: str, kind: type[T], **content: Any) -> T:
        if not self.key_id:
            raise TryLater("Razorpay is not connected: set TANDEM_RAZORPAY_KEY_ID and its secret.")
        try:
            answer = await self._outbound.send(method, path, **content)
        except NotSent as reason:
            raise TryLater("Razorpay is out of reach.") from reason
        if answer.status_code in {401, 403}:
            raise TryLater("Razorpay does not accept our keys.")
        if answer.status_code in {409, 429}:
            raise TryLater(_error(answer.content).description or f"HTTP {answer.status_code}")
        if 400 <= answer.status_code < 500:
            error = _error(answer.content)
            detail = error.description or f"HTTP {answer.status_code}"
            raise GatewayRefused(detail[:500], field=error.field or "")
        try:
            if answer.status_code >= 300:
                raise OutcomeUnknown(f"HTTP {answer.status_code}")
            return msgspec.json.decode(answer.content, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError) as reason:
            raise OutcomeUnknown(f"An answer that cannot be read: {reason}") from reason


def _page(page: int) -> Mapping[str, int]:
    return {"count": PAGE, "skip": page * PAGE}


def _order(order: WireOrder) -> GatewayOrder:
    return GatewayOrder(
        provider_order_id=order.id, amount_minor=order.amount, currency=order.currency
    )


def _error(content: bytes) -> _Error:
    try:
        return msgspec.json.decode(content, type=_Answer).error
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _Error()
