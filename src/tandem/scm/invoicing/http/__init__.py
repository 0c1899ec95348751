"""Invoicing over HTTP: documents, tax questions, the company's tax profile."""

from tandem.scm.invoicing.http.documents import InvoiceController
from tandem.scm.invoicing.http.returns import ReturnsController
from tandem.scm.invoicing.http.taxes import TaxController

__all__ = ["InvoiceController", "ReturnsController", "TaxController"]
