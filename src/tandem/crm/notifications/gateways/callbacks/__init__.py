"""Is this report really the provider's? Each vendor proves it in its own way."""

from tandem.crm.notifications.gateways.callbacks.proofs import Asked, is_proven
from tandem.crm.notifications.gateways.callbacks.sns import Notices

__all__ = ["Asked", "Notices", "is_proven"]
