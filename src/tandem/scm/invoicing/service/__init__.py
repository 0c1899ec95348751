"""What invoicing can be asked to do. Callers pass a Tx; nothing here opens or commits one."""

from tandem.scm.invoicing.service.auditing import audit_numbers
from tandem.scm.invoicing.service.crediting import credit_invoice, credit_order, creditable
from tandem.scm.invoicing.service.issuing import issue_for_order
from tandem.scm.invoicing.service.printing import (
    get_e_invoice,
    get_sheet,
    get_sheet_of_order,
    print_paper,
)
from tandem.scm.invoicing.service.quoting import quote, quote_at
from tandem.scm.invoicing.service.reading import (
    find_by_irn,
    find_by_number,
    find_for_order,
    get_invoice,
    list_for_order,
    list_invoices,
)
from tandem.scm.invoicing.service.returns import monthly_return
from tandem.scm.invoicing.service.selling import (
    add_rate,
    find_seller,
    get_seller,
    list_rates,
    save_seller,
    seed_demo_seller,
)

__all__ = [
    "add_rate",
    "audit_numbers",
    "credit_invoice",
    "credit_order",
    "creditable",
    "find_by_irn",
    "find_by_number",
    "find_for_order",
    "find_seller",
    "get_e_invoice",
    "get_invoice",
    "get_seller",
    "get_sheet",
    "get_sheet_of_order",
    "issue_for_order",
    "list_for_order",
    "list_invoices",
    "list_rates",
    "monthly_return",
    "print_paper",
    "quote",
    "quote_at",
    "save_seller",
    "seed_demo_seller",
]
