"""Every page of the console opens clean: no error, no failed request, axe silent, nothing hangs
over, on a desk in the light and on a phone in the dark.
"""

from typing import Any
from uuid import UUID

import pytest

from tests.waiting import until
from tests.web.conftest import Desk
from tests.web.installation import Installation

FIXED = (
    "/",
    "/orders",
    "/orders/new",
    "/products",
    "/products/new",
    "/products/import",
    "/stock",
    "/stock/receive",
    "/customers",
    "/customers/new",
    "/accounts",
    "/accounts/new",
    "/segments",
    "/segments/new",
    "/campaigns",
    "/campaigns/new",
    "/journeys",
    "/settings/fields",
    "/settings/lead-statuses",
    "/settings/pipelines",
    "/settings/sales-reminders",
    "/settings/mail-domains",
    "/settings/erasures",
    "/customers/duplicates",
    "/customers/import",
    "/attribution?by=source&model=position",
    "/dashboards",
    "/dashboards/delivery",
    "/explore?measure=orders_placed&by=channel",
    "/explore/dictionary",
    "/funnels?by=channel",
    "/retention?grain=week&period=last_90_days",
    "/churn",
    "/exports",
    "/report-links",
    "/subscriptions",
    "/subscriptions/new",
    "/alerts",
    "/alerts/new",
    "/deals",
    "/deals/list",
    "/quotes",
    "/forecast",
    "/forecast?by=team&period=month",
    "/leads",
    "/tasks",
    "/leads/board",
    "/leads/new",
    "/leads/import",
    "/leads/forms",
    "/leads/forms/new",
    "/leads/inlets",
    "/leads/scoring",
    "/leads/scoring/new",
    "/leads/scoring/new?area=behaviour",
    "/shipments",
    "/invoices",
    "/invoices/numbers",
    "/payments",
    "/payments/disputes",
    "/payments/exceptions",
    "/payments/links",
    "/payments/settlements",
    "/payments/settlements/exceptions",
    "/messages",
    "/templates",
    "/inbox",
    "/me/notifications",
    "/settings/notifications",
    "/complaints",
    "/complaints/new",
    "/settings/assignment",
    "/settings/assignment/new",
    "/settings/automations",
    "/settings/automations/new",
    "/settings/sequences",
    "/settings/sequences/new",
    "/settings/availability",
    "/settings/qualification",
    "/settings/complaints",
    "/settings/replies",
    "/settings/sending",
    "/settings/sending/new",
    "/settings/sending/new?kind=msg91",
    "/settings/registered-texts",
    "/settings/campaign-approval",
    "/settings/sending-rules?who=meera&channel=email&purpose=marketing",
    "/settings/company",
    "/settings/orders",
    "/settings/promise",
    "/settings/integrations",
    "/settings/jira",
    "/settings/jira/new",
    "/settings/people",
    "/settings/teams",
    "/settings/roles",
    "/settings/roles/sales",
    "/settings/roles/new?from=sales",
    "/settings/sign-in",
    "/settings/directory",
    "/security",
    "/settings/api-keys",
    "/settings/audit",
    "/settings/impersonation",
    "/settings/webhooks",
    "/settings/carriers",
    "/settings/stuck-events",
)


@pytest.fixture(scope="session")
def pages(shop: Installation) -> list[str]:
    """The fixed pages, and one of every kind of record."""
    prepaid = shop.place_order(seed=21)
    order = shop.place_order(seed=22, method="cod")
    product = _first(shop, "/v1/products")
    return [
        *FIXED,
        f"/orders/{prepaid['id']}",
        *_order_pages(shop, order),
        *_product_pages(shop, product),
        *_deal_pages(shop, order["customer_id"], product["variants"][0]["sku"]),
        *_lead_pages(shop),
        *_marketing_pages(shop, order["customer_id"]),
    ]


def _order_pages(shop: Installation, order: dict[str, Any]) -> list[str]:
    delivery = shop.delivery_of(order["id"])
    invoice = _first(shop, "/v1/invoices", order_id=order["id"])
    message = _first(shop, "/v1/messages", order_id=order["id"])
    about = {"category": "late", "subject": "Where is it?", "body": "Called twice."}
    complaint = shop.post("/v1/complaints", order_id=order["id"], **about)
    return [
        f"/orders/{order['id']}",
        f"/customers/{order['customer_id']}",
        f"/customers/{order['customer_id']}/edit",
        f"/shipments/{delivery['shipment_id']}",
        f"/shipments/pick-list?ids={delivery['shipment_id']}",
        f"/invoices/{invoice['id']}",
        f"/messages/{message['id']}",
        f"/complaints/{complaint['id']}",
    ]


def _product_pages(shop: Installation, product: dict[str, Any]) -> list[str]:
    shelf = _first(shop, "/v1/stock")
    return [
        f"/products/{product['id']}",
        f"/products/{product['id']}/edit",
        f"/products/{product['id']}/variants/new",
        f"/variants/{product['variants'][0]['id']}/edit",
        f"/stock/{shelf['variant_id']}/{shelf['location_id']}",
    ]


def _deal_pages(shop: Installation, customer_id: str, sku: str) -> list[str]:
    deal = shop.post("/v1/opportunities", title="Bench" * 20, customer_id=customer_id)
    offered = [{"sku": sku, "quantity": 3, "discount_percent": "5"}]
    draft = shop.post("/v1/quotes", opportunity_id=deal["id"], lines=offered)
    quote = shop.post("/v1/quotes", opportunity_id=deal["id"], lines=offered)
    shop.post(f"/v1/quotes/{quote['id']}/sending")
    seller = next(one for one in shop.get("/v1/users") if one["is_active"])
    month = {"period": "month", "on": quote["valid_until"], "target_minor": 5_00_000_00}
    shop.post("/v1/quotas", owner_id=seller["id"], **month)
    return [
        f"/deals/{deal['id']}",
        f"/deals/{deal['id']}/lines",
        f"/quotes/{draft['id']}",
        f"/quotes/{quote['id']}",
    ]


def _lead_pages(shop: Installation) -> list[str]:
    """The lead's company is one word that is longer than a phone is wide."""
    named = {"name": "Meera Nair", "company_name": "Nair" * 25}
    lead = shop.post("/v1/leads", email="meera@nair.example", **named)
    asked = [{"key": "email", "is_required": True}]
    form = shop.post("/v1/lead-forms", name="Fair", title="Talk to us", fields=asked)
    near = {"field": "city", "op": "is", "value": "Pune"}
    rule = shop.post("/v1/score-rules", name="Near us", area="fit", points=5, rule=near)
    inlet = shop.post("/v1/lead-inlets", name="Our site", kind="ads")
    tagging = [{"do": "add_tags", "tags": ["new"]}]
    automation = shop.post(
        "/v1/automations", name="Mark", trigger="lead_came", actions=tagging, is_active=False
    )
    mails = [{"subject": "Hello {name}", "text": "Shall we talk?"}]
    sequence = shop.post("/v1/sequences", name="Fair", steps=mails, reply_to="us@shop.test")
    return [
        f"/settings/sequences/{sequence['id']}",
        f"/leads/inlets/{inlet['id']}",
        f"/settings/automations/{automation['id']}",
        f"/leads/{lead['id']}",
        f"/leads/{lead['id']}/edit",
        f"/leads/{lead['id']}/merge",
        f"/leads/forms/{form['id']}",
        f"/leads/forms/{form['id']}/edit",
        f"/leads/scoring/{rule['id']}",
    ]


def _marketing_pages(shop: Installation, customer_id: str) -> list[str]:
    campaign = _campaign(shop, customer_id)
    steps = [{"do": "send", "id": "a", "subject": "Hello", "text": "Good day"}]
    journey = shop.post("/v1/journeys", name="Welcome", plan={"steps": steps})
    return [
        f"/journeys/{journey['id']}",
        f"/journeys/{journey['id']}/runs",
        f"/campaigns/{campaign['id']}",
        f"/campaigns/{campaign['id']}/edit",
        f"/campaigns/{campaign['id']}/recipients",
    ]


def _campaign(shop: Installation, customer_id: str) -> dict[str, Any]:
    """A draft with an audience of one and two variants."""
    segment = shop.post("/v1/segments", name="Lately bought")
    shop.post(f"/v1/segments/{segment['id']}/members", customer_ids=[customer_id])
    words = [
        {"name": name, "subject": f"Spring is here ({name})", "text": "Hello {{ name }}"}
        for name in ("A", "B")
    ]
    ids = [segment["id"]]
    made: dict[str, Any] = shop.post(
        "/v1/campaigns", name="Spring", include_ids=ids, variants=words
    )
    return made


def _first(shop: Installation, path: str, **query: Any) -> dict[str, Any]:
    return until(lambda: next(iter(shop.get(path, limit=1, **query)["items"]), None))


LOOKS = (("wide", "light"), ("phone", "dark"))
PARTS = 8


@pytest.mark.parametrize("part", range(PARTS))
def test_every_page_opens_clean(desk: Desk, pages: list[str], part: int) -> None:
    """Each page is opened once and turned from one look to the other."""
    wrong = []
    with desk(size="wide", theme="light") as window:
        # Otherwise colours are measured on their way from one theme to the other.
        window.page.emulate_media(reduced_motion="reduce")
        for path in pages[part::PARTS]:
            window.resize("wide")
            window.page.goto(path)
            for size, theme in LOOKS:
                window.resize(size)
                window.page.evaluate(f"document.documentElement.dataset.bsTheme = '{theme}'")
                try:
                    window.check(f"console-{_name(path)}-{size}-{theme}")
                except AssertionError as reason:
                    wrong.append(f"{path}, {size}, {theme}: {reason}")
                    window.problems.clear()
    assert not wrong, "\n".join(wrong)


def _name(path: str) -> str:
    """`/orders/0191…` → orders-one."""
    parts = ["one" if len(part) == 36 else part for part in path.strip("/").split("/")]
    return "-".join(parts) or "home"


def test_an_address_without_a_page_says_so_in_words(desk: Desk) -> None:
    """Who is signed in keeps the way on; a buyer is not led to the staff's door."""
    with desk(allow=("/nowhere", "/orders/", "/pay/")) as window:
        page = window.page
        page.goto("/nowhere")
        assert "There is no page at this address." in page.inner_text("main")
        page.goto(f"/orders/{UUID(int=7)}")
        assert "There is no such order." in page.inner_text("main")
        page.get_by_role("button", name="Find it").click()
        assert page.get_by_role("combobox", name="Find or do anything").is_visible()
        page.goto("/pay/there-is-no-such-link-00")
        assert "This link does not work" in page.inner_text("main")
        assert page.get_by_role("link").all_inner_texts()[1:] == ["Find my delivery"]
