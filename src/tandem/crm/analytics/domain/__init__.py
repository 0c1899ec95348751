"""Facts folded from events, the meaning of numbers, and questions about them. Pure."""

from tandem.crm.analytics.domain.permissions import PERMISSIONS

__all__ = ["PERMISSIONS"]
