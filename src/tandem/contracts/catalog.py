"""What a sellable variant is to the rest of the suite. Data only."""

from typing import ClassVar
from uuid import UUID

import msgspec

from tandem.kernel.events import Event


class VariantFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What an order line copies at placement. Price in minor units; sizes in millimetres.

    `price_includes_tax`: an Indian shelf price (MRP) contains GST, a B2B price does not.
    `unit` is the UQC (NOS, KGS, …).
    """

    resource: ClassVar[str] = "product"

    variant_id: UUID
    sku: str
    title: str
    hsn: str
    unit: str
    tax_class: str
    price_minor: int
    price_includes_tax: bool
    currency: str
    weight_grams: int
    length_mm: int
    width_mm: int
    height_mm: int
    is_active: bool


class VariantChanged(Event, frozen=True, kw_only=True):
    topic: ClassVar[str] = "catalog.variant_changed.v1"
    variant_id: UUID
    sku: str

    def key(self) -> str:
        return str(self.variant_id)
