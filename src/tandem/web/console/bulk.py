"""One act on what is selected in a list: begun there, followed and taken back on its own page."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, quote
from uuid import UUID

from litestar import Controller, MediaType, Request, Response, get, post
from litestar.params import FromPath

from tandem.crm.identity import service as identity
from tandem.flows.bulk import KINDS
from tandem.kernel import bulk
from tandem.kernel.bulk import MANY_MAX, BulkJob, Kind, Outcome
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.http import Now, Transaction
from tandem.kernel.ids import parse_id
from tandem.web.console.forms import convert, read_form
from tandem.web.rendering import Undo, page, redirect

AnyRequest = Request[Any, Any, Any]
ID_LENGTH = 37
BACK_LENGTH_MAX = 1000
MATCHING_LENGTH_MAX = 8000
ROWS_SHOWN = 100
NOBODY = "nobody"
Find = Callable[[Mapping[str, str], int], Awaitable[list[UUID]]]
"""The ids of all that a list shows for what its address says, so many at most."""
HOMES: Mapping[str, str] = {"opportunity": "/deals/list"}
"""Lists that do not stand where one of them does."""


async def read_bulk(request: AnyRequest) -> dict[str, str]:
    """A form of the bar below a list, which names as many records as one act takes."""
    return await read_form(request, longest=MANY_MAX * ID_LENGTH)


async def chosen(form: Mapping[str, str], find: Find | None = None) -> list[UUID]:
    """Who is selected, one by one or with all that match what the list was narrowed to."""
    if find is not None and form.get("whole") == "true":
        asked = form.get("matching", "")
        if len(asked) > MATCHING_LENGTH_MAX:
            # Cut short it would match more than the list has shown.
            raise Invalid("The list is narrowed by too much at once.", field="matching")
        return await find(dict(parse_qsl(asked)), MANY_MAX + 1)
    return [found for text in form.get("ids", "").split() if (found := parse_id(text))]


async def act_on(
    request: AnyRequest,
    tx: Tx,
    kind: Kind[Any],
    form: Mapping[str, str],
    *,
    find: Find | None = None,
    now: datetime,
) -> Response[Any]:
    """Back to the list with what it came to; to the page of the act where it takes a while. What
    is refused as a whole is told on the list, where the selection still stands."""
    to, back = _list_of(kind, form)
    try:
        act = convert(_values(form, kind), kind.act_type, {})
        ids = await chosen(form, find)
        async with tx.attempt():
            job = await bulk.begin(tx, kind, act, ids, now=now)
    except Refusal as refusal:
        return redirect(request, to, toast=refusal.detail)
    return _after(request, job, to, back)


async def colleagues_of(tx: Tx) -> list[tuple[str, str]]:
    """Who may be given something, by name."""
    found = await identity.staff_names(tx, only_active=True)
    return sorted(((str(key), name) for key, name in found.items()), key=lambda one: one[1])


def counted(ids: list[UUID]) -> Response[Any]:
    """How many match, for the button that takes them all."""
    told = {"count": min(len(ids), MANY_MAX), "is_more": len(ids) > MANY_MAX}
    return Response(told, media_type=MediaType.JSON)


class BulkPage(Controller):
    path = "/bulk/{job_id:uuid}"
    include_in_schema = False

    @get()
    async def show(
        self, request: AnyRequest, job_id: FromPath[UUID], tx: Transaction
    ) -> Response[Any]:
        job = await bulk.get_job(tx, job_id)
        kind = KINDS[job.kind]
        asked = request.query_params
        wanted: Outcome = "kept" if job.state in ("undoing", "undone") else "refused"
        rows = await bulk.list_rows(
            tx, job_id, [wanted], limit=ROWS_SHOWN, cursor=asked.get("cursor") or None
        )
        home, back = _list_of(kind, asked)
        return page(
            request,
            "console/bulk_job.html",
            job=job,
            kind=kind,
            rows=rows.items,
            next=rows.next,
            back=back,
            home=home,
            said=said(job),
        )

    @post("/undo")
    async def take_back(
        self, request: AnyRequest, job_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        kind = KINDS[(await bulk.get_job(tx, job_id)).kind]
        to, back = _list_of(kind, form)
        try:
            job = await bulk.take_back(tx, kind, job_id, now=now)
        except Refusal as refusal:
            return redirect(request, f"/bulk/{job_id}", toast=refusal.detail)
        return _after(request, job, to, back)


def said(job: BulkJob) -> str:
    """What it came to, in a line."""
    if job.state == "running":
        return f"To be {job.said}."
    if job.state in ("undoing", "undone"):
        parts = [f"{_many(job, job.undone)} {'is' if job.undone == 1 else 'are'} as before."]
        parts += [f"{job.kept:,} stayed: somebody changed them since."] if job.kept else []
        return " ".join(parts)
    parts = [f"{_many(job, job.changed)} {job.said}."]
    parts += [f"{job.same:,} {'was' if job.same == 1 else 'were'} so already."] if job.same else []
    parts += [f"{job.refused:,} refused."] if job.refused else []
    return " ".join(parts)


def _list_of(kind: Kind[Any], asked: Mapping[str, str]) -> tuple[str, str]:
    """The list that somebody came from as it was narrowed then, and what narrowed it."""
    home = HOMES.get(kind.name, kind.home)
    back = asked.get("back", "")[:BACK_LENGTH_MAX]
    return (f"{home}?{back}" if back else home), back


def _after(request: AnyRequest, job: BulkJob, to: str, back: str) -> Response[Any]:
    here = f"/bulk/{job.id}?back={quote(back)}" if back else f"/bulk/{job.id}"
    if job.is_busy:
        return redirect(request, here)
    undo = Undo(action=f"/bulk/{job.id}/undo", values={"back": back}) if job.may_go_back else None
    return redirect(request, to, toast=_told(job), link=here, undo=undo)


def _values(form: Mapping[str, str], kind: Kind[Any]) -> dict[str, Any]:
    """What a form leaves empty is not said; whom it gives to nobody has no owner."""
    given: dict[str, Any] = {
        name: form[name] for name in kind.act_type.__struct_fields__ if form.get(name)
    }
    if given.get("owner_id") == NOBODY:
        given["owner_id"] = None
    if "act" not in given:
        raise Invalid("Choose what to do.", field="act")
    return given


def _told(job: BulkJob) -> str:
    return f"{said(job)} See why." if job.refused and job.state == "done" else said(job)


def _many(job: BulkJob, count: int) -> str:
    kind = KINDS[job.kind]
    return f"{count:,} {kind.many}" if count > 1 else f"{'1' if count else 'No'} {kind.one}"
