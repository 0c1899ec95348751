"""Settings: what a lead needs before it may stand in a status."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.crm.sales.domain.leads import StatusKind
from tandem.crm.sales.domain.qualifying import FIELD_WORDS, STEPS_MAX, NeedsDraft
from tandem.crm.sales.service import checklists, lead_statuses
from tandem.flows import assign_leads
from tandem.kernel.db import Tx
from tandem.kernel.errors import Refusal
from tandem.kernel.http import Now, Transaction
from tandem.web.console.forms import NO_PROBLEM, Problem, convert, problem_of, read_form
from tandem.web.rendering import page, redirect, words

AnyRequest = Request[Any, Any, Any]
HOME = "/settings/qualification"
WORDS = {"text": "Say what is to be found out, in 200 letters at most."}
BLANKS = 2


class QualificationPage(Controller):
    path = HOME
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        return await _page(request, tx)

    @post("/{status_id:uuid}")
    async def save(
        self, request: AnyRequest, status_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        chosen = [str(one) for one in (await request.form()).getall("required_fields", [])]
        keys = [field.key for field in (await assign_leads.directory(tx)).custom_fields]
        try:
            draft = convert({"required_fields": chosen, "steps": _steps(form)}, NeedsDraft, WORDS)
            await checklists.set_needs(tx, status_id, draft, custom_keys=keys, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form, form=str(status_id))
            return await _page(request, tx, problem, refusal.status)
        return redirect(request, f"{HOME}#s-{status_id}", toast="The gate is set up so.")


def _steps(form: Mapping[str, str]) -> list[dict[str, Any]]:
    """The rows with a text, in order; an emptied one goes."""
    return [
        {
            "text": form[f"text_{place}"],
            "is_required": f"needed_{place}" in form,
            "id": form.get(f"id_{place}") or None,
        }
        for place in range(STEPS_MAX)
        if form.get(f"text_{place}")
    ]


async def _page(
    request: AnyRequest, tx: Tx, problem: Problem = NO_PROBLEM, status: int = 200
) -> Response[Any]:
    people = await assign_leads.directory(tx)
    statuses = [
        one for one in await lead_statuses.list_statuses(tx) if one.kind is not StatusKind.LOST
    ]
    return page(
        request,
        "console/settings/qualification.html",
        status=status,
        gates=[(one, await checklists.get_needs(tx, one.id)) for one in statuses],
        fields=[
            *((key, words(key)) for key in FIELD_WORDS),
            *((f"custom.{one.key}", one.label) for one in people.custom_fields),
        ],
        blanks=BLANKS,
        problem=problem,
    )
