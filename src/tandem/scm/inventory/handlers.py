"""What inventory does when others tell."""

from datetime import datetime

from tandem.contracts.catalog import VariantChanged
from tandem.kernel.db import Tx
from tandem.kernel.events import subscribe
from tandem.scm.inventory import service


@subscribe(VariantChanged, "inventory.follow_sku")
async def follow_sku(tx: Tx, event: VariantChanged, now: datetime) -> None:
    await service.rename_variant(tx, variant_id=event.variant_id, sku=event.sku)
