"""Numbers leave the page: a picture, a workbook, a report by mail, an alert."""

import io
import re

from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from tests.web.conftest import Desk
from tests.web.installation import Installation


def test_a_tile_is_taken_along_sent_regularly_and_watched(desk: Desk, shop: Installation) -> None:
    shop.place_order(seed=911, method="cod")
    with desk() as window:
        page = window.page
        page.goto("/dashboards/orders?period=last_7_days&compare=none")
        tile = page.locator(".tile", has_text="Placed by day")
        expect(tile.locator(".chart canvas")).to_be_visible()
        picture = _taken(page, "Placed by day", "Picture (PNG)")
        assert picture[0] == "Placed by day.png" and picture[1][:8] == b"\x89PNG\r\n\x1a\n"
        name, content = _taken(page, "Placed by day", "Excel")
        assert re.fullmatch(r"Placed-by-day-[0-9-]+\.xlsx", name)
        assert load_workbook(io.BytesIO(content)).sheetnames == ["Placed by day", "About"]
        assert _taken(page, "Placed by day", "CSV")[0].endswith(".csv")
        page.get_by_label("More of Placed by day").click()
        window.check("tile-menu-wide-light")
        tile.get_by_role("link", name="Send regularly").click()
        page.get_by_label("How often").select_option("month")
        page.get_by_label("On which day of the month").fill("31")
        window.check("subscription-new-wide-light")
        page.get_by_role("button", name="Send it regularly").click()
        expect(page.locator("h1")).to_contain_text("Placed by day")
        page.get_by_role("button", name="Send now").click()
        expect(page.locator("#history")).to_contain_text("Waiting")
        page.goto("/alerts/new")
        page.get_by_label("Name", exact=True).fill("Many orders")
        page.get_by_label("Number", exact=True).select_option("orders_placed")
        page.get_by_label("How far").fill("100000")
        window.check("alert-new-wide-light")
        page.get_by_role("button", name="Watch it").click()
        expect(page.locator(".heading")).to_contain_text("above 1,00,000")
        window.check("alert-wide-light")
        page.goto("/exports")
        expect(page.get_by_role("link", name="Placed by day").first).to_be_visible()
        window.check("exports-wide-light")


def _taken(page: Page, tile: str, action: str) -> tuple[str, bytes]:
    page.get_by_label(f"More of {tile}").click()
    with page.expect_download() as coming:
        page.locator(".tile", has_text=tile).get_by_role("button", name=action).click()
    found = coming.value
    with open(found.path(), "rb") as file:
        content = file.read()
    page.get_by_label(f"More of {tile}").locator("xpath=ancestor::details").evaluate(
        "menu => menu.removeAttribute('open')"
    )
    return found.suggested_filename, content
