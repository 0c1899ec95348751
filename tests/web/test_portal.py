"""A buyer's own pages in a browser: the company says where they are, a code opens them."""

import re

import httpx2 as httpx
from playwright.sync_api import Browser, expect

from tests.waiting import until
from tests.web.conftest import Desk
from tests.web.installation import Installation
from tests.web.screens import screen


def code_mailed_to(shop: Installation, to: str) -> str:
    def read() -> str | None:
        query = {"to": to, "kind": "email"}
        found = httpx.get(f"{shop.sandbox_url}/api/messages", params=query).json()
        codes = [re.search(r"\b\d{6}\b", one["text"]) for one in found if "code" in one["subject"]]
        return codes[0][0] if codes and codes[0] else None

    return until(read)


def test_a_buyer_signs_in_with_a_code_and_finds_their_orders(
    shop: Installation, browser: Browser, desk: Desk
) -> None:
    order = shop.place_order(seed=91)
    email = order["customer_email"]
    with desk() as staff:
        staff.page.goto("/settings/company")
        address = staff.page.locator("[data-copy*='/account/at/']").get_attribute("data-copy")
        assert address
        staff.check("settings-company")
    with screen(browser, allow=("/account",)) as window:
        page = window.page
        page.goto(address)
        window.check("portal-door-phone")
        page.get_by_label("E-mail or phone").fill(email)
        page.get_by_role("button", name="Send me a code").click()
        page.get_by_label("Code").fill("000000")
        page.get_by_role("button", name="Show my orders").click()
        expect(page.get_by_role("alert")).to_be_visible()
        window.check("portal-code-phone")
        page.get_by_label("Code").fill(code_mailed_to(shop, email))
        page.get_by_role("button", name="Show my orders").click()
        expect(page.get_by_role("heading", name="My orders")).to_be_visible()
        expect(page.locator(".account-orders li")).to_have_count(1)
        window.check("portal-orders-phone")
        page.get_by_role("link", name=order["number"]).click()
        expect(page.get_by_role("link", name=re.compile("^Pay ₹"))).to_be_visible()
        window.check("portal-order-phone")
        page.set_viewport_size({"width": 1440, "height": 900})
        page.emulate_media(color_scheme="dark")
        page.reload()
        window.check("portal-order-wide-dark")
        page.get_by_role("link", name="My orders").click()
        window.check("portal-orders-wide-dark")
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", name="You are not signed in")).to_be_visible()
