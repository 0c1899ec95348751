"""The care desk: complaints by queue and urgency, and what is done to many at once."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post

from tandem.crm.identity import service as identity
from tandem.flows import complaints
from tandem.flows.bulk.complaints import COMPLAINTS
from tandem.flows.complaints import About
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.http import Now, Transaction
from tandem.kernel.ids import parse_id
from tandem.scm.orders import service as orders
from tandem.scm.support import service as support
from tandem.scm.support.domain.complaints import Complaint, NewComplaint
from tandem.scm.support.domain.desk import Desk
from tandem.scm.support.domain.statuses import (
    UNSETTLED,
    Channel,
    Origin,
    Severity,
    Status,
    Visibility,
)
from tandem.scm.support.domain.views import Filters, Sort
from tandem.web.console.bulk import act_on, read_bulk
from tandem.web.console.forms import NO_PROBLEM, Problem, problem_of, read_form
from tandem.web.console.lists import Column, Filter, listing, read_state
from tandem.web.console.support_clocks import clock_of
from tandem.web.console.views import views_of
from tandem.web.rendering import page, redirect, words

AnyRequest = Request[Any, Any, Any]
TO_DO = "to_do"

COLUMNS = (
    Column(key="number", label="Complaint", is_lead=True),
    Column(key="clock", label="Due", is_mark=True, sorts=("due",)),
    Column(key="status", label="Status", is_mark=True),
    Column(key="severity", label="Severity", is_mark=True),
    Column(key="category", label="About"),
    Column(key="customer", label="Customer"),
    Column(key="order", label="Order"),
    Column(key="assignee", label="With"),
    Column(key="queue", label="Queue", is_shown=False),
    Column(key="opened_at", label="Opened", sorts=("-opened_at",)),
)
CHANNELS = tuple((str(one), words(str(one))) for one in (Channel.PHONE, Channel.EMAIL))


def filters_of(desk: Desk) -> tuple[Filter, ...]:
    return (
        Filter(
            key="status",
            label="Status",
            options=((TO_DO, "To do"), *((str(one), words(str(one))) for one in Status)),
        ),
        Filter(
            key="queue", label="Queue", options=tuple((one.key, one.name) for one in desk.queues)
        ),
        Filter(
            key="category",
            label="About",
            options=tuple((one.key, one.name) for one in desk.categories),
        ),
        Filter(
            key="severity",
            label="Severity",
            options=tuple((str(one), words(str(one))) for one in Severity),
        ),
        Filter(key="with", label="With", options=(("me", "Me"), ("nobody", "Nobody"))),
        Filter(key="clock", label="Clock", options=(("overdue", "Overdue"),)),
    )


class ComplaintsPage(Controller):
    path = "/complaints"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        desk = (await support.get_desk(tx)).desk
        state = read_state(request, COLUMNS, filters_of(desk))
        found = await support.list_complaints(
            tx,
            narrowed(state.values, state.search, tx.actor.user_id),
            limit=state.limit,
            cursor=state.cursor,
            sort=Sort.NEWEST if state.sort == "-opened_at" else Sort.DUE,
            now=now,
        )
        counts = {one.queue: one for one in await support.count_complaints(tx, now=now)}
        numbers = {f"status={TO_DO}&queue={key}": one.unsettled for key, one in counts.items()}
        if whole := counts.get(""):
            numbers |= {
                f"status={TO_DO}": whole.unsettled,
                f"status={TO_DO}&with=me": whole.mine,
                f"status={TO_DO}&with=nobody": whole.unassigned,
                f"status={TO_DO}&clock=overdue": whole.overdue,
            }

        async def count(query: str) -> int | None:
            return numbers.get(query, 0 if query.startswith(f"status={TO_DO}") else None)

        ready = [
            ("All", ""),
            ("To do", f"status={TO_DO}"),
            ("Mine", f"status={TO_DO}&with=me"),
            ("Unassigned", f"status={TO_DO}&with=nobody"),
            ("Overdue", f"status={TO_DO}&clock=overdue"),
            *((one.name, f"status={TO_DO}&queue={one.key}") for one in desk.queues),
        ]
        views = await views_of(tx, state, ready, count)
        return page(
            request,
            "console/support.html",
            listing=listing(state, found, views),
            clocks={one.id: clock_of(one, desk, now) for one in found.items},
            names=desk.names(),
            colleagues=await _colleagues(tx),
        )

    @post("/bulk")
    async def bulk(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        """Acknowledge or give away the selected ones."""
        form = await read_bulk(request)
        tx.actor.require("support.assign" if form.get("act") == "assign" else "support.write")
        return await act_on(request, tx, COMPLAINTS, form, now=now)

    @get("/new")
    async def show_form(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        asked = request.query_params
        values = {"about": asked.get("order", "")[:60], "customer": asked.get("customer", "")[:40]}
        return await _form_page(request, tx, values)

    @post("/new")
    async def open_complaint(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await read_form(request)
        try:
            opened = await _open(tx, form, now)
        except Refusal as refusal:
            return await _form_page(request, tx, form, problem_of(refusal, form), refusal.status)
        to = f"/complaints/{opened.id}"
        return redirect(request, to, toast=f"Complaint {opened.number} is open.", link=to)


def narrowed(values: Mapping[str, str], text: str, me: UUID | None) -> Filters:
    status = values.get("status", "")
    return Filters(
        statuses=tuple(sorted(UNSETTLED)) if status == TO_DO else _one(status),
        queue=values.get("queue", ""),
        category=values.get("category", ""),
        severity=Severity(values["severity"]) if "severity" in values else None,
        assignee_id=me if values.get("with") == "me" else None,
        is_unassigned=values.get("with") == "nobody",
        is_overdue=values.get("clock") == "overdue",
        text=text,
    )


def _one(status: str) -> tuple[Status, ...]:
    return (Status(status),) if status else ()


async def _open(tx: Tx, form: Mapping[str, str], now: datetime) -> Complaint:
    tx.actor.require("support.write")
    about = form.get("about", "").strip()
    order = await orders.find_by_identifier(tx.with_all_grants(), about) if about else None
    if about and order is None:
        raise Invalid("No order answers to that.", field="about")
    for name, said in (("category", "Choose what it is about."), ("subject", "Say it in a line.")):
        if not form.get(name):
            raise Invalid(said, field=name)
    is_public = form.get("said_by_customer") == "true"
    draft = NewComplaint(
        category=form["category"],
        subject=" ".join(form["subject"].split())[:200],
        channel=Channel.EMAIL if form.get("channel") == "email" else Channel.PHONE,
        severity=Severity(form["severity"]) if form.get("severity") in set(Severity) else None,
        body=form.get("body", ""),
        visibility=Visibility.PUBLIC if is_public else Visibility.INTERNAL,
    )
    customer_id = parse_id(form.get("customer", ""))
    about_ids = About(
        order_id=order.id if order else None, customer_id=None if order else customer_id
    )
    return await complaints.open_complaint(tx, draft, about_ids, origin=Origin.STAFF, now=now)


async def _form_page(
    request: AnyRequest,
    tx: Tx,
    values: Mapping[str, str],
    problem: Problem = NO_PROBLEM,
    status: int = 200,
) -> Response[Any]:
    tx.actor.require("support.read")
    desk = (await support.get_desk(tx)).desk
    return page(
        request,
        "console/support_form.html",
        status=status,
        values=dict(values),
        problem=problem,
        categories=[("", "Choose…")]
        + [(one.key, one.name) for one in desk.categories if not one.is_retired],
        severities=[("", "As usual for it"), *((str(one), words(str(one))) for one in Severity)],
        channels=CHANNELS,
    )


async def _colleagues(tx: Tx) -> list[tuple[str, str]]:
    if not tx.actor.may("support.assign"):
        return []
    found = await identity.staff_names(tx, only_active=True)
    return sorted(((str(key), name) for key, name in found.items()), key=lambda one: one[1])
