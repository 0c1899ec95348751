"""Who will leave: a file of those who did and did not, a model judged by rows it did not see."""

from typing import Any

from litestar import Controller, Request, Response, get, post
from litestar.datastructures import UploadFile

from tandem.crm.analytics.domain.churn.report import ChurnReport
from tandem.crm.analytics.domain.churn.table import BYTES_MAX, ROWS_MAX
from tandem.crm.analytics.domain.permissions import READ
from tandem.crm.analytics.service.churning import FEW, report_on
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.http import COMPUTES, Acting, Transaction
from tandem.kernel.http.access import limited
from tandem.web.console.forms import NO_PROBLEM, Problem, problem_of
from tandem.web.rendering import page

AnyRequest = Request[Any, Any, Any]


class ChurnPage(Controller):
    path = "/churn"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        tx.actor.require(READ)
        return _page(request, {"target": "", "positive": ""})

    @post(status_code=200, opt={**COMPUTES, **limited(FEW)})
    async def report(self, request: AnyRequest, actor: Acting) -> Response[Any]:
        """Nothing is kept: the report is the answer."""
        actor.require(READ)
        form = await request.form()
        values = {name: str(form.get(name, ""))[:200] for name in ("target", "positive")}
        upload = form.get("file")
        try:
            if not isinstance(upload, UploadFile) or not upload.filename:
                raise Invalid("Choose a CSV file first.", field="file")
            found = await report_on(actor, await upload.read(), **values)
        except Refusal as refusal:
            return _page(request, values, problem=problem_of(refusal, values))
        return _page(request, values, found=found, name=upload.filename[:120])


def _page(
    request: AnyRequest,
    values: dict[str, str],
    *,
    found: ChurnReport | None = None,
    name: str = "",
    problem: Problem = NO_PROBLEM,
) -> Response[Any]:
    return page(
        request,
        "console/churn.html",
        status=problem.status,
        values=values,
        found=found,
        name=name,
        problem=problem,
        rows_max=ROWS_MAX,
        megabytes=BYTES_MAX // 1_000_000,
    )
