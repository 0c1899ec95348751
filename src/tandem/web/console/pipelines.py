"""Settings: pipelines and their stages: chance, limits, what a stage asks for."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.crm.sales import service as sales
from tandem.crm.sales.domain.pipelines import STAGES_MAX, Kind, Needed, PipelineDraft
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.http import Now, Transaction
from tandem.web.console.forms import (
    NO_PROBLEM,
    Problem,
    convert,
    problem_of,
    read_form,
    row_places,
)
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
HOME = "/settings/pipelines"
BLANKS = 2
WORDS = {
    "name": "Give it a name of at most 80 letters.",
    "probability": "A chance is a whole number from 0 to 100.",
    "wip_limit": "A limit is a whole number from 1 to 10,000.",
    "expected_days": "Days are a whole number from 1 to 3,650.",
}
NEEDED = (
    (str(Needed.AMOUNT), "Amount"),
    (str(Needed.CLOSE_ON), "Closing day"),
    (str(Needed.CUSTOMER), "Customer"),
    (str(Needed.OWNER), "Owner"),
    (str(Needed.NEXT_STEP), "Next step"),
)
NUMBERS = ("probability", "wip_limit", "expected_days")


class PipelinesPage(Controller):
    path = HOME
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        return await _page(request, tx)

    @post()
    async def add(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        """With the usual stages, to be changed afterwards."""
        tx.actor.require("sales.configure")
        form = await read_form(request)
        try:
            given = {"name": form.get("name", ""), "stages": []}
            draft = convert(given, PipelineDraft, WORDS)
            made = await sales.add_pipeline(tx, name=draft.name, stages=[], now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form, form="new")
            return await _page(request, tx, problem, refusal.status)
        return redirect(request, f"{HOME}#p-{made.id}", toast=f"{made.name} has its stages.")

    @post("/{pipeline_id:uuid}")
    async def save(
        self, request: AnyRequest, pipeline_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        tx.actor.require("sales.configure")
        form = await read_form(request)
        try:
            needed = {
                place: [str(one) for one in (await request.form()).getall(f"needs_{place}", [])]
                for place in range(STAGES_MAX + BLANKS)
            }
            given = {"name": form.get("pipeline", ""), "stages": _stages(form, needed)}
            draft = convert(given, PipelineDraft, WORDS)
            await sales.change_pipeline(
                tx, pipeline_id, name=draft.name, stages=draft.stages, now=now
            )
        except Refusal as refusal:
            problem = problem_of(refusal, form, form=str(pipeline_id))
            return await _page(request, tx, problem, refusal.status)
        return redirect(request, f"{HOME}#p-{pipeline_id}", toast="The stages are saved.")

    @post("/{pipeline_id:uuid}/archiving")
    async def archive(
        self, request: AnyRequest, pipeline_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        try:
            await sales.archive_pipeline(tx, pipeline_id, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, {}, form=str(pipeline_id))
            return await _page(request, tx, problem, refusal.status)
        return redirect(request, HOME, toast="The pipeline is put away.")


def _stages(form: Mapping[str, str], needed: Mapping[int, list[str]]) -> list[dict[str, Any]]:
    """The rows with a name in their order; an emptied one goes."""
    stages: list[dict[str, Any]] = []
    for place in row_places(form, "name", STAGES_MAX + BLANKS):
        given: dict[str, Any] = {
            name: form[f"{name}_{place}"]
            for name in ("id", "name", "kind")
            if form.get(f"{name}_{place}")
        }
        for name in NUMBERS:
            if typed := form.get(f"{name}_{place}", "").strip():
                if not typed.isdigit() or len(typed) > 6:
                    raise Invalid(WORDS[name], field=name)
                given[name] = int(typed)
        stages.append({**given, "required_fields": needed[place]})
    return stages


async def _page(
    request: AnyRequest, tx: Tx, problem: Problem = NO_PROBLEM, status: int = 200
) -> Response[Any]:
    known = await sales.list_pipelines(tx)
    return page(
        request,
        "console/settings/pipelines.html",
        status=status,
        pipelines=[one for one in known if one.archived_at is None],
        archived=[one.name for one in known if one.archived_at is not None],
        needed=NEEDED,
        is_open=lambda stage: stage is None or stage.kind is Kind.OPEN,
        blanks=BLANKS,
        problem=problem,
    )
