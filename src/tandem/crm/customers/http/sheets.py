"""Customers from and to files over HTTP."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter, RawBody
from litestar.response import Stream

from tandem.contracts.address import PRINTABLE
from tandem.crm.customers import service
from tandem.crm.customers.domain.sheets import ImportBusy, ImportJob, ImportMapping, SheetWrong
from tandem.crm.customers.http.records import FileUpload
from tandem.kernel import rules
from tandem.kernel.blobs import SIZE_MAX, Blobs
from tandem.kernel.company import moment_of
from tandem.kernel.errors import Forbidden, NotFound, TooLarge
from tandem.kernel.http import Acting, Given, Now, Store, Transaction, refusals

Filename = Annotated[str, QueryParameter(max_length=200, pattern=PRINTABLE)]
CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class ExportAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    rule: dict[str, object]
    file: Literal["csv", "xlsx"] = "csv"


class SheetController(Controller):
    path = "/v1"
    tags = ("customers",)

    @post(
        "/customer-imports",
        request_max_body_size=SIZE_MAX,
        operation_class=FileUpload,
        responses=refusals(Forbidden, SheetWrong, TooLarge),
    )
    async def upload(
        self,
        body: RawBody,
        tx: Transaction,
        now: Now,
        resources: Given,
        filename: Filename = "customers.csv",
    ) -> ImportJob:
        """A CSV file of at most 20 MiB; the answer says what its columns most likely mean."""
        blobs = resources.get(Blobs)
        return await service.upload(tx, blobs, content=body, filename=filename, now=now)

    @get("/customer-imports", responses=refusals(Forbidden))
    async def list_imports(self, tx: Transaction) -> list[ImportJob]:
        return await service.list_imports(tx)

    @get("/customer-imports/{job_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def get_import(self, job_id: FromPath[UUID], tx: Transaction) -> ImportJob:
        """How far it is: `done_rows` of `row_count`."""
        return await service.get_import(tx, job_id)

    @post(
        "/customer-imports/{job_id:uuid}/check",
        responses=refusals(Forbidden, NotFound, SheetWrong, ImportBusy),
    )
    async def check_import(
        self, job_id: FromPath[UUID], data: JSONBody[ImportMapping], tx: Transaction, now: Now
    ) -> ImportJob:
        """The dry run: every row is looked at, no customer is written."""
        return await service.check_import(tx, job_id, data, now=now)

    @post(
        "/customer-imports/{job_id:uuid}/run",
        responses=refusals(Forbidden, NotFound, ImportBusy),
    )
    async def run_import(self, job_id: FromPath[UUID], tx: Transaction, now: Now) -> ImportJob:
        """Take the good rows in."""
        return await service.run_import(tx, job_id, now=now)

    @post(
        "/customer-imports/{job_id:uuid}/revert",
        responses=refusals(Forbidden, NotFound, ImportBusy),
    )
    async def revert_import(self, job_id: FromPath[UUID], tx: Transaction, now: Now) -> ImportJob:
        """Take back what nobody touched since."""
        return await service.revert_import(tx, job_id, now=now)

    @get(
        "/customer-imports/{job_id:uuid}/errors",
        media_type="text/csv",
        responses=refusals(Forbidden, NotFound),
    )
    async def bad_rows(self, job_id: FromPath[UUID], database: Store, actor: Acting) -> Stream:
        """The rows left out, as they stood in the file, with what is wrong."""
        async with database.transaction(actor) as tx:
            await service.get_import(tx, job_id)
        return Stream(
            service.bad_rows(database, actor, job_id),
            media_type=CSV,
            headers={"content-disposition": 'attachment; filename="errors.csv"'},
        )

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
