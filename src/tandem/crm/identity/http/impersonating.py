"""Impersonation over HTTP: for support by people, never for keys."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, delete, get, post
from litestar.params import JSONBody

from tandem.crm.identity.domain.impersonating import Impersonation, ImpersonationForbidden
from tandem.crm.identity.domain.roles import MoreThanHeld
from tandem.crm.identity.service import impersonating as service
from tandem.kernel.actor import StepUpNeeded
from tandem.kernel.errors import Forbidden, Invalid, NotFound
from tandem.kernel.http import Now, Transaction, refusals
from tandem.kernel.http.standing_in import ALWAYS
from tandem.kernel.patterns import whole


class NewImpersonation(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """`reason` stands in the audit beside every change. Reads only unless `may_write`."""

    user_id: UUID
    reason: Annotated[
        str, msgspec.Meta(min_length=10, max_length=300, pattern=whole(r"[^\x00-\x1f]*"))
    ]
    minutes: Annotated[int, msgspec.Meta(ge=1, le=60)] = 15
    may_write: bool = False


class ImpersonationController(Controller):
    path = "/v1/impersonations"
    tags = ("identity",)

    @get("/", responses=refusals(Forbidden))
    async def list_impersonations(self, tx: Transaction) -> list[Impersonation]:
        """Who saw the company through whose eyes, and why. Newest first, at most 200."""
        return await service.list_impersonations(tx)

    @post(
        "/",
        responses=refusals(
            Forbidden, ImpersonationForbidden, MoreThanHeld, StepUpNeeded, NotFound, Invalid
        ),
    )
    async def impersonate(
        self,
        data: JSONBody[NewImpersonation],
        request: Request[Any, Any, Any],
        tx: Transaction,
        now: Now,
    ) -> Impersonation:
        """This session sees the company as that member, until it is ended or the time is up."""
        begun = await service.impersonate(
            tx,
            data.user_id,
            reason=data.reason,
            minutes=data.minutes,
            may_write=data.may_write,
            now=now,
        )
        request.app.state.authenticator.forget_request(request)
        return begun

    @delete("/current", status_code=204, opt=ALWAYS)
    async def end_impersonation(
        self, request: Request[Any, Any, Any], tx: Transaction, now: Now
    ) -> None:
        """Back to oneself, at once."""
        await service.end_impersonation(tx, now=now)
        request.app.state.authenticator.forget_request(request)
