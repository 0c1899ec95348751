"""The buyer's pay page in a real browser, with the stand-in's checkout."""

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.web.installation import Installation
from tests.web.screens import screen


def open_page(page: Page, shop: Installation, token: str) -> None:
    page.goto(f"{shop.base_url}/pay/{token}")
    page.locator("[data-pay]").wait_for()


def test_who_closes_the_checkout_is_told_that_nothing_was_charged_and_can_pay_again(
    shop: Installation, browser: Browser
) -> None:
    order = shop.place_order(seed=70)
    with screen(browser, theme="dark") as window:
        page = window.page
        open_page(page, shop, order["public_token"])
        window.check("pay-phone-dark")
        page.locator("[data-pay]").click()
        page.frame_locator("iframe").locator("[data-dismiss]").click()
        expect(page.locator("[data-said]")).to_contain_text("Nothing was charged")
        expect(page.locator("iframe")).to_have_count(0)
        page.locator("[data-pay]").click()
        page.frame_locator("iframe").get_by_role("button", name="Pay with UPI").click()
        expect(page.locator("h1")).to_have_text("Paid. Thank you!")
    assert shop.get(f"/v1/orders/{order['id']}")["paid_minor"] == order["total_minor"]


def test_a_failed_card_shows_its_reason_and_leaves_the_order_payable(
    shop: Installation, browser: Browser
) -> None:
    order = shop.place_order(seed=71)
    with screen(browser) as window:
        page = window.page
        open_page(page, shop, order["public_token"])
        page.locator("[data-pay]").click()
        checkout = page.frame_locator("iframe")
        checkout.get_by_label("Test card").select_option(
            label="Visa 0001: Insufficient account balance."
        )
        checkout.get_by_role("button", name="Pay by card").click()
        expect(page.locator("[data-said]")).to_contain_text("Insufficient account balance.")
        expect(page.locator("[data-pay]")).to_be_enabled()
    kept = shop.get(f"/v1/orders/{order['id']}")
    assert (kept["status"], kept["paid_minor"]) == ("pending_payment", 0)


def before_its_invoice(route: Route) -> None:
    """The page as it stands while the invoice is being made."""
    body = route.fetch().text()
    route.fulfill(body=body.replace('data-has-invoice="true"', 'data-has-invoice="false"'))


def test_the_page_turns_by_itself_when_another_window_paid(
    shop: Installation, browser: Browser
) -> None:
    order = shop.place_order(seed=72)
    with screen(browser) as payer, screen(browser, size="wide") as other:
        open_page(payer.page, shop, order["public_token"])
        open_page(other.page, shop, order["public_token"])
        payer.page.locator("[data-pay]").click()
        payer.page.frame_locator("iframe").get_by_role("button", name="Pay with UPI").click()
        expect(payer.page.locator("h1")).to_have_text("Paid. Thank you!")
        other.page.route(f"**/pay/{order['public_token']}", before_its_invoice, times=1)
        other.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        expect(other.page.locator("h1")).to_have_text("Paid. Thank you!")
        expect(other.page.locator("[data-has-invoice=true]")).to_be_visible()
        expect(other.page.get_by_role("link", name="Invoice (PDF)")).to_be_visible()
        other.check("pay-paid-wide-light")


def test_a_cancelled_order_offers_nothing_to_pay(shop: Installation, browser: Browser) -> None:
    order = shop.place_order(seed=73)
    shop.post(f"/v1/orders/{order['id']}/cancellation", reason="changed my mind")
    with screen(browser) as window:
        window.page.goto(f"{shop.base_url}/pay/{order['public_token']}")
        expect(window.page.locator("h1")).to_have_text("This order was cancelled")
        expect(window.page.locator("[data-pay]")).to_have_count(0)
        window.check("pay-cancelled")


def test_cash_on_delivery_is_said_and_leads_to_the_tracking_page(
    shop: Installation, browser: Browser
) -> None:
    order = shop.place_order(seed=74, method="cod")
    with screen(browser, size="narrow", theme="dark") as window:
        window.page.goto(f"{shop.base_url}/pay/{order['public_token']}")
        expect(window.page.locator("h1")).to_have_text("Pay at the door")
        window.check("pay-at-the-door")
        window.page.get_by_role("link", name="Follow your order").click()
        expect(window.page.locator("h1")).to_have_text("We are getting it ready")


def test_an_unknown_link_is_a_page_and_not_a_hint(shop: Installation, browser: Browser) -> None:
    with screen(browser, allow=("/pay/",)) as window:
        answer = window.page.goto(f"{shop.base_url}/pay/AAAAAAAAAAAAAAAAAAAAAA")
        assert answer is not None
        assert answer.status == 404
        expect(window.page.locator("main")).to_contain_text("There is nothing behind this link")


@pytest.mark.parametrize("host", ["checkout.example", "127.0.0.1:1"])
def test_the_page_lets_no_script_in_but_ours_and_the_gateways(
    shop: Installation, browser: Browser, host: str
) -> None:
    order = shop.place_order(seed=75)
    answer = shop.http.get(f"/pay/{order['public_token']}")
    allowed = answer.headers["content-security-policy"].split("script-src ")[1].split(";")[0]
    assert allowed.split()[0] == "'self'"
    assert allowed.split()[1].startswith("'nonce-")
    assert allowed.split()[2:] == [shop.sandbox_url]
    assert host not in allowed
