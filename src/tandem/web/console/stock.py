"""Stock: what lies where, why, and putting it right."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound, Refusal
from tandem.kernel.http import Now, Transaction, check_if_match
from tandem.scm.catalog import service as catalog
from tandem.scm.inventory import service as inventory
from tandem.scm.inventory.domain import COUNT_MAX, Reason, Shelf
from tandem.web.console.forms import NO_PROBLEM, Problem, problem_of, read_form, whole_of
from tandem.web.console.lists import Column, Filter, listing, read_state
from tandem.web.console.views import views_of
from tandem.web.rendering import page, redirect, words

AnyRequest = Request[Any, Any, Any]
COLUMNS = (
    Column(key="sku", label="SKU", is_lead=True),
    Column(key="title", label="Product"),
    Column(key="location", label="Location"),
    Column(key="state", label="State", is_mark=True),
    Column(key="on_hand", label="On hand", is_number=True),
    Column(key="reserved", label="Reserved", is_number=True),
    Column(key="available", label="Available", is_number=True),
    Column(key="reorder_point", label="Reorder at", is_number=True),
)
VIEWS = (("All", ""), ("Low or out", "low=yes"))
REASONS = [(str(each), words(str(each))) for each in Reason]


class StockPage(Controller):
    path = "/stock"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        places = await inventory.list_locations(tx)
        filters = (
            Filter(
                key="location",
                label="Location",
                options=tuple((str(place.id), place.name) for place in places),
            ),
            Filter(key="low", label="Level", options=(("yes", "Low or out"),)),
        )
        state = read_state(request, COLUMNS, filters)
        location = state.values.get("location")
        shelves = await inventory.list_stock(
            tx,
            sku=await _sku(tx, state.search),
            location_id=UUID(location) if location else None,
            is_low=state.values.get("low") == "yes",
            limit=state.limit,
            cursor=state.cursor,
        )
        facts = await catalog.facts_by_id(tx, [shelf.variant_id for shelf in shelves.items])
        views = await views_of(tx, state, VIEWS)
        return page(
            request,
            "console/stock.html",
            listing=listing(state, shelves, views),
            titles={variant_id: found.title for variant_id, found in facts.items()},
        )

    @get("/receive")
    async def new(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        tx.actor.require("inventory.adjust")
        return await _receive_form(request, tx, NO_PROBLEM)

    @post("/receive")
    async def receive(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await read_form(request)
        try:
            sku, place = form.get("sku", ""), form.get("location_id", "")
            if not sku:
                raise Invalid("Choose a product.", field="sku")
            found = (await catalog.facts(tx, [sku])).get(sku)
            if found is None:
                raise Invalid(f"There is no SKU {sku!r}.", field="sku")
            quantity = whole_of(form.get("quantity", ""), field="quantity", least=1, most=COUNT_MAX)
            level = await inventory.receive(
                tx,
                variant_id=found.variant_id,
                sku=sku,
                location_id=_uuid(place),
                quantity=quantity,
                note=form.get("note", "")[:500],
                now=now,
            )
        except Refusal as refusal:
            return await _receive_form(request, tx, problem_of(refusal, form), refusal.status)
        to = f"/stock/{level.variant_id}/{level.location_id}"
        for_sale = level.available if level.is_selling else "none of it"
        said = f"{quantity} of {sku} received; {for_sale} can be sold."
        return redirect(request, to, toast=said, link=to)


class ShelfPage(Controller):
    path = "/stock/{variant_id:uuid}/{location_id:uuid}"
    include_in_schema = False

    @get()
    async def show(
        self,
        request: AnyRequest,
        variant_id: FromPath[UUID],
        location_id: FromPath[UUID],
        tx: Transaction,
    ) -> Response[Any]:
        return await _shelf_page(request, tx, variant_id, location_id)

    @post("/adjustment")
    async def adjust(
        self,
        request: AnyRequest,
        variant_id: FromPath[UUID],
        location_id: FromPath[UUID],
        tx: Transaction,
        now: Now,
    ) -> Response[Any]:
        form = await read_form(request)
        shelf = await _shelf(tx, variant_id, location_id)
        try:
            change = _change(form, shelf)
            level = await inventory.adjust(
                tx,
                variant_id=variant_id,
                sku=shelf.sku,
                location_id=location_id,
                quantity=change,
                reason=_reason(form),
                note=form.get("note", "")[:500],
                now=now,
            )
        except Refusal as refusal:
            problem = problem_of(refusal, form, form="adjust")
            return await _shelf_page(request, tx, variant_id, location_id, problem, refusal.status)
        said = f"{shelf.sku} at {shelf.location_code}: {level.on_hand} on hand ({change:+})."
        return redirect(request, f"/stock/{variant_id}/{location_id}", toast=said)

    @post("/reorder-point")
    async def set_reorder_point(
        self,
        request: AnyRequest,
        variant_id: FromPath[UUID],
        location_id: FromPath[UUID],
        tx: Transaction,
    ) -> Response[Any]:
        form = await read_form(request)
        try:
            version = await inventory.lock_level(tx, variant_id=variant_id, location_id=location_id)
            check_if_match(form.get("version"), version)
            point = whole_of(
                form.get("reorder_point", ""), field="reorder_point", least=0, most=10**9
            )
            await inventory.set_reorder_point(
                tx, variant_id=variant_id, location_id=location_id, reorder_point=point
            )
        except Refusal as refusal:
            problem = problem_of(refusal, form, form="reorder")
            return await _shelf_page(request, tx, variant_id, location_id, problem, refusal.status)
        to = f"/stock/{variant_id}/{location_id}"
        return redirect(request, to, toast=f"Low from {point} on.")


def _change(form: Mapping[str, str], shelf: Shelf) -> int:
    """By how much: as typed, or up to the count that was typed."""
    if form.get("how") == "count":
        counted = whole_of(form.get("quantity", ""), field="quantity", least=0, most=COUNT_MAX)
        change = counted - shelf.on_hand
    else:
        change = whole_of(
            form.get("quantity", ""), field="quantity", least=-COUNT_MAX, most=COUNT_MAX
        )
    if not change:
        raise Invalid("That changes nothing.", field="quantity")
    return change


def _reason(form: Mapping[str, str]) -> Reason:
    try:
        return Reason(form.get("reason", ""))
    except ValueError as reason:
        raise Invalid("Choose why the count changes.", field="reason") from reason


async def _sku(tx: Tx, text: str) -> str | None:
    """The SKU meant by what was typed; what nothing is called finds nothing."""
    if not text:
        return None
    if text in await catalog.facts(tx, [text]):
        return text
    found = await catalog.search(tx, text, 1)
    return found[0].sku if found else text


async def _shelf(tx: Tx, variant_id: UUID, location_id: UUID) -> Shelf:
    variant = await catalog.get_variant(tx, variant_id)
    page_ = await inventory.list_stock(tx, sku=variant.sku, location_id=location_id, limit=1)
    if not page_.items:
        raise NotFound("This product has no shelf at this location.")
    return page_.items[0]


async def _shelf_page(
    request: AnyRequest,
    tx: Tx,
    variant_id: UUID,
    location_id: UUID,
    problem: Problem = NO_PROBLEM,
    status: int = 200,
) -> Response[Any]:
    shelf = await _shelf(tx, variant_id, location_id)
    cursor = request.query_params.get("cursor") or None
    entries = await inventory.list_entries(
        tx, sku=shelf.sku, location_id=location_id, limit=50, cursor=cursor
    )
    return page(
        request,
        "console/shelf.html",
        status=status,
        shelf=shelf,
        variant=await catalog.get_variant(tx, variant_id),
        place=await inventory.get_location(tx, location_id),
        entries=entries,
        reasons=REASONS,
        problem=problem,
    )


async def _receive_form(
    request: AnyRequest, tx: Tx, problem: Problem, status: int = 200
) -> Response[Any]:
    places = await inventory.list_locations(tx, is_active=True)
    return page(
        request,
        "console/receive.html",
        status=status,
        problem=problem,
        places=[(str(place.id), place.name) for place in places],
        sku=request.query_params.get("sku", ""),
    )


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as reason:
        raise Invalid("Choose a location.", field="location_id") from reason
