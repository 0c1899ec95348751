"""Orders over HTTP, where other services have a part: place, quote, confirm, cancel, search."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, HeaderParameter, JSONBody, QueryParameter

from tandem.contracts.address import FILLED, PRINTABLE
from tandem.contracts.orders import OrderSnapshot
from tandem.flows import cancel_order, confirm_draft, search_orders
from tandem.flows.place_order.basket import NewOrder, OrderQuestion
from tandem.flows.place_order.intake import JSON, Intake
from tandem.flows.place_order.placing import AddressMissing, CustomerMissing
from tandem.flows.place_order.pricing import (
    DiscountTooLarge,
    MixedCurrencies,
    NotForSale,
    UnknownSku,
)
from tandem.flows.place_order.quoting import OrderQuote, quote_order
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Forbidden, IllegalMove, Invalid, NotFound, Unavailable
from tandem.kernel.http import (
    COMPUTES,
    Cursor,
    LimitParameter,
    Now,
    Selects,
    Transaction,
    etag,
    refusals,
)
from tandem.kernel.http.instants import aware
from tandem.kernel.http.noting import NOTED
from tandem.kernel.idempotency import IdempotencyKeyReused, check_key, fingerprint
from tandem.kernel.pages import LIMIT_DEFAULT, Page
from tandem.kernel.references import ReferenceTaken
from tandem.scm.inventory.domain import OutOfStock
from tandem.scm.orders.domain.axes import FulfilmentStatus, PaymentStatus
from tandem.scm.orders.domain.lifecycle import Status
from tandem.scm.orders.domain.views import Filters, OrderRow

IdempotencyKey = Annotated[str | None, HeaderParameter(name="Idempotency-Key", max_length=255)]
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=FILLED)]
SearchText = Annotated[str | None, QueryParameter(max_length=255, pattern=PRINTABLE)]
Channel = Annotated[str | None, QueryParameter(max_length=40, pattern=PRINTABLE)]
Sort = Annotated[Literal["-placed_at", "placed_at"], QueryParameter(description="`-` for newest.")]


class Cancellation(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    reason: Reason


class Counter(msgspec.Struct, frozen=True):
    """Where an order is handed in, and who does. One dependency, because Litestar resolves two at
    once in a task group, which alone costs as much as reading the whole request.
    """

    intake: Intake
    actor: Actor


async def counter_of(request: Request[Any, Any, Any], state: State) -> Counter:
    """The process's one intake is made with the first order."""
    if "intake" not in state:
        state.intake = Intake(state.database)
    return Counter(state.intake, request.scope["state"]["actor"])


class OrderFlowsController(Controller):
    path = "/v1"
    tags = ("orders",)
    dependencies = {"counter": Provide(counter_of)}  # noqa: RUF012 - Litestar's own way

    @post(
        "/orders",
        opt={"idempotency": "own", **NOTED},
        responses=refusals(
            Forbidden,
            OutOfStock,
            ReferenceTaken,
            UnknownSku,
            NotForSale,
            MixedCurrencies,
            DiscountTooLarge,
            CustomerMissing,
            AddressMissing,
            IdempotencyKeyReused,
            Invalid,
            Unavailable,
        ),
    )
    async def place_order(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[NewOrder],
        counter: NamedDependency[Counter],
        idempotency_key: IdempotencyKey = None,
    ) -> Response[OrderSnapshot]:
        """Place an order, all of it or nothing. With an Idempotency-Key it is placed once."""
        key = None if idempotency_key is None else check_key(idempotency_key)
        body = await request.body() if key else b""
        placed = await counter.intake.place(
            counter.actor,
            data,
            key=key,
            fingerprint=(
                fingerprint(counter.actor, "POST", request.scope["path"], body) if key else b""
            ),
        )
        headers = {"idempotency-replayed": "true"} if placed.is_replay else etag(1)
        return Response(placed.body, media_type=JSON, headers=headers)  # type: ignore[arg-type]  # the order, encoded once

    @post(
        "/order-quotes",
        status_code=200,
        opt=COMPUTES,
        responses=refusals(Forbidden, NotFound, Invalid),
    )
    async def quote_order(
        self, data: JSONBody[OrderQuestion], tx: Transaction, now: Now
    ) -> OrderQuote:
        """What an order would come to: prices, tax, stock and delivery date. Nothing is written."""
        return await quote_order(tx, data, now=now)

    @get("/orders", responses=refusals(Forbidden, Invalid))
    async def list_orders(
        self,
        reading: Selects,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
        q: SearchText = None,
        status: FromQuery[Status | None] = None,
        payment_status: FromQuery[PaymentStatus | None] = None,
        fulfilment_status: FromQuery[FulfilmentStatus | None] = None,
        channel: Channel = None,
        customer_id: FromQuery[UUID | None] = None,
        placed_from: FromQuery[datetime | None] = None,
        placed_before: FromQuery[datetime | None] = None,
        is_on_hold: FromQuery[bool | None] = None,
        sort: Sort = "-placed_at",
    ) -> Page[OrderRow]:
        """Orders, newest first. `q` finds numbers by their beginning, buyers by name, telephone or
        e-mail, and ids of other systems.
        """
        filters = Filters(
            status=status,
            payment_status=payment_status,
            fulfilment_status=fulfilment_status,
            channel=channel,
            customer_id=customer_id,
            placed_from=aware(placed_from, "placed_from"),
            placed_before=aware(placed_before, "placed_before"),
            is_on_hold=is_on_hold,
        )
        return await search_orders.search_orders(
            reading, q, filters, sort=sort, limit=limit, cursor=cursor
        )

    @post(
        "/orders/{order_id:uuid}/confirmation",
        status_code=200,
        responses=refusals(Forbidden, NotFound, IllegalMove, OutOfStock),
    )
    async def confirm(
        self, order_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[OrderSnapshot]:
        """Make an order of a draft: its stock is held and it waits for payment, or is confirmed."""
        order = await confirm_draft.confirm_draft(tx, order_id, now=now)
        return Response(order, headers=etag(order.version))

    @post(
        "/orders/{order_id:uuid}/cancellation",
        status_code=200,
        responses=refusals(Forbidden, NotFound, IllegalMove, Invalid),
    )
    async def cancel(
        self, order_id: FromPath[UUID], data: JSONBody[Cancellation], tx: Transaction, now: Now
    ) -> Response[OrderSnapshot]:
        """Undo an order that has not shipped: stock, shipment, delivery, money."""
        order = await cancel_order.cancel_order(tx, order_id, reason=data.reason, now=now)
        return Response(order, headers=etag(order.version))
