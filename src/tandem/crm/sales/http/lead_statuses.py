"""Statuses of leads over HTTP."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, get, put
from litestar.params import JSONBody

from tandem.crm.sales.domain.lead_statuses import STATUSES_MAX, Status, StatusDraft, StatusInUse
from tandem.crm.sales.service import lead_statuses as service
from tandem.kernel.errors import Forbidden, Invalid
from tandem.kernel.http import Now, Transaction, refusals


class LeadStatuses(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`successors`: a status that goes, and the one of its kind that gets its leads."""

    statuses: Annotated[list[StatusDraft], msgspec.Meta(min_length=1, max_length=STATUSES_MAX)]
    successors: Annotated[dict[UUID, UUID], msgspec.Meta(max_length=STATUSES_MAX)] = {}


class LeadStatusesController(Controller):
    path = "/v1/lead-statuses"
    tags = ("sales",)

    @get("/", responses=refusals(Forbidden))
    async def list_statuses(self, tx: Transaction) -> list[Status]:
        """In order: open ones, qualified, converted, lost."""
        return await service.list_statuses(tx)

    @put("/", responses=refusals(Forbidden, Invalid, StatusInUse))
    async def change_statuses(
        self, data: JSONBody[LeadStatuses], tx: Transaction, now: Now
    ) -> list[Status]:
        """The statuses as they shall be. Those named by id stay, others are new, the rest goes; one
        that leads stand in hands them to its successor, and none changes its kind."""
        return await service.change_statuses(tx, data.statuses, successors=data.successors, now=now)
