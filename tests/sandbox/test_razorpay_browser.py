"""The stand-in's checkout.js in a real browser: what a shop's page gets to see of it."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.sandbox.serving import Sandbox
from tests.sandbox.test_razorpay_api import Shop
from tests.web.screens import FLAGS, chromium_path

SHOP_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Shop</title>
<script src="{script}"></script>
<button id="pay">Pay</button><ol id="heard"></ol>
<script>
  const hear = (what) => {{
    const line = document.createElement("li");
    line.textContent = what;
    document.getElementById("heard").append(line);
  }};
  document.getElementById("pay").addEventListener("click", () => {{
    const checkout = new Razorpay({{
      key: "rzp_test_tandemsandbox", order_id: "{order}", name: "Asha Tea",
      description: "Order R1001", prefill: {{ email: "asha@example.com" }},
      {extra}
      modal: {{ ondismiss: () => hear("dismissed") }},
    }});
    checkout.on("payment.failed", (told) => hear("failed " + told.error.reason));
    checkout.open();
  }});
</script></html>
"""


class ShopServer:
    """A shop on another origin: one page, and a place to be posted back to."""

    def __init__(self) -> None:
        self.page = ""
        self.posted: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(outer.page)

            def do_POST(self) -> None:
                size = int(self.headers["content-length"])
                outer.posted.append(self.rfile.read(size).decode())
                self._answer("<title>Back</title>Thank you")

            def _answer(self, text: str) -> None:
                body = text.encode()
                self.send_response(200)
                self.send_header("content-type", "text/html; charset=utf-8")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - inherited
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"


@pytest.fixture
def shop_server() -> Iterator[ShopServer]:
    made = ShopServer()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


@pytest.fixture
def tab() -> Iterator[Page]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        page = browser.new_page(viewport={"width": 390, "height": 844})
        page.set_default_timeout(10_000)
        yield page
        browser.close()


def open_shop(sandbox: Sandbox, shop_server: ShopServer, tab: Page, extra: str) -> dict[str, Any]:
    order = Shop(sandbox).order()
    shop_server.page = SHOP_PAGE.format(
        script=f"{sandbox.settings.base_url}/razorpay/v1/checkout.js",
        order=order["id"],
        extra=extra,
    )
    tab.goto(shop_server.url)
    tab.get_by_role("button", name="Pay").click()
    return order


HANDLER = 'handler: (told) => hear("paid " + Object.keys(told).sort().join(" ")),'


def test_the_handler_is_given_what_proves_the_payment_after_a_failure_that_is_told(
    sandbox: Sandbox, shop_server: ShopServer, tab: Page
) -> None:
    order = open_shop(sandbox, shop_server, tab, HANDLER)
    frame = tab.frame_locator("iframe[title=Checkout]")
    expect(frame.get_by_text("₹500.00")).to_be_visible()
    expect(frame.get_by_text("Asha Tea")).to_be_visible()
    frame.get_by_role("button", name="Fail with UPI").click()
    expect(frame.get_by_role("alert")).to_contain_text("Payment was unsuccessful")
    frame.get_by_role("button", name="Pay with UPI").click()
    heard = tab.locator("#heard li")
    expect(heard).to_have_text(
        [
            "failed payment_failed",
            "paid razorpay_order_id razorpay_payment_id razorpay_signature",
        ]
    )
    expect(tab.locator("iframe")).to_have_count(0)
    listed = Shop(sandbox).call("GET", f"orders/{order['id']}/payments").json()["items"]
    assert [payment["status"] for payment in listed] == ["authorized", "failed"]


def test_closing_it_tells_the_shop_and_pays_nothing(
    sandbox: Sandbox, shop_server: ShopServer, tab: Page
) -> None:
    order = open_shop(sandbox, shop_server, tab, HANDLER)
    tab.frame_locator("iframe").get_by_role("button", name="Close checkout").click()
    expect(tab.locator("#heard li")).to_have_text(["dismissed"])
    tab.get_by_role("button", name="Pay").click()
    expect(tab.frame_locator("iframe").get_by_text("₹500.00")).to_be_visible()
    tab.keyboard.press("Escape")
    expect(tab.locator("#heard li")).to_have_text(["dismissed", "dismissed"])
    assert Shop(sandbox).call("GET", f"orders/{order['id']}/payments").json()["count"] == 0


def test_with_a_callback_the_whole_browser_is_posted_back(
    sandbox: Sandbox, shop_server: ShopServer, tab: Page
) -> None:
    open_shop(sandbox, shop_server, tab, f'redirect: true, callback_url: "{shop_server.url}back",')
    frame = tab.frame_locator("iframe")
    frame.get_by_label("Test card").select_option("5500670000001002")
    frame.get_by_role("button", name="Pay by card").click()
    expect(tab).to_have_title("Back")
    assert tab.url == f"{shop_server.url}back"
    (posted,) = shop_server.posted
    assert "razorpay_payment_id=pay_" in posted and "razorpay_signature=" in posted
