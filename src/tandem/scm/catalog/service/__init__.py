"""What the catalogue can be asked to do. Callers pass a Tx; nothing here opens or commits one."""

from tandem.scm.catalog.service.demo import seed_demo
from tandem.scm.catalog.service.exports import export_rows
from tandem.scm.catalog.service.imports import ImportResult, import_products
from tandem.scm.catalog.service.products import (
    add_variants,
    change_product,
    change_variant,
    create_product,
    get_product,
    get_variant,
    list_products,
    list_variants,
    lock_product,
    lock_variant,
    set_active,
)
from tandem.scm.catalog.service.search import facts, facts_by_id, search

__all__ = [
    "ImportResult",
    "add_variants",
    "change_product",
    "change_variant",
    "create_product",
    "export_rows",
    "facts",
    "facts_by_id",
    "get_product",
    "get_variant",
    "import_products",
    "list_products",
    "list_variants",
    "lock_product",
    "lock_variant",
    "search",
    "seed_demo",
    "set_active",
]
