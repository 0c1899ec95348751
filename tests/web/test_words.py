"""What a company says, and what its people hear, in a real browser."""

import re

import httpx2 as httpx
from playwright.sync_api import expect

from tests.waiting import until
from tests.web.conftest import Desk
from tests.web.installation import Installation

LETTER = (
    "<mjml><mj-body><mj-section><mj-column><mj-text>{}</mj-text>"
    "</mj-column></mj-section></mj-body></mjml>"
)


def test_words_are_written_beside_their_letter_tried_and_published(
    shop: Installation, desk: Desk
) -> None:
    name = f"Monsoon {shop.unique()}"
    with desk() as window:
        page = window.page
        page.goto("/templates")
        page.get_by_role("button", name="New template").click()
        page.get_by_label("Name").fill(name)
        page.get_by_role("button", name="Create").click()
        page.get_by_role("button", name="New version").click()
        page.get_by_role("button", name="Begin").click()
        letter = page.frame_locator("iframe[name=letter]")
        expect(letter.locator("body")).to_contain_text("Hello Asha")
        page.get_by_text("Add a block").click()
        page.get_by_role("button", name="Button", exact=True).click()
        added = page.locator(".block").nth(5)
        added.get_by_label("Label").fill("Tea now")
        added.get_by_label("Leads to").fill("https://example.com/tea")
        added.get_by_label("Leads to").press("Alt+ArrowUp")
        expect(page.locator("[data-blocks-said]")).to_have_text("Button moved, 5 of 6")
        page.locator(".block").nth(3).get_by_role("button", name="Remove line").click()
        page.get_by_role("button", name="Undo").click()
        expect(letter.get_by_role("link", name="Tea now")).to_be_visible()
        assert [one.inner_text() for one in page.locator(".block b").all()][3:] == [
            "Line",
            "Button",
            "Text",
        ]
        window.check("words-blocks-wide")
        page.get_by_role("button", name="Turn into MJML…").click()
        page.get_by_role("button", name="Turn into MJML", exact=True).click()
        expect(page.get_by_label("MJML", exact=True)).to_have_value(re.compile("Tea now"))
        page.get_by_label("Subject").fill("Rain, {{ customer.first_name }}")
        page.get_by_label("MJML", exact=True).fill(LETTER.format("Tea with {{ vouchr }}"))
        expect(letter.locator("body")).to_contain_text("Tea with [vouchr]")
        expect(page.locator("#report")).to_contain_text("'vouchr' is used but not declared.")
        page.get_by_label("Variables").fill("vouchr! : text (RAIN10)")
        expect(letter.locator("body")).to_contain_text("Tea with RAIN10")
        expect(page.locator("#report")).to_contain_text("It can be published.")
        page.get_by_text("Phone", exact=True).click()
        expect(page.locator("[data-frame]")).to_have_class("words-frame is-phone")
        page.get_by_text("Dark", exact=True).click()
        expect(letter.locator("html")).to_have_css("filter", re.compile("invert"))
        window.check("words-editor-wide")
        page.get_by_role("button", name="Send to myself").click()
        expect(page.locator("#toasts")).to_contain_text(shop.admin_email)
        page.get_by_role("button", name="Publish").click()
        expect(page.locator("tbody tr").first).to_contain_text("Published")

    def tried() -> bool:
        found = httpx.get(f"{shop.sandbox_url}/api/messages", params={"to": shop.admin_email})
        return any("[Test] Rain, Asha" in str(one) for one in found.json())

    until(tried)


def test_what_is_given_to_somebody_rings_on_the_page_they_have_open(
    shop: Installation, desk: Desk
) -> None:
    order = shop.place_order(seed=61, method="cod")
    about = {"category": "late", "subject": "Where is it?", "body": "Called twice."}
    complaint = shop.post("/v1/complaints", order_id=order["id"], **about)
    people = shop.get("/v1/users")
    me = next(
        one
        for one in (people["items"] if isinstance(people, dict) else people)
        if one["email"] == shop.admin_email
    )
    with desk() as window:
        page = window.page
        page.goto("/products")
        expect(page.locator("html[data-stream=on]")).to_be_attached()
        shop.post(f"/v1/complaints/{complaint['id']}/assignment", assignee_id=me["id"])
        expect(page.locator("#bell-count")).to_be_visible()
        page.locator(".bell > summary").click()
        row = page.get_by_role("button", name=f"{complaint['number']} is yours now")
        expect(row).to_be_visible()
        window.check("bell-wide")
        row.click()
        expect(page).to_have_url(f"{shop.base_url}/complaints/{complaint['id']}")
        # Whoever it was given to follows it.
        page.get_by_role("button", name="Unfollow", exact=True).click()
        expect(page.get_by_role("button", name="Follow", exact=True)).to_be_visible()
