"""Values and rules of delivery. Pure: no clock, no database, no network."""

from tandem.scm.delivery.domain.deliveries import Delivery, StatusRow
from tandem.scm.delivery.domain.fleet import Driver, Vehicle, VehicleKind
from tandem.scm.delivery.domain.permissions import PERMISSIONS
from tandem.scm.delivery.domain.proofs import ProofKind
from tandem.scm.delivery.domain.runs import Run
from tandem.scm.delivery.domain.statuses import FAILURES, Status
from tandem.scm.delivery.domain.visibility import Policy, Sight, Tracking

__all__ = [
    "FAILURES",
    "PERMISSIONS",
    "Delivery",
    "Driver",
    "Policy",
    "ProofKind",
    "Run",
    "Sight",
    "Status",
    "StatusRow",
    "Tracking",
    "Vehicle",
    "VehicleKind",
]
