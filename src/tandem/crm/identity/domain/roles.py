"""Roles and the permissions they carry."""

from collections.abc import Mapping

import msgspec

PERMISSIONS: Mapping[str, str] = {
    "identity.read": "See people, roles and API keys.",
    "identity.manage": "Add people, change roles, make and revoke API keys.",
    "identity.settings": "Change the company's settings.",
}


ROLES: Mapping[str, tuple[str, list[str]]] = {
    "admin": ("Administrator", ["*"]),
    "operations": (
        "Operations",
        [
            "orders.*",
            "catalog.*",
            "customers.*",
            "inventory.*",
            "shipping.*",
            "delivery.*",
            "invoicing.read",
            "payments.read",
            "notifications.read",
            "support.*",
        ],
    ),
    "care": (
        "Customer care",
        [
            "support.read",
            "support.write",
            "support.assign",
            "orders.read",
            "customers.read",
            "catalog.read",
            "shipping.read",
            "delivery.read",
            "invoicing.read",
            "payments.read",
            "notifications.read",
        ],
    ),
    "finance": (
        "Finance",
        [
            "invoicing.*",
            "payments.*",
            "orders.read",
            "customers.read",
            "catalog.read",
            "support.read",
        ],
    ),
    "dispatcher": (
        "Dispatcher",
        ["delivery.*", "shipping.*", "orders.read", "customers.read", "support.read"],
    ),
    "driver": ("Driver", ["delivery.drive"]),
    "read_only": (
        "Read only",
        [
            "orders.read",
            "catalog.read",
            "customers.read",
            "inventory.read",
            "shipping.read",
            "delivery.read",
            "invoicing.read",
            "payments.read",
            "support.read",
        ],
    ),
}


class Role(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    name: str
    grants: list[str]
