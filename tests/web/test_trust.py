"""Keys, another member's eyes, webhooks and the audit log, as an administrator uses them."""

from playwright.sync_api import expect

from tests.web.conftest import Desk
from tests.web.installation import Installation


def test_what_an_administrator_does_with_trust_stands_in_the_log(
    desk: Desk, shop: Installation
) -> None:
    with desk() as window:
        page = window.page
        page.goto("/settings/api-keys")
        page.get_by_role("button", name="New key").click()
        page.get_by_label("Name").fill("Warehouse scanner")
        page.get_by_label("Permissions").fill("inventory.read")
        page.get_by_label("Networks").fill("127.0.0.0/8")
        page.get_by_role("button", name="Make the key").click()
        shown = page.locator("[data-copy]")
        first = shown.get_attribute("data-copy")
        rows = page.get_by_role("row").filter(has_text="Warehouse scanner")
        rows.get_by_role("button", name="Replace").click()
        expect(rows).to_have_count(2)
        expect(page.get_by_text("Copy the key now.")).to_be_visible()
        second = shown.get_attribute("data-copy")
        assert first and second and first != second

        page.goto("/settings/webhooks")
        page.get_by_role("button", name="New address").click()
        page.get_by_role("textbox", name="Address").fill("https://127.0.0.1/hooks")
        page.get_by_role("button", name="Send events there").click()
        expect(page.get_by_text("Give a public https address")).to_be_visible()
        window.problems.clear()  # the refusal is a 422, which the browser's console tells

        shop_person = {"email": "meera@demo.tandem.test", "name": "Meera Rao"}
        shop.post("/v1/users", **shop_person, password="violet anchor 71", role_key="finance")
        page.goto("/settings/impersonation")
        page.get_by_role("button", name="See as …").click()
        person = page.get_by_role("combobox", name="Person")
        person.select_option(label="Meera Rao · meera@demo.tandem.test")
        page.get_by_role("textbox", name="Reason").fill("ticket 1042: no invoice")
        page.get_by_role("button", name="See as this person").click()
        banner = page.get_by_role("complementary", name="You see this as somebody else")
        expect(banner).to_contain_text("sees this as Meera Rao, to read only")
        page.goto("/invoices")
        expect(banner).to_contain_text("ticket 1042")
        window.check("console-standing-in-wide-light")
        banner.get_by_role("button", name="End").click()
        expect(banner).to_have_count(0)

        page.goto("/settings/audit")
        for action in ("Impersonation: ended", "Impersonation: begun", "API key: rotated"):
            expect(page.get_by_role("row").filter(has_text=action).first).to_be_visible()
        page.goto("/settings/audit?action=api_key")
        expect(page.get_by_text("Impersonation: begun")).to_have_count(0)
        made = page.get_by_role("row").filter(has_text="API key: added").first
        expect(made).to_contain_text("127.0.0.1")
        assert first not in page.content() and second not in page.content()
        window.check("console-audit-wide-light")
        assert window.problems == []
