"""The buyer's pay page as data, for whoever holds the order's link."""

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import parse_qs
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIType, Operation, RequestBody, Schema
from litestar.params import FromPath
from litestar.response import Redirect

from tandem.kernel import tokens
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.errors import Invalid, NotFound
from tandem.kernel.http import PUBLIC, Given, Now, Store, refusals
from tandem.kernel.patterns import whole
from tandem.scm.payments import service
from tandem.scm.payments.domain import BadSignature, PayPage
from tandem.scm.payments.gateways.port import PaymentGateway

BODY_MAX = 64 * 1024
FORM = "application/x-www-form-urlencoded"


class Returned(msgspec.Struct, kw_only=True):
    """What checkout.js hands to its handler. `razorpay_order_id` comes too and is not read: the
    order is ours to know."""

    razorpay_payment_id: Annotated[str, msgspec.Meta(pattern=whole(r"[A-Za-z0-9_]{1,64}"))]
    razorpay_signature: Annotated[str, msgspec.Meta(pattern=whole(r"[0-9a-fA-F]{64}"))]


@dataclass
class ReturnOperation(Operation):
    """Two kinds of bodies at one address: the vendor decides which one comes."""

    def __post_init__(self) -> None:
        given = OpenAPIMediaType(
            schema=Schema(
                type=OpenAPIType.OBJECT,
                required=["razorpay_payment_id", "razorpay_signature"],
                properties={
                    "razorpay_payment_id": Schema(type=OpenAPIType.STRING, max_length=64),
                    "razorpay_order_id": Schema(type=OpenAPIType.STRING, max_length=64),
                    "razorpay_signature": Schema(type=OpenAPIType.STRING, max_length=64),
                },
            )
        )
        self.request_body = RequestBody(
            content={"application/json": given, FORM: given}, required=True
        )


class PayController(Controller):
    path = "/v1/public/pay"
    tags = ("payments",)

    @get("/{token:str}", opt=PUBLIC, responses=refusals(NotFound))
    async def get_pay_page(
        self, token: FromPath[str], database: Store, resources: Given, now: Now
    ) -> PayPage:
        """What is to be paid, and what checkout.js must be opened with."""
        gateway = resources.get(PaymentGateway)
        org_id, order_id = await _owner(database, token)
        async with database.transaction(Actor.public(org_id)) as tx:
            return await service.pay_page(tx, gateway, order_id=order_id, now=now)

    @post(
        "/{token:str}/return",
        status_code=200,
        opt={**PUBLIC, "cross_site": True},
        request_max_body_size=BODY_MAX,
        operation_class=ReturnOperation,
        responses=refusals(BadSignature, NotFound, Invalid),
    )
    async def come_back(
        self,
        token: FromPath[str],
        request: Request[Any, Any, Any],
        database: Store,
        resources: Given,
        now: Now,
    ) -> Response[Any]:
        """The browser is back from the gateway: JSON from the page's handler is answered with the
        page, a form posted to `callback_url` is sent on to the page itself."""
        gateway = resources.get(PaymentGateway)
        org_id, order_id = await _owner(database, token)
        is_form = request.headers.get("content-type", "").startswith(FORM)
        body = await request.body()
        returned = _read_form(body) if is_form else _read_json(body)
        async with database.transaction(Actor.public(org_id)) as tx:
            if returned is not None:
                await service.record_return(
                    tx,
                    gateway,
                    order_id=order_id,
                    provider_payment_id=returned.razorpay_payment_id,
                    signature=returned.razorpay_signature,
                    now=now,
                )
            page = await service.pay_page(tx, gateway, order_id=order_id, now=now)
        return Redirect(f"/pay/{token}", status_code=303) if is_form else Response(page)


async def _owner(database: Database, token: str) -> tuple[UUID, UUID]:
    """The organisation and the order behind a link. Paying and seeing that it is paid stay possible
    for as long as the link lives."""
    found = await tokens.find(database, token)
    if found is None or found.kind != "order" or not found.is_live(database.clock.now()):
        raise NotFound("There is nothing behind this link.")
    return found.org_id, found.entity_id


def _read_json(body: bytes) -> Returned:
    try:
        return msgspec.json.decode(body, type=Returned)
    except (msgspec.MsgspecError, UnicodeDecodeError) as reason:
        raise Invalid(str(reason)) from reason


def _read_form(body: bytes) -> Returned | None:
    """None for a failed attempt: the gateway then posts its error instead of a signature."""
    fields = {name: values[0] for name, values in parse_qs(body.decode("latin-1")).items()}
    if "razorpay_signature" not in fields:
        return None
    try:
        return msgspec.convert(fields, Returned)
    except msgspec.ValidationError as reason:
        raise Invalid(str(reason)) from reason
