"""Products from a CSV file: look first, with every wrong row named, then import."""

import io
from typing import Any

from litestar import Controller, Request, Response, get, post
from litestar.datastructures import UploadFile

from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.http import Now, Transaction
from tandem.scm.catalog import service as catalog
from tandem.scm.catalog.domain import COLUMNS as SHEET_COLUMNS
from tandem.scm.catalog.service import ImportResult
from tandem.web.console.forms import NO_PROBLEM, Problem, problem_of
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
ERRORS_SHOWN = 200


class ProductImport(Controller):
    path = "/products/import"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        tx.actor.require("catalog.write")
        return _page(request)

    @post()
    async def run(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        """A dry run answers with its rows; the import itself leads to the list."""
        form = await request.form()
        is_dry_run = form.get("step") != "import"
        try:
            content, name = await _file(form.get("file"), form.get("text"))
            result = await catalog.import_products(
                tx, io.BytesIO(content), is_dry_run=is_dry_run, now=now
            )
        except Refusal as refusal:
            return _page(request, problem=problem_of(refusal, {}), status=refusal.status)
        if is_dry_run:
            text = content.decode("utf-8-sig", errors="replace")
            return _page(request, result=result, name=name, text=text)
        said = f"{result.created} products created, {result.updated} updated"
        said += f", {result.failed} rows left out." if result.failed else "."
        return redirect(request, "/products", toast=said)


async def _file(upload: Any, text: Any) -> tuple[bytes, str]:
    """The file just chosen; in the second step the text that was looked at in the first."""
    if isinstance(upload, UploadFile) and upload.filename:
        return await upload.read(), upload.filename
    if isinstance(text, str) and text:
        return text.encode(), "the file you checked"
    raise Invalid("Choose a CSV file first.", field="file")


def _page(
    request: AnyRequest,
    *,
    result: ImportResult | None = None,
    name: str = "",
    text: str = "",
    problem: Problem = NO_PROBLEM,
    status: int = 200,
) -> Response[Any]:
    return page(
        request,
        "console/product_import.html",
        status=status,
        result=result,
        errors=result.errors[:ERRORS_SHOWN] if result else [],
        name=name,
        text=text,
        problem=problem,
        columns={column: said for column, (_, said) in SHEET_COLUMNS.items()},
    )
