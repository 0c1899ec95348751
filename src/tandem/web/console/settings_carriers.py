"""Carriers that report parcels by webhook: where they send to, and the secret, shown once."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.kernel.db import Tx
from tandem.kernel.errors import Refusal
from tandem.kernel.http import Now, Transaction
from tandem.scm.shipping.domain.notices import AccountName, Form
from tandem.scm.shipping.service import accounts
from tandem.web.console.forms import NO_PROBLEM, Problem, convert, problem_of, read_form
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
FORMS = (("easypost", "EasyPost"), ("tandem", "Our own form"))


class _Given(msgspec.Struct):
    name: AccountName
    form: Form


class CarrierSettings(Controller):
    path = "/settings/carriers"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        return await _page(request, tx)

    @post(status_code=200)
    async def add(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        """The secret is on this answer and on no other page."""
        form = await read_form(request)
        try:
            words = {"name": "Give it a name.", "form": "Choose how it writes."}
            given = convert({key: form.get(key, "") for key in ("name", "form")}, _Given, words)
            _, secret = await accounts.add_account(tx, name=given.name, form=given.form, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form, form="carrier")
            return await _page(request, tx, problem, status=refusal.status)
        return await _page(request, tx, made=secret)

    @post("/{carrier_id:uuid}/secret", status_code=200)
    async def secret(
        self, request: AnyRequest, carrier_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        made = await accounts.rotate_secret(tx, carrier_id, now=now)
        return await _page(request, tx, made=made)

    @post("/{carrier_id:uuid}/removal")
    async def remove(
        self, request: AnyRequest, carrier_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        await accounts.remove_account(tx, carrier_id, now=now)
        return redirect(request, "/settings/carriers", toast="Nothing is taken from it any more.")


async def _page(
    request: AnyRequest,
    tx: Tx,
    problem: Problem = NO_PROBLEM,
    *,
    made: str = "",
    status: int = 200,
) -> Response[Any]:
    return page(
        request,
        "console/settings/carriers.html",
        status=status,
        accounts=await accounts.list_accounts(tx),
        forms=FORMS,
        site=str(request.app.state.settings.base_url).rstrip("/"),
        made=made,
        problem=problem,
    )
