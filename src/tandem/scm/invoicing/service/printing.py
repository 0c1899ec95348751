"""From an issued document to what stands on its paper, and in its e-invoice."""

from datetime import datetime
from typing import Any
from uuid import UUID

from tandem.kernel.db import Tx
from tandem.scm.invoicing.domain.documents import Invoice, InvoiceMissing
from tandem.scm.invoicing.domain.einvoice import e_invoice
from tandem.scm.invoicing.domain.printing import Copy, Sheet, sheet_of
from tandem.scm.invoicing.gateways.typesetter import print_pdf
from tandem.scm.invoicing.service.reading import find_for_order, get_invoice, get_issued


async def get_sheet(tx: Tx, invoice_id: UUID, *, copy: Copy = "original") -> tuple[Invoice, Sheet]:
    return await _lay_out(tx, await get_invoice(tx, invoice_id), copy)


async def print_paper(sheet: Sheet, *, issued_at: datetime) -> bytes:
    """Any sheet of this kind as PDF/A-2b: the same one gives the same bytes. Takes a tenth of a
    second of a core: never inside a transaction."""
    return await print_pdf(sheet, issued_at=issued_at)


async def get_sheet_of_order(tx: Tx, order_id: UUID) -> tuple[Invoice, Sheet]:
    """The invoice of an order, for its buyer. Refuses `invoice_not_found` before it is issued."""
    invoice = await find_for_order(tx, order_id)
    if invoice is None:
        raise InvoiceMissing("The invoice is not issued yet. It comes with the confirmation.")
    return await _lay_out(tx, invoice)


async def get_e_invoice(tx: Tx, invoice_id: UUID) -> tuple[Invoice, dict[str, Any]]:
    """A document as the invoice registration portal takes it. Refuses EInvoiceNotApplicable."""
    invoice = await get_invoice(tx, invoice_id)
    original = await get_issued(tx, invoice.original_id) if invoice.original_id else None
    return invoice, e_invoice(invoice, original)


async def _lay_out(tx: Tx, invoice: Invoice, copy: Copy = "original") -> tuple[Invoice, Sheet]:
    original = await get_issued(tx, invoice.original_id) if invoice.original_id else None
    issued_on = original.issued_on if original else None
    return invoice, sheet_of(invoice, original_issued_on=issued_on, copy=copy)
