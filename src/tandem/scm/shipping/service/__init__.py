"""What shipping can be asked to do. Callers pass a Tx; nothing here opens or commits one."""

from tandem.scm.shipping.domain.coverage import NotServed, refusal_of
from tandem.scm.shipping.service.cash import lower_cash
from tandem.scm.shipping.service.creating import create_shipment
from tandem.scm.shipping.service.deciding import (
    OtherCarrier,
    ShipmentOver,
    call_back,
    cancel_of_order,
    cancel_shipment,
    hand_over,
    revise_promise,
    set_awb,
    set_parcels,
)
from tandem.scm.shipping.service.labelling import carriers, get_label
from tandem.scm.shipping.service.promising import (
    Plan,
    get_settings,
    lock_settings,
    promise,
    save_settings,
    seed_demo,
)
from tandem.scm.shipping.service.reading import (
    find_shipment,
    get_manifest,
    get_shipment,
    list_chosen,
    list_of_order,
    list_revisions,
    list_scans,
    list_shipments,
    list_with_us,
    lock_shipment,
)
from tandem.scm.shipping.service.scanning import TooManyScans, record_scan
from tandem.scm.shipping.service.sweeping import revise_overdue
from tandem.scm.shipping.service.undelivered import decide, follow_attempt, list_cases

__all__ = [
    "NotServed",
    "OtherCarrier",
    "Plan",
    "ShipmentOver",
    "TooManyScans",
    "call_back",
    "cancel_of_order",
    "cancel_shipment",
    "carriers",
    "create_shipment",
    "decide",
    "find_shipment",
    "follow_attempt",
    "get_label",
    "get_manifest",
    "get_settings",
    "get_shipment",
    "hand_over",
    "list_cases",
    "list_chosen",
    "list_of_order",
    "list_revisions",
    "list_scans",
    "list_shipments",
    "list_with_us",
    "lock_settings",
    "lock_shipment",
    "lower_cash",
    "promise",
    "record_scan",
    "refusal_of",
    "revise_overdue",
    "revise_promise",
    "save_settings",
    "seed_demo",
    "set_awb",
    "set_parcels",
]
