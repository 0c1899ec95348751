"""Customers from and to files over HTTP."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.params import FromQuery, JSONBody
from litestar.response import Stream

from tandem.crm.customers import service
from tandem.kernel import rules
from tandem.kernel.bulk import MANY_MAX
from tandem.kernel.company import moment_of
from tandem.kernel.errors import Forbidden, Invalid
from tandem.kernel.http import Acting, Now, Store, refusals
from tandem.kernel.http.imports import CSV, ImportsController

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class ExportAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom a rule finds, or who is named by `ids`, 10,000 at most."""

    rule: dict[str, object] | None = None
    ids: Annotated[list[UUID], msgspec.Meta(max_length=MANY_MAX)] | None = None
    file: Literal["csv", "xlsx"] = "csv"


class CustomerImportsController(ImportsController):
    path = "/v1/customer-imports"
    tags = ("customers",)
    kind = service.IMPORTS


class SheetController(Controller):
    path = "/v1"
    tags = ("customers",)

    @get("/customer-export", media_type="text/csv", responses=refusals(Forbidden))
    async def export(
        self,
        database: Store,
        actor: Acting,
        now: Now,
        file: FromQuery[Literal["csv", "xlsx"]] = "csv",
    ) -> Stream:
        """Every customer the caller may see, in the columns that an import knows."""
        actor.require("customers.export")
        async with database.transaction(actor) as tx:
            moment = await moment_of(tx, now)
        return sheet_of(database, actor, service.Chosen(moment=moment), file)

    @post(
        "/customer-export",
        status_code=200,
        media_type="text/csv",
        responses=refusals(Forbidden, Invalid, rules.RuleWrong),
    )
    async def export_chosen(
        self, data: JSONBody[ExportAsked], database: Store, actor: Acting, now: Now
    ) -> Stream:
        """Whom a rule finds, or who is named, as far as the caller may see them."""
        actor.require("customers.export")
        if (data.rule is None) is (data.ids is None):
            raise Invalid("Give a rule, or name them, and not both.", field="rule")
        async with database.transaction(actor) as tx:
            if data.rule is not None:
                rules.read(data.rule, await service.words(tx))
            moment = await moment_of(tx, now)
        chosen = service.Chosen(rule=data.rule, ids=data.ids, moment=moment)
        return sheet_of(database, actor, chosen, data.file)


def sheet_of(database: Store, actor: Acting, chosen: service.Chosen, file: str) -> Stream:
    write = service.export_csv if file == "csv" else service.export_xlsx
    return Stream(
        write(database, actor, chosen),
        media_type=CSV if file == "csv" else XLSX,
        headers={"content-disposition": f'attachment; filename="customers.{file}"'},
    )
