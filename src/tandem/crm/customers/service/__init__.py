"""What customers can be asked to do. Callers pass a Tx; nothing here opens or commits one."""

from tandem.crm.customers.service.demo import seed_demo
from tandem.crm.customers.service.intake import find_or_add
from tandem.crm.customers.service.people import (
    Sort,
    add_customer,
    change_customer,
    get_customer,
    list_customers,
    lock_customer,
)

__all__ = [
    "Sort",
    "add_customer",
    "change_customer",
    "find_or_add",
    "get_customer",
    "list_customers",
    "lock_customer",
    "seed_demo",
]
