"""Delivery over HTTP, WebSocket and server-sent events."""

from tandem.scm.delivery.http.deliveries import DeliveriesController
from tandem.scm.delivery.http.driver import DriverController
from tandem.scm.delivery.http.fleet import DriversController, VehiclesController
from tandem.scm.delivery.http.live import Live
from tandem.scm.delivery.http.pings import PingsController
from tandem.scm.delivery.http.public import PublicDeliveryController
from tandem.scm.delivery.http.runs import DeliverySettingsController, RunsController
from tandem.scm.delivery.http.streams import StreamsController

CONTROLLERS = (
    DeliveriesController,
    DeliverySettingsController,
    DriverController,
    DriversController,
    PingsController,
    PublicDeliveryController,
    RunsController,
    StreamsController,
    VehiclesController,
)

__all__ = ["CONTROLLERS", "Live"]
