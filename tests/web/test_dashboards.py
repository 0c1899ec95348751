"""A dashboard in a real browser: narrowed, opened into its rows, asked further, kept."""

import re
from typing import Any

from playwright.sync_api import expect

from tests.waiting import until
from tests.web.conftest import Desk
from tests.web.installation import Installation

HAS_INK = (
    "(canvas) => canvas.getContext('2d')"
    ".getImageData(0, 0, canvas.width, canvas.height).data.some((byte) => byte)"
)
COUNT: dict[str, Any] = {"measures": ["orders"], "period": "last_7_days"}


def counted(shop: Installation) -> Any:
    """Orders that stand, by the answer the dashboards rest on."""
    return shop.post("/v1/analytics/queries", **COUNT)["totals"][0]["value"]


def test_a_number_is_narrowed_opened_explored_and_kept(desk: Desk, shop: Installation) -> None:
    before = counted(shop)
    order = shop.place_order(seed=811, method="cod")
    until(lambda: counted(shop) > before, "the order is counted")
    with desk() as window:
        page = window.page
        page.goto("/dashboards?period=last_7_days")
        expect(page.locator(".chart canvas").first).to_be_visible()
        assert page.locator(".chart canvas").first.evaluate(HAS_INK)
        window.check("dashboard-sales-wide-light")
        page.get_by_label("Compare with").select_option("previous_year")
        page.wait_for_url(re.compile("compare=previous_year"))
        expect(page.locator(".chart canvas").first).to_be_visible()
        orders = page.locator(".figure", has_text="Orders")
        orders.get_by_role("link").click()
        expect(page.locator("h1")).to_contain_text("Orders: ")
        expect(page.get_by_role("cell", name=order["number"])).to_be_visible()
        window.check("number-wide-light")
        page.locator("tr", has_text=order["number"]).get_by_role("link").click()
        expect(page.locator("h1")).to_contain_text(order["number"])
        page.goto("/explore?measure=orders&period=last_7_days")
        page.locator("select[name=by]").select_option("channel")
        page.wait_for_url(re.compile("by=channel"))
        expect(page.locator(".chart canvas")).to_be_visible()
        page.get_by_role("button", name="Save as a tile").click()
        page.get_by_label("Title of the tile").fill("Orders by channel")
        page.get_by_label("Name of the new dashboard").fill("My morning")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_role("heading", name="Orders by channel")).to_be_visible()
        expect(page.locator(".chart canvas")).to_be_visible()
        page.get_by_role("button", name="Name, sharing, tabs").click()
        page.get_by_role("textbox", name="Orders by channel").fill("Course")
        page.get_by_role("button", name="Save", exact=True).click()
        tabs = page.get_by_role("navigation", name="Tabs")
        expect(tabs.get_by_role("link", name="Course")).to_have_attribute("aria-current", "true")
        window.check("dashboard-own-wide-light")
        page.goto("/funnels?period=last_7_days")
        expect(page.locator(".bar")).to_have_count(3)
        window.check("funnel-wide-light")
        page.locator("select[name=order]").select_option("any")
        page.wait_for_url(re.compile("order=any"))
        expect(page.locator(".bar-name").first).to_have_text("One of the steps")
        page.get_by_role("button", name="Keep this funnel").click()
        page.get_by_label("Name", exact=True).fill("To the door")
        page.get_by_role("button", name="Keep", exact=True).click()
        expect(page.locator("h1")).to_contain_text("To the door")
        page.locator(".bar-count").first.click()
        expect(page.locator("h1")).to_contain_text("At least one of the steps")
        expect(page.locator("tbody tr").first).to_be_visible()
        page.goto("/retention?grain=week&period=last_30_days")
        expect(page.locator(".heat tbody tr").last).to_be_visible()
        window.check("retention-wide-light")


def test_what_led_to_a_lead_is_credited_and_opened(desk: Desk, shop: Installation) -> None:
    source = f"radio-{shop.unique()}"
    marks = {"utm_source": source, "utm_medium": "audio", "utm_campaign": "morning"}
    lead = shop.post("/v1/leads", name="Tara Bose", email=f"{source}@lead.test", touch=marks)
    asked = {"by": "source", "period": "last_7_days"}

    def credited() -> Any:
        rows = shop.post("/v1/analytics/attributions", **asked)["rows"]
        return [one for one in rows if one["value"] == source]

    (row,) = until(credited, "the lead is credited")
    assert (row["leads"], row["spend_minor"], row["roi"]) == (1, 0, None)
    with desk() as window:
        page = window.page
        page.goto("/dashboards?period=last_7_days")
        page.get_by_role("link", name="Attribution").click()
        expect(page.locator("h1")).to_have_text("Attribution")
        page.locator("select[name=by]").select_option("source")
        page.wait_for_url(re.compile("by=source"))
        page.locator("select[name=model]").select_option("position")
        page.wait_for_url(re.compile("model=position"))
        line = page.get_by_role("row").filter(has_text=re.compile(source, re.IGNORECASE))
        expect(line).to_be_visible()
        window.check("attribution-wide-light")
        line.get_by_role("link", name="1", exact=True).click()
        expect(page.locator("h1")).to_have_text("Credited leads: 1")
        expect(page.get_by_text("Position").first).to_be_visible()
        page.locator("tr", has_text=lead["number"]).get_by_role("link").click()
        expect(page.locator("h1")).to_contain_text("Tara Bose")
