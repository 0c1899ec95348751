"""Roles: what they carry, for whose records, and which fields they keep back."""

from collections.abc import Iterable, Mapping
from typing import Annotated

import msgspec

from tandem.kernel.errors import Conflict, Forbidden
from tandem.kernel.patterns import whole

PERMISSIONS: Mapping[str, str] = {
    "identity.read": "See people, teams, territories, roles and API keys.",
    "identity.manage": "Invite, disable and remove people; change teams; make and revoke API keys.",
    "identity.roles": "Make and change roles.",
    "identity.settings": "Change the company's settings.",
    "identity.impersonate": "See the company through another member's eyes, with a reason.",
    "identity.scim": "Manage people and groups as the company's directory does (SCIM).",
    "identity.audit": "Read the audit log and take it along as a file.",
}

SCOPED = frozenset(
    {
        "customers.read",
        "customers.write",
        "orders.read",
        "orders.write",
        "orders.cancel",
        "invoicing.read",
        "payments.read",
        "shipping.read",
        "sales.read",
        "sales.write",
        "support.assign",
        "support.read",
        "support.write",
    }
)
"""Permissions about records that have an owner, or hang below an order that has one. All others
are for the whole company: stock, catalogue, fleet, settings."""

FIELDS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "customer": (
        "customers",
        ("emails", "phones", "addresses", "gstin", "pan", "notes"),
    ),
    "account": ("customers", ("domain", "gstin", "industry")),
    "lead": (
        "sales",
        ("email", "phone", "job_title", "website", "description", "lost_reason", "score"),
    ),
    "opportunity": (
        "sales",
        ("amount_minor", "probability", "close_on", "next_step", "competitor", "lost_note"),
    ),
    "quote": (
        "sales",
        (
            "customer_email",
            "customer_phone",
            "customer_gstin",
            "ship_to",
            "note",
            "terms",
            "total_minor",
        ),
    ),
    "order": (
        "orders",
        (
            "customer_email",
            "customer_phone",
            "customer_gstin",
            "ship_to",
            "bill_to",
            "total_minor",
            "paid_minor",
            "note",
        ),
    ),
    "complaint": ("support", ("customer_email", "customer_phone", "rating", "rating_note")),
    "product": ("catalog", ("description", "brand", "barcode", "price_minor")),
    "stock": ("inventory", ("on_hand", "available", "reorder_point")),
    "invoice": ("invoicing", ("buyer", "total_minor", "reason")),
    "payment": (
        "payments",
        ("amount_minor", "fee_minor", "tax_minor", "provider_payment_id", "error"),
    ),
    "shipment": (
        "shipping",
        ("recipient_phone", "ship_to", "awb", "value_minor", "cod_minor", "weight_grams"),
    ),
    "delivery": ("delivery", ("recipient_phone", "ship_to", "cod_minor", "cash_minor")),
    "driver": ("delivery", ("phone",)),
    "campaign": ("marketing", ("budget_minor", "cost_minor")),
    "message": ("notifications", ("recipient", "text")),
}
"""Resource → the service it belongs to and the fields that a role may keep back."""

_DOORS = ("quote.ship_to", "shipment.ship_to", "delivery.ship_to", "invoice.buyer")

COPIES: Mapping[str, tuple[str, ...]] = {
    "customer.addresses": ("order.ship_to", "order.bill_to", *_DOORS),
    "customer.emails": (
        "order.customer_email",
        "quote.customer_email",
        "complaint.customer_email",
    ),
    "customer.phones": (
        "order.customer_phone",
        "quote.customer_phone",
        "complaint.customer_phone",
        "shipment.recipient_phone",
        "delivery.recipient_phone",
    ),
    "customer.gstin": ("order.customer_gstin", "quote.customer_gstin", "invoice.buyer"),
    "order.ship_to": ("order.bill_to", *_DOORS),
    "order.bill_to": ("invoice.buyer",),
    "order.total_minor": (
        "order.paid_minor",
        "invoice.total_minor",
        "payment.amount_minor",
        "shipment.value_minor",
        "shipment.cod_minor",
        "delivery.cod_minor",
        "delivery.cash_minor",
    ),
    "order.paid_minor": ("payment.amount_minor", "delivery.cash_minor"),
}
"""Where else the same is written down. Who may not see the one does not see these."""


def with_copies(fields: Iterable[str]) -> frozenset[str]:
    """Hidden fields, and wherever else the same is written down."""
    named = frozenset(fields)
    return named.union(*(COPIES.get(field, ()) for field in named))


Grant = Annotated[
    str,
    msgspec.Meta(
        pattern=whole(r"(\*|[a-z_]+\.\*|[a-z_]+\.[a-z_]+(@(own|team|subtree|territory))?)"),
        max_length=80,
        description="`orders.read`, `orders.*` or `*`, for all records; `orders.read@own` "
        "for one's own (or `@team`, `@subtree`, `@territory`).",
    ),
]
FieldName = Annotated[str, msgspec.Meta(pattern=whole(r"[a-z_]+\.[a-z_]+"), max_length=80)]
RoleKey = Annotated[str, msgspec.Meta(pattern=whole(r"[a-z][a-z0-9_]{0,62}"))]

COVERED_BY: Mapping[str, frozenset[str]] = {
    "own": frozenset({"own", "team", "subtree", "territory", "all"}),
    "team": frozenset({"team", "subtree", "all"}),
    "subtree": frozenset({"subtree", "all"}),
    "territory": frozenset({"territory", "all"}),
    "all": frozenset({"all"}),
}
"""A scope, and the scopes that reach at least as far."""


class RoleKeyTaken(Conflict):
    code = "role_key_taken"


class RoleInUse(Conflict):
    code = "role_in_use"


class RoleReadyMade(Conflict):
    """Ready-made roles stay as they come; a copy may be changed."""

    code = "role_ready_made"


class MoreThanHeld(Forbidden):
    """Nobody hands out, or takes from somebody, more than they hold themselves."""

    code = "more_than_held"


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """`grants` as `Grant`; `hidden` and `read_only` name fields such as `customer.notes`."""

    key: str
    name: str
    grants: list[str]
    description: str = ""
    hidden: list[str] = msgspec.field(default_factory=list)
    read_only: list[str] = msgspec.field(default_factory=list)
    is_ready_made: bool = False
    version: int = 1


HARMLESS = frozenset({"identity.read", "identity.audit"})
"""Of identity's, those that look only."""


def split(grant: str) -> tuple[str, str]:
    """(permission, scope) of a grant."""
    permission, _, scope = grant.partition("@")
    return permission, scope or "all"


def decides(grant: str) -> bool:
    """Whether it decides about people and rights: whoever has it can come by everything."""
    permission = split(grant)[0]
    is_of_identity = permission.partition(".")[0] == "identity"
    return permission == "*" or (is_of_identity and permission not in HARMLESS)


def joined(permission: str, scope: str) -> str:
    return permission if scope == "all" else f"{permission}@{scope}"


def _at(scope: str, *permissions: str) -> list[str]:
    return [joined(permission, scope) for permission in permissions]


_SELLING = (
    "customers.read",
    "customers.write",
    "orders.read",
    "orders.write",
    "orders.cancel",
    "invoicing.read",
    "payments.read",
    "shipping.read",
    "sales.read",
    "sales.write",
)
_LOOKING = [
    "orders.read",
    "catalog.read",
    "customers.read",
    "inventory.read",
    "shipping.read",
    "delivery.read",
    "invoicing.read",
    "payments.read",
]


def _ready(key: str, name: str, description: str, grants: Iterable[str]) -> Role:
    return Role(
        key=key, name=name, description=description, grants=list(grants), is_ready_made=True
    )


READY_MADE: tuple[Role, ...] = (
    _ready("admin", "Administrator", "Everything, people and roles too.", ["*"]),
    _ready(
        "operations",
        "Operations",
        "Orders from the first call to the door, stock and catalogue.",
        [
            "orders.*",
            "catalog.*",
            "customers.*",
            "inventory.*",
            "shipping.*",
            "delivery.*",
            "support.*",
            "invoicing.read",
            "payments.read",
            "notifications.read",
            "notifications.templates",
            "analytics.read",
            "analytics.write",
        ],
    ),
    _ready(
        "stock",
        "Stock",
        "Goods in, counts and parcels out; no customers, no money.",
        ["inventory.*", "catalog.read", "shipping.read", "shipping.scan", "orders.read"],
    ),
    _ready(
        "dispatcher",
        "Dispatcher",
        "Drivers, vehicles and what they carry.",
        ["delivery.*", "shipping.*", "orders.read", "customers.read"],
    ),
    _ready("driver", "Driver", "Their own deliveries, on their phone.", ["delivery.drive"]),
    _ready(
        "sales",
        "Sales",
        "Their own customers and what these buy.",
        [
            *_at("own", *_SELLING),
            "sales.export",
            "catalog.read",
            "inventory.read",
            "analytics.read",
        ],
    ),
    _ready(
        "sales_manager",
        "Sales manager",
        "The customers of their teams and of everybody below them.",
        [
            *_at("subtree", *_SELLING),
            "sales.export",
            "catalog.read",
            "inventory.read",
            "analytics.read",
            "analytics.write",
        ],
    ),
    _ready(
        "marketing",
        "Marketing",
        "Campaigns to whoever agreed to hear from us, and what came of them.",
        [
            "marketing.*",
            "payments.read",
            "sales.read",
            "customers.read",
            "customers.segment",
            "orders.read",
            "catalog.read",
            "notifications.read",
            "notifications.templates",
            "analytics.read",
            "analytics.write",
        ],
    ),
    _ready(
        "finance",
        "Finance",
        "Invoices, payments and refunds.",
        [
            "invoicing.*",
            "payments.*",
            "orders.read",
            "customers.read",
            "catalog.read",
            "analytics.read",
            "analytics.write",
        ],
    ),
    _ready(
        "support",
        "Support",
        "Complaints, and all that helps to answer them.",
        ["support.*", *_LOOKING, "notifications.read", "notifications.send", "analytics.read"],
    ),
    _ready(
        "analyst",
        "Analyst",
        "Everything there is to be counted, nothing to be changed.",
        [*_LOOKING, "notifications.read", "support.read", "analytics.*"],
    ),
    _ready("read_only", "Read only", "Looks at everything but people and messages.", _LOOKING),
)

ROLES: Mapping[str, Role] = {role.key: role for role in READY_MADE}
