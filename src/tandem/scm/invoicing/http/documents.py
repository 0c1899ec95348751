"""Issued documents: find, read, print, credit, audit."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.datastructures import ResponseHeader
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from tandem.contracts.address import FILLED, PRINTABLE
from tandem.kernel import tokens
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Forbidden, Invalid, NotFound
from tandem.kernel.http import (
    LIMIT_DEFAULT,
    PUBLIC,
    Acting,
    Cursor,
    LimitParameter,
    Now,
    Store,
    Transaction,
    refusals,
)
from tandem.kernel.http.documents import PDF, pdf
from tandem.kernel.http.fields import shows_all
from tandem.kernel.pages import Page
from tandem.scm.invoicing import service
from tandem.scm.invoicing.domain.crediting import (
    CreditItem,
    CreditNotDivisible,
    CreditTooLarge,
    NothingToCredit,
)
from tandem.scm.invoicing.domain.documents import Invoice, InvoiceHead, InvoiceMissing
from tandem.scm.invoicing.domain.einvoice import EInvoiceNotApplicable, bulk
from tandem.scm.invoicing.domain.numbers import Kind
from tandem.scm.invoicing.domain.printing import Copy, Sheet
from tandem.scm.invoicing.gateways.typesetter import print_pdf
from tandem.scm.invoicing.service.auditing import NumberAudit

INLINE = [ResponseHeader(name="Content-Disposition", description="inline", value="inline")]

NumberFilter = Annotated[str | None, QueryParameter(max_length=16, pattern=PRINTABLE)]
YearParameter = Annotated[str, QueryParameter(max_length=7, description="2026-27 or 26-27")]
AfterParameter = Annotated[int, QueryParameter(ge=0, le=10**12)]
Amount = Annotated[int, msgspec.Meta(ge=1, le=10**14)]


class ItemToCredit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    order_line_id: UUID
    quantity: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class NewCreditNote(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`items` for goods, `amount_minor` (with tax) for a part of the value, neither for all."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=FILLED)]
    amount_minor: Amount | None = None
    items: Annotated[list[ItemToCredit], msgspec.Meta(min_length=1, max_length=500)] | None = None


class InvoiceController(Controller):
    path = "/v1"
    tags = ("invoicing",)

    @get("/invoices", responses=refusals(Forbidden, Invalid))
    async def list_invoices(
        self,
        tx: Transaction,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
        sort: FromQuery[Literal["-issued_at", "issued_at"]] = "-issued_at",
        kind: FromQuery[Kind | None] = None,
        order_id: FromQuery[UUID | None] = None,
        customer_id: FromQuery[UUID | None] = None,
        issued_from: FromQuery[date | None] = None,
        issued_to: FromQuery[date | None] = None,
        number: NumberFilter = None,
    ) -> Page[InvoiceHead]:
        """Invoices and credit notes, newest first; `number` finds any part of a number."""
        return await service.list_invoices(
            tx,
            limit=limit,
            cursor=cursor,
            oldest_first=sort == "issued_at",
            kind=kind,
            order_id=order_id,
            customer_id=customer_id,
            issued_from=issued_from,
            issued_to=issued_to,
            number=number,
        )

    @get("/invoices/number-audit", responses=refusals(Forbidden, Invalid))
    async def audit_numbers(
        self,
        tx: Transaction,
        fy: YearParameter,
        series: FromQuery[Kind] = "INV",
        after_seq: AfterParameter = 0,
    ) -> NumberAudit:
        """Proof that a series has no gap, no number twice and no document changed; or where not."""
        return await service.audit_numbers(tx, series=series, fy=fy, after_seq=after_seq)

    @get("/invoices/{invoice_id:uuid}", responses=refusals(Forbidden, InvoiceMissing))
    async def get_invoice(self, invoice_id: FromPath[UUID], tx: Transaction) -> Invoice:
        """One document with its lines."""
        return await service.get_invoice(tx, invoice_id)

    @get(
        "/invoices/{invoice_id:uuid}/pdf",
        media_type=PDF,
        opt=shows_all("invoice"),
        response_headers=INLINE,
        responses=refusals(Forbidden, InvoiceMissing),
    )
    async def get_pdf(
        self,
        invoice_id: FromPath[UUID],
        database: Store,
        actor: Acting,
        copy: FromQuery[Copy] = "original",
    ) -> Response[bytes]:
        """The document on A4, as PDF/A-2b: the buyer's copy, the transporter's (`duplicate`), or
        the supplier's own (`triplicate`)."""
        async with database.transaction(actor) as tx:
            invoice, sheet = await service.get_sheet(tx, invoice_id, copy=copy)
        return await _printed(invoice, sheet)

    @get(
        "/invoices/{invoice_id:uuid}/einvoice.json",
        opt=shows_all("invoice"),
        responses=refusals(Forbidden, InvoiceMissing, EInvoiceNotApplicable),
    )
    async def get_e_invoice(self, invoice_id: FromPath[UUID], tx: Transaction) -> Response[bytes]:
        """The document as INV-01 JSON, for upload to the invoice registration portal."""
        invoice, made = await service.get_e_invoice(tx, invoice_id)
        name = invoice.number.replace("/", "-")
        disposition = f'attachment; filename="{name}-einvoice.json"'
        return Response(
            bulk([made]),
            media_type="application/json",
            headers={"content-disposition": disposition, "cache-control": "private, no-store"},
        )

    @post(
        "/invoices/{invoice_id:uuid}/credit-notes",
        responses=refusals(
            Forbidden, InvoiceMissing, NothingToCredit, CreditTooLarge, CreditNotDivisible
        ),
    )
    async def credit_invoice(
        self,
        invoice_id: FromPath[UUID],
        data: JSONBody[NewCreditNote],
        tx: Transaction,
        now: Now,
    ) -> Invoice:
        """Take back a part or all of an invoice, at its own rates and kind of tax."""
        if data.items is not None and data.amount_minor is not None:
            raise Invalid("Name items or an amount, not both.", field="amount_minor")
        wanted = data.items
        return await service.credit_invoice(
            tx,
            invoice_id,
            amount_minor=data.amount_minor,
            items=None if wanted is None else [_item(item) for item in wanted],
            reason=data.reason,
            now=now,
        )

    @get(
        "/public/orders/{token:str}/invoice.pdf",
        media_type=PDF,
        response_headers=INLINE,
        opt=PUBLIC,
        responses=refusals(NotFound, InvoiceMissing),
    )
    async def get_public_pdf(
        self, token: FromPath[str], database: Store, now: Now
    ) -> Response[bytes]:
        """The buyer's invoice, for whoever holds the order's link."""
        found = await tokens.find(database, token)
        if found is None or found.kind != "order" or not found.is_live(now):
            raise NotFound("There is nothing behind this link.")
        async with database.transaction(Actor.public(found.org_id, "invoicing.read")) as tx:
            invoice, sheet = await service.get_sheet_of_order(tx, found.entity_id)
        return await _printed(invoice, sheet)


def _item(item: ItemToCredit) -> CreditItem:
    return CreditItem(order_line_id=item.order_line_id, quantity=item.quantity)


async def _printed(invoice: Invoice, sheet: Sheet) -> Response[bytes]:
    """Set in type after the transaction has ended."""
    content = await print_pdf(sheet, issued_at=invoice.issued_at)
    return pdf(content, name=invoice.number.replace("/", "-"), seconds=300)
