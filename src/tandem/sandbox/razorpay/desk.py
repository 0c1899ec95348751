"""What the vendor's dashboard is for: the account's switches, and a bank that changes its mind."""

from litestar import Controller, Response, get, patch, post
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.params import FromPath, JSONBody

from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.loopback import NotLoopback
from tandem.sandbox.razorpay import payments, refunds
from tandem.sandbox.razorpay.account import Account, AccountChange, change_account, read_account
from tandem.sandbox.razorpay.ledger import find


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
