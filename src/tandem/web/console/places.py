"""Where things are set and begun: the settings' navigation, and what the palette finds by name."""

from collections.abc import Callable
from typing import NamedTuple

from tandem.kernel.actor import Actor

Pages = tuple[tuple[str, str], ...]
SETTINGS: tuple[tuple[str, Pages], ...] = (
    (
        "Company",
        (
            ("/settings/company", "Company"),
            ("/settings/orders", "Orders"),
            ("/settings/promise", "Delivery promise"),
        ),
    ),
    (
        "Selling",
        (
            ("/settings/lead-statuses", "Lead statuses"),
            ("/settings/assignment", "Lead assignment"),
            ("/settings/automations", "Automations"),
            ("/settings/sequences", "E-mail sequences"),
            ("/settings/availability", "Availability"),
            ("/settings/qualification", "Lead qualification"),
            ("/settings/pipelines", "Pipelines"),
            ("/settings/sales-reminders", "Sales reminders"),
            ("/settings/fields", "Own fields"),
        ),
    ),
    (
        "Care",
        (
            ("/settings/complaints", "Complaints"),
            ("/settings/replies", "Saved replies"),
            ("/settings/jira", "Jira"),
            ("/settings/erasures", "Erasures"),
        ),
    ),
    (
        "Messages",
        (
            ("/settings/notifications", "Notifications"),
            ("/settings/sending-rules", "Sending rules"),
            ("/settings/campaign-approval", "Campaign approval"),
            ("/settings/sending", "Sending"),
            ("/settings/mail-domains", "Mail domains"),
            ("/settings/registered-texts", "Registered texts"),
        ),
    ),
    (
        "People and access",
        (
            ("/settings/people", "People"),
            ("/settings/teams", "Teams"),
            ("/settings/roles", "Roles"),
            ("/settings/sign-in", "Company sign-in"),
            ("/settings/directory", "Directory"),
            ("/settings/impersonation", "See as somebody else"),
            ("/settings/audit", "Audit log"),
        ),
    ),
    (
        "Connections",
        (
            ("/settings/integrations", "Integrations"),
            ("/settings/api-keys", "API keys"),
            ("/settings/webhooks", "Webhooks"),
            ("/settings/carriers", "Carriers"),
            ("/settings/stuck-events", "Stuck events"),
        ),
    ),
)


class Place(NamedTuple):
    """`needs` is the permission without which the page only refuses."""

    href: str
    title: str
    needs: str = ""


BEGUN = (
    Place("/orders/new", "New order", "orders.write"),
    Place("/customers/new", "New customer", "customers.write"),
    Place("/accounts/new", "New account", "customers.write"),
    Place("/leads/new", "New lead", "sales.write"),
    Place("/complaints/new", "New complaint", "support.write"),
    Place("/products/new", "New product", "catalog.write"),
    Place("/segments/new", "New segment", "customers.segment"),
    Place("/campaigns/new", "New campaign", "marketing.write"),
    Place("/subscriptions/new", "New report by mail", "analytics.read"),
    Place("/alerts/new", "New alert", "analytics.read"),
    Place("/stock/receive", "Receive goods", "inventory.adjust"),
    Place("/customers/import", "Import customers", "customers.write"),
    Place("/products/import", "Import products", "catalog.write"),
)
ELSEWHERE = (
    Place("/leads/board", "Board of leads", "sales.read"),
    Place("/leads/forms", "Forms", "sales.read"),
    Place("/leads/inlets", "Leads from ads and e-mail", "sales.read"),
    Place("/leads/scoring", "Lead scoring", "sales.read"),
    Place("/customers/duplicates", "Duplicate customers", "customers.read"),
    Place("/explore", "Explore numbers", "analytics.read"),
    Place("/funnels", "Funnels", "analytics.read"),
    Place("/retention", "Who comes back", "analytics.read"),
    Place("/attribution", "Attribution", "analytics.read"),
    Place("/subscriptions", "Reports by mail", "analytics.read"),
    Place("/alerts", "Alerts", "analytics.read"),
    Place("/report-links", "Report links", "analytics.read"),
    Place("/payments/links", "Payment links", "payments.read"),
    Place("/payments/settlements", "Settlements", "payments.read"),
    Place("/payments/exceptions", "Payment exceptions", "payments.read"),
    Place("/invoices/numbers", "Number audit", "invoicing.read"),
    Place("/inbox", "Inbox"),
    Place("/me/notifications", "What reaches me"),
    Place("/security", "My security"),
)
FEWEST_LETTERS = 2


def found(text: str, actor: Actor, has_page: Callable[[str], bool]) -> list[tuple[str, Place]]:
    """Kind and place of every page with these words in its name. A word's beginning is enough."""
    asked = text.lower().split()
    if len(text) < FEWEST_LETTERS:
        return []
    settings = [Place(href, name) for _, pages in SETTINGS for href, name in pages]
    kinds = (("Actions", BEGUN), ("Go to", ELSEWHERE), ("Settings", settings))
    return [
        (kind, place)
        for kind, places in kinds
        for place in places
        if _fits(asked, place.title) and has_page(place.href)
        if not place.needs or actor.may(place.needs)
    ]


def _fits(asked: list[str], title: str) -> bool:
    names = title.lower().split()
    return all(any(name.startswith(word) for name in names) for word in asked)
