"""Products, their variants, and how both stand in a spreadsheet. Pure: no clock, no I/O."""

from collections.abc import Mapping

from tandem.scm.catalog.domain.products import (
    UNITS,
    NewProduct,
    NewVariant,
    Product,
    ProductChange,
    SkuTaken,
    UnknownTaxClass,
    Variant,
    VariantChange,
    check_tax_class,
    title_of,
)
from tandem.scm.catalog.domain.sheets import (
    COLUMNS,
    RowError,
    SheetRow,
    SheetWrong,
    read_rows,
    write_row,
)

PERMISSIONS: Mapping[str, str] = {
    "catalog.read": "See products, variants and prices, and export them.",
    "catalog.write": "Create, change, import, activate and deactivate products and variants.",
}

__all__ = [
    "COLUMNS",
    "PERMISSIONS",
    "UNITS",
    "NewProduct",
    "NewVariant",
    "Product",
    "ProductChange",
    "RowError",
    "SheetRow",
    "SheetWrong",
    "SkuTaken",
    "UnknownTaxClass",
    "Variant",
    "VariantChange",
    "check_tax_class",
    "read_rows",
    "title_of",
    "write_row",
]
