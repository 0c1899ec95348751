"""Deals and quotes as records of a person, for the flows that merge, erase and export people.

These check no permission: the flow has, for the person as a whole.
"""

from tandem.crm.sales.store.people import (
    erase_deals,
    erase_quotes,
    export_deals,
    export_quotes,
    list_deal_ids,
    list_quote_ids,
    move_deals,
    move_quotes,
)

__all__ = [
    "erase_deals",
    "erase_quotes",
    "export_deals",
    "export_quotes",
    "list_deal_ids",
    "list_quote_ids",
    "move_deals",
    "move_quotes",
]
