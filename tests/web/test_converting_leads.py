"""A lead on its way in a real browser: qualified by a checklist, converted, brought back."""

from playwright.sync_api import expect

from tests.web.conftest import Desk
from tests.web.installation import Installation
from tests.web.screens import Screen


def test_a_lead_is_ticked_off_converted_and_brought_back(desk: Desk, shop: Installation) -> None:
    known = shop.post("/v1/customers", name="R. Kumar", emails=[{"value": "ravi@ice.test"}])
    statuses = shop.get("/v1/lead-statuses")
    qualified = next(one for one in statuses if one["kind"] == "qualified")
    needs = {"required_fields": ["city"], "steps": [{"text": "Budget is known"}]}
    at = f"/v1/lead-statuses/{qualified['id']}/needs"
    shop.call("PUT", at, json=needs)
    made = shop.post(
        "/v1/leads", name="Ravi Kumar", company_name="Kumar Ice Works", email="RAVI@ice.test"
    )
    lead = made.get("lead", made)
    with desk(allow=("/leads",)) as window:
        page = window.page
        page.goto(f"/leads/{lead['id']}")
        page.get_by_role("button", name="Qualify").click()
        expect(page.get_by_text("Qualified needs a city.")).to_be_visible()
        page.get_by_role("link", name="Fill in").click()
        page.get_by_label("City").fill("Pune")
        page.get_by_role("button", name="Save").click()
        page.get_by_label("Budget is known").check()
        page.get_by_role("button", name="Save the checklist").click()
        expect(page.locator("#checklist")).to_be_visible()
        expect(page.get_by_text("ready", exact=True)).to_be_visible()
        window.check("lead-checklist-wide-light")
        page.get_by_role("button", name="Qualify").click()
        expect(page.locator("h1 .badge-status")).to_have_text("Qualified")
        page.get_by_role("link", name="Convert").click()
        expect(page.get_by_text("known already: is linked")).to_be_visible()
        page.get_by_label("Amount in INR").fill("2,50,000")
        window.check("lead-conversion-wide-light")
        page.get_by_role("button", name="Convert").click()
        expect(page.locator("h1")).to_contain_text("Kumar Ice Works")
        expect(page.get_by_text("₹2,50,000.00")).to_be_visible()
        page.goto(f"/leads/{lead['id']}")
        expect(page.get_by_role("link", name="R. Kumar")).to_be_visible()
        window.check("lead-converted-wide-light")
        page.get_by_role("button", name="Undo the conversion").click()
        expect(page.get_by_text("Nothing of what it made is left.")).to_be_visible()
        expect(page.locator("h1 .badge-status")).to_have_text("Qualified")
        _tag_from_the_list(window, shop)
    shop.call("PUT", at, json={})
    back = shop.get(f"/v1/leads/{lead['id']}")
    # Whoever is known by their e-mail was linked as soon as they came, before any conversion.
    linked = (back["kind"], back["customer_id"], back["opportunity_id"])
    assert linked == ("qualified", known["id"], None)
    assert shop.get(f"/v1/customers/{known['id']}")["company_name"] == ""
    with desk(size="phone", theme="dark", allow=("/leads",)) as window:
        window.page.goto(f"/leads/{lead['id']}/conversion")
        window.check("lead-conversion-phone-dark")


def _tag_from_the_list(window: Screen, shop: Installation) -> None:
    """A range is selected with Shift and counted aloud; one act for all, and the way back."""
    more = [shop.post("/v1/leads", name=f"Zubin Kumar {n}") for n in range(3)]
    page = window.page
    page.goto("/leads?q=Zubin")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.locator("[data-select]").nth(2).click(modifiers=["Shift"])
    expect(page.locator("[data-bulk-said]")).to_have_text("3 leads selected")
    window.check("leads-selected-wide-light")
    page.get_by_role("button", name="Tag…").click()
    page.get_by_label("Tag", exact=True).fill("met")
    page.get_by_role("dialog").get_by_role("button", name="Tag").click()
    expect(page.get_by_role("link", name="3 leads tagged “met”.")).to_be_visible()
    assert [shop.get(f"/v1/leads/{one['id']}")["tags"] for one in more] == [["met"]] * 3
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("3 leads are as before.")).to_be_visible()
    assert [shop.get(f"/v1/leads/{one['id']}")["tags"] for one in more] == [[]] * 3
