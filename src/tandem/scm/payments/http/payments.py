"""Payments, refunds and payment requests, for staff."""

from collections.abc import Mapping
from typing import Annotated, ClassVar
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from tandem.contracts.address import FILLED, PRINTABLE
from tandem.kernel.errors import Forbidden, IllegalMove, Invalid, NotFound
from tandem.kernel.http import (
    LIMIT_DEFAULT,
    Cursor,
    Given,
    LimitParameter,
    Now,
    Transaction,
    etag,
    refusals,
)
from tandem.kernel.pages import Page
from tandem.kernel.patterns import whole
from tandem.scm.payments import service
from tandem.scm.payments.domain import (
    Dispute,
    Intent,
    Misfitting,
    Mode,
    NothingToPay,
    NotRefundable,
    Payment,
    PaymentDisputed,
    Refund,
    RefundExceedsBalance,
    Status,
    refundable,
)
from tandem.scm.payments.gateways.port import PaymentGateway
from tandem.scm.payments.http.instants import Instant, instant
from tandem.scm.payments.store.ledger import PaymentEntry
from tandem.scm.payments.store.payments import Filter

AMOUNT_MAX = 10**15
DISPUTES_MAX = 50

Method = Annotated[str | None, QueryParameter(max_length=30, pattern=whole("[a-z_]*"))]
Search = Annotated[str | None, QueryParameter(max_length=64, pattern=PRINTABLE)]


class NewRefund(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Without an amount, everything that is left of the payment."""

    amount_minor: Annotated[int, msgspec.Meta(ge=1, le=AMOUNT_MAX)] | None = None
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=FILLED)]


class PaymentDetail(msgspec.Struct, kw_only=True):
    """`refundable_minor` is what may still be given back; disputes newest first."""

    field_rules: ClassVar[Mapping[str, str]] = {"refundable_minor": "payment.amount_minor"}

    payment: Payment
    refunds: list[Refund]
    refundable_minor: int
    disputes: list[Dispute] = msgspec.field(default_factory=list)


class PaymentsController(Controller):
    path = "/v1"
    tags = ("payments",)

    @get("/payments", responses=refusals(Forbidden, Invalid))
    async def list_payments(
        self,
        tx: Transaction,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
        status: FromQuery[Status | None] = None,
        mode: FromQuery[Mode | None] = None,
        order_id: FromQuery[UUID | None] = None,
        method: Method = None,
        since: Instant = None,
        until: Instant = None,
        search: Search = None,
    ) -> Page[Payment]:
        """Newest first. `search` is an order's number or the gateway's payment id, exactly."""
        wanted = Filter(
            status=status,
            mode=mode,
            order_id=order_id,
            method=method or None,
            since=instant(since, "since"),
            until=instant(until, "until"),
            search=search or None,
        )
        return await service.list_payments(tx, wanted, limit=limit, cursor=cursor)

    @get("/payments/{payment_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def get_payment(
        self, payment_id: FromPath[UUID], tx: Transaction
    ) -> Response[PaymentDetail]:
        """One payment with its refunds and disputes."""
        payment = await service.get_payment(tx, payment_id)
        refunds = await service.list_refunds(tx, payment_id=payment_id)
        disputed = await service.list_disputes(
            tx, service.DisputeFilter(payment_id=payment_id), limit=DISPUTES_MAX
        )
        detail = PaymentDetail(
            payment=payment,
            refunds=refunds,
            refundable_minor=refundable(payment, refunds),
            disputes=list(disputed.items),
        )
        return Response(detail, headers=etag(payment.version))

    @get("/payments/{payment_id:uuid}/events", responses=refusals(Forbidden, NotFound))
    async def list_events(self, payment_id: FromPath[UUID], tx: Transaction) -> Page[PaymentEntry]:
        """What was told about the payment, by whom and when; its status follows from these."""
        return Page(items=await service.list_events(tx, payment_id))

    @post(
        "/payments/{payment_id:uuid}/capture",
        status_code=202,
        responses=refusals(Forbidden, NotFound, IllegalMove, Misfitting),
    )
    async def capture(self, payment_id: FromPath[UUID], tx: Transaction, now: Now) -> Payment:
        """Take the authorised money. Done within seconds; asking again is no second capture."""
        return await service.request_capture(tx, payment_id, now=now)

    @post(
        "/payments/{payment_id:uuid}/refunds",
        responses=refusals(
            Forbidden, NotFound, NotRefundable, PaymentDisputed, RefundExceedsBalance, Invalid
        ),
    )
    async def refund(
        self, payment_id: FromPath[UUID], data: JSONBody[NewRefund], tx: Transaction, now: Now
    ) -> Refund:
        """Give money back, all or part of it. The gateway confirms it later."""
        return await service.refund_payment(
            tx, payment_id, amount_minor=data.amount_minor, reason=data.reason, now=now
        )

    @get("/orders/{order_id:uuid}/payment-intents", responses=refusals(Forbidden))
    async def list_intents(self, order_id: FromPath[UUID], tx: Transaction) -> Page[Intent]:
        """What was asked of the gateway for this order, newest first."""
        return Page(items=await service.list_intents(tx, order_id=order_id))

    @post(
        "/orders/{order_id:uuid}/payment-intents",
        responses=refusals(Forbidden, NotFound, NothingToPay),
    )
    async def request_payment(
        self, order_id: FromPath[UUID], tx: Transaction, resources: Given, now: Now
    ) -> Intent:
        """Ask for the order's payment anew; a request that can still be paid is answered as it
        is."""
        mode = resources.get(PaymentGateway).mode
        return await service.request_payment(tx, order_id=order_id, mode=mode, now=now)
