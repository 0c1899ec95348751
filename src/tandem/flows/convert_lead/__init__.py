"""A lead becomes a customer, an account and an opportunity, in one transaction; and back again."""

from tandem.flows.convert_lead.converting import convert
from tandem.flows.convert_lead.finding import Outlook, preview
from tandem.flows.convert_lead.undoing import undo

__all__ = ["Outlook", "convert", "preview", "undo"]
