"""What the vendor's dashboard is for: the account's switches, a bank that changes its mind or asks
money back, and settlements before their time."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, Response, get, patch, post
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.params import FromPath, JSONBody

from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.loopback import NotLoopback
from tandem.sandbox.razorpay import disputes, links, payments, refunds, settlements
from tandem.sandbox.razorpay.account import Account, AccountChange, change_account, read_account
from tandem.sandbox.razorpay.disputes import NewDispute
from tandem.sandbox.razorpay.ledger import find
from tandem.sandbox.razorpay.refusals import RazorpayRefusal


class SettleNow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`again` names captured payments that are settled once more, by mistake."""

    again: Annotated[list[str], msgspec.Meta(max_length=100)] = []


class PaidByLink(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that is left, unless a part of it."""

    amount: Annotated[int, msgspec.Meta(ge=100, le=10**12)] | None = None


class NewAdjustments(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Minor units; below zero for what the vendor takes."""

    amount: Annotated[int, msgspec.Meta(ge=-(10**12), le=10**12)]
    description: Annotated[str, msgspec.Meta(max_length=255)] = ""
    count: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 1


class AccountController(Controller):
    path = "/sandbox/razorpay"

    @get("/account")
    async def show_account(self, deps: NamedDependency[Dependencies]) -> Account:
        return read_account(deps)

    @patch("/account")
    async def change(
        self, data: JSONBody[AccountChange], deps: NamedDependency[Dependencies]
    ) -> Account:
        try:
            return change_account(deps, data)
        except NotLoopback as refused:
            raise HTTPException(str(refused), status_code=400) from refused

    @post("/payments/{payment_id:str}/authorization")
    async def authorize_late(
        self, payment_id: FromPath[str], deps: NamedDependency[Dependencies]
    ) -> Response[None]:
        """A failed payment is authorised after all, now."""
        row = find(deps.store, "razorpay_payment", payment_id)
        if row is None or row["status"] != "failed":
            return Response(None, status_code=404)
        payments.authorize(deps, payment_id)
        return Response(None, status_code=202)

    @post("/refunds/{refund_id:str}/settlement/{status:str}")
    async def settle_refund(
        self,
        refund_id: FromPath[str],
        status: FromPath[str],
        deps: NamedDependency[Dependencies],
    ) -> Response[None]:
        """A pending refund is `processed` or `failed`, now."""
        row = find(deps.store, "razorpay_refund", refund_id)
        if row is None or row["status"] != "pending" or status not in {"processed", "failed"}:
            return Response(None, status_code=404)
        refunds.settle(deps, refund_id, status)
        return Response(None, status_code=202)

    @post("/settlements")
    async def settle_now(
        self, data: JSONBody[SettleNow], deps: NamedDependency[Dependencies]
    ) -> Response[dict[str, Any]]:
        """Settle everything captured, without waiting two days."""
        try:
            made = settlements.settle_now(deps, data.again)
        except RazorpayRefusal as refused:
            return Response(refused.body, status_code=404)
        if made is None:
            return Response({"detail": "There is nothing to settle."}, status_code=409)
        return Response(made, status_code=201)

    @post("/adjustments")
    async def add_adjustments(
        self, data: JSONBody[NewAdjustments], deps: NamedDependency[Dependencies]
    ) -> list[str]:
        """Add to, or take from, the next settlement."""
        return settlements.add_adjustments(
            deps, amount=data.amount, description=data.description, count=data.count
        )

    @post("/links/{link_id:str}/payment")
    async def pay_by_link(
        self,
        link_id: FromPath[str],
        data: JSONBody[PaidByLink],
        deps: NamedDependency[Dependencies],
    ) -> Response[dict[str, Any]]:
        """Somebody pays by a link, or scans a QR code."""
        try:
            return Response(links.pay(deps, link_id, data.amount), status_code=201)
        except RazorpayRefusal as refused:
            return Response(refused.body, status_code=409)

    @get("/links/{link_id:str}/notices")
    async def list_notices(
        self, link_id: FromPath[str], deps: NamedDependency[Dependencies]
    ) -> list[str]:
        """By which media its customer was reminded."""
        return links.notices_of(deps, link_id)

    @post("/payments/{payment_id:str}/disputes")
    async def dispute(
        self,
        payment_id: FromPath[str],
        data: JSONBody[NewDispute],
        deps: NamedDependency[Dependencies],
    ) -> Response[dict[str, Any]]:
        """The buyer's bank asks for the money back."""
        try:
            return Response(disputes.open_dispute(deps, payment_id, data), status_code=201)
        except RazorpayRefusal as refused:
            return Response(refused.body, status_code=409)

    @post("/disputes/{dispute_id:str}/{status:str}")
    async def move_dispute(
        self,
        dispute_id: FromPath[str],
        status: FromPath[str],
        deps: NamedDependency[Dependencies],
    ) -> Response[dict[str, Any]]:
        """It is `under_review`, needs action (`action_required`), or is `won`, `lost`, `closed`."""
        try:
            return Response(disputes.move_dispute(deps, dispute_id, status), status_code=201)
        except RazorpayRefusal as refused:
            return Response(refused.body, status_code=409)
