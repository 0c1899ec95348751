"""Shipments: the list, one with its parcels, scans and label."""

from datetime import date
from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.http import Now, Transaction
from tandem.scm.shipping import service as shipping
from tandem.scm.shipping.domain.shipments import Awb
from tandem.scm.shipping.domain.statuses import FINAL, MOVES, WITH_US, Status
from tandem.scm.shipping.domain.undelivered import Action, CaseState
from tandem.web.console.forms import NO_PROBLEM, Problem, convert, problem_of, read_form
from tandem.web.console.lists import Column, Filter, listing, read_state
from tandem.web.console.views import views_of
from tandem.web.rendering import page, redirect, words

AnyRequest = Request[Any, Any, Any]
COLUMNS = (
    Column(key="number", label="Shipment", is_lead=True),
    Column(key="created_at", label="Created"),
    Column(key="order", label="Order"),
    Column(key="to", label="To"),
    Column(key="carrier", label="Carrier"),
    Column(key="status", label="Status", is_mark=True),
    Column(key="promised", label="Promised"),
    Column(key="parcels", label="Parcels", is_number=True),
    Column(key="weight", label="Weight", is_number=True),
    Column(key="cod", label="To collect", is_number=True, is_shown=False),
)
FILTERS = (
    Filter(key="status", label="Status", options=tuple((str(s), words(str(s))) for s in Status)),
    Filter(key="from", label="Promised from"),
    Filter(key="to", label="Promised to"),
)
VIEWS = (
    ("All", ""),
    ("Ready", "status=ready"),
    ("Out for delivery", "status=out_for_delivery"),
    ("Failed", "status=delivery_failed"),
    ("Delivered", "status=delivered"),
)


class _Numbered(msgspec.Struct):
    awb: Awb


class ShipmentsPage(Controller):
    path = "/shipments"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        state = read_state(request, COLUMNS, FILTERS)
        status = state.values.get("status")
        found = await shipping.list_shipments(
            tx,
            statuses=[Status(status)] if status else (),
            number=state.search[:64].upper(),
            promised_from=_day(state.values.get("from")),
            promised_to=_day(state.values.get("to")),
            limit=state.limit,
            cursor=state.cursor,
        )
        views = await views_of(tx, state, VIEWS)
        return page(request, "console/shipments.html", listing=listing(state, found, views))


class ShipmentPage(Controller):
    path = "/shipments/{shipment_id:uuid}"
    include_in_schema = False

    @get()
    async def show(
        self, request: AnyRequest, shipment_id: FromPath[UUID], tx: Transaction
    ) -> Response[Any]:
        return await _page(request, tx, shipment_id)

    @post("/cancellation")
    async def cancel(
        self, request: AnyRequest, shipment_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        try:
            done = await shipping.cancel_shipment(
                tx, shipment_id=shipment_id, reason=_reason(form), now=now
            )
        except Refusal as refusal:
            problem = problem_of(refusal, form, form="cancel")
            return await _page(request, tx, shipment_id, problem, refusal.status)
        return redirect(request, f"/shipments/{shipment_id}", toast=f"{done.number} is cancelled.")

    @post("/return")
    async def call_back(
        self, request: AnyRequest, shipment_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        try:
            done = await shipping.call_back(
                tx, shipment_id=shipment_id, reason=_reason(form), now=now
            )
        except Refusal as refusal:
            problem = problem_of(refusal, form, form="return")
            return await _page(request, tx, shipment_id, problem, refusal.status)
        to = f"/shipments/{shipment_id}"
        return redirect(request, to, toast=f"{done.number} is called back.")

    @post("/awb")
    async def set_awb(
        self, request: AnyRequest, shipment_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        shipment = await shipping.lock_shipment(tx, shipment_id)
        try:
            words = {"awb": "4 to 40 letters, digits and dashes, as on the carrier's label."}
            given = convert({"awb": form.get("awb", "").strip()}, _Numbered, words)
            await shipping.set_awb(tx, shipment, given.awb, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form, form="awb")
            return await _page(request, tx, shipment_id, problem, refusal.status)
        to = f"/shipments/{shipment_id}"
        return redirect(request, to, toast=f"{shipment.number} goes as {given.awb}.")

    @post("/reattempt")
    async def try_again(
        self, request: AnyRequest, shipment_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        try:
            found = await shipping.list_cases(tx, shipment_id=shipment_id, limit=1)
            if not found.items:
                raise Invalid("Nothing was tried in vain here.")
            done = await shipping.decide(
                tx,
                found.items[0].id,
                Action.REATTEMPT,
                on=_day(form.get("on")),
                note=form.get("note", "")[:200],
                now=now,
            )
        except Refusal as refusal:
            problem = problem_of(refusal, form, form="reattempt")
            return await _page(request, tx, shipment_id, problem, refusal.status)
        to = f"/shipments/{shipment_id}"
        return redirect(request, to, toast=f"The next attempt is on {done.next_on:%d %b}.")

    @post("/promise")
    async def revise(
        self, request: AnyRequest, shipment_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        shipment = await shipping.lock_shipment(tx, shipment_id)
        try:
            day = _day(form.get("promised_on"))
            if day is None:
                raise Invalid("Choose a day.", field="promised_on")
            cause = form.get("cause", "")[:200]
            if not cause:
                raise Invalid("Say what moved it.", field="cause")
            await shipping.revise_promise(tx, shipment, promised_on=day, cause=cause, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form, form="promise")
            return await _page(request, tx, shipment_id, problem, refusal.status)
        to = f"/shipments/{shipment_id}"
        return redirect(request, to, toast=f"{shipment.number} is promised anew.")


def _reason(form: dict[str, str]) -> str:
    if not form.get("reason"):
        raise Invalid("Say why.", field="reason")
    return form["reason"][:200]


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


async def _page(
    request: AnyRequest,
    tx: Tx,
    shipment_id: UUID,
    problem: Problem = NO_PROBLEM,
    status: int = 200,
) -> Response[Any]:
    shipment = await shipping.get_shipment(tx, shipment_id)
    cases = (await shipping.list_cases(tx, shipment_id=shipment_id, limit=20)).items
    return page(
        request,
        "console/shipment.html",
        status=status,
        shipment=shipment,
        scans=await shipping.list_scans(tx, shipment_id),
        revisions=await shipping.list_revisions(tx, shipment_id),
        moves=MOVES[shipment.status],
        takes_awb=shipment.carrier != "own_fleet" and shipment.status not in FINAL,
        cases=cases,
        is_undecided=bool(cases) and cases[0].state in {CaseState.OPEN, CaseState.REATTEMPT},
        has_label=shipment.status not in {Status.DRAFT, Status.LABEL_PENDING, Status.CANCELLED},
        is_with_us=shipment.status in WITH_US,
        problem=problem,
    )
