"""The buyer's pay page: what it costs, one button, and the receipt afterwards."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get
from litestar.params import FromPath
from markupsafe import Markup

from tandem.kernel import tokens
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.http import PUBLIC, Given, Now, Store
from tandem.scm.invoicing import service as invoicing
from tandem.scm.orders import service as orders
from tandem.scm.orders.domain.views import PublicOrder
from tandem.scm.payments import service as payments
from tandem.scm.payments.domain import Checkout, PayPage, PayState
from tandem.scm.payments.service import PaymentGateway
from tandem.web.company import Company, find_company
from tandem.web.rendering import page

AnyRequest = Request[Any, Any, Any]
ASKING = frozenset({PayState.PREPARING, PayState.PAYABLE})


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the page shows. `pay` is None where nothing is paid in advance."""

    order: PublicOrder
    pay: PayPage | None
    company: Company
    has_invoice: bool

    @property
    def state(self) -> str:
        is_over = self.order.status in {"cancelled", "expired"}
        # The request for the money is closed a moment after its order: nobody is asked meanwhile.
        if self.pay is not None and not (is_over and self.pay.state in ASKING):
            return str(self.pay.state)
        if is_over:
            return self.order.status
        return "at_the_door" if self.order.payment_method == "cod" else "preparing"


class PayPages(Controller):
    include_in_schema = False

    @get("/pay/{token:str}", opt=PUBLIC)
    async def show(
        self,
        token: FromPath[str],
        request: AnyRequest,
        database: Store,
        resources: Given,
        now: Now,
    ) -> Response[Any]:
        gateway = resources.get(PaymentGateway)
        asked = await _ask(database, gateway, token, now)
        checkout = asked.pay.checkout if asked.pay and asked.state == PayState.PAYABLE else None
        return page(
            request,
            "public/pay.html",
            token=token,
            asked=asked,
            order=asked.order,
            pay=asked.pay,
            state=asked.state,
            company=asked.company,
            now=now,
            checkout=_for_script(checkout) if checkout else "",
            script_url=checkout.script_url if checkout else "",
            qr=_qr(f"{request.app.state.settings.base_url}/pay/{token}") if checkout else "",
        )


async def _ask(database: Database, gateway: PaymentGateway, token: str, now: datetime) -> Asked:
    found = await tokens.find(database, token)
    if found is None or found.kind != "order" or not found.is_live(now):
        raise NotFound("There is nothing behind this link. Ask the shop for a new one.")
    async with database.transaction(Actor.public(found.org_id, "invoicing.read")) as tx:
        return Asked(
            order=await orders.get_public_order(tx, found.entity_id),
            pay=await _pay(tx, gateway, found.entity_id, now),
            company=await find_company(tx),
            has_invoice=await invoicing.find_for_order(tx, found.entity_id) is not None,
        )


async def _pay(tx: Tx, gateway: PaymentGateway, order_id: UUID, now: datetime) -> PayPage | None:
    try:
        return await payments.pay_page(tx, gateway, order_id=order_id, now=now)
    except NotFound:
        return None


def _qr(address: str) -> Markup:
    """This very page, for the phone that has the UPI app."""
    import segno

    drawn = segno.make(address, error="m")
    return Markup(drawn.svg_inline(scale=3, border=2, light="#fff", dark="#000"))  # noqa: S704


def _for_script(checkout: Checkout) -> str:
    """JSON that cannot end the script element it stands in."""
    return msgspec.json.encode(checkout).decode().replace("<", "\\u003c")
