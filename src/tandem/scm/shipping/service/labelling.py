"""From a shipment to what stands on its label."""

from collections.abc import Mapping
from uuid import UUID

from tandem.kernel.db import Tx
from tandem.scm.shipping.domain.labels import LabelSheet, label_of
from tandem.scm.shipping.gateways.carriers import CARRIERS, get_carrier
from tandem.scm.shipping.service.reading import get_shipment


async def get_label(tx: Tx, shipment_id: UUID, *, base_url: str) -> LabelSheet:
    """Ready to be printed once the transaction is over. Raises LabelNotReady."""
    shipment = await get_shipment(tx, shipment_id)
    return label_of(
        shipment,
        carrier=get_carrier(shipment.carrier).title,
        tracking_url=f"{base_url.rstrip('/')}/track/{shipment.public_token}",
    )


def carriers() -> Mapping[str, str]:
    """Who can carry, and what people call them."""
    return {code: carrier.title for code, carrier in CARRIERS.items()}
