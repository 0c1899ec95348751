"""A product is what a buyer recognises; a variant is what is counted, priced and put in a box."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal, get_args
from uuid import UUID

import msgspec

from tandem.contracts.invoicing import TAX_CLASSES
from tandem.kernel.errors import Conflict, Invalid
from tandem.kernel.patterns import whole

PRICE_MAX = 10**12
MEASURE_MAX = 10**8

Unit = Literal[
    "BAG", "BAL", "BDL", "BKL", "BOU", "BOX", "BTL", "BUN", "CAN", "CBM", "CCM", "CMS", "CTN",
    "DOZ", "DRM", "GGK", "GMS", "GRS", "GYD", "KGS", "KLR", "KME", "LTR", "MLT", "MTR", "MTS",
    "NOS", "OTH", "PAC", "PCS", "PRS", "QTL", "ROL", "SET", "SQF", "SQM", "SQY", "TBS", "TGM",
    "THD", "TON", "TUB", "UGS", "UNT", "YDS",
]  # fmt: skip
"""Unit quantity codes (UQC) as the GST portal lists them."""
UNITS: frozenset[str] = frozenset(get_args(Unit))

LINE = whole(r"[^\x00-\x1f\x7f]*")
FILLED = whole(r"(?=.*\S)[^\x00-\x1f\x7f]*")
Sku = Annotated[
    str,
    msgspec.Meta(max_length=64, pattern=whole("[A-Za-z0-9][A-Za-z0-9._/#+-]*"), examples=["TEA-1"]),
]
Title = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=FILLED)]
Label = Annotated[str, msgspec.Meta(max_length=100, pattern=LINE)]
Description = Annotated[str, msgspec.Meta(max_length=10_000, pattern=r"^[^\x00]*$")]
Hsn = Annotated[str, msgspec.Meta(pattern=whole("([0-9]{4}|[0-9]{6}|[0-9]{8})"), examples=["0902"])]
TaxClass = Annotated[str, msgspec.Meta(min_length=1, max_length=32, pattern=whole("[a-z_]+"))]
Price = Annotated[int, msgspec.Meta(ge=0, le=PRICE_MAX)]
Currency = Annotated[str, msgspec.Meta(pattern=whole("[A-Z]{3}"))]
Barcode = Annotated[str, msgspec.Meta(min_length=1, max_length=48, pattern=whole("[!-~]+"))]
Measure = Annotated[int, msgspec.Meta(ge=0, le=MEASURE_MAX)]


class SkuTaken(Conflict):
    """Another variant of the organisation carries this SKU."""

    code = "sku_taken"

    def __init__(self, skus: list[str]) -> None:
        super().__init__(
            f"Already in use: {', '.join(skus)}. Choose another SKU, or change that variant.",
            field="sku",
            skus=skus,
        )


class UnknownTaxClass(Invalid):
    code = "unknown_tax_class"


class NewVariant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`label` tells the variants of one product apart ("250 g"). Price in minor units.

    `price_includes_tax` is true for a shelf price (MRP), false for a price to businesses.
    """

    sku: Sku
    label: Label = ""
    hsn: Hsn
    unit: Unit = "NOS"
    tax_class: TaxClass
    barcode: Barcode | None = None
    price_minor: Price
    price_includes_tax: bool = True
    currency: Currency = "INR"
    weight_grams: Measure = 0
    length_mm: Measure = 0
    width_mm: Measure = 0
    height_mm: Measure = 0
    is_active: bool = True


class NewProduct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    title: Title
    description: Description = ""
    brand: Label = ""
    category: Label = ""
    variants: Annotated[list[NewVariant], msgspec.Meta(min_length=1, max_length=100)]


class VariantChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Only the fields given change; the SKU stays for ever."""

    label: Label | msgspec.UnsetType = msgspec.UNSET
    hsn: Hsn | msgspec.UnsetType = msgspec.UNSET
    unit: Unit | msgspec.UnsetType = msgspec.UNSET
    tax_class: TaxClass | msgspec.UnsetType = msgspec.UNSET
    barcode: Barcode | msgspec.UnsetType | None = msgspec.UNSET
    price_minor: Price | msgspec.UnsetType = msgspec.UNSET
    price_includes_tax: bool | msgspec.UnsetType = msgspec.UNSET
    currency: Currency | msgspec.UnsetType = msgspec.UNSET
    weight_grams: Measure | msgspec.UnsetType = msgspec.UNSET
    length_mm: Measure | msgspec.UnsetType = msgspec.UNSET
    width_mm: Measure | msgspec.UnsetType = msgspec.UNSET
    height_mm: Measure | msgspec.UnsetType = msgspec.UNSET


class ProductChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    title: Title | msgspec.UnsetType = msgspec.UNSET
    description: Description | msgspec.UnsetType = msgspec.UNSET
    brand: Label | msgspec.UnsetType = msgspec.UNSET
    category: Label | msgspec.UnsetType = msgspec.UNSET


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """`title` is whole: the product's, and the label where there is one."""

    resource: ClassVar[str] = "product"

    id: UUID
    product_id: UUID
    sku: str
    title: str
    label: str
    hsn: str
    unit: str
    tax_class: str
    barcode: str | None
    price_minor: int
    price_includes_tax: bool
    currency: str
    weight_grams: int
    length_mm: int
    width_mm: int
    height_mm: int
    is_active: bool
    version: int
    created_at: datetime
    updated_at: datetime


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """Sold while at least one of its variants is active."""

    resource: ClassVar[str] = "product"

    id: UUID
    title: str
    description: str
    brand: str
    category: str
    version: int
    created_at: datetime
    updated_at: datetime
    variants: list[Variant] = msgspec.field(default_factory=list)


def title_of(product_title: str, label: str) -> str:
    return f"{product_title}, {label}" if label else product_title


def check_tax_class(tax_class: str, *, field: str = "tax_class") -> None:
    if tax_class not in TAX_CLASSES:
        raise UnknownTaxClass(
            f"There is no tax class {tax_class!r}. Use one of {', '.join(TAX_CLASSES)}.",
            field=field,
            allowed=list(TAX_CLASSES),
        )
