"""Whose leads become whose, in a real browser: rules written, ordered by keys, tried; somebody
away."""

from playwright.sync_api import expect

from tests.web.conftest import Desk
from tests.web.installation import Installation


def test_rules_are_written_put_in_order_and_tried(desk: Desk, shop: Installation) -> None:
    people = shop.get("/v1/reps")
    name, user_id = people[0]["rep"]["name"], people[0]["rep"]["id"]
    with desk(allow=("/settings/assignment", "/settings/availability")) as window:
        page = window.page
        page.goto("/settings/assignment")
        expect(page.get_by_text("No rules yet")).to_be_visible()
        page.get_by_role("link", name="New rule").last.click()
        page.get_by_label("Name").fill("Everybody")
        page.get_by_label(name, exact=True).check()
        page.get_by_role("button", name="Save").click()
        page.get_by_role("link", name="New rule").click()
        page.get_by_label("Name").fill("Pune")
        page.get_by_label("Add a condition").select_option(label="City")
        page.get_by_label("Value").fill("Pune")
        page.get_by_label("How one is chosen").select_option("owner")
        page.get_by_label("Person").select_option(label=name)
        window.check("assignment-rule-wide-light")
        page.get_by_role("button", name="Save").click()
        rows = page.locator("[data-item]")
        expect(rows.first).to_contain_text("Everybody")
        page.get_by_role("link", name="Pune").focus()
        page.keyboard.press("Alt+ArrowUp")
        expect(rows.first).to_contain_text("Pune")
        expect(page.get_by_role("link", name="Pune")).to_be_focused()
        page.get_by_role("button", name="Ask Everybody earlier").click()
        expect(rows.first).to_contain_text("Everybody")
        page.get_by_role("button", name="Ask Pune earlier").click()
        expect(rows.first).to_contain_text("Pune")
        page.goto("/settings/availability")
        row = page.get_by_role("row", name=name).first
        row.get_by_role("button", name="Out of office").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("From").fill("2020-01-01")
        dialog.get_by_label("Until and including").fill("2020-12-31")
        dialog.get_by_role("button", name="Save").click()
        row.get_by_role("button", name="Hours").click()
        window.check("availability-wide-light")
        page.get_by_role("dialog").get_by_label("Open leads at most").fill("40")
        page.get_by_role("dialog").get_by_role("button", name="Save").click()
        expect(row).to_contain_text("of 40")
        page.goto("/settings/assignment")
        page.get_by_label("City").fill("Delhi")
        page.get_by_role("button", name="Who would get it?").click()
        expect(page.locator("#tried")).to_contain_text(f"{name}, by the rule Everybody")
        expect(page.locator("#tried")).to_contain_text("City is Pune (is Delhi)")
        window.check("assignment-wide-light")
    assert [one["name"] for one in shop.get("/v1/assignment-rules")] == ["Pune", "Everybody"]
    with desk(size="phone", theme="dark") as window:
        window.page.goto("/settings/assignment")
        window.check("assignment-phone-dark")
        window.page.goto("/settings/availability")
        window.check("availability-phone-dark")
    for rule in shop.get("/v1/assignment-rules"):
        shop.call("DELETE", f"/v1/assignment-rules/{rule['id']}")
    shop.call("PUT", f"/v1/reps/{user_id}", json={})
