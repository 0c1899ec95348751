"""Invoices and credit notes: the list, a document with its PDF, the proof of the numbers."""

from datetime import date, timedelta
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from litestar import Controller, Request, Response, get
from litestar.params import FromPath

from tandem.kernel.http import Now, Transaction
from tandem.scm.invoicing import service as invoicing
from tandem.scm.invoicing.domain.numbers import financial_year
from tandem.web.console.lists import Column, Filter, ListState, listing, read_state
from tandem.web.console.views import views_of
from tandem.web.rendering import page, zone_of

AnyRequest = Request[Any, Any, Any]
COLUMNS = (
    Column(key="number", label="Number", is_lead=True),
    Column(key="kind", label="Kind", is_mark=True),
    Column(key="issued_at", label="Issued", sorts=("-issued_at", "issued_at")),
    Column(key="order", label="Order"),
    Column(key="buyer", label="Buyer"),
    Column(key="gstin", label="GSTIN", is_shown=False),
    Column(key="place", label="Place of supply", is_shown=False),
    Column(key="taxable", label="Taxable", is_number=True),
    Column(key="tax", label="GST", is_number=True),
    Column(key="total", label="Total", is_number=True, is_corner=True),
)
KINDS = (("INV", "Invoice"), ("CRN", "Credit note"))
FILTERS = (
    Filter(key="kind", label="Kind", options=KINDS),
    Filter(key="from", label="Issued from"),
    Filter(key="to", label="Issued to"),
)
VIEWS = (("All", ""), ("Invoices", "kind=INV"), ("Credit notes", "kind=CRN"))


class InvoicesPage(Controller):
    path = "/invoices"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        state = read_state(request, COLUMNS, FILTERS)
        heads = await invoicing.list_invoices(
            tx,
            limit=state.limit,
            cursor=state.cursor,
            oldest_first=state.sort == "issued_at",
            kind=_kind(state),
            issued_from=_day(state.values.get("from")),
            issued_to=_day(state.values.get("to")),
            number=state.search[:16].upper() or None,
        )
        views = await views_of(tx, state, VIEWS)
        return page(request, "console/invoices.html", listing=listing(state, heads, views))

    @get("/numbers")
    async def numbers(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        """The proof that a series of a year is whole, for both series."""
        year = request.query_params.get("fy") or financial_year(now.date())
        audits = [
            await invoicing.audit_numbers(tx, series=series, fy=year) for series, _ in _SERIES
        ]
        today = now.astimezone(ZoneInfo(zone_of(request))).date()
        return page(
            request,
            "console/invoice_numbers.html",
            audits=audits,
            fy=year,
            names=dict(_SERIES),
            month=f"{today.replace(day=1) - timedelta(days=1):%Y-%m}",
        )

    @get("/{invoice_id:uuid}")
    async def one(
        self, request: AnyRequest, invoice_id: FromPath[UUID], tx: Transaction
    ) -> Response[Any]:
        invoice = await invoicing.get_invoice(tx, invoice_id)
        others = await invoicing.list_for_order(tx, invoice.order_id)
        return page(request, "console/invoice.html", invoice=invoice, others=others)


_SERIES: tuple[tuple[Literal["INV", "CRN"], str], ...] = (
    ("INV", "Invoices"),
    ("CRN", "Credit notes"),
)


def _kind(state: ListState) -> Literal["INV", "CRN"] | None:
    match state.values.get("kind"):
        case "INV":
            return "INV"
        case "CRN":
            return "CRN"
        case _:
            return None


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None
