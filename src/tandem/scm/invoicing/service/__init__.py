"""What invoicing can be asked to do. Callers pass a Tx; nothing here opens or commits one."""

from tandem.scm.invoicing.service.quoting import quote, quote_at
from tandem.scm.invoicing.service.selling import (
    add_rate,
    find_seller,
    get_seller,
    list_rates,
    save_seller,
    seed_demo_seller,
)

__all__ = [
    "add_rate",
    "find_seller",
    "get_seller",
    "list_rates",
    "quote",
    "quote_at",
    "save_seller",
    "seed_demo_seller",
]
