"""Leads from CSV files over HTTP."""

from tandem.flows.lead_imports import LEADS
from tandem.kernel.http.imports import ImportsController


class LeadImportsController(ImportsController):
    path = "/v1/lead-imports"
    tags = ("sales",)
    kind = LEADS
