"""Settings: the company and its tax profile, numbers and waiting times, people."""

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Controller, Request, Response, get, post

from tandem.crm.identity import service as identity
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.http import Now, Transaction
from tandem.scm.invoicing import service as invoicing
from tandem.scm.invoicing.domain.seller import Seller
from tandem.scm.orders import service as orders
from tandem.scm.orders.domain.settings import SettingsChange
from tandem.scm.payments import service as payments
from tandem.scm.payments.domain import CaptureAt, PaymentSettingsChange
from tandem.web.clocks import zone_options
from tandem.web.console.addresses import STATE_OPTIONS, address_values, read_address
from tandem.web.console.forms import (
    NO_PROBLEM,
    Problem,
    convert,
    problem_of,
    read_form,
)
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
OF_SELLER = (
    "legal_name",
    "trade_name",
    "gstin",
    "email",
    "phone",
    "website",
    "upi_id",
    "bank_name",
    "bank_account",
    "bank_ifsc",
    "terms",
    "lut_number",
    "invoice_format",
    "credit_note_format",
)
CAPTURE_OPTIONS = (
    (CaptureAt.PAYMENT, "At once, when the buyer pays"),
    (CaptureAt.DISPATCH, "When the first parcel leaves"),
    (CaptureAt.REQUEST, "Only when somebody asks for it"),
)
SWITCHES = ("rounds_total", "pays_zero_rated_tax")
WORDS: Mapping[str, str] = {
    "legal_name": "Give the name as it is registered, 3 characters at least.",
    "gstin": "A GSTIN has 15 characters.",
    "upi_id": "A UPI id looks like name@bank.",
    "bank_account": "An account number has digits and letters only.",
    "bank_ifsc": "An IFSC looks like HDFC0001234.",
    "number_prefix": "Letters, digits, / and -, not ending in a digit.",
    "number_width": "0 to 10 digits.",
    "number_start": "A whole number from 1.",
    "unpaid_minutes": "From 1 minute to 30 days (43,200 minutes).",
}


class SettingsPage(Controller):
    path = "/settings"
    include_in_schema = False

    @get()
    async def index(self, request: AnyRequest) -> Response[Any]:
        return redirect(request, "/settings/company")

    @get("/company")
    async def company(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        return await _company(request, tx)

    @post("/company")
    async def save_company(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await read_form(request)
        try:
            name, zone = form.get("name", "")[:200], form.get("time_zone", "")
            if not name:
                raise Invalid("Give the company's name.", field="name")
            await identity.update_organisation(tx, name=name, time_zone=zone, now=now)
            request.app.state.zones.forget(tx.actor.org_id)
        except Refusal as refusal:
            problem = problem_of(refusal, form, form="company")
            return await _company(request, tx, problem, refusal.status)
        return redirect(request, "/settings/company", toast="The company is saved.")

    @post("/tax")
    async def save_tax(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await read_form(request)
        try:
            version = form.get("version", "")
            await invoicing.save_seller(
                tx, _seller(form), now=now, version=int(version) if version.isdigit() else None
            )
        except Refusal as refusal:
            problem = problem_of(refusal, form, form="tax")
            return await _company(request, tx, problem, refusal.status)
        return redirect(request, "/settings/company", toast="The tax profile is saved.")

    @get("/orders")
    async def orders(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        tx.actor.require("orders.read")
        return await _orders(request, tx)

    @post("/orders")
    async def save_orders(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await read_form(request)
        try:
            change = convert(
                {name: form.get(name, "") for name in SettingsChange.__struct_fields__},
                SettingsChange,
                WORDS,
            )
            await orders.save_settings(tx, change, now=now)
        except Refusal as refusal:
            return await _orders(request, tx, problem_of(refusal, form), refusal.status)
        return redirect(request, "/settings/orders", toast="Numbers and waiting time are saved.")

    @post("/orders/capture")
    async def save_capture(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await read_form(request)
        try:
            change = convert({"capture_at": form.get("capture_at", "")}, PaymentSettingsChange, {})
            await payments.save_settings(tx, change, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form, form="capture")
            return await _orders(request, tx, problem, refusal.status)
        return redirect(request, "/settings/orders", toast="When money is taken is saved.")


def _seller(form: Mapping[str, str]) -> Seller:
    address = read_address(form, "seat_", name=form.get("trade_name") or form.get("legal_name", ""))
    if address is None:
        raise Invalid("Give the registered address.", field="seat_line1")
    given: dict[str, Any] = {name: form[name] for name in OF_SELLER if form.get(name)}
    given |= {name: form.get(name) == "true" for name in SWITCHES}
    given["address"] = msgspec.structs.replace(
        address, state_code=address.state_code or form.get("gstin", "")[:2]
    )
    return convert(given, Seller, WORDS)


async def _company(
    request: AnyRequest, tx: Tx, problem: Problem = NO_PROBLEM, status: int = 200
) -> Response[Any]:
    seller = await invoicing.find_seller(tx)
    company = await identity.get_organisation(tx)
    values: dict[str, str] = {}
    if seller:
        values = {name: str(getattr(seller, name)) for name in OF_SELLER}
        values |= {name: str(getattr(seller, name)).lower() for name in SWITCHES}
        values |= address_values(seller.address, "seat_") | {"version": str(seller.version)}
    return page(
        request,
        "console/settings/company.html",
        status=status,
        company=company,
        base_url=str(request.app.state.settings.base_url).rstrip("/"),
        values=problem.values if problem.form == "tax" else values,
        problem=problem,
        states=STATE_OPTIONS,
        zones=zone_options(company.time_zone),
    )


async def _orders(
    request: AnyRequest, tx: Tx, problem: Problem = NO_PROBLEM, status: int = 200
) -> Response[Any]:
    settings = await orders.get_settings(tx)
    values = (problem.values if problem.form != "capture" else None) or {
        name: str(getattr(settings, name)) for name in SettingsChange.__struct_fields__
    }
    return page(
        request,
        "console/settings/orders.html",
        status=status,
        values=values,
        sample=settings.number(settings.number_start),
        capture_at=(await payments.get_settings(tx)).capture_at,
        capture_options=CAPTURE_OPTIONS,
        problem=problem,
    )
