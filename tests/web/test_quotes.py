"""A deal in a real browser: lines, quote, mail, the buyer's yes on a phone, and its order."""

import re

import httpx2 as httpx
from playwright.sync_api import Browser, expect

from tests.waiting import until
from tests.web.conftest import Desk
from tests.web.installation import Installation
from tests.web.screens import screen

LINK = re.compile(r"http://\S+(/q/\S+)")


def test_a_deal_becomes_a_quote_that_its_buyer_accepts_and_an_order(
    desk: Desk, shop: Installation, browser: Browser
) -> None:
    deal = shop.post("/v1/opportunities", title="Tea corner for Asha Foods")
    email = f"quotes.{shop.unique()}@example.com"
    with desk(allow=("/quotes/", "/deals/")) as window:
        page = window.page
        page.goto(f"/deals/{deal['id']}")
        page.get_by_role("link", name="Add products").click()
        for words in ("AGA-MOG-120", "TEA"):
            page.get_by_label("Add a product").fill(words)
            page.get_by_role("option").first.click()
        expect(page.locator("#line-rows tbody tr")).to_have_count(2)
        page.locator("#line-quantity-0").fill("3")
        page.locator("#line-price-0").fill("100")
        page.locator("#line-discount-0").fill("10%")
        expect(page.locator("#line-rows tbody tr").first).to_contain_text("₹270.00")
        window.check("deal-lines-wide-light")
        page.get_by_role("button", name="Save the lines").click()
        expect(page.get_by_text("of its lines")).to_be_visible()
        page.get_by_role("button", name="New quote").click()
        expect(page.locator("h1")).to_contain_text("QUO-")
        page.get_by_role("button", name="Save and send").click()
        expect(page.get_by_text("Say who it is for.").first).to_be_visible()
        page.get_by_label("Name").fill("Asha Rao")
        page.get_by_label("E-mail").fill(email)
        page.get_by_label("A word to the buyer").fill("As we said on the phone.")
        window.check("quote-draft-wide-light")
        page.get_by_role("button", name="Save and send").click()
        expect(page.locator("h1 .badge-status")).to_have_text("Sent")
        expect(page.locator("iframe.quote-pdf")).to_be_visible()
        window.check("quote-wide-light")
        path = _link_in(shop, email)
        with screen(browser, theme="dark") as phone:
            buyer = phone.page
            buyer.goto(f"{shop.base_url}{path}")
            phone.check("quote-public-phone-dark")
            buyer.get_by_label("House and street").fill("14, 3rd Cross")
            buyer.get_by_label("PIN code").fill("560001")
            buyer.get_by_label("City").fill("Bengaluru")
            buyer.get_by_role("button", name=re.compile("^Accept for")).click()
            expect(buyer.locator("h1")).to_have_text("Thank you, it is accepted")
            expect(buyer.get_by_role("link", name=re.compile("^Pay "))).to_be_visible()
            phone.check("quote-accepted-phone-dark")
        page.goto(f"/deals/{deal['id']}")
        expect(page.locator("h1 .badge-status")).to_have_text("Won")
        expect(page.get_by_role("heading", name="Its order")).to_be_visible()
        expect(page.locator(".progress-path .is-now")).to_contain_text("Paid")
        window.check("deal-ordered-wide-light")
        order = shop.get(f"/v1/opportunities/{deal['id']}")["order_id"]
        shop.post(f"/v1/orders/{order}/cancellation", reason="changed their mind")
        expect(page.get_by_text("is cancelled. Reopen the deal")).to_be_visible()


def _link_in(shop: Installation, email: str) -> str:
    """The page that the buyer's mail opens."""

    def read() -> str | None:
        answer = httpx.get(f"{shop.sandbox_url}/api/messages", params={"to": email})
        links = [LINK.search(message["text"]) for message in answer.json()]
        return next((found[1] for found in links if found), None)

    return until(read)
