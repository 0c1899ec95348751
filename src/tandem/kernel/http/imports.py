"""Records from CSV files over HTTP, the same for every kind of record."""

from typing import Annotated, ClassVar
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter, RawBody
from litestar.response import Stream

from tandem.kernel import imports
from tandem.kernel.blobs import SIZE_MAX, Blobs
from tandem.kernel.errors import Forbidden, NotFound, TooLarge
from tandem.kernel.http.dependencies import Acting, Given, Now, Store, Transaction
from tandem.kernel.http.problems import refusals
from tandem.kernel.http.uploads import FileUpload
from tandem.kernel.imports import ImportBusy, ImportJob, ImportMapping, Kind, Told
from tandem.kernel.patterns import whole
from tandem.kernel.sheets import SheetWrong

Filename = Annotated[str, QueryParameter(max_length=200, pattern=whole(r"[^\x00-\x1f\x7f]*"))]
CSV = "text/csv; charset=utf-8"


class ImportsController(Controller):
    """A kind of record has its own path below this."""

    kind: ClassVar[Kind]

    @post(
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
        filename: Filename = "import.csv",
    ) -> ImportJob:
        """A CSV file of at most 20 MiB; the answer says what its columns most likely mean."""
        blobs = resources.get(Blobs)
        return await imports.upload(tx, self.kind, blobs, content=body, filename=filename, now=now)

    @get(responses=refusals(Forbidden))
    async def list_imports(self, tx: Transaction) -> list[ImportJob]:
        """The newest 50."""
        return await imports.list_imports(tx, self.kind)

    @get("/{job_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def get_import(self, job_id: FromPath[UUID], tx: Transaction) -> ImportJob:
        """How far it is: `done_rows` of `row_count`."""
        return await imports.get_import(tx, self.kind, job_id)

    @post(
        "/{job_id:uuid}/check",
        responses=refusals(Forbidden, NotFound, SheetWrong, ImportBusy),
    )
    async def check_import(
        self, job_id: FromPath[UUID], data: JSONBody[ImportMapping], tx: Transaction, now: Now
    ) -> ImportJob:
        """The dry run: every row is looked at, none is written."""
        return await imports.check_import(tx, self.kind, job_id, data, now=now)

    @post("/{job_id:uuid}/run", responses=refusals(Forbidden, NotFound, ImportBusy))
    async def run_import(self, job_id: FromPath[UUID], tx: Transaction, now: Now) -> ImportJob:
        """Take the good rows in."""
        return await imports.run_import(tx, self.kind, job_id, now=now)

    @post("/{job_id:uuid}/revert", responses=refusals(Forbidden, NotFound, ImportBusy))
    async def revert_import(self, job_id: FromPath[UUID], tx: Transaction, now: Now) -> ImportJob:
        """Take back what nobody touched since."""
        return await imports.revert_import(tx, self.kind, job_id, now=now)

    @get(
        "/{job_id:uuid}/errors",
        media_type="text/csv",
        responses=refusals(Forbidden, NotFound),
    )
    async def bad_rows(
        self,
        job_id: FromPath[UUID],
        database: Store,
        actor: Acting,
        about: FromQuery[Told] = "bad",
    ) -> Stream:
        """The rows left out, as they stood in the file, with what is wrong. With `about=alike`
        those whom the dry run found to be somebody known, perhaps, and whom."""
        async with database.transaction(actor) as tx:
            await imports.get_import(tx, self.kind, job_id)
        return Stream(
            imports.bad_rows(database, actor, self.kind, job_id, about),
            media_type=CSV,
            headers={"content-disposition": 'attachment; filename="errors.csv"'},
        )
