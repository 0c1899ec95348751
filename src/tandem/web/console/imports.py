"""Records from a file: upload, say what the columns mean, look first, take in, take back."""

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath

from tandem.crm.customers import service as customers
from tandem.flows.lead_imports import LEADS
from tandem.kernel import imports
from tandem.kernel.blobs import Blobs
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.http import Given, Now, Transaction
from tandem.kernel.imports import ImportJob, ImportMapping, Kind, WrongRow
from tandem.web.console.forms import NO_PROBLEM, Problem, convert, problem_of, read_form
from tandem.web.rendering import page, redirect, words

AnyRequest = Request[Any, Any, Any]
SHOWN = 20
"""Wrong rows on the page; all of them are in the file beside it."""
BUSY = ("checking", "running", "reverting")


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What the pages of one kind of record say. `home` is their list, `new` its newest first;
    `sample` a file in the right shape, if there is one."""

    title: str
    one: str
    home: str
    new: str
    api: str
    keys: tuple[tuple[str, str], ...]
    hint: str = ""
    sample: str = ""
    labels: Mapping[str, str] = {}


class ImportsPage(Controller):
    """A kind of record has its own path below this."""

    include_in_schema = False
    kind: ClassVar[Kind]
    words: ClassVar[Words]

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        return await self._start(request, tx)

    @post()
    async def upload(
        self, request: AnyRequest, tx: Transaction, now: Now, resources: Given
    ) -> Response[Any]:
        file = (await request.form()).get("file")
        try:
            if not isinstance(file, UploadFile) or not file.filename:
                raise Invalid("Choose a CSV file first.", field="file")
            name = "".join(one for one in file.filename if one.isprintable())[-200:]
            job = await imports.upload(
                tx,
                self.kind,
                resources.get(Blobs),
                content=await file.read(),
                filename=name,
                now=now,
            )
        except Refusal as refusal:
            problem = problem_of(refusal, {})
            return await self._start(request, tx, problem=problem, status=refusal.status)
        return redirect(request, f"{self.path}/{job.id}")

    @get("/{job_id:uuid}")
    async def show_job(
        self, request: AnyRequest, job_id: FromPath[UUID], tx: Transaction
    ) -> Response[Any]:
        return await self._job(request, tx, await imports.get_import(tx, self.kind, job_id))

    @post("/{job_id:uuid}/check")
    async def check(
        self, request: AnyRequest, job_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        job = await imports.get_import(tx, self.kind, job_id)
        chosen = {
            column: form[f"column_{place}"]
            for place, column in enumerate(job.columns)
            if column and form.get(f"column_{place}")
        }
        try:
            given = {"columns": chosen, "key": form.get("key", "email")}
            mapping = convert(given, ImportMapping, {})
            await imports.check_import(tx, self.kind, job_id, mapping, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form)
            return await self._job(request, tx, job, problem=problem, status=refusal.status)
        return redirect(request, f"{self.path}/{job_id}")

    @post("/{job_id:uuid}/run")
    async def run(
        self, request: AnyRequest, job_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        await imports.run_import(tx, self.kind, job_id, now=now)
        return redirect(request, f"{self.path}/{job_id}")

    @post("/{job_id:uuid}/revert")
    async def revert(
        self, request: AnyRequest, job_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        await imports.revert_import(tx, self.kind, job_id, now=now)
        return redirect(request, f"{self.path}/{job_id}")

    async def _start(
        self, request: AnyRequest, tx: Tx, *, problem: Problem = NO_PROBLEM, status: int = 200
    ) -> Response[Any]:
        return page(
            request,
            "console/import.html",
            status=status,
            jobs=await imports.list_imports(tx, self.kind),
            at=self.path,
            words=self.words,
            things=self.kind.things,
            problem=problem,
        )

    async def _job(
        self,
        request: AnyRequest,
        tx: Tx,
        job: ImportJob,
        *,
        problem: Problem = NO_PROBLEM,
        status: int = 200,
    ) -> Response[Any]:
        labels = self.words.labels
        kept = tx.actor.hidden | tx.actor.read_only
        options = [
            (name, labels.get(name, words(name)))
            for name in self.kind.fields
            if self.kind.kept_by.get(name) not in kept
        ]
        again = job.state == "checked" and "columns" in request.query_params
        wrong: list[WrongRow] = []
        alike: list[WrongRow] = []
        if job.state not in (*BUSY, "uploaded"):
            wrong = await imports.first_told(tx, self.kind, job, "bad", limit=SHOWN)
            alike = await imports.first_told(tx, self.kind, job, "alike", limit=SHOWN)
        own = await self.kind.own_fields(tx)
        options += [(f"custom.{field.key}", field.label) for field in own]
        return page(
            request,
            "console/import_job.html",
            status=status,
            job=job,
            at=f"{self.path}/{job.id}",
            home=self.path,
            words=self.words,
            things=self.kind.things,
            options=options,
            keys=[one for one in self.words.keys if self.kind.kept_by.get(one[0]) not in kept],
            is_busy=job.state in BUSY,
            wrong=wrong,
            alike=alike,
            is_mapping=job.state in ("uploaded", "failed") or again,
            problem=problem,
        )


class CustomerImportsPage(ImportsPage):
    path = "/customers/import"
    kind = customers.IMPORTS
    words = Words(
        title="Customers",
        one="customer",
        home="/customers",
        new="/customers?sort=-created_at",
        api="/v1/customer-imports",
        keys=(
            ("email", "The e-mail is known"),
            ("phone", "The phone is known"),
            ("number", "The customer number is known"),
            ("", "Never: every row is somebody new"),
        ),
        sample="/v1/customer-export",
    )


class LeadImportsPage(ImportsPage):
    path = "/leads/import"
    kind = LEADS
    words = Words(
        title="Leads",
        one="lead",
        home="/leads",
        new="/leads",
        api="/v1/lead-imports",
        keys=(
            ("email", "The e-mail is known"),
            ("phone", "The phone is known"),
            ("number", "The lead's number is known"),
            ("", "Never: who is known gets one more touch, and only blanks are filled"),
        ),
        hint="Who comes in is scored, linked and given to somebody as if they had filled a form.",
        labels={"owner": "Owner (their e-mail)", "status": "Status (its name)"},
    )
