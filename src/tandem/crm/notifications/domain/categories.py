"""What there is to be told, sorted into what a person can choose of. Pure."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from tandem.crm.notifications.domain.messages import SERVICE
from tandem.kernel.errors import Invalid

Audience = Literal["customer", "staff"]
Pace = Literal["off", "now", "eased", "hourly", "daily", "weekly"]
"""`eased`: at once after a quiet hour, else gathered as `hourly` is."""
Way = Literal["email", "sms", "whatsapp", "inapp"]


class Category(msgspec.Struct, frozen=True, kw_only=True):
    """`ways` says how it comes where nobody chose. What is mandatory comes whatever they chose."""

    key: str
    name: str
    about: str
    audience: Audience
    ways: Mapping[Way, Pace]
    is_mandatory: bool = False
    kinds: frozenset[str] = frozenset()


def _customers(key: str, name: str, about: str, *kinds: str, is_mandatory: bool) -> Category:
    return Category(
        key=key,
        name=name,
        about=about,
        audience="customer",
        ways={"email": "now", "sms": "now", "whatsapp": "now"},
        is_mandatory=is_mandatory,
        kinds=frozenset(kinds),
    )


def _staff(
    key: str, name: str, about: str, *kinds: str, mail: Pace, is_mandatory: bool = False
) -> Category:
    return Category(
        key=key,
        name=name,
        about=about,
        audience="staff",
        ways={"inapp": "now", "email": mail},
        is_mandatory=is_mandatory,
        kinds=frozenset(kinds),
    )


CATEGORIES: Mapping[str, Category] = {
    one.key: one
    for one in (
        _customers(
            "account",
            "Codes and security",
            "Codes to sign in or to hand over a parcel, changes to an account.",
            *("driver_code", "buyer_code", "sign_in_code", "password_reset", "account_notice"),
            *("invitation", "door_code", "form_confirmation"),
            *("text_stopped", "text_resumed", "text_help"),
            is_mandatory=True,
        ),
        _customers(
            "orders",
            "Orders and money",
            "What you ordered, paid, or get back; invoices and quotes.",
            *("order_placed", "order_confirmed", "invoice_issued", "order_cancelled"),
            *("refund_processed", "late_payment_revived", "late_payment_refunded"),
            *("surplus_refunded", "quote_sent", "quote_expiring"),
            is_mandatory=True,
        ),
        _customers(
            "delivery",
            "Delivery updates",
            "When a parcel leaves, is nearby, and has arrived.",
            *("order_shipped", "out_for_delivery", "arriving", "order_delivered"),
            is_mandatory=False,
        ),
        _customers(
            "complaints",
            "Answers to complaints",
            "What we answer when something went wrong.",
            *("complaint_opened", "complaint_answered", "complaint_resolved"),
            is_mandatory=False,
        ),
        _staff(
            "security",
            "Security",
            "Sign-ins, keys and settings that protect the company.",
            "security",
            mail="now",
            is_mandatory=True,
        ),
        _staff(
            "assigned",
            "Given to you",
            "A complaint, lead, deal, customer or task that is yours now.",
            *("complaint_assigned", "lead_assigned", "deal_assigned", "task_assigned"),
            "customer_assigned",
            mail="off",
        ),
        _staff(
            "deals",
            "Your deals",
            "A buyer answers a quote or leaves it unanswered, an order is waited for, or ends; "
            "a lead answers your mails.",
            *("quote_answered", "quote_unanswered", "quote_waiting", "deal_order_ended"),
            "lead_answered",
            mail="now",
        ),
        _staff(
            "automations",
            "Automations",
            "What your company's automations tell you about leads and deals.",
            "automation",
            mail="off",
        ),
        _staff("mentions", "Mentions", "Somebody names you in a note.", "mention", mail="now"),
        _staff(
            "due",
            "Time running out",
            "Clocks of complaints, due tasks and rotting deals.",
            *("clock_breached", "task_due", "deal_rotting"),
            mail="now",
        ),
        _staff(
            "followed",
            "Records you follow",
            "What happens to records that you have, wrote about or chose to follow.",
            "followed",
            mail="daily",
        ),
        _staff(
            "jobs",
            "Your imports and exports",
            "Long work that ended, or could not go on.",
            *("import_failed", "import_done", "export_done", "campaign_stopped"),
            mail="off",
        ),
        _staff(
            "approvals",
            "Approvals",
            "Campaigns that wait for your yes, and answers to what you asked for.",
            "campaign_approval",
            mail="now",
        ),
        _staff(
            "alerts",
            "Alerts and reports",
            "Figures beyond the limits you set, and scheduled reports.",
            *("alert", "report"),
            mail="now",
        ),
        _staff(
            "disputes",
            "Disputed payments",
            "A buyer's bank asks money back: evidence is due, or a decision fell.",
            *("payment_dispute",),
            mail="now",
        ),
        _staff(
            "system",
            "Troubles of the installation",
            "Providers that refuse our keys, addresses that take no events, work that stands.",
            *("provider_refused", "webhook_disabled", "system"),
            mail="now",
        ),
    )
}
_BY_KIND = {kind: one for one in CATEGORIES.values() for kind in one.kinds}


class CategoryUnknown(Invalid):
    code = "category_unknown"


class Mandatory(Invalid):
    """This cannot be switched off: people need it to get what they bought, or to stay safe."""

    code = "category_mandatory"


def category_of(kind: str, purpose: str = SERVICE) -> Category | None:
    """None: nothing of the suite's, so its purpose is what people choose of."""
    found = _BY_KIND.get(kind)
    return found if purpose == SERVICE else None


def for_audience(audience: Audience) -> list[Category]:
    return [one for one in CATEGORIES.values() if one.audience == audience]


def check_choice(audience: Audience, category: str, way: str, pace: str) -> None:
    """Raises CategoryUnknown and Mandatory."""
    known = CATEGORIES.get(category)
    if known is None or known.audience != audience or way not in known.ways:
        raise CategoryUnknown(f"There is no {category!r} by {way!r} to choose.", field="category")
    if known.is_mandatory and pace != "now":
        raise Mandatory(f"{known.name} cannot be switched off or put off.", field="pace")
    if pace not in ("off", "now") and (audience != "staff" or way != "email"):
        raise Invalid("Only mail to staff is gathered.", field="pace")
