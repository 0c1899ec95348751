"""Orders and the rules of their three axes. Pure."""

from tandem.scm.orders.domain.permissions import PERMISSIONS

__all__ = ["PERMISSIONS"]
