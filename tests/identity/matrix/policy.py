"""What each route asks of its caller. Written by hand; a route that is not here is red.

A key is `METHOD path`, or a path's beginning for all below it that says nothing else. The longest
one that fits decides. Reading and writing below a beginning may need different permissions.
Every route stands besides in `routes.txt` by its own name.
"""

from typing import NamedTuple

PUBLIC = "public"
"""Nobody need sign in; a token in the path or the body is what counts."""
ANYBODY = "anybody"
"""Whoever has signed in, by whatever means, for themselves alone."""
PERSON = "person"
"""A person who has signed in: neither a key nor a device."""
BUYER = "buyer"
"""A buyer signed in to their own pages, for what is theirs; whoever works here is nobody there."""
OWN_DRIVER = "delivery.drive"
OR_THEMSELVES = "delivery.fleet or delivery.drive"
"""Whoever runs the fleet, and the driver whose shift it is."""


WHOLE = " of all"
"""Only for who has the permission for everybody's records: it tells of them together."""


class Rule(NamedTuple):
    """`reads` for GET, `writes` for all else."""

    reads: str
    writes: str


def both(permission: str) -> Rule:
    return Rule(permission, permission)


AREAS: dict[str, Rule] = {
    # The API.
    "/v1/public/": both(PUBLIC),
    "/v1/webhooks/": both(PUBLIC),
    "/v1/provider-callbacks/": both(PUBLIC),
    "/v1/oauth/": both(PUBLIC),
    "/account": both(BUYER),
    "/account/at": both(PUBLIC),
    "/v1/sign-in-codes": both(PUBLIC),
    "/v1/sessions": both(PUBLIC),
    "/v1/sessions/current": both(ANYBODY),
    "/v1/password-resets": both(PUBLIC),
    "/v1/me": both(PERSON),
    "/v1/company": Rule(ANYBODY, "identity.settings"),
    "/v1/users": Rule("identity.read", "identity.manage"),
    "/v1/roles": Rule("identity.read", "identity.roles"),
    "/v1/teams": Rule("identity.read", "identity.manage"),
    "/v1/territories": Rule("identity.read", "identity.manage"),
    "/v1/invitations": Rule("identity.read", "identity.manage"),
    "/v1/impersonations": Rule("identity.audit", "identity.impersonate"),
    "/v1/impersonations/current": both(ANYBODY),
    "/v1/api-keys": Rule("identity.read", "identity.manage"),
    "/v1/audit-events": both("identity.audit"),
    "/v1/scim-settings": Rule("identity.read", "identity.manage"),
    "/v1/scim-groups": Rule("identity.read", "identity.manage"),
    "/scim/v2": both("identity.scim"),
    "/v1/authz/": both("identity.read"),
    "/v1/shares": Rule("orders.read", "orders.write"),
    "/v1/customers": Rule("customers.read", "customers.write"),
    "/v1/customer-duplicates": Rule("customers.read" + WHOLE, "customers.merge"),
    "/v1/customer-cohorts": both("customers.read" + WHOLE),
    "/v1/customer-merges": Rule("customers.read", "customers.merge"),
    "/v1/customer-imports": both("customers.import"),
    "/v1/customer-export": both("customers.export"),
    "/v1/erasures": both("customers.erase"),
    "/v1/accounts": Rule("customers.read", "customers.write"),
    "/v1/segments": Rule("customers.read", "customers.segment"),
    "/v1/custom-fields": Rule("customers.read", "customers.configure"),
    "/v1/products": Rule("catalog.read", "catalog.write"),
    "/v1/product-export": both("catalog.read"),
    "/v1/product-imports": both("catalog.write"),
    "/v1/variants": Rule("catalog.read", "catalog.write"),
    "/v1/locations": Rule("inventory.read", "inventory.configure"),
    "/v1/stock": Rule("inventory.read", "inventory.adjust"),
    "/v1/stock-levels": Rule("inventory.read", "inventory.configure"),
    "/v1/orders": Rule("orders.read", "orders.write"),
    "/v1/order-quotes": both("orders.write"),
    "/v1/order-settings": Rule("orders.read", "orders.configure"),
    "/v1/order-lifecycle": both(ANYBODY),
    "/v1/resolve": both("orders.read"),
    "/v1/stuck-events": both("identity.settings"),
    "/v1/edd-quotes": both(ANYBODY),
    "/v1/shipping-settings": Rule("shipping.read", "shipping.configure"),
    "/v1/shipments": Rule("shipping.read", "shipping.write"),
    "/v1/manifests": Rule("shipping.read" + WHOLE, "shipping.write"),
    "/v1/invoices": Rule("invoicing.read", "invoicing.credit"),
    "/v1/tax-rates": Rule(ANYBODY, "invoicing.configure"),
    "/v1/gst/": both(ANYBODY),
    "/v1/tax-quotes": both(ANYBODY),
    "/v1/company-tax-profile": Rule("invoicing.read", "invoicing.configure"),
    "/v1/payments": Rule("payments.read", "payments.refund"),
    "/v1/payment-settings": Rule("payments.read", "payments.configure"),
    "/v1/payment-exceptions": Rule("payments.read", "payments.resolve"),
    "/v1/settlements": Rule("payments.read", "payments.reconcile"),
    "/v1/settlement-exceptions": Rule("payments.read", "payments.reconcile"),
    "/v1/deliveries": Rule("delivery.read", "delivery.dispatch"),
    "/v1/eta-accuracy": both("delivery.read"),
    "/v1/delivery-policy": Rule("delivery.read", "delivery.settings"),
    "/v1/driver/": both(OWN_DRIVER),
    "/v1/driver/osmand": both(PUBLIC),
    "/v1/driver/owntracks": both(PUBLIC),
    "/v1/drivers": Rule("delivery.read", "delivery.fleet"),
    "/v1/vehicles": Rule("delivery.read", "delivery.fleet"),
    "/v1/runs": Rule("delivery.read", "delivery.dispatch"),
    "/v1/messages": Rule("notifications.read", "notifications.retry"),
    "/v1/complaints": Rule("support.read", "support.write"),
    "/v1/support-settings": Rule("support.read", "support.configure"),
    "/v1/saved-replies": Rule("support.read", "support.configure"),
    "/v1/jira/": Rule("support.read", "support.connect"),
    "/v1/openapi.json": both(ANYBODY),
    "/v1/pipelines": Rule("sales.read", "sales.configure"),
    "/v1/assignment-rules": Rule("sales.read", "sales.configure"),
    "/v1/reps": Rule("sales.read", "sales.write"),
    "/v1/opportunities": Rule("sales.read", "sales.write"),
    "/v1/forecasts": both("sales.read"),
    "/v1/webhook-endpoints": Rule("webhooks.read", "webhooks.manage"),
    "/v1/webhook-topics": both("webhooks.read"),
    "/v1/webhook-messages": Rule("webhooks.read", "webhooks.manage"),
    "/v1/suppressions": Rule("customers.read", "customers.suppress"),
    "/v1/contact-checks": both("customers.read"),
    "/v1/payment-links": Rule("payments.read", "payments.request"),
    "/v1/passkey-options": both(PUBLIC),
    "/v1/tokens": both(PUBLIC),
    "/v1/stock-entries": both("inventory.read"),
    "/v1/stock-adjustments": both("inventory.adjust"),
    "/v1/stock-receipts": both("inventory.adjust"),
    # The pages, which call the same services.
    "/sign-in": both(PUBLIC),
    "/portal": both(PUBLIC),
    "/sso": both(PUBLIC),
    "/forgot": both(PUBLIC),
    "/reset": both(PUBLIC),
    "/pay": both(PUBLIC),
    "/track": both(PUBLIC),
    "/complaint": both(PUBLIC),
    "/invitations": both(PUBLIC),
    "/driver": both(PUBLIC),
    "/sign-out": both(ANYBODY),
    "/console": both(ANYBODY),
    "/me": both(PERSON),
    "/orders": Rule("orders.read", "orders.write"),
    "/customers": Rule("customers.read", "customers.write"),
    "/accounts": Rule("customers.read", "customers.write"),
    "/segments": Rule("customers.read", "customers.segment"),
    "/deals": Rule("sales.read", "sales.write"),
    "/consent": both(PUBLIC),
    "/companies": both(PERSON),
    "/security": both(PERSON),
    "/products": Rule("catalog.read", "catalog.write"),
    "/variants": both("catalog.write"),
    "/stock": Rule("inventory.read", "inventory.adjust"),
    "/invoices": Rule("invoicing.read", "invoicing.credit"),
    "/payments": Rule("payments.read", "payments.resolve"),
    "/payments/settlements": Rule("payments.read", "payments.reconcile"),
    "/payments/links": Rule("payments.read", "payments.request"),
    "/shipments": Rule("shipping.read", "shipping.write"),
    "/messages": Rule("notifications.read", "notifications.retry"),
    "/complaints": Rule("support.read", "support.write"),
    "/dispatch": Rule("delivery.read", "delivery.dispatch"),
    "/dispatch/fleet": Rule("delivery.read", "delivery.fleet"),
    "/settings/company": Rule(ANYBODY, "identity.settings"),
    "/settings/tax": both("invoicing.configure"),
    "/settings/orders": Rule("orders.read", "orders.configure"),
    "/settings/promise": Rule("shipping.read", "shipping.configure"),
    "/settings/people": Rule("identity.read", "identity.manage"),
    "/settings/directory": Rule("identity.read", "identity.manage"),
    "/settings/teams": Rule("identity.read", "identity.manage"),
    "/settings/territories": Rule("identity.read", "identity.manage"),
    "/settings/roles": Rule("identity.read", "identity.roles"),
    "/settings/api-keys": Rule("identity.read", "identity.manage"),
    "/settings/erasures": both("customers.erase"),
    "/settings/jira": Rule("support.read", "support.connect"),
    "/settings/sign-in": Rule("identity.read", "identity.settings"),
    "/settings/audit": both("identity.audit"),
    "/settings/impersonation": both(PERSON),
    "/settings/integrations": Rule("identity.read", "identity.settings"),
    "/settings/fields": Rule("customers.read", "customers.configure"),
    "/settings/complaints": Rule("support.read", "support.configure"),
    "/settings/replies": Rule("support.read", "support.configure"),
    "/settings/webhooks": Rule("webhooks.read", "webhooks.manage"),
    "/settings/stuck-events": both("identity.settings"),
}

EXACT: dict[str, str] = {
    "GET /": ANYBODY,
    "GET /settings": ANYBODY,
    "POST /account/sign-out": PUBLIC,
    "GET /orders/new": "orders.write",
    "GET /customers/new": "customers.write",
    "GET /customers/{customer_id}/edit": "customers.write",
    "GET /accounts/new": "customers.write",
    "GET /accounts/{account_id}/edit": "customers.write",
    "GET /products/new": "catalog.write",
    "GET /products/import": "catalog.write",
    "GET /products/{product_id}/edit": "catalog.write",
    "GET /products/{product_id}/variants/new": "catalog.write",
    "GET /stock/receive": "inventory.adjust",
    "GET /v1/erasures/{erasure_id}": "customers.read",
    "GET /customers/duplicates": "customers.read" + WHOLE,
    "GET /customers/import": "customers.import",
    "GET /customers/import/{job_id}": "customers.import",
    "GET /invoices/numbers": "invoicing.read" + WHOLE,
    "GET /v1/invoices/number-audit": "invoicing.read" + WHOLE,
    "POST /v1/customers/{customer_id}/erasure": "customers.erase",
    "GET /customers/{customer_id}/merge": "customers.merge",
    "GET /customers/{customer_id}/personal-data": "customers.erase",
    "GET /v1/customers/{customer_id}/personal-data": "customers.erase",
    "GET /segments/new": "customers.segment",
    "GET /segments/{segment_id}/edit": "customers.segment",
    "POST /segments/draft": "customers.read",
    "POST /v1/suppressions/search": "customers.read",
    "POST /v1/drivers/{driver_id}/shift": OR_THEMSELVES,
    "DELETE /v1/drivers/{driver_id}/shift": OR_THEMSELVES,
    "GET /v1": ANYBODY,
    "GET /v1/{path}": ANYBODY,
    "GET /v1/me": ANYBODY,
    "POST /v1/customers/search": "customers.read",
    "POST /v1/customers/{customer_id}/ownership": "customers.assign",
    "POST /v1/accounts/{account_id}/ownership": "customers.assign",
    "POST /v1/segments/preview": "customers.read",
    "POST /v1/assignment-rules/simulation": "sales.read",
    "POST /v1/orders/{order_id}/cancellation": "orders.cancel",
    "POST /v1/orders/{order_id}/shipments": "shipping.write",
    "POST /v1/orders/{order_id}/payment-intents": "payments.request",
    "GET /v1/orders/{order_id}/payment-intents": "payments.read",
    "POST /v1/shipments/{shipment_id}/cancellation": "shipping.cancel",
    "POST /v1/shipments/{shipment_id}/scans": "shipping.scan",
    "POST /v1/payments/{payment_id}/capture": "payments.capture",
    "POST /v1/orders/{order_id}/payment-links": "payments.request",
    "GET /v1/deliveries/live": "delivery.watch",
    "GET /v1/deliveries/stream": "delivery.watch",
    "GET /v1/deliveries/{delivery_id}/track": "delivery.playback",
    "GET /v1/drivers/{driver_id}/playback": "delivery.playback",
    "GET /v1/drivers/{driver_id}/track-views": "delivery.playback",
    "POST /v1/deliveries/{delivery_id}/statuses": "delivery.override",
    "POST /v1/deliveries/{delivery_id}/door-code": "delivery.override",
    "POST /v1/complaints/{complaint_id}/assignment": "support.assign",
}

ANSWERS_FIRST: frozenset[str] = frozenset(
    {
        "DELETE /v1/shares/{share_id}",
        "GET /scim/v2/{rest}",
        "GET /v1/eta-accuracy",
        "POST /v1/accounts/{account_id}/ownership",
        "POST /v1/complaints/{complaint_id}/jira",
        "POST /v1/customer-merges/preview",
        "POST /v1/customers/{customer_id}/ownership",
        "POST /v1/driver/deliveries/{delivery_id}/proofs",
        "POST /v1/runs/{run_id}/stop-order",
        "POST /v1/shipments/{shipment_id}/promise-revisions",
        "POST /v1/stuck-events/{delivery_id}/retries",
        "PUT /v1/pipelines/{pipeline_id}",
        "PUT /v1/jira/connections/{connection_id}/credentials",
        "PUT /v1/shipments/{shipment_id}/awb",
        "PUT /v1/shipments/{shipment_id}/parcels",
    }
)
"""What is wrong with the request, or that there is no such thing, is said before who may ask."""

OF_THE_COMPANY: tuple[str, ...] = ("/v1/segments", "/segments")
"""What belongs to nobody in particular, though the permission to see it is one with scopes."""
