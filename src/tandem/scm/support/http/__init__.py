"""Support over HTTP."""

from tandem.scm.support.http.desk import DeskController

CONTROLLERS = (DeskController,)

__all__ = ["CONTROLLERS"]
