"""Duplicates: pairs to look at, two side by side, one of them made, and the way back."""

from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.crm.customers import service as customers
from tandem.crm.customers.domain.merging import MergePreview
from tandem.flows import merge as merging
from tandem.kernel.errors import Refusal
from tandem.kernel.http import Now, Transaction
from tandem.kernel.ids import parse_id
from tandem.web.console.customers import suggest_customers
from tandem.web.console.forms import read_form
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
SHOWN = 50


class DuplicatesPage(Controller):
    path = "/customers/duplicates"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        cursor = request.query_params.get("cursor") or None
        pairs = await customers.scan_duplicates(tx, limit=SHOWN, cursor=cursor)
        return page(request, "console/duplicates.html", pairs=pairs)

    @post("/dismissal")
    async def dismiss(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await read_form(request)
        one, other = parse_id(form.get("one", "")), parse_id(form.get("other", ""))
        if one and other:
            await customers.say_not_same(tx, one, other, now=now)
        return redirect(request, "/customers/duplicates", toast="They stay two.")


class MergePage(Controller):
    path = "/customers/{customer_id:uuid}/merge"
    include_in_schema = False

    @get()
    async def show(
        self, request: AnyRequest, customer_id: FromPath[UUID], tx: Transaction
    ) -> Response[Any]:
        tx.actor.require("customers.merge")
        survivor = await customers.get_customer(tx, customer_id)
        look_for = request.query_params.get("person", "")[:100]
        other = parse_id(request.query_params.get("with", ""))
        people = [one for one in await suggest_customers(tx, look_for, 8) if one.id != customer_id]
        preview: MergePreview | None = None
        problem = ""
        try:
            preview = await customers.preview_merge(tx, customer_id, other) if other else None
        except Refusal as refusal:
            problem = refusal.detail
        return page(
            request,
            "console/merge.html",
            survivor=survivor,
            other=await customers.get_customer(tx, other) if other and preview else None,
            preview=preview,
            look_for=look_for,
            people=people,
            problem=problem,
        )

    @post()
    async def merge(
        self, request: AnyRequest, customer_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        other = parse_id(form.get("with", ""))
        to = f"/customers/{customer_id}"
        if other is None:
            return redirect(request, f"{to}/merge", toast="Choose the other customer first.")
        await merging.merge(tx, customer_id, other, now=now)
        return redirect(request, to, toast="The two are one now.", link=to)

    @post("/{merge_id:uuid}/undo")
    async def undo(
        self,
        request: AnyRequest,
        customer_id: FromPath[UUID],
        merge_id: FromPath[UUID],
        tx: Transaction,
        now: Now,
    ) -> Response[Any]:
        try:
            done = await merging.undo(tx, merge_id, now=now)
        except Refusal as refusal:
            return redirect(request, f"/customers/{customer_id}", toast=refusal.detail)
        back = f"/customers/{done.loser_id}"
        return redirect(
            request, f"/customers/{customer_id}", toast="They are two again.", link=back
        )
