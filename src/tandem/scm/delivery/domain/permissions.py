"""What delivery can be allowed to do."""

from collections.abc import Mapping

READ = "delivery.read"
DISPATCH = "delivery.dispatch"
FLEET = "delivery.fleet"
WATCH = "delivery.watch"
PLAYBACK = "delivery.playback"
OVERRIDE = "delivery.override"
SETTINGS = "delivery.settings"
DRIVE = "delivery.drive"

PERMISSIONS: Mapping[str, str] = {
    READ: "See deliveries, their statuses and proofs.",
    DISPATCH: "Assign, offer, reschedule, return and cancel deliveries; order the stops of a run.",
    FLEET: "Add and change drivers, vehicles and the devices that report for them.",
    WATCH: "See where vehicles are now.",
    PLAYBACK: "See where a driver has been; every look is logged.",
    OVERRIDE: "Write a delivery's status by hand, and send the buyer a new door code.",
    SETTINGS: "Change what the public tracking page shows and for how long.",
    DRIVE: "Carry out the deliveries assigned to oneself; what a driver's device may do.",
}
