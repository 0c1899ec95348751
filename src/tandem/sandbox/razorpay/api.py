"""The REST API's routes."""

from collections.abc import Callable
from typing import Any

from litestar import Controller, Response, get, patch, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath

from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.razorpay import disputes, links, orders, payments, refunds, settlements
from tandem.sandbox.razorpay.reading import AnyRequest, check_caller, read_json
from tandem.sandbox.razorpay.refusals import RazorpayRefusal

Body = dict[str, Any]
Answer = Response[Body]
Deps = NamedDependency[Dependencies]


class RazorpayController(Controller):
    """Everything answers 200, creations too, as the vendor does."""

    path = "/razorpay/v1"

    @post("/orders", status_code=200)
    async def create_order(self, request: AnyRequest, deps: Deps) -> Answer:
        return await _answer_to(deps, request, lambda given: orders.create_order(deps, given))

    @get("/orders")
    async def list_orders(self, request: AnyRequest, deps: Deps) -> Answer:
        return _answer(deps, request, lambda: orders.list_orders(deps, request.query_params))

    @get("/orders/{order_id:str}")
    async def get_order(self, order_id: FromPath[str], request: AnyRequest, deps: Deps) -> Answer:
        return _answer(deps, request, lambda: orders.get_order(deps, order_id))

    @get("/orders/{order_id:str}/payments")
    async def list_order_payments(
        self, order_id: FromPath[str], request: AnyRequest, deps: Deps
    ) -> Answer:
        return _answer(deps, request, lambda: orders.list_payments_of(deps, order_id))

    @get("/payments")
    async def list_payments(self, request: AnyRequest, deps: Deps) -> Answer:
        return _answer(deps, request, lambda: payments.list_payments(deps, request.query_params))

    @get("/payments/{payment_id:str}")
    async def get_payment(
        self, payment_id: FromPath[str], request: AnyRequest, deps: Deps
    ) -> Answer:
        return _answer(deps, request, lambda: payments.get_payment(deps, payment_id))

    @post("/payments/{payment_id:str}/capture", status_code=200)
    async def capture(self, payment_id: FromPath[str], request: AnyRequest, deps: Deps) -> Answer:
        return await _answer_to(
            deps, request, lambda given: payments.capture(deps, payment_id, given)
        )

    @post("/payments/{payment_id:str}/refund", status_code=200)
    async def create_refund(
        self, payment_id: FromPath[str], request: AnyRequest, deps: Deps
    ) -> Answer:
        key = request.headers.get("x-refund-idempotency")
        return await _answer_to(
            deps, request, lambda given: refunds.create_refund(deps, payment_id, given, key)
        )

    @get("/payments/{payment_id:str}/refunds")
    async def list_payment_refunds(
        self, payment_id: FromPath[str], request: AnyRequest, deps: Deps
    ) -> Answer:
        return _answer(
            deps, request, lambda: refunds.list_refunds(deps, request.query_params, payment_id)
        )

    @get("/payments/{payment_id:str}/refunds/{refund_id:str}")
    async def get_payment_refund(
        self, payment_id: FromPath[str], refund_id: FromPath[str], request: AnyRequest, deps: Deps
    ) -> Answer:
        return _answer(deps, request, lambda: refunds.get_refund(deps, refund_id, payment_id))

    @get("/refunds")
    async def list_refunds(self, request: AnyRequest, deps: Deps) -> Answer:
        return _answer(deps, request, lambda: refunds.list_refunds(deps, request.query_params))

    @get("/refunds/{refund_id:str}")
    async def get_refund(self, refund_id: FromPath[str], request: AnyRequest, deps: Deps) -> Answer:
        return _answer(deps, request, lambda: refunds.get_refund(deps, refund_id))

    @get("/settlements")
    async def list_settlements(self, request: AnyRequest, deps: Deps) -> Answer:
        return _answer(
            deps, request, lambda: settlements.list_settlements(deps, request.query_params)
        )

    @get("/settlements/recon/combined")
    async def list_settled(self, request: AnyRequest, deps: Deps) -> Answer:
        return _answer(deps, request, lambda: settlements.list_settled(deps, request.query_params))

    @get("/settlements/{settlement_id:str}")
    async def get_settlement(
        self, settlement_id: FromPath[str], request: AnyRequest, deps: Deps
    ) -> Answer:
        return _answer(deps, request, lambda: settlements.get_settlement(deps, settlement_id))


class DisputesController(Controller):
    path = "/razorpay/v1/disputes"

    @get()
    async def list_disputes(self, request: AnyRequest, deps: Deps) -> Answer:
        return _answer(deps, request, lambda: disputes.list_disputes(deps, request.query_params))

    @get("/{dispute_id:str}")
    async def get_dispute(
        self, dispute_id: FromPath[str], request: AnyRequest, deps: Deps
    ) -> Answer:
        return _answer(deps, request, lambda: disputes.get_dispute(deps, dispute_id))

    @post("/{dispute_id:str}/accept", status_code=200)
    async def accept(self, dispute_id: FromPath[str], request: AnyRequest, deps: Deps) -> Answer:
        return await _answer_to(deps, request, lambda _: disputes.accept(deps, dispute_id))

    @patch("/{dispute_id:str}/contest")
    async def contest(self, dispute_id: FromPath[str], request: AnyRequest, deps: Deps) -> Answer:
        return await _answer_to(
            deps, request, lambda given: disputes.contest(deps, dispute_id, given)
        )


class DocumentsController(Controller):
    path = "/razorpay/v1/documents"

    @post(status_code=200)
    async def create_document(self, request: AnyRequest, deps: Deps) -> Answer:
        """As a form with `file` and `purpose`."""
        form = await request.form()
        file = form.get("file")
        if not isinstance(file, UploadFile):
            refusal = RazorpayRefusal("The file field is required.", field="file")
            return Response(refusal.body, status_code=refusal.status)
        size = len(await file.read())
        return _answer(
            deps,
            request,
            lambda: disputes.add_document(
                deps,
                purpose=str(form.get("purpose", "")),
                name=file.filename,
                mime_type=file.content_type,
                size=size,
            ),
        )

    @get("/{document_id:str}")
    async def get_document(
        self, document_id: FromPath[str], request: AnyRequest, deps: Deps
    ) -> Answer:
        return _answer(deps, request, lambda: disputes.get_document(deps, document_id))


class LinksController(Controller):
    """Payment links and QR codes."""

    path = "/razorpay/v1"

    @post("/payment_links", status_code=200)
    async def create_link(self, request: AnyRequest, deps: Deps) -> Answer:
        return await _answer_to(deps, request, lambda given: links.create_link(deps, given))

    @get("/payment_links")
    async def list_links(self, request: AnyRequest, deps: Deps) -> Answer:
        return _answer(deps, request, lambda: links.list_links(deps, request.query_params))

    @get(["/payment_links/{link_id:str}", "/payments/qr_codes/{link_id:str}"])
    async def get_link(self, link_id: FromPath[str], request: AnyRequest, deps: Deps) -> Answer:
        return _answer(deps, request, lambda: links.get_one(deps, link_id))

    @post("/payment_links/{link_id:str}/cancel", status_code=200)
    async def cancel_link(self, link_id: FromPath[str], request: AnyRequest, deps: Deps) -> Answer:
        return _answer(
            deps,
            request,
            lambda: links.close(deps, link_id, status="cancelled", reason="on_demand"),
        )

    @post("/payment_links/{link_id:str}/notify_by/{medium:str}", status_code=200)
    async def notify(
        self, link_id: FromPath[str], medium: FromPath[str], request: AnyRequest, deps: Deps
    ) -> Answer:
        return _answer(deps, request, lambda: links.notify(deps, link_id, medium))

    @post("/payments/qr_codes", status_code=200)
    async def create_code(self, request: AnyRequest, deps: Deps) -> Answer:
        return await _answer_to(deps, request, lambda given: links.create_code(deps, given))

    @get("/payments/qr_codes")
    async def list_codes(self, request: AnyRequest, deps: Deps) -> Answer:
        return _answer(deps, request, lambda: links.list_codes(deps, request.query_params))

    @get("/payments/qr_codes/{link_id:str}/payments")
    async def list_code_payments(
        self, link_id: FromPath[str], request: AnyRequest, deps: Deps
    ) -> Answer:
        return _answer(deps, request, lambda: links.list_payments_of(deps, link_id))

    @post("/payments/qr_codes/{link_id:str}/close", status_code=200)
    async def close_code(self, link_id: FromPath[str], request: AnyRequest, deps: Deps) -> Answer:
        return _answer(
            deps,
            request,
            lambda: links.close(deps, link_id, status="closed", reason="on_demand"),
        )


def _answer(deps: Dependencies, request: AnyRequest, act: Callable[[], Body]) -> Answer:
    try:
        check_caller(deps, request)
        return Response(act())
    except RazorpayRefusal as refusal:
        return Response(refusal.body, status_code=refusal.status)


async def _answer_to(
    deps: Dependencies, request: AnyRequest, act: Callable[[Body], Body]
) -> Answer:
    """With what the body says. A bad key is complained about before a bad body."""
    try:
        check_caller(deps, request)
        return Response(act(await read_json(request)))
    except RazorpayRefusal as refusal:
        return Response(refusal.body, status_code=refusal.status)
