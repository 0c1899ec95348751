"""Links that show numbers: made from a dashboard or a question, listed, taken back."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.crm.analytics.domain.links import DAYS_MAX, LinkDraft
from tandem.crm.analytics.service import links
from tandem.flows import report_links as flow
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.http import Now, Transaction
from tandem.web.console.forms import (
    NO_PROBLEM,
    Problem,
    convert,
    problem_of,
    read_form,
    whole_of,
)
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
HERE = "/report-links"
TAKEN = ("query", "dashboard", "funnel", "retention", "looking", "title")
ASKED = ("query", "funnel", "retention")
WORDS = {"title": "A title of 120 letters at most."}


class ReportLinksPage(Controller):
    path = HERE
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        return await _page(request, tx, now)

    @post()
    async def add(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await read_form(request)
        try:
            await flow.add_link(tx, _draft(form), now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form)
            return await _page(request, tx, now, problem, refusal.status)
        return redirect(request, HERE, toast="The link works. Copy it from here.")

    @post("/{link_id:uuid}/removal")
    async def revoke(
        self, request: AnyRequest, link_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        await links.revoke_link(tx, link_id, now=now)
        return redirect(request, HERE, toast="The link shows nothing any more.")


def _draft(form: Mapping[str, str]) -> LinkDraft:
    """What is on the screen, as for a file: without the moment it was looked at."""
    try:
        shown = msgspec.json.decode(form.get("draft", ""), type=dict[str, Any])
    except msgspec.DecodeError as reason:
        raise Invalid("There is nothing to show under a link.", field="draft") from reason
    given = {name: shown[name] for name in TAKEN if name in shown}
    for name in ASKED:
        if isinstance(given.get(name), dict):
            given[name].pop("as_of", None)
    origins = form.get("allowed_origins", "").replace(",", " ").split()
    given["days"] = whole_of(form.get("days", "30"), field="days", least=1, most=DAYS_MAX)
    if form.get("title", "").strip():
        given["title"] = form["title"].strip()
    return convert(given | {"allowed_origins": origins}, LinkDraft, WORDS)


async def _page(
    request: AnyRequest,
    tx: Any,
    now: Any,
    problem: Problem = NO_PROBLEM,
    status: int = 200,
) -> Response[Any]:
    return page(
        request,
        "console/report_links.html",
        status=status,
        links=await links.list_links(tx, now=now),
        origin=request.app.state.settings.base_url.rstrip("/"),
        problem=problem,
        now=now,
    )
