"""Owns the driver's phone page: today's run, taps at the door, a queue that outlives tunnels.

`/driver` is one page that works without a network: what the driver taps is kept on the phone with
the phone's time and handed in, in order, when there is a signal again.
"""

from tandem.web.driver.pages import DriverPage

__all__ = ["DriverPage"]
