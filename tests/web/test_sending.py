"""Setting up who carries messages, and seeing how a text differs from what is registered."""

import re

from playwright.sync_api import expect

from tests.web.conftest import Desk
from tests.web.installation import Installation

ENTITY = "1101160000000000001"
TEMPLATE = "1107160000000000001"


def test_a_provider_is_added_tested_mended_and_removed(desk: Desk) -> None:
    with desk(allow=("/settings/sending/new",)) as window:
        page = window.page
        page.goto("/settings/sending")
        page.get_by_role("link", name="Add provider").click()
        page.get_by_role("link", name="WhatsApp Cloud").click()
        page.get_by_label("Phone number id").fill("letters")
        page.get_by_label("Access token").fill("wrong-token")
        page.get_by_label("App secret").fill("sandbox")
        page.get_by_label("The sandbox on this machine plays").check()
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_label("Phone number id")).to_be_focused()
        page.get_by_label("Phone number id").fill("100000000000001")
        page.get_by_label("Access token").fill("wrong-token")
        page.get_by_label("App secret").fill("sandbox")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("heading", name="Reports")).to_be_visible()
        expect(page.locator("main")).to_contain_text("/v1/provider-callbacks/whatsapp/")
        page.get_by_role("button", name="Test").click()
        expect(page.locator("main")).to_contain_text("Invalid OAuth access token")
        page.get_by_label("Access token").fill("sandbox")
        page.get_by_role("button", name="Save").click()
        page.get_by_role("button", name="Test").click()
        expect(page.get_by_text("It answers.")).to_be_visible()
        window.check("sending-provider")
        page.goto("/settings/sending")
        expect(page.get_by_role("link", name=re.compile("WhatsApp Cloud"))).to_be_visible()
        window.check("sending")
        page.get_by_role("link", name=re.compile("WhatsApp Cloud")).click()
        page.get_by_role("button", name="Remove").click()
        expect(page.get_by_text("No chats leave yet")).to_be_visible()


def test_a_text_that_differs_is_shown_beside_what_is_registered(
    shop: Installation, desk: Desk
) -> None:
    try:
        with desk() as window:
            page = window.page
            page.goto("/settings/registered-texts")
            page.get_by_label("Entity id").fill(ENTITY)
            page.get_by_label("Headers").fill("NILGIR 600123")
            page.get_by_role("button", name="Save").click()
            page.get_by_role("button", name="New text").click()
            page.get_by_label("Text as registered").fill("Your order {#var#} is on its way.")
            page.get_by_label("Template id").fill(TEMPLATE)
            page.get_by_label("Header", exact=True).fill("NILGIR")
            page.get_by_role("button", name="Add", exact=True).click()
            expect(page.locator("table")).to_contain_text(TEMPLATE)
            page.get_by_label("Text", exact=True).fill("Your order SO-1 is on its way!")
            page.get_by_role("button", name="Look").click()
            expect(page.locator(".text-diff del")).to_have_text(".")
            expect(page.locator(".text-diff ins")).to_have_text("!")
            expect(page.locator(".text-diff mark")).to_have_text("SO-1")
            window.check("registered-texts")
            page.get_by_role("button", name=f"Take out {TEMPLATE}").click()
            expect(page.get_by_text("Nothing is registered yet")).to_be_visible()
    finally:
        shop.http.put("/v1/dlt-registration", json={"entity_id": ENTITY, "is_enforced": False})
