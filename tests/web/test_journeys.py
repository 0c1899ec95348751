"""A journey drawn, tried, published and walked, in a browser."""

import re

from playwright.sync_api import Page, expect

from tests.waiting import until
from tests.web.conftest import Desk
from tests.web.installation import Installation


def add(page: Page, where: str, kind: str) -> None:
    """Put in a step by the plus whose name is `where`, the last of them."""
    adder = page.locator("details.step-add", has=page.get_by_label(where, exact=True)).last
    adder.locator("summary").click()
    adder.get_by_role("button", name=kind, exact=True).click()
    page.wait_for_url(re.compile(r"\?open="))


def test_a_journey_is_drawn_tried_published_and_walked(shop: Installation, desk: Desk) -> None:
    number = shop.unique()
    person = shop.post(
        "/v1/customers", name=f"Asha {number}", emails=[{"value": f"walker.{number}@example.test"}]
    )
    shop.post(
        f"/v1/customers/{person['id']}/consents",
        purpose="marketing", channel="email", is_granted=True, source="test",
    )  # fmt: skip
    segment = shop.post("/v1/segments", name=f"Newcomers {number}")
    with desk() as window:
        page = window.page
        page.goto("/journeys")
        page.get_by_role("button", name="New journey").click()
        page.get_by_label("Name").fill("Welcome to the hills")
        page.get_by_role("button", name="Make the draft").click()
        page.get_by_label("Begins when somebody").select_option("segment")
        page.get_by_label("Segment", exact=True).first.select_option(segment["id"])
        page.get_by_role("button", name="Save", exact=True).click()
        add(page, "Add a first step here", "Send a message")
        page.get_by_role("textbox", name="Subject").fill("Welcome")
        page.get_by_role("textbox", name="Words").fill("Good day, {{ name }}.")
        page.get_by_role("button", name="Save step").click()
        expect(page.locator(".step-says", has_text="Send an e-mail: Welcome")).to_be_visible()
        add(page, "Add a step here", "Wait for something")
        page.get_by_role("button", name="Save step").click()
        add(page, "Add a step here", "Branch")
        page.get_by_label("Add a condition").last.select_option("field:order_count")
        page.get_by_label("Value", exact=True).fill("3")
        page.get_by_label("Value", exact=True).press("Tab")
        expect(page.get_by_text("Yes where Number of orders is 3")).to_be_visible()
        page.get_by_role("button", name="Save step").click()
        expect(page.locator(".step-says", has_text="Number of orders is 3")).to_be_visible()
        add(page, "Add a first step here", "Do something")
        page.get_by_role("button", name="Save step").click()
        window.check("journey-outline-wide-light")
        page.get_by_label("As whom").fill(f"Asha {number}")
        page.get_by_role("listbox").get_by_role("option").first.click()
        page.get_by_label("What it waits for happens").check()
        page.get_by_role("button", name="Walk it").click()
        expect(page.get_by_text("Finished", exact=True)).to_be_visible()
        page.get_by_role("button", name="Publish").click()
        page.get_by_role("dialog").get_by_role("button", name="Publish").click()
        expect(page.get_by_text("Version 1 runs.")).to_be_visible()
        journey = page.url.rpartition("/")[2].partition("?")[0].partition("#")[0]
        shop.post(f"/v1/segments/{segment['id']}/members", customer_ids=[person["id"]])
        path = f"/v1/journeys/{journey}/runs"
        until(lambda: [one for one in shop.get(path)["items"] if one["waits_for"] == "clicked"])
        page.goto(f"/journeys/{journey}")
        expect(page.get_by_text("1 here")).to_be_visible()
        page.get_by_text("1 here").click()
        page.get_by_role("link", name=f"Asha {number}").click()
        expect(page.get_by_text("Send an e-mail: Welcome")).to_be_visible()
        window.check("journey-way-wide-light")
    with desk(size="phone", theme="dark") as window:
        window.page.goto(f"/journeys/{journey}")
        window.check("journey-outline-phone-dark")
