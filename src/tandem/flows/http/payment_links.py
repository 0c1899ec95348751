"""Payment links over HTTP: asked for an order, listed, taken back, reminded of."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from tandem.contracts.address import PRINTABLE
from tandem.flows import collect_payment
from tandem.flows.collect_payment import OrderNotPayable
from tandem.kernel.errors import Forbidden, IllegalMove, Invalid, NotFound
from tandem.kernel.http import (
    LIMIT_DEFAULT,
    Cursor,
    LimitParameter,
    Now,
    Transaction,
    etag,
    refusals,
)
from tandem.kernel.pages import Page
from tandem.scm.payments import service as payments
from tandem.scm.payments.domain import (
    LinkKind,
    LinkLive,
    LinkStatus,
    NothingToPay,
    PaymentLink,
    RemindedEnough,
)

AMOUNT_MAX = 10**15
Search = Annotated[str | None, QueryParameter(max_length=64, pattern=PRINTABLE)]


class NewLink(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Without an amount, all that is due. `minutes` it can be paid: a week unless told, half an
    hour for a QR code; the gateway takes 20 minutes to 180 days, and 3 minutes to 2 hours."""

    kind: LinkKind = LinkKind.LINK
    amount_minor: Annotated[int, msgspec.Meta(ge=1, le=AMOUNT_MAX)] | None = None
    accepts_partial: bool = False
    minutes: Annotated[int, msgspec.Meta(ge=1, le=259_200)] | None = None


class PaymentLinksController(Controller):
    path = "/v1"
    tags = ("payments",)

    @post(
        "/orders/{order_id:uuid}/payment-links",
        responses=refusals(Forbidden, NotFound, OrderNotPayable, NothingToPay, LinkLive, Invalid),
    )
    async def open_link(
        self, order_id: FromPath[UUID], data: JSONBody[NewLink], tx: Transaction, now: Now
    ) -> PaymentLink:
        """Ask for what is due of an order that does not wait on its pay page."""
        lives = timedelta(minutes=data.minutes) if data.minutes else None
        return await collect_payment.collect(
            tx,
            order_id,
            kind=data.kind,
            amount_minor=data.amount_minor,
            accepts_partial=data.accepts_partial,
            lives=lives,
            now=now,
        )

    @get("/payment-links", responses=refusals(Forbidden, Invalid))
    async def list_links(
        self,
        tx: Transaction,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
        status: FromQuery[LinkStatus | None] = None,
        kind: FromQuery[LinkKind | None] = None,
        order_id: FromQuery[UUID | None] = None,
        search: Search = None,
    ) -> Page[PaymentLink]:
        """Newest first. `search` is an order's number, a reference or the gateway's id, exactly."""
        wanted = payments.LinkFilter(
            status=status, kind=kind, order_id=order_id, search=search or None
        )
        return await payments.list_links(tx, wanted, limit=limit, cursor=cursor)

    @get("/payment-links/{link_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def get_link(self, link_id: FromPath[UUID], tx: Transaction) -> Response[PaymentLink]:
        """One link or QR code, with its address once it can be paid."""
        found = await payments.get_link(tx, link_id)
        return Response(found, headers=etag(found.version))

    @post(
        "/payment-links/{link_id:uuid}/cancellation",
        status_code=200,
        responses=refusals(Forbidden, NotFound, IllegalMove),
    )
    async def cancel(self, link_id: FromPath[UUID], tx: Transaction, now: Now) -> PaymentLink:
        """Take it back. It may be paid until the gateway has agreed, within seconds."""
        return await payments.cancel_link(tx, link_id, now=now)

    @post(
        "/payment-links/{link_id:uuid}/reminder",
        status_code=202,
        responses=refusals(Forbidden, NotFound, IllegalMove, RemindedEnough),
    )
    async def remind(self, link_id: FromPath[UUID], tx: Transaction, now: Now) -> PaymentLink:
        """Send it to its customer again."""
        return await payments.remind(tx, link_id, now=now)
