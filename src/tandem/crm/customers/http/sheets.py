"""Customers from and to files over HTTP."""

from typing import Literal

import msgspec
from litestar import Controller, get, post
from litestar.params import FromQuery, JSONBody
from litestar.response import Stream

from tandem.crm.customers import service
from tandem.kernel import rules
from tandem.kernel.company import moment_of
from tandem.kernel.errors import Forbidden
from tandem.kernel.http import Acting, Now, Store, refusals
from tandem.kernel.http.imports import CSV, ImportsController

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class ExportAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    rule: dict[str, object]
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
        return _sheet(database, actor, None, moment, file)

    @post(
        "/customer-export",
        status_code=200,
        media_type="text/csv",
        responses=refusals(Forbidden, rules.RuleWrong),
    )
    async def export_chosen(
        self, data: JSONBody[ExportAsked], database: Store, actor: Acting, now: Now
    ) -> Stream:
        """Whom a rule finds."""
        actor.require("customers.export")
        async with database.transaction(actor) as tx:
            rules.read(data.rule, await service.words(tx))
            moment = await moment_of(tx, now)
        return _sheet(database, actor, data.rule, moment, data.file)


def _sheet(database: Store, actor: Acting, rule: object, moment: rules.Moment, file: str) -> Stream:
    write = service.export_csv if file == "csv" else service.export_xlsx
    return Stream(
        write(database, actor, rule, moment),
        media_type=CSV if file == "csv" else XLSX,
        headers={"content-disposition": f'attachment; filename="customers.{file}"'},
    )
