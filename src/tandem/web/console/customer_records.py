"""What people keep beside a customer or an account: notes, tasks, files, tags."""

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath

from tandem.crm.customers import service as customers
from tandem.crm.customers.domain import CustomerChange
from tandem.crm.customers.domain.accounts import AccountChange
from tandem.crm.customers.domain.records import NewNote, NewTask, Subject
from tandem.kernel.blobs import Blobs
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.http import Given, Now, Transaction
from tandem.web.console.forms import convert, read_form
from tandem.web.rendering import redirect

AnyRequest = Request[Any, Any, Any]
WORDS: Mapping[str, str] = {
    "text": "Write the note.",
    "title": "Say what is to be done.",
    "due_on": "Give a date.",
}


class _KeptPage(Controller):
    kind: ClassVar[Subject]
    home: ClassVar[str]
    include_in_schema = False

    @post("/notes")
    async def add_note(
        self, request: AnyRequest, subject_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        try:
            given = {"text": form.get("text", ""), "is_pinned": form.get("is_pinned") == "true"}
            await customers.add_note(
                tx, self.kind, subject_id, convert(given, NewNote, WORDS), now=now
            )
        except Refusal as refusal:
            return self._back(request, subject_id, refusal.detail)
        return self._back(request, subject_id, "The note is kept.")

    @post("/notes/{note_id:uuid}/removal")
    async def remove_note(
        self,
        request: AnyRequest,
        subject_id: FromPath[UUID],
        note_id: FromPath[UUID],
        tx: Transaction,
    ) -> Response[Any]:
        await customers.remove_note(tx, self.kind, subject_id, note_id)
        return self._back(request, subject_id, "The note is removed.")

    @post("/tasks")
    async def add_task(
        self, request: AnyRequest, subject_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        try:
            given = {"title": form.get("title", ""), "due_on": form.get("due_on") or None}
            await customers.add_task(
                tx, self.kind, subject_id, convert(given, NewTask, WORDS), now=now
            )
        except Refusal as refusal:
            return self._back(request, subject_id, refusal.detail)
        return self._back(request, subject_id, f"{given['title']} is on the list.")

    @post("/tasks/{task_id:uuid}/completion")
    async def settle_task(
        self,
        request: AnyRequest,
        subject_id: FromPath[UUID],
        task_id: FromPath[UUID],
        tx: Transaction,
        now: Now,
    ) -> Response[Any]:
        form = await read_form(request)
        is_done = form.get("is_done") == "true"
        await customers.settle_task(tx, self.kind, subject_id, task_id, is_done=is_done, now=now)
        return self._back(request, subject_id, "Done." if is_done else "Open again.")

    @post("/files")
    async def add_file(
        self,
        request: AnyRequest,
        subject_id: FromPath[UUID],
        tx: Transaction,
        now: Now,
        resources: Given,
    ) -> Response[Any]:
        upload = (await request.form()).get("file")
        try:
            if not isinstance(upload, UploadFile) or not upload.filename:
                raise Invalid("Choose a file first.", field="file")
            kept = await customers.add_file(
                tx,
                resources.get(Blobs),
                self.kind,
                subject_id,
                content=await upload.read(),
                filename=upload.filename,
                media_type=upload.content_type,
                now=now,
            )
        except Refusal as refusal:
            return self._back(request, subject_id, refusal.detail)
        return self._back(request, subject_id, f"{kept.filename} is kept.")

    @post("/files/{file_id:uuid}/removal")
    async def remove_file(
        self,
        request: AnyRequest,
        subject_id: FromPath[UUID],
        file_id: FromPath[UUID],
        tx: Transaction,
        now: Now,
    ) -> Response[Any]:
        await customers.remove_file(tx, self.kind, subject_id, file_id, now=now)
        return self._back(request, subject_id, "The file is removed.")

    @post("/tags")
    async def write_tags(
        self, request: AnyRequest, subject_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        tags = [tag.strip() for tag in form.get("tags", "").split(",") if tag.strip()]
        try:
            if self.kind == "customer":
                change = convert({"tags": tags}, CustomerChange, {"tags": "A tag has 40 letters."})
                customer = await customers.lock_customer(tx, subject_id)
                await customers.change_customer(tx, customer, change, now=now)
            else:
                other = convert({"tags": tags}, AccountChange, {"tags": "A tag has 40 letters."})
                account = await customers.lock_account(tx, subject_id)
                await customers.change_account(tx, account, other, now=now)
        except Refusal as refusal:
            return self._back(request, subject_id, refusal.detail)
        return self._back(request, subject_id, "The tags are saved.")

    def _back(self, request: AnyRequest, subject_id: UUID, toast: str) -> Response[Any]:
        to = f"{self.home}/{subject_id}"
        return redirect(request, to, toast=toast, link=to)


class CustomerKeptPage(_KeptPage):
    path = "/customers/{subject_id:uuid}"
    kind: ClassVar[Subject] = "customer"
    home: ClassVar[str] = "/customers"


class AccountKeptPage(_KeptPage):
    path = "/accounts/{subject_id:uuid}"
    kind: ClassVar[Subject] = "account"
    home: ClassVar[str] = "/accounts"


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What a record's page shows beside its facts."""

    notes: list[Any]
    tasks: list[Any]
    files: list[Any]


async def kept_of(tx: Transaction, kind: Subject, subject_id: UUID) -> Kept:
    return Kept(
        notes=await customers.list_notes(tx, kind, subject_id),
        tasks=await customers.list_tasks(tx, kind, subject_id),
        files=await customers.list_files(tx, kind, subject_id),
    )
