"""Leads over HTTP: listed, written in, changed, merged; their touches, notes and timeline."""

import functools
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Response, delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from tandem.contracts.contacts import EmailWrong, PhoneWrong
from tandem.crm.sales.domain.leads import (
    AddedLead,
    AlreadyConverted,
    Lead,
    LeadChange,
    LeadDraft,
    LeadExists,
    LeadFilters,
    LeadMerged,
    LeadNote,
    Order,
    StatusKind,
    Touch,
)
from tandem.crm.sales.domain.opportunities import escaped
from tandem.crm.sales.service import leads
from tandem.crm.sales.service.choosing import LEADS
from tandem.crm.sales.service.merging_leads import merge_leads
from tandem.flows import leads as flow
from tandem.flows.sales_sheets import search
from tandem.kernel import rules
from tandem.kernel.company import moment_of
from tandem.kernel.errors import Forbidden, Invalid, NotFound, StaleVersion
from tandem.kernel.field_history import FieldChange
from tandem.kernel.history import Happening
from tandem.kernel.http import (
    COMPUTES,
    Cursor,
    IfMatch,
    LimitParameter,
    Now,
    Transaction,
    check_if_match,
    etag,
    refusals,
)
from tandem.kernel.pages import LIMIT_DEFAULT, LIMIT_MAX, Page

Words = Annotated[str | None, QueryParameter(max_length=100, pattern=r"^[^\x00]*$")]
Word = Annotated[str | None, QueryParameter(max_length=60, pattern=r"^[^\x00]*$")]
Score = Annotated[int | None, QueryParameter(ge=-100_000, le=100_000)]


class NewNote(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=10_000, pattern=r"^[^\x00]*$")]


class Search(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`rule` as of an assignment; own fields are `custom.<key>`."""

    rule: dict[str, Any]
    limit: Annotated[int, msgspec.Meta(ge=1, le=LIMIT_MAX)] = LIMIT_DEFAULT
    cursor: Annotated[str, msgspec.Meta(max_length=500)] | None = None


class LeadMerge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`loser_id` becomes part of `survivor_id`."""

    survivor_id: UUID
    loser_id: UUID


class LeadsController(Controller):
    path = "/v1/leads"
    tags = ("sales",)

    @get("/", responses=refusals(Forbidden))
    async def list_leads(
        self,
        tx: Transaction,
        kind: FromQuery[StatusKind | None] = None,
        status_id: FromQuery[UUID | None] = None,
        owner_id: FromQuery[UUID | None] = None,
        unowned: FromQuery[bool] = False,
        team_id: FromQuery[UUID | None] = None,
        territory_id: FromQuery[UUID | None] = None,
        customer_id: FromQuery[UUID | None] = None,
        form_id: FromQuery[UUID | None] = None,
        campaign_id: FromQuery[UUID | None] = None,
        source: Word = None,
        tag: Word = None,
        score_min: Score = None,
        q: Words = None,
        sort: FromQuery[Order] = Order.NEWEST,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
    ) -> Page[Lead]:
        """The newest first, or by `sort=score` the hottest; as far as the reader's records go.
        `q` is part of a name, a company or a phone, or the start of an e-mail or a number."""
        filters = LeadFilters(
            kind=kind,
            status_id=status_id,
            owner_id=owner_id,
            is_unowned=unowned,
            team_id=team_id,
            territory_id=territory_id,
            customer_id=customer_id,
            form_id=form_id,
            campaign_id=campaign_id,
            source=source,
            tag=tag,
            score_min=score_min,
            words=escaped(q),
        )
        return await leads.list_leads(tx, filters, order=sort, limit=limit, cursor=cursor)

    @post("/", responses=refusals(Forbidden, Invalid, EmailWrong, PhoneWrong, LeadExists))
    async def add_lead(
        self, data: JSONBody[LeadDraft], tx: Transaction, now: Now
    ) -> Response[AddedLead]:
        """201 for somebody new, with `alike`: who else in reach it may be, by name, e-mail or
        phone. 200 for somebody who is a lead already, known by e-mail or phone: one more touch,
        and only blanks are filled."""
        alike = await flow.alike_of(tx, data)
        found = await flow.add_lead(tx, data, now=now)
        lead = AddedLead(**msgspec.structs.asdict(found.lead), alike=alike if found.is_new else [])
        return Response(lead, status_code=201 if found.is_new else 200, headers=etag(lead.version))

    @post(
        "/search",
        status_code=200,
        opt=COMPUTES,
        responses=refusals(Forbidden, rules.RuleWrong, rules.RuleTooSlow),
    )
    async def search(self, data: JSONBody[Search], tx: Transaction, now: Now) -> Page[Lead]:
        """Whom a rule finds, the newest first."""
        moment = await moment_of(tx, now)
        return await search(tx, LEADS, data.rule, moment, limit=data.limit, cursor=data.cursor)

    @get("/{lead_id:uuid}", responses=refusals(Forbidden, NotFound, LeadMerged))
    async def get_lead(self, lead_id: FromPath[UUID], tx: Transaction) -> Response[Lead]:
        return _answer(await leads.get_lead(tx, lead_id))

    @patch(
        "/{lead_id:uuid}",
        responses=refusals(
            Forbidden,
            NotFound,
            Invalid,
            EmailWrong,
            PhoneWrong,
            LeadExists,
            LeadMerged,
            AlreadyConverted,
            StaleVersion,
        ),
    )
    async def change_lead(
        self,
        lead_id: FromPath[UUID],
        data: JSONBody[LeadChange],
        tx: Transaction,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response[Lead]:
        """What is left out stays; null empties. Converting is a call of its own."""
        changed = await flow.update_lead(
            tx, lead_id, data, is_current=functools.partial(check_if_match, if_match), now=now
        )
        return _answer(changed)

    @get("/{lead_id:uuid}/touches", responses=refusals(Forbidden, NotFound, LeadMerged))
    async def list_touches(self, lead_id: FromPath[UUID], tx: Transaction) -> list[Touch]:
        """Every time they came, with its marks, oldest first."""
        return await leads.list_touches(tx, lead_id)

    @get("/{lead_id:uuid}/history", responses=refusals(Forbidden, NotFound, LeadMerged))
    async def read_history(self, lead_id: FromPath[UUID], tx: Transaction) -> list[FieldChange]:
        """Which fields were changed, from what to what and by whom, the newest first."""
        return await leads.read_history(tx, lead_id)

    @get("/{lead_id:uuid}/timeline", responses=refusals(Forbidden, NotFound, LeadMerged))
    async def read_timeline(self, lead_id: FromPath[UUID], tx: Transaction) -> list[Happening]:
        """What happened to the lead, oldest first."""
        return await leads.timeline(tx, lead_id)

    @get("/{lead_id:uuid}/notes", responses=refusals(Forbidden, NotFound, LeadMerged))
    async def list_notes(self, lead_id: FromPath[UUID], tx: Transaction) -> list[LeadNote]:
        return await leads.list_notes(tx, lead_id)

    @post("/{lead_id:uuid}/notes", responses=refusals(Forbidden, NotFound, LeadMerged))
    async def add_note(
        self, lead_id: FromPath[UUID], data: JSONBody[NewNote], tx: Transaction, now: Now
    ) -> LeadNote:
        return await leads.add_note(tx, lead_id, data.text, now=now)

    @delete(
        "/{lead_id:uuid}/notes/{note_id:uuid}",
        status_code=204,
        responses=refusals(Forbidden, NotFound, LeadMerged),
    )
    async def remove_note(
        self, lead_id: FromPath[UUID], note_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> None:
        await leads.remove_note(tx, lead_id, note_id, now=now)


class LeadMergesController(Controller):
    path = "/v1/lead-merges"
    tags = ("sales",)

    @post("/", responses=refusals(Forbidden, NotFound, Invalid, LeadMerged, AlreadyConverted))
    async def merge(self, data: JSONBody[LeadMerge], tx: Transaction, now: Now) -> Response[Lead]:
        """The loser's touches, notes and contacts become the survivor's; blanks are filled."""
        merged = await merge_leads(tx, data.survivor_id, data.loser_id, now=now)
        return _answer(merged, status=201)


def _answer(lead: Lead, *, status: int = 200) -> Response[Lead]:
    return Response(lead, status_code=status, headers=etag(lead.version))
