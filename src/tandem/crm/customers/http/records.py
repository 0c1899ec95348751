"""Notes, tasks and files over HTTP, beside a customer or an account alike."""

from typing import Annotated, ClassVar
from urllib.parse import quote
from uuid import UUID

from litestar import Controller, Response, delete, get, post
from litestar.params import FromPath, JSONBody, QueryParameter, RawBody

from tandem.contracts.address import FILLED
from tandem.crm.customers import service
from tandem.crm.customers.domain.records import KeptFile, NewNote, NewTask, Note, Subject, Task
from tandem.kernel.blobs import SIZE_MAX, Blobs
from tandem.kernel.errors import Forbidden, Invalid, NotFound, TooLarge
from tandem.kernel.http import Given, Now, Transaction, refusals
from tandem.kernel.http.uploads import FileUpload
from tandem.kernel.patterns import whole

Filename = Annotated[str, QueryParameter(min_length=1, max_length=200, pattern=FILLED)]
MediaType = Annotated[str, QueryParameter(max_length=100, pattern=whole(r"[a-z0-9.+/-]*"))]
AS_DOWNLOAD = {"content-security-policy": "sandbox", "x-content-type-options": "nosniff"}


class _RecordsController(Controller):
    kind: ClassVar[Subject]
    tags = ("customers",)

    @get("/notes", responses=refusals(Forbidden, NotFound))
    async def list_notes(self, subject_id: FromPath[UUID], tx: Transaction) -> list[Note]:
        """Pinned ones first, then the newest."""
        return await service.list_notes(tx, self.kind, subject_id)

    @post("/notes", responses=refusals(Forbidden, NotFound, Invalid))
    async def add_note(
        self, subject_id: FromPath[UUID], data: JSONBody[NewNote], tx: Transaction, now: Now
    ) -> Note:
        return await service.add_note(tx, self.kind, subject_id, data, now=now)

    @delete("/notes/{note_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def remove_note(
        self, subject_id: FromPath[UUID], note_id: FromPath[UUID], tx: Transaction
    ) -> None:
        await service.remove_note(tx, self.kind, subject_id, note_id)

    @get("/tasks", responses=refusals(Forbidden, NotFound))
    async def list_tasks(self, subject_id: FromPath[UUID], tx: Transaction) -> list[Task]:
        """Open ones first, the next due at the top."""
        return await service.list_tasks(tx, self.kind, subject_id)

    @post("/tasks", responses=refusals(Forbidden, NotFound, Invalid))
    async def add_task(
        self, subject_id: FromPath[UUID], data: JSONBody[NewTask], tx: Transaction, now: Now
    ) -> Task:
        """Without `assignee_id` it is the caller's own."""
        return await service.add_task(tx, self.kind, subject_id, data, now=now)

    @post("/tasks/{task_id:uuid}/completion", responses=refusals(Forbidden, NotFound))
    async def finish_task(
        self, subject_id: FromPath[UUID], task_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> list[Task]:
        await service.settle_task(tx, self.kind, subject_id, task_id, is_done=True, now=now)
        return await service.list_tasks(tx, self.kind, subject_id)

    @delete("/tasks/{task_id:uuid}/completion", responses=refusals(Forbidden, NotFound))
    async def reopen_task(
        self, subject_id: FromPath[UUID], task_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> None:
        await service.settle_task(tx, self.kind, subject_id, task_id, is_done=False, now=now)

    @get("/files", responses=refusals(Forbidden, NotFound))
    async def list_files(self, subject_id: FromPath[UUID], tx: Transaction) -> list[KeptFile]:
        return await service.list_files(tx, self.kind, subject_id)

    @post(
        "/files",
        request_max_body_size=SIZE_MAX,
        operation_class=FileUpload,
        responses=refusals(Forbidden, NotFound, Invalid, TooLarge),
    )
    async def add_file(
        self,
        subject_id: FromPath[UUID],
        body: RawBody,
        filename: Filename,
        tx: Transaction,
        now: Now,
        resources: Given,
        media_type: MediaType = "application/octet-stream",
    ) -> KeptFile:
        """Keep a file of at most 20 MiB; the body is its bytes."""
        return await service.add_file(
            tx,
            resources.get(Blobs),
            self.kind,
            subject_id,
            content=body,
            filename=filename,
            media_type=media_type,
            now=now,
        )

    @get(
        "/files/{file_id:uuid}",
        media_type="application/octet-stream",
        responses=refusals(Forbidden, NotFound),
    )
    async def read_file(
        self,
        subject_id: FromPath[UUID],
        file_id: FromPath[UUID],
        tx: Transaction,
        resources: Given,
    ) -> Response[bytes]:
        """The file's bytes, as a download."""
        kept, content = await service.read_file(
            tx, resources.get(Blobs), self.kind, subject_id, file_id
        )
        named = f"attachment; filename*=UTF-8''{quote(kept.filename)}"
        return Response(
            content,
            media_type=kept.media_type,
            headers={"content-disposition": named, **AS_DOWNLOAD},
        )

    @delete("/files/{file_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def remove_file(
        self, subject_id: FromPath[UUID], file_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> None:
        await service.remove_file(tx, self.kind, subject_id, file_id, now=now)


class CustomerRecordsController(_RecordsController):
    path = "/v1/customers/{subject_id:uuid}"
    kind: ClassVar[Subject] = "customer"


class AccountRecordsController(_RecordsController):
    path = "/v1/accounts/{subject_id:uuid}"
    kind: ClassVar[Subject] = "account"
