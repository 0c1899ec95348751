"""A stranger fills a form in on another site's page, on a phone in the dark; a rep sees who."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from playwright.sync_api import Browser, expect

from tests.waiting import until
from tests.web.conftest import Desk
from tests.web.installation import Installation
from tests.web.screens import screen


@contextmanager
def other_site(body: list[str]) -> Iterator[str]:
    """A page of somebody else's on this machine; its origin is not ours."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write("".join(body).encode())

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_form_on_another_site_brings_a_scored_lead_with_where_it_came_from(
    desk: Desk, shop: Installation, browser: Browser
) -> None:
    body = ["<!doctype html><meta name=viewport content='width=device-width'><h1>Shop</h1>"]
    with other_site(body) as origin:
        with desk() as window:
            page = window.page
            page.goto("/leads/scoring/new?area=behaviour")
            page.get_by_label("Name").fill("Sent a form")
            page.get_by_label("Points").fill("25")
            page.get_by_label("Event").select_option("form_submitted")
            expect(page.get_by_label("Only where")).to_be_visible()
            expect(page.get_by_text("leads would get points from it")).to_be_visible()
            window.check("lead-scoring-rule-wide-light")
            page.get_by_role("button", name="Save").click()
            expect(page.get_by_role("link", name="Sent a form")).to_be_visible()
            page.goto("/leads/forms/new")
            page.get_by_label("Name for you").fill("Fair 2026")
            page.get_by_label("Heading").fill("Talk to us about tea")
            page.get_by_label("Purpose").fill("newsletter")
            page.get_by_label("Text at the box").fill("Write to me about new teas.")
            page.get_by_label("Notice").fill("2026-11")
            page.get_by_label("E-mail", exact=True).first.check()
            page.get_by_label("Sites it may stand on").fill(origin)
            page.get_by_label("Puzzle").select_option("light")
            window.check("lead-form-builder-wide-light")
            page.get_by_role("button", name="Save").click()
            expect(page.get_by_role("link", name="Open the page")).to_be_visible()
            window.check("lead-form-wide-light")
            address = page.get_by_role("link", name="Open the page").get_attribute("href") or ""
        body.append(f'<script src="{shop.base_url}{address}/embed.js" async></script>')
        fill_in(browser, f"{origin}/tea?utm_source=google&utm_campaign=diwali")
    with screen(browser, size="phone", theme="dark", base_url=shop.base_url) as window:
        window.page.goto(address)
        expect(window.page.get_by_role("heading", name="Talk to us about tea")).to_be_visible()
        window.check("public-form-phone-dark")
    lead = until(lambda: next(iter(shop.get("/v1/leads", q="Meera Forms")["items"]), None))
    scored = until(lambda: _scored(shop, lead["id"]))
    touch = scored["first_touch"]
    assert (scored["score"], touch["utm_source"], touch["utm_campaign"]) == (25, "google", "diwali")
    assert touch["landing"] == f"{origin}/tea"
    with desk(theme="dark") as window:
        window.page.goto(f"/leads/{lead['id']}")
        expect(window.page.get_by_text("Sent a form (sent a form)")).to_be_visible()
        window.check("lead-wide-dark")


def fill_in(browser: Browser, address: str) -> None:
    """As somebody with a phone does: what is missing is said at its field."""
    with screen(browser, size="phone", theme="dark", allow=("/submissions",)) as window:
        page = window.page
        page.goto(address)
        frame = page.frame_locator("iframe")
        # The page around it is white, so it is light, though the phone is dark.
        expect(frame.locator("html")).to_have_attribute("data-bs-theme", "light")
        frame.get_by_label("Name").fill("Meera Forms")
        frame.get_by_role("button", name="Send").click()
        expect(frame.locator(".has-error")).to_have_count(1)
        frame.get_by_label("E-mail").fill("meera@mailinator.com")
        frame.get_by_role("button", name="Send").click()
        expect(frame.get_by_text("Use an address that you keep.")).to_be_visible()
        frame.get_by_label("E-mail").fill("meera@forms.example")
        frame.get_by_label("Write to me about new teas.").check()
        until(lambda: page.frames[1].evaluate("performance.now()") > 4000)
        frame.get_by_role("button", name="Send").click()
        expect(frame.get_by_text("Thank you. We have it and will be in touch.")).to_be_visible()
        window.check("public-form-embedded-phone-dark", asks_axe=False)


def _scored(shop: Installation, lead_id: str) -> dict[str, Any] | None:
    lead: dict[str, Any] = shop.get(f"/v1/leads/{lead_id}")
    return lead if lead["score"] else None
