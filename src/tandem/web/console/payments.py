"""Payments: the list, one of them with what the gateway told, and those that need a person."""

from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.http import Now, Transaction
from tandem.scm.payments import service as payments
from tandem.scm.payments.domain import Action, Status, refundable
from tandem.scm.payments.service.reading import Filter as PaymentFilter
from tandem.web.console.forms import NO_PROBLEM, Problem, minor_of, problem_of, read_form
from tandem.web.console.lists import Column, Filter, listing, read_state
from tandem.web.console.views import views_of
from tandem.web.rendering import page, redirect, words

AnyRequest = Request[Any, Any, Any]
COLUMNS = (
    Column(key="payment", label="Payment", is_lead=True),
    Column(key="order", label="Order"),
    Column(key="method", label="Method"),
    Column(key="status", label="Status", is_mark=True),
    Column(key="created_at", label="When"),
    Column(key="fee", label="Fee", is_number=True, is_shown=False),
    Column(key="refunded", label="Refunded", is_number=True),
    Column(key="amount", label="Amount", is_number=True, is_corner=True),
)
METHODS = ("card", "upi", "netbanking", "wallet", "emi", "cash")
FILTERS = (
    Filter(key="status", label="Status", options=tuple((str(s), words(str(s))) for s in Status)),
    Filter(key="method", label="Method", options=tuple((m, words(m)) for m in METHODS)),
    Filter(key="mode", label="Mode", options=(("test", "Test"), ("live", "Live"))),
)
VIEWS = (("All", ""), ("Captured", "status=captured"), ("Failed", "status=failed"))


class PaymentsPage(Controller):
    path = "/payments"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        state = read_state(request, COLUMNS, FILTERS)
        found = await payments.list_payments(
            tx,
            PaymentFilter(
                status=state.values.get("status"),
                method=state.values.get("method"),
                mode=state.values.get("mode"),
                search=state.search or None,
            ),
            limit=state.limit,
            cursor=state.cursor,
        )
        views = await views_of(tx, state, VIEWS)
        open_ones = await payments.list_exceptions(
            tx, is_open=True, kind=None, order_id=None, limit=100, cursor=None
        )
        return page(
            request,
            "console/payments.html",
            listing=listing(state, found, views),
            exceptions=len(open_ones.items),
        )

    @get("/exceptions")
    async def exceptions(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        return await _exceptions_page(request, tx)

    @post("/exceptions/{exception_id:uuid}/resolution")
    async def resolve(
        self, request: AnyRequest, exception_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        try:
            if form.get("action") not in set(Action):
                raise Invalid("Choose what to do.", field="action")
            done = await payments.resolve(
                tx,
                exception_id,
                action=Action(form["action"]),
                note=form.get("note", "")[:500],
                now=now,
            )
        except Refusal as refusal:
            return await _exceptions_page(
                request, tx, problem_of(refusal, form), status=refusal.status
            )
        said = f"{words(done.kind)} of {done.order_number}: {words(done.resolution)}."
        return redirect(request, "/payments/exceptions", toast=said)


class PaymentPage(Controller):
    path = "/payments/{payment_id:uuid}"
    include_in_schema = False

    @get()
    async def show(
        self, request: AnyRequest, payment_id: FromPath[UUID], tx: Transaction
    ) -> Response[Any]:
        return await _payment_page(request, tx, payment_id)

    @post("/refund")
    async def refund(
        self, request: AnyRequest, payment_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        amount = form.get("amount_minor", "")
        try:
            await payments.refund_payment(
                tx,
                payment_id,
                amount_minor=minor_of(amount, field="amount_minor") if amount else None,
                reason=form.get("reason", "")[:200] or "Customer request",
                now=now,
            )
        except Refusal as refusal:
            problem = problem_of(refusal, form, form="refund")
            return await _payment_page(request, tx, payment_id, problem, refusal.status)
        return redirect(request, f"/payments/{payment_id}", toast="The refund is on its way.")

    @post("/capture")
    async def capture(
        self, request: AnyRequest, payment_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        try:
            await payments.request_capture(tx, payment_id, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, {})
            return await _payment_page(request, tx, payment_id, problem, refusal.status)
        return redirect(request, f"/payments/{payment_id}", toast="The capture is on its way.")


async def _payment_page(
    request: AnyRequest,
    tx: Tx,
    payment_id: UUID,
    problem: Problem = NO_PROBLEM,
    status: int = 200,
) -> Response[Any]:
    payment = await payments.get_payment(tx, payment_id)
    refunds = await payments.list_refunds(tx, payment_id=payment_id)
    return page(
        request,
        "console/payment.html",
        status=status,
        payment=payment,
        refunds=refunds,
        refundable_minor=refundable(payment, refunds),
        events=await payments.list_events(tx, payment_id),
        settled=await payments.list_settled(tx, payment_id),
        disputes=(
            await payments.list_disputes(
                tx, payments.DisputeFilter(payment_id=payment_id), limit=10
            )
        ).items,
        problem=problem,
    )


async def _exceptions_page(
    request: AnyRequest, tx: Tx, problem: Problem = NO_PROBLEM, *, status: int = 200
) -> Response[Any]:
    is_open = request.query_params.get("show") != "all"
    found = await payments.list_exceptions(
        tx,
        is_open=True if is_open else None,
        kind=None,
        order_id=None,
        limit=100,
        cursor=request.query_params.get("cursor") or None,
    )
    return page(
        request,
        "console/payment_exceptions.html",
        status=status,
        found=found,
        is_open=is_open,
        problem=problem,
    )
