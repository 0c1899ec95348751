"""Customers: the list, one of them with their orders, adding and changing."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Stream

from tandem.crm.customers import service as customers
from tandem.crm.customers.domain import (
    Customer,
    CustomerChange,
    NewCustomer,
    PossibleDuplicate,
)
from tandem.crm.notifications.service import following
from tandem.crm.sales import service as sales
from tandem.crm.sales.domain.opportunities import Filters as DealFilters
from tandem.crm.sales.domain.opportunities import Opportunity
from tandem.flows.bulk.customers import CUSTOMERS
from tandem.kernel.bulk import MANY_MAX
from tandem.kernel.company import moment_of
from tandem.kernel.db import Tx
from tandem.kernel.errors import Refusal
from tandem.kernel.http import Acting, Now, Store, Transaction, check_if_match
from tandem.kernel.http.imports import CSV
from tandem.kernel.pages import Page
from tandem.scm.orders import service as orders
from tandem.scm.orders.domain.views import Filters, OrderRow
from tandem.scm.support import service as support
from tandem.web.console.addresses import STATE_OPTIONS, address_values, read_address
from tandem.web.console.bulk import Find, act_on, chosen, colleagues_of, counted, read_bulk
from tandem.web.console.changes import changes_of
from tandem.web.console.custom_fields import custom_values, live_fields, read_custom_inputs
from tandem.web.console.customer_records import kept_of
from tandem.web.console.forms import NO_PROBLEM, Problem, convert, problem_of, read_form
from tandem.web.console.lists import Column, listing, read_state, state_of
from tandem.web.console.views import views_of
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
COLUMNS = (
    Column(key="name", label="Customer", is_lead=True, sorts=("name",)),
    Column(key="number", label="Number"),
    Column(key="phone", label="Phone"),
    Column(key="email", label="E-mail"),
    Column(key="city", label="City"),
    Column(key="gstin", label="GSTIN", is_shown=False),
    Column(key="language", label="Language", is_shown=False),
    Column(key="since", label="Since", sorts=("-created_at",)),
)
DEALS_SHOWN = 20
VIEWS = (("All", ""), ("Newest", "sort=-created_at"))
SERVICES = (
    ("", "All"),
    ("orders", "Orders"),
    ("payments", "Payments"),
    ("invoicing", "Invoices"),
    ("delivery", "Deliveries"),
    ("support", "Complaints"),
    ("notifications", "Messages"),
    ("sales", "Deals"),
    ("marketing", "Campaigns"),
)
"""What the timeline may be narrowed to."""
WORDS: Mapping[str, str] = {
    "name": "Give the customer's name.",
    "notes": "A note has 10,000 characters at most.",
    "locale": "A language is two letters, with a country where it matters: hi, en-IN.",
}


class CustomersPage(Controller):
    path = "/customers"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        state = read_state(request, COLUMNS)
        found = await customers.list_customers(
            tx,
            text=state.search[:100],
            sort="-created_at" if state.sort == "-created_at" else "name",
            limit=state.limit,
            cursor=state.cursor,
        )
        views = await views_of(tx, state, VIEWS)
        return page(
            request,
            "console/customers.html",
            listing=listing(state, found, views),
            colleagues=await colleagues_of(tx),
            lists=[
                (str(one.id), one.name)
                for one in await customers.list_segments(tx)
                if one.kind == "static" and one.retired_at is None
            ],
        )

    @get("/bulk")
    async def count(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        """How many the list has in all, for those who take them all."""
        return counted(await _find(tx)(request.query_params, MANY_MAX + 1))

    @post("/bulk")
    async def bulk(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        """One act on the selected customers."""
        form = await read_bulk(request)
        is_list = form.get("act") in ("enlist", "delist")
        tx.actor.require("customers.segment" if is_list else "customers.write")
        return await act_on(request, tx, CUSTOMERS, form, find=_find(tx), now=now)

    @post("/bulk/file", status_code=200)
    async def export(self, request: AnyRequest, database: Store, actor: Acting, now: Now) -> Stream:
        """The selected customers as a file."""
        actor.require("customers.export")
        form = await read_bulk(request)
        async with database.transaction(actor) as tx:
            ids, moment = await chosen(form, _find(tx)), await moment_of(tx, now)
        sheet = customers.export_csv(database, actor, customers.Chosen(ids=ids, moment=moment))
        headers = {"content-disposition": 'attachment; filename="customers.csv"'}
        return Stream(sheet, media_type=CSV, headers=headers)

    @get("/new")
    async def new(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        tx.actor.require("customers.write")
        return await _form(request, tx, values={})

    @post()
    async def add(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await read_form(request)
        try:
            given = _values(form) | {"allow_duplicate": form.get("allow_duplicate") == "true"}
            given["custom"] = read_custom_inputs(form, await live_fields(tx, "customer"))
            customer = await customers.add_customer(tx, convert(given, NewCustomer, WORDS), now=now)
        except Refusal as refusal:
            return await _form(
                request,
                tx,
                values=form,
                problem=problem_of(refusal, form),
                alike=refusal.facts["candidates"] if isinstance(refusal, PossibleDuplicate) else [],
            )
        to = f"/customers/{customer.id}"
        return redirect(request, to, toast=f"{customer.name} is added.", link=to)


class CustomerPage(Controller):
    path = "/customers/{customer_id:uuid}"
    include_in_schema = False

    @get()
    async def show(
        self, request: AnyRequest, customer_id: FromPath[UUID], tx: Transaction
    ) -> Response[Any]:
        customer = await customers.get_customer(tx, customer_id)
        theirs: Page[OrderRow] = Page(items=[])
        if tx.actor.may("orders.read"):
            theirs = await orders.list_orders(tx, Filters(customer_id=customer_id), limit=50)
        only = request.query_params.get("only", "")
        only = only if only in dict(SERVICES) else ""
        return page(
            request,
            "console/customer.html",
            customer=customer,
            orders=theirs,
            summary=await customers.sum_up(tx, customer_id),
            metric=await customers.find_metric(tx, customer_id)
            if tx.actor.may("orders.read")
            else None,
            moments=await customers.read_timeline(
                tx,
                customer_id,
                limit=30,
                cursor=request.query_params.get("before") or None,
                services=(only,) if only else (),
            ),
            services=SERVICES,
            only=only,
            complaints=(
                await support.list_of_customer(tx, customer_id)
                if tx.actor.may("support.read")
                else []
            ),
            deals=await _deals(tx, customer_id),
            kept=await kept_of(tx, "customer", customer_id),
            is_followed=await following.is_following(tx, "customer", customer_id),
            memberships=await customers.list_memberships(tx, customer_id),
            segments=await customers.segments_of(tx, customer_id),
            points=await customers.points_of(tx, customer),
            changes=await changes_of(tx, "customer", customer_id) if not customer.erased_at else [],
            fields=await live_fields(tx, "customer"),
            consents=await customers.list_consents(tx, customer_id),
            merges=await customers.list_merges(tx, customer_id),
            erasure=await customers.waiting_erasure(tx, customer_id),
        )

    @get("/edit")
    async def edit(
        self, request: AnyRequest, customer_id: FromPath[UUID], tx: Transaction
    ) -> Response[Any]:
        tx.actor.require("customers.write")
        customer = await customers.get_customer(tx, customer_id)
        return await _form(request, tx, values=_values_of(customer), customer=customer)

    @post("/edit")
    async def change(
        self, request: AnyRequest, customer_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        customer = await customers.lock_customer(tx, customer_id)
        try:
            check_if_match(form.get("version"), customer.version)
            given = _changed(form, customer)
            given["custom"] = read_custom_inputs(form, await live_fields(tx, "customer"))
            change = convert(given, CustomerChange, WORDS)
            await customers.change_customer(tx, customer, change, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form)
            return await _form(request, tx, values=form, customer=customer, problem=problem)
        to = f"/customers/{customer_id}"
        return redirect(request, to, toast=f"{form.get('name')} is saved.", link=to)


def _find(tx: Tx) -> Find:
    async def find(asked: Mapping[str, str], limit: int) -> list[UUID]:
        state = state_of("/customers", asked, COLUMNS)
        return await customers.ids_of_customers(tx, text=state.search[:100], limit=limit)

    return find


def _values(form: Mapping[str, str]) -> dict[str, Any]:
    home = read_address(form, "home_", name=form.get("name", ""))
    return {
        "name": form.get("name", ""),
        "company_name": form.get("company_name", ""),
        "notes": form.get("notes", ""),
        "locale": form.get("locale", "").strip(),
        "gstin": form.get("gstin") or None,
        "gst_treatment": form.get("gst_treatment", ""),
        "emails": [{"value": form["email"]}] if form.get("email") else [],
        "phones": [{"value": form["phone"]}] if form.get("phone") else [],
        "addresses": [{"address": home}] if home else [],
    }


def _changed(form: Mapping[str, str], customer: Customer) -> dict[str, Any]:
    """The form shows the primary contact and address; the others stay behind them."""
    given = _values(form)
    for name, known in (("emails", customer.emails), ("phones", customer.phones)):
        given[name] += [{"value": each.value, "label": each.label} for each in known[1:]]
    given["addresses"] += [
        {"label": each.label, "address": each.address} for each in customer.addresses[1:]
    ]
    return given


def _values_of(customer: Customer) -> dict[str, str]:
    home = customer.addresses[0].address if customer.addresses else None
    return {
        "name": customer.name,
        "company_name": customer.company_name,
        "email": customer.emails[0].value if customer.emails else "",
        "phone": customer.phones[0].value if customer.phones else "",
        "gstin": customer.gstin or "",
        "gst_treatment": customer.gst_treatment,
        "notes": customer.notes,
        "locale": customer.locale,
        "version": str(customer.version),
        **address_values(home, "home_"),
        **custom_values(customer.custom),
    }


async def _deals(tx: Tx, customer_id: UUID) -> list[Opportunity]:
    if not tx.actor.may("sales.read"):
        return []
    filters = DealFilters(customer_id=customer_id)
    return (await sales.list_opportunities(tx, filters, limit=DEALS_SHOWN)).items


async def _form(
    request: AnyRequest,
    tx: Tx,
    *,
    values: Mapping[str, str],
    customer: Customer | None = None,
    problem: Problem = NO_PROBLEM,
    alike: list[dict[str, Any]] | None = None,
) -> Response[Any]:
    return page(
        request,
        "console/customer_form.html",
        status=problem.status,
        values=values,
        customer=customer,
        problem=problem,
        alike=alike or [],
        states=STATE_OPTIONS,
        fields=await live_fields(tx, "customer"),
    )


async def suggest_customers(tx: Tx, text: str, limit: int) -> list[Customer]:
    """For type-ahead: a few customers whose name, phone, e-mail or number fit."""
    if not text.strip():
        return []
    return (await customers.list_customers(tx, text=text[:100], limit=limit)).items
