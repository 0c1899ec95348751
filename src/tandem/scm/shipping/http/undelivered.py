"""Deliveries tried in vain (NDR): what waits for a decision, and the decision."""

from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from tandem.contracts.address import PRINTABLE
from tandem.kernel.errors import Forbidden, IllegalMove, Invalid, NotFound
from tandem.kernel.http import Cursor, LimitParameter, Now, Transaction, refusals
from tandem.kernel.pages import LIMIT_DEFAULT, Page
from tandem.scm.shipping import service
from tandem.scm.shipping.domain.undelivered import Action, Case, CaseClosed, CaseState

States = Annotated[list[CaseState] | None, QueryParameter(name="state", max_items=4)]


class NewDecision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`on` is the day of the next try, the next delivery day where it is left out."""

    action: Action
    on: date | None = None
    note: Annotated[str, msgspec.Meta(max_length=200, pattern=PRINTABLE)] = ""


class UndeliveredController(Controller):
    path = "/v1/ndr"
    tags = ("shipping",)

    @get("/", responses=refusals(Forbidden, Invalid))
    async def list_cases(
        self,
        tx: Transaction,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
        states: States = None,
        shipment_id: FromQuery[UUID | None] = None,
    ) -> Page[Case]:
        """Failed attempts, newest first. `open` ones wait for a decision; where the next try was
        asked for by itself, `is_automatic` says so and `next_on` when."""
        return await service.list_cases(
            tx, states=states or (), shipment_id=shipment_id, limit=limit, cursor=cursor
        )

    @post(
        "/{case_id:uuid}/action",
        status_code=200,
        responses=refusals(Forbidden, NotFound, CaseClosed, IllegalMove, Invalid),
    )
    async def decide(
        self, case_id: FromPath[UUID], data: JSONBody[NewDecision], tx: Transaction, now: Now
    ) -> Case:
        """Ask for another try, or start the return to origin."""
        return await service.decide(tx, case_id, data.action, on=data.on, note=data.note, now=now)
