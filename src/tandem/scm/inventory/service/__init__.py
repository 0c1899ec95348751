"""What inventory can be asked to do. Callers pass a Tx; nothing here opens or commits one.

The verbs that move an order's goods (`reserve`, `keep`, `release`, `commit`, `restock`) check no
permission: only flows call them, after checking the permission of what they do as a whole.
"""

from tandem.scm.inventory.service.demo import seed_demo
from tandem.scm.inventory.service.holds import (
    available,
    commit,
    held_of,
    keep,
    release,
    release_many,
    reservations_of,
    reserve,
    reserve_last,
    restock,
)
from tandem.scm.inventory.service.locations import (
    add_location,
    change_location,
    find_location,
    get_location,
    list_locations,
    lock_location,
)
from tandem.scm.inventory.service.shelves import (
    adjust,
    audit,
    list_entries,
    list_stock,
    lock_level,
    open_stock,
    receive,
    rename_variant,
    set_reorder_point,
)

__all__ = [
    "add_location",
    "adjust",
    "audit",
    "available",
    "change_location",
    "commit",
    "find_location",
    "get_location",
    "held_of",
    "keep",
    "list_entries",
    "list_locations",
    "list_stock",
    "lock_level",
    "lock_location",
    "open_stock",
    "receive",
    "release",
    "release_many",
    "rename_variant",
    "reservations_of",
    "reserve",
    "reserve_last",
    "restock",
    "seed_demo",
    "set_reorder_point",
]
