"""Leads qualified, given up and taken up again, over HTTP; and what each status asks for."""

from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post, put
from litestar.params import FromPath, JSONBody

from tandem.crm.sales.domain.leads import AlreadyConverted, Lead, LeadMerged
from tandem.crm.sales.domain.qualifying import (
    Checklist,
    Disqualification,
    Needs,
    NeedsDraft,
    NotRecyclable,
    Ticks,
)
from tandem.crm.sales.service import checklists, leads, qualifying
from tandem.flows import assign_leads
from tandem.kernel.errors import Forbidden, Invalid, NotFound
from tandem.kernel.http import Now, Transaction, etag, refusals


class Qualification(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Without a status, the first one that means qualified."""

    status_id: UUID | None = None


class Recycling(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Without a status, the first open one. With `is_reassigned` the rules choose whose it is."""

    status_id: UUID | None = None
    is_reassigned: bool = False


class QualifyingController(Controller):
    path = "/v1"
    tags = ("sales",)

    @get("/lead-statuses/{status_id:uuid}/needs", responses=refusals(Forbidden, NotFound))
    async def get_needs(self, status_id: FromPath[UUID], tx: Transaction) -> Needs:
        """Fields that must be filled in and the list to tick before a lead may stand here."""
        return await checklists.get_needs(tx, status_id)

    @put("/lead-statuses/{status_id:uuid}/needs", responses=refusals(Forbidden, NotFound, Invalid))
    async def set_needs(
        self, status_id: FromPath[UUID], data: JSONBody[NeedsDraft], tx: Transaction, now: Now
    ) -> Needs:
        """Needs of a qualified status hold for converting an open lead too."""
        keys = [field.key for field in (await assign_leads.directory(tx)).custom_fields]
        return await checklists.set_needs(tx, status_id, data, custom_keys=keys, now=now)

    @get("/leads/{lead_id:uuid}/checklists", responses=refusals(Forbidden, NotFound, LeadMerged))
    async def list_checklists(self, lead_id: FromPath[UUID], tx: Transaction) -> list[Checklist]:
        """What each status asks of this lead, and how far it is."""
        return await qualifying.list_checklists(tx, lead_id)

    @put(
        "/leads/{lead_id:uuid}/checklists",
        responses=refusals(Forbidden, NotFound, Invalid, LeadMerged, AlreadyConverted),
    )
    async def tick(
        self, lead_id: FromPath[UUID], data: JSONBody[Ticks], tx: Transaction, now: Now
    ) -> list[Checklist]:
        """Exactly these steps are done."""
        return await qualifying.tick(tx, lead_id, data, now=now)

    @post(
        "/leads/{lead_id:uuid}/qualification",
        responses=refusals(Forbidden, NotFound, Invalid, LeadMerged, AlreadyConverted),
    )
    async def qualify(
        self, lead_id: FromPath[UUID], data: JSONBody[Qualification], tx: Transaction, now: Now
    ) -> Response[Lead]:
        """Refused with the first field or step that is missing."""
        return _answer(await qualifying.qualify(tx, lead_id, status_id=data.status_id, now=now))

    @post(
        "/leads/{lead_id:uuid}/disqualification",
        responses=refusals(Forbidden, NotFound, Invalid, LeadMerged, AlreadyConverted),
    )
    async def disqualify(
        self, lead_id: FromPath[UUID], data: JSONBody[Disqualification], tx: Transaction, now: Now
    ) -> Response[Lead]:
        """Never without a reason."""
        return _answer(await qualifying.disqualify(tx, lead_id, data, now=now))

    @post(
        "/leads/{lead_id:uuid}/recycling",
        responses=refusals(
            Forbidden, NotFound, Invalid, LeadMerged, AlreadyConverted, NotRecyclable
        ),
    )
    async def recycle(
        self, lead_id: FromPath[UUID], data: JSONBody[Recycling], tx: Transaction, now: Now
    ) -> Response[Lead]:
        """From the start: open again, and by the rules somebody else's if that is asked for."""
        lead = await qualifying.recycle(tx, lead_id, status_id=data.status_id, now=now)
        if data.is_reassigned:
            await assign_leads.assign(tx, lead_id, how="by_hand", now=now)
            lead = await leads.get_lead(tx.with_all_grants(), lead_id)
        return _answer(lead)


def _answer(lead: Lead) -> Response[Lead]:
    return Response(lead, status_code=201, headers=etag(lead.version))
