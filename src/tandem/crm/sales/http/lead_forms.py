"""Forms and what they brought, over HTTP, for staff."""

from typing import Literal
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody

from tandem.crm.sales.domain.forms import Form, FormDraft
from tandem.crm.sales.domain.submissions import Submission, Verdict
from tandem.crm.sales.service import forms as service
from tandem.crm.sales.service import submissions
from tandem.kernel.errors import Forbidden, Invalid, NotFound, StaleVersion
from tandem.kernel.http import (
    Cursor,
    IfMatch,
    LimitParameter,
    Now,
    Transaction,
    check_if_match,
    etag,
    refusals,
)
from tandem.kernel.pages import LIMIT_DEFAULT, Page


class Judgement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Not spam after all becomes a lead."""

    verdict: Literal["accepted", "spam"]


class LeadFormsController(Controller):
    path = "/v1/lead-forms"
    tags = ("sales",)

    @get("/", responses=refusals(Forbidden))
    async def list_forms(self, tx: Transaction) -> list[Form]:
        return await service.list_forms(tx)

    @post("/", responses=refusals(Forbidden, Invalid))
    async def add_form(
        self, data: JSONBody[FormDraft], tx: Transaction, now: Now
    ) -> Response[Form]:
        """Its page is `/f/<slug>`; the slug never changes."""
        return _answer(await service.add_form(tx, data, now=now), status=201)

    @get("/{form_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def get_form(self, form_id: FromPath[UUID], tx: Transaction) -> Response[Form]:
        return _answer(await service.get_form(tx, form_id))

    @put("/{form_id:uuid}", responses=refusals(Forbidden, NotFound, Invalid, StaleVersion))
    async def change_form(
        self,
        form_id: FromPath[UUID],
        data: JSONBody[FormDraft],
        tx: Transaction,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response[Form]:
        """The form as it shall be."""
        tx.actor.require("sales.configure")
        check_if_match(if_match, (await service.get_form(tx, form_id)).version)
        return _answer(await service.change_form(tx, form_id, data, now=now))

    @get("/{form_id:uuid}/submissions", responses=refusals(Forbidden, NotFound))
    async def list_submissions(
        self,
        form_id: FromPath[UUID],
        tx: Transaction,
        verdict: FromQuery[Verdict | None] = None,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
    ) -> Page[Submission]:
        """What was sent, newest first, spam too; for whoever sees everybody's leads."""
        tx.actor.require_everywhere("sales.read")
        await service.get_form(tx, form_id)
        return await submissions.list_submissions(
            tx, form_id, verdict=verdict, limit=limit, cursor=cursor
        )


class FormSubmissionsController(Controller):
    path = "/v1/form-submissions"
    tags = ("sales",)

    @post("/{submission_id:uuid}/judgements", responses=refusals(Forbidden, NotFound))
    async def judge(
        self,
        submission_id: FromPath[UUID],
        data: JSONBody[Judgement],
        tx: Transaction,
        now: Now,
    ) -> Submission:
        """Say what it is: spam, or accepted after all."""
        tx.actor.require_everywhere("sales.write")
        return await submissions.decide(tx, submission_id, is_spam=data.verdict == "spam", now=now)


def _answer(form: Form, *, status: int = 200) -> Response[Form]:
    return Response(form, status_code=status, headers=etag(form.version))
