"""Owns the dispatch desk: the live map, the waiting list, runs, playback, drivers and vehicles.

Console pages under `/dispatch`. They read and write through delivery's service only, and hold no
rule of their own: what may be assigned, and to whom, is delivery's to say.
"""

from tandem.web.dispatch.deliveries import DeliveryPanel
from tandem.web.dispatch.desk import DeskPage
from tandem.web.dispatch.drivers import DriverPanel
from tandem.web.dispatch.fleet import FleetDriverPage, FleetPage

DISPATCH_PAGES = (DeskPage, DeliveryPanel, DriverPanel, FleetPage, FleetDriverPage)

__all__ = ["DISPATCH_PAGES"]
