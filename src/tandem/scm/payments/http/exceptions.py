"""The inbox of payments that need a person."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from tandem.contracts.address import PRINTABLE
from tandem.kernel.errors import Forbidden, Invalid, NotFound
from tandem.kernel.http import LIMIT_DEFAULT, Cursor, LimitParameter, Now, Transaction, refusals
from tandem.kernel.pages import Page
from tandem.scm.payments import service
from tandem.scm.payments.domain import (
    Action,
    ActionNotAllowed,
    ExceptionKind,
    NotRefundable,
    PaymentException,
)


class Resolution(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One of the exception's own `actions`, and why."""

    action: Action
    note: Annotated[str, msgspec.Meta(max_length=500, pattern=PRINTABLE)] = ""


class PaymentExceptionsController(Controller):
    path = "/v1/payment-exceptions"
    tags = ("payments",)

    @get("/", responses=refusals(Forbidden, Invalid))
    async def list_exceptions(
        self,
        tx: Transaction,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
        is_open: FromQuery[bool | None] = None,
        kind: FromQuery[ExceptionKind | None] = None,
        order_id: FromQuery[UUID | None] = None,
    ) -> Page[PaymentException]:
        """Newest first, open and resolved unless one of both is asked for."""
        return await service.list_exceptions(
            tx, is_open=is_open, kind=kind, order_id=order_id, limit=limit, cursor=cursor
        )

    @post(
        "/{exception_id:uuid}/resolution",
        status_code=200,
        responses=refusals(Forbidden, NotFound, NotRefundable, ActionNotAllowed),
    )
    async def resolve(
        self,
        exception_id: FromPath[UUID],
        data: JSONBody[Resolution],
        tx: Transaction,
        now: Now,
    ) -> PaymentException:
        """Decide what happens, and have it happen."""
        return await service.resolve(tx, exception_id, action=data.action, note=data.note, now=now)
