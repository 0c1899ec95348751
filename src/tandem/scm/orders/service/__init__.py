"""What orders can be asked to do. Callers pass a Tx; nothing here opens or commits one.

Verbs that happen to an order (`confirm`, `expire_overdue`, `record_…`, `revive`) check no
permission: only flows and handlers call them, on grounds of their own.
"""

from tandem.scm.orders.service.fulfilling import (
    record_delivered,
    record_returned,
    record_shipped,
    start_processing,
)
from tandem.scm.orders.service.moving import (
    cancel,
    confirm,
    expire_overdue,
    place_draft,
    record_payment,
    revive,
)
from tandem.scm.orders.service.noting import annotate, hold, release_hold
from tandem.scm.orders.service.placing import get_settings, place, place_last, save_settings
from tandem.scm.orders.service.reading import (
    count_orders,
    find_by_identifier,
    find_order,
    get_order,
    get_public_order,
    list_orders,
    lock_order,
    read_order,
    read_timeline,
)

__all__ = [
    "annotate",
    "cancel",
    "confirm",
    "count_orders",
    "expire_overdue",
    "find_by_identifier",
    "find_order",
    "get_order",
    "get_public_order",
    "get_settings",
    "hold",
    "list_orders",
    "lock_order",
    "place",
    "place_draft",
    "place_last",
    "read_order",
    "read_timeline",
    "record_delivered",
    "record_payment",
    "record_returned",
    "record_shipped",
    "release_hold",
    "revive",
    "save_settings",
    "start_processing",
]
