"""What delivery can be asked to do. Callers pass a Tx; nothing here opens or commits one, but for
the few verbs that begin with a token or a phone, before any organisation is known."""

from tandem.scm.delivery.service.connection import check_google
from tandem.scm.delivery.service.demo import seed_demo
from tandem.scm.delivery.service.dispatching import (
    assign,
    cancel,
    expire_offers,
    offer,
    schedule_reattempt,
    set_proof_policy,
    set_status,
    unassign,
)
from tandem.scm.delivery.service.doorcodes import door_code, send_again
from tandem.scm.delivery.service.driving import DriverDay, DriverStop, day, stop_of
from tandem.scm.delivery.service.etas import accuracy
from tandem.scm.delivery.service.fleet import (
    actor_of_device,
    add_device,
    add_driver,
    add_vehicle,
    change_driver,
    change_vehicle,
    end_shift,
    find_device,
    get_driver,
    get_vehicle,
    list_devices,
    list_drivers,
    list_vehicles,
    request_sign_in_code,
    revoke_device,
    sign_in,
    sign_in_code,
    start_shift,
)
from tandem.scm.delivery.service.opening import (
    cancel_delivery,
    follow_shipment,
    locate,
    lower_cash,
    open_delivery,
)
from tandem.scm.delivery.service.positions import live_positions, take_pings
from tandem.scm.delivery.service.proofs import list_proofs, read_picture
from tandem.scm.delivery.service.reporting import check_door_code, current_driver, report, sync
from tandem.scm.delivery.service.runs import get_run, list_runs, order_stops
from tandem.scm.delivery.service.settings import get_policy, set_policy
from tandem.scm.delivery.service.tracking import look_up, renew_link, resend_door_code, watch
from tandem.scm.delivery.service.tracks import list_views, playback, track_of_delivery
from tandem.scm.delivery.service.viewing import (
    Whole,
    count_open,
    get_delivery,
    list_deliveries,
    list_of_order,
    list_statuses,
    whole,
)

__all__ = [
    "DriverDay",
    "DriverStop",
    "Whole",
    "accuracy",
    "actor_of_device",
    "add_device",
    "add_driver",
    "add_vehicle",
    "assign",
    "cancel",
    "cancel_delivery",
    "change_driver",
    "change_vehicle",
    "check_door_code",
    "check_google",
    "count_open",
    "current_driver",
    "day",
    "door_code",
    "end_shift",
    "expire_offers",
    "find_device",
    "follow_shipment",
    "get_delivery",
    "get_driver",
    "get_policy",
    "get_run",
    "get_vehicle",
    "list_deliveries",
    "list_devices",
    "list_drivers",
    "list_of_order",
    "list_proofs",
    "list_runs",
    "list_statuses",
    "list_vehicles",
    "list_views",
    "live_positions",
    "locate",
    "look_up",
    "lower_cash",
    "offer",
    "open_delivery",
    "order_stops",
    "playback",
    "read_picture",
    "renew_link",
    "report",
    "request_sign_in_code",
    "resend_door_code",
    "revoke_device",
    "schedule_reattempt",
    "seed_demo",
    "send_again",
    "set_policy",
    "set_proof_policy",
    "set_status",
    "sign_in",
    "sign_in_code",
    "start_shift",
    "stop_of",
    "sync",
    "take_pings",
    "track_of_delivery",
    "unassign",
    "watch",
    "whole",
]
