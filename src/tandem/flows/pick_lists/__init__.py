"""A pick list: what of one or several shipments is taken from which shelf, on paper.

What waits is asked once, in the order of the shelves; whose it is stands beside each quantity, so
that what was picked together is parted at the table. Nothing is written: the goods stay held until
they leave.
"""

from tandem.flows.pick_lists.gathering import SHIPMENTS_MAX, NothingToPick, Picking, gather
from tandem.flows.pick_lists.paper import pick_list_pdf

__all__ = ["SHIPMENTS_MAX", "NothingToPick", "Picking", "gather", "pick_list_pdf"]
