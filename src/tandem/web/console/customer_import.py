"""Customers from a file: upload, say what the columns mean, look first, take in, take back."""

from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath

from tandem.crm.customers import service as customers
from tandem.crm.customers.domain.sheets import FIELDS, ImportJob, ImportMapping
from tandem.kernel.blobs import Blobs
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.http import Given, Now, Transaction
from tandem.web.console.custom_fields import live_fields
from tandem.web.console.forms import NO_PROBLEM, Problem, convert, problem_of, read_form
from tandem.web.rendering import page, redirect, words

AnyRequest = Request[Any, Any, Any]
KEYS = (
    ("email", "The e-mail is known"),
    ("phone", "The phone is known"),
    ("number", "The customer number is known"),
    ("", "Never: every row is somebody new"),
)
BUSY = ("checking", "running", "reverting")


class CustomerImportsPage(Controller):
    path = "/customers/import"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        return await _start(request, tx)

    @post()
    async def upload(
        self, request: AnyRequest, tx: Transaction, now: Now, resources: Given
    ) -> Response[Any]:
        file = (await request.form()).get("file")
        try:
            if not isinstance(file, UploadFile) or not file.filename:
                raise Invalid("Choose a CSV file first.", field="file")
            name = "".join(one for one in file.filename if one.isprintable())[-200:]
            job = await customers.upload(
                tx, resources.get(Blobs), content=await file.read(), filename=name, now=now
            )
        except Refusal as refusal:
            problem = problem_of(refusal, {})
            return await _start(request, tx, problem=problem, status=refusal.status)
        return redirect(request, f"/customers/import/{job.id}")

    @get("/{job_id:uuid}")
    async def show_job(
        self, request: AnyRequest, job_id: FromPath[UUID], tx: Transaction
    ) -> Response[Any]:
        return await _job(request, tx, await customers.get_import(tx, job_id))

    @post("/{job_id:uuid}/check")
    async def check(
        self, request: AnyRequest, job_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        job = await customers.get_import(tx, job_id)
        chosen = {
            column: form[f"column_{place}"]
            for place, column in enumerate(job.columns)
            if column and form.get(f"column_{place}")
        }
        try:
            given = {"columns": chosen, "key": form.get("key", "email")}
            await customers.check_import(tx, job_id, convert(given, ImportMapping, {}), now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form)
            return await _job(request, tx, job, problem=problem, status=refusal.status)
        return redirect(request, f"/customers/import/{job_id}")

    @post("/{job_id:uuid}/run")
    async def run(
        self, request: AnyRequest, job_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        await customers.run_import(tx, job_id, now=now)
        return redirect(request, f"/customers/import/{job_id}")

    @post("/{job_id:uuid}/revert")
    async def revert(
        self, request: AnyRequest, job_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        await customers.revert_import(tx, job_id, now=now)
        return redirect(request, f"/customers/import/{job_id}")


async def _start(
    request: AnyRequest, tx: Tx, *, problem: Problem = NO_PROBLEM, status: int = 200
) -> Response[Any]:
    jobs = await customers.list_imports(tx)
    return page(request, "console/customer_import.html", status=status, jobs=jobs, problem=problem)


async def _job(
    request: AnyRequest,
    tx: Tx,
    job: ImportJob,
    *,
    problem: Problem = NO_PROBLEM,
    status: int = 200,
) -> Response[Any]:
    own = await live_fields(tx, "customer")
    options = [(name, words(name)) for name in FIELDS]
    options += [(f"custom.{field.key}", field.label) for field in own]
    return page(
        request,
        "console/customer_import_job.html",
        status=status,
        job=job,
        options=options,
        keys=KEYS,
        is_busy=job.state in BUSY,
        problem=problem,
    )
