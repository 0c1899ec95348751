"""One complaint: what was said, by whom and to whom, and what may be done about it."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath

from tandem.crm.identity import service as identity
from tandem.crm.notifications.service import following
from tandem.flows import complaints
from tandem.kernel.blobs import Blobs
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.http import Given, Now, Transaction
from tandem.kernel.ids import parse_id
from tandem.scm.support import service as support
from tandem.scm.support.domain.complaints import ComplaintChange
from tandem.scm.support.domain.files import MIB, SHOWN_INLINE
from tandem.scm.support.domain.replies import filled
from tandem.scm.support.domain.statuses import MOVES, Origin, Severity, Status, Visibility
from tandem.scm.support.domain.words import fold
from tandem.web.console.forms import NO_PROBLEM, Problem, problem_of, read_form
from tandem.web.console.support_clocks import clock_of
from tandem.web.rendering import page, redirect, words

AnyRequest = Request[Any, Any, Any]
FILE_READ_MAX = 21 * MIB
FILES_AT_ONCE = 5
MOVE_WORDS = (
    (Status.ACKNOWLEDGED, "Acknowledge", "check"),
    (Status.IN_PROGRESS, "Start", "player-play"),
    (Status.WAITING_CUSTOMER, "Wait for the customer", "player-pause"),
    (Status.RESOLVED, "Resolve", "circle-check"),
    (Status.CLOSED, "Close", "lock"),
    (Status.REOPENED, "Reopen", "rotate"),
)
Doing = Callable[[dict[str, str]], Awaitable[str]]


class ComplaintPage(Controller):
    path = "/complaints/{complaint_id:uuid}"
    include_in_schema = False

    @get()
    async def show(
        self, request: AnyRequest, complaint_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        return await _page(request, tx, complaint_id, now)

    @post("/messages")
    async def say(
        self,
        request: AnyRequest,
        complaint_id: FromPath[UUID],
        tx: Transaction,
        resources: Given,
        now: Now,
    ) -> Response[Any]:
        """Words, files, or both; inside unless it says "to the customer". Then perhaps a move."""

        async def do(form: dict[str, str]) -> str:
            visibility = (
                Visibility.PUBLIC if form.get("visibility") == "public" else Visibility.INTERNAL
            )
            uploads = await _uploads(request)
            if not fold(form.get("body", "")) and not uploads:
                raise Invalid("Write something, or attach a file.", field="body")
            for name, content in uploads:
                await support.add_file(
                    tx,
                    resources.get(Blobs),
                    complaint_id=complaint_id,
                    content=content,
                    filename=name,
                    visibility=visibility,
                    origin=Origin.STAFF,
                    now=now,
                )
            if fold(form.get("body", "")):
                await support.add_message(
                    tx,
                    complaint_id=complaint_id,
                    body=form["body"],
                    visibility=visibility,
                    origin=Origin.STAFF,
                    dedupe=form.get("form_id", "")[:100] or None,
                    now=now,
                )
            if form.get("then") in {"waiting_customer", "resolved"}:
                to = Status(form["then"])
                await support.move(
                    tx, complaint_id=complaint_id, to=to, origin=Origin.STAFF, now=now
                )
            return "Sent to the customer." if visibility is Visibility.PUBLIC else "Noted inside."

        return await _act(request, tx, complaint_id, now, "say", do)

    @post("/moves")
    async def move(
        self, request: AnyRequest, complaint_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        async def do(form: dict[str, str]) -> str:
            if form.get("to") not in set(Status):
                raise Invalid("Choose where to.", field="to")
            moved = await support.move(
                tx,
                complaint_id=complaint_id,
                to=Status(form["to"]),
                origin=Origin.STAFF,
                note=form.get("note", "")[:2000],
                now=now,
            )
            return f"{moved.number} is {words(moved.status).lower()}."

        return await _act(request, tx, complaint_id, now, "", do)

    @post("/assignment")
    async def assign(
        self, request: AnyRequest, complaint_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        async def do(form: dict[str, str]) -> str:
            to = form.get("assignee", "")
            given = await complaints.give_to(
                tx,
                complaint_id=complaint_id,
                assignee_id=tx.actor.user_id if to == "me" else parse_id(to),
                queue=form.get("queue") or msgspec.UNSET,
                now=now,
            )
            return f"{given.number} is with {given.assignee_name or 'nobody'}."

        return await _act(request, tx, complaint_id, now, "assign", do)

    @post("/facts")
    async def change(
        self, request: AnyRequest, complaint_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        async def do(form: dict[str, str]) -> str:
            if form.get("severity") not in set(Severity) or not form.get("subject"):
                raise Invalid("Say in a line what it is about.", field="subject")
            changed = await support.change(
                tx,
                complaint_id=complaint_id,
                to=ComplaintChange(
                    category=form.get("category", ""),
                    severity=Severity(form["severity"]),
                    subject=" ".join(form["subject"].split())[:200],
                ),
                origin=Origin.STAFF,
                now=now,
            )
            return f"{changed.number} is changed."

        return await _act(request, tx, complaint_id, now, "facts", do)


async def _act(
    request: AnyRequest, tx: Tx, complaint_id: UUID, now: datetime, name: str, do: Doing
) -> Response[Any]:
    """Do it and show the page; refused, show the page with the form as it was."""
    form = await read_form(request)
    try:
        said = await do(form)
    except Refusal as refusal:
        problem = problem_of(refusal, form, form=name)
        return await _page(request, tx, complaint_id, now, problem, refusal.status)
    return redirect(request, f"/complaints/{complaint_id}", toast=said)


async def _uploads(request: AnyRequest) -> list[tuple[str, bytes]]:
    form = await request.form()
    given = [one for one in form.getall("files", []) if isinstance(one, UploadFile)]
    return [
        (one.filename, await one.read(FILE_READ_MAX))
        for one in given[:FILES_AT_ONCE]
        if one.filename
    ]


async def _page(
    request: AnyRequest,
    tx: Tx,
    complaint_id: UUID,
    now: datetime,
    problem: Problem = NO_PROBLEM,
    status: int = 200,
) -> Response[Any]:
    complaint = await support.get_complaint(tx, complaint_id)
    desk = (await support.get_desk(tx)).desk
    replies = await support.list_replies(tx)
    agent = tx.actor.label
    may_assign = tx.actor.may("support.assign")
    people = await identity.staff_names(tx, only_active=True) if may_assign else {}
    return page(
        request,
        "console/support_complaint.html",
        status=status,
        complaint=complaint,
        messages=await support.list_messages(tx, complaint_id),
        files=await support.list_files(tx, complaint_id),
        steps=await support.list_steps(tx, complaint_id),
        clock=clock_of(complaint, desk, now),
        moves=[one for one in MOVE_WORDS if one[0] in MOVES[complaint.status]],
        names=desk.names(),
        categories=[(one.key, one.name) for one in desk.categories],
        queues=[(one.key, one.name) for one in desk.queues],
        severities=[(str(one), words(str(one))) for one in Severity],
        people=[("", "Nobody"), *sorted(((str(k), v) for k, v in people.items()), key=_by_name)],
        replies=[
            (one.name, filled(one.body, complaint, agent=agent))
            for one in sorted(replies, key=lambda one: one.category != complaint.category)
        ],
        shown_inline=SHOWN_INLINE,
        sync=await support.jira.read_log(tx, complaint_id),
        jira_site=await support.jira.find_active(tx),
        is_followed=await following.is_following(tx, "complaint", complaint_id),
        problem=problem,
    )


def _by_name(one: tuple[str, str]) -> str:
    return one[1]
