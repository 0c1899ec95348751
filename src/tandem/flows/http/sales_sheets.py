"""Leads and deals as files over HTTP."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.params import FromQuery, JSONBody, QueryParameter
from litestar.response import Stream

from tandem.crm.sales.domain.leads import LeadFilters, StatusKind
from tandem.crm.sales.domain.opportunities import Filters, escaped
from tandem.crm.sales.domain.permissions import EXPORT
from tandem.crm.sales.domain.pipelines import Kind as DealStatus
from tandem.flows import sales_sheets
from tandem.flows.sales_sheets import File, Kind
from tandem.kernel import rules
from tandem.kernel.actor import Actor
from tandem.kernel.bulk import MANY_MAX
from tandem.kernel.company import moment_of
from tandem.kernel.db import Database
from tandem.kernel.errors import Forbidden, Invalid
from tandem.kernel.http import Acting, Now, Store, refusals
from tandem.kernel.http.imports import CSV

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Words = Annotated[str | None, QueryParameter(max_length=100, pattern=r"^[^\x00]*$")]
Word = Annotated[str | None, QueryParameter(max_length=60, pattern=r"^[^\x00]*$")]


class SheetAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a rule finds, or what is named by `ids`, 10,000 at most."""

    rule: dict[str, object] | None = None
    ids: Annotated[list[UUID], msgspec.Meta(max_length=MANY_MAX)] | None = None
    file: File = "csv"


class SheetController(Controller):
    """A kind of record has its own path, and its own filters, below this."""

    kind: ClassVar[Kind]
    tags = ("sales",)

    @post(
        "/",
        status_code=200,
        media_type="text/csv",
        responses=refusals(Forbidden, Invalid, rules.RuleWrong, rules.RuleTooSlow),
    )
    async def export_chosen(
        self, data: JSONBody[SheetAsked], database: Store, actor: Acting, now: Now
    ) -> Stream:
        """What a rule finds, in the words of assignment, scoring and automations; or those named,
        as far as the caller may see them."""
        return await _chosen(database, actor, self.kind, data, now)


class LeadExportController(SheetController):
    path = "/v1/lead-export"
    kind = "lead"

    @get("/", media_type="text/csv", responses=refusals(Forbidden))
    async def export(
        self,
        database: Store,
        actor: Acting,
        file: FromQuery[File] = "csv",
        kind: FromQuery[StatusKind | None] = None,
        status_id: FromQuery[UUID | None] = None,
        owner_id: FromQuery[UUID | None] = None,
        unowned: FromQuery[bool] = False,
        form_id: FromQuery[UUID | None] = None,
        source: Word = None,
        tag: Word = None,
        q: Words = None,
    ) -> Stream:
        """The leads of the list with these filters, in the columns that an import knows and a few
        more."""
        filters = LeadFilters(
            kind=kind,
            status_id=status_id,
            owner_id=owner_id,
            is_unowned=unowned,
            form_id=form_id,
            source=source,
            tag=tag,
            words=escaped(q),
        )
        return await _listed(database, actor, "lead", filters, file)


class OpportunityExportController(SheetController):
    path = "/v1/opportunity-export"
    kind = "opportunity"

    @get("/", media_type="text/csv", responses=refusals(Forbidden))
    async def export(
        self,
        database: Store,
        actor: Acting,
        file: FromQuery[File] = "csv",
        status: FromQuery[DealStatus | None] = None,
        pipeline_id: FromQuery[UUID | None] = None,
        stage_id: FromQuery[UUID | None] = None,
        customer_id: FromQuery[UUID | None] = None,
        owner_id: FromQuery[UUID | None] = None,
        q: Words = None,
    ) -> Stream:
        """The opportunities of the list with these filters."""
        filters = Filters(
            status=status,
            pipeline_id=pipeline_id,
            stage_id=stage_id,
            customer_id=customer_id,
            owner_id=owner_id,
            words=escaped(q),
        )
        return await _listed(database, actor, "opportunity", filters, file)


async def _listed(
    database: Database, actor: Actor, kind: Kind, filters: LeadFilters | Filters, file: File
) -> Stream:
    async with database.transaction(actor) as tx:
        sheet = await sales_sheets.open_sheet(tx, kind, None, filters)
    return _answer(database, actor, sheet, file)


async def _chosen(
    database: Database, actor: Actor, kind: Kind, data: SheetAsked, now: datetime
) -> Stream:
    actor.require(EXPORT)
    if (data.rule is None) is (data.ids is None):
        raise Invalid("Give a rule, or name them, and not both.", field="rule")
    if data.ids is not None:
        return await file_of_named(database, actor, kind, data.ids, data.file)
    async with database.transaction(actor) as tx:
        moment = await moment_of(tx, now)
        sheet = await sales_sheets.open_sheet(tx, kind, moment, data.rule)
    return _answer(database, actor, sheet, data.file)


async def file_of_named(
    database: Database, actor: Actor, kind: Kind, ids: list[UUID], file: File
) -> Stream:
    """Those of them that the actor sees."""
    named = LeadFilters(ids=ids) if kind == "lead" else Filters(ids=ids)
    return await _listed(database, actor, kind, named, file)


def _answer(database: Database, actor: Actor, sheet: sales_sheets.Sheet, file: File) -> Stream:
    name = f"{sales_sheets.TITLES[sheet.kind].lower()}.{file}"
    return Stream(
        sales_sheets.write(database, actor, sheet, file),
        media_type=CSV if file == "csv" else XLSX,
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )
