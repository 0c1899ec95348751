"""The console at work in a real browser: taking orders, changing stock, together."""

import re
from datetime import UTC, datetime
from typing import Any

import httpx2 as httpx
from playwright.sync_api import Page, expect

from tests.waiting import until
from tests.web.conftest import Desk
from tests.web.installation import Installation

FIRST_LOAD_BYTES_MAX = 160 * 1024


def take_order(page: Page, customer: str, *products: str) -> None:
    """From the list to the placed order, by keyboard alone."""
    page.goto("/orders")
    page.keyboard.press("n")
    expect(page.get_by_label("Name, phone or e-mail")).to_be_focused()
    page.keyboard.type(customer[:-2])
    expect(page.get_by_role("option").first).to_be_visible()
    page.keyboard.type(customer[-2:])  # what is chosen before its answer is there stays chosen
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    for count, product in enumerate(products, start=1):
        expect(page.get_by_label("Add a product")).to_be_focused()
        page.keyboard.type(product)
        page.keyboard.press("Enter")
        expect(page.locator("[data-quantity]")).to_have_count(count)
    page.keyboard.press("Control+Enter")
    expect(page.locator("h1")).to_contain_text("SO-")


def test_an_order_is_taken_by_keyboard_within_half_a_minute(desk: Desk, shop: Installation) -> None:
    with desk() as window:
        begun = datetime.now(UTC)
        take_order(window.page, "ananya", "TEA-ASM-250", "ghee")
        assert (datetime.now(UTC) - begun).total_seconds() < 30
        expect(window.page.get_by_text("Send the buyer its pay link.")).to_be_visible()
        number = window.page.locator("h1").inner_text().split()[0]
        order = shop.get("/v1/orders", q=number)["items"][0]
        whole = shop.get(f"/v1/orders/{order['id']}")
        assert whole["customer_name"] == "Ananya Iyer"
        assert [(line["sku"], line["quantity"]) for line in whole["lines"]] == [
            ("TEA-ASM-250", 1),
            ("GHE-COW-1LT", 1),
        ]
        assert whole["status"] == "pending_payment"
        assert window.problems == []


def test_price_tax_stock_and_date_appear_as_the_order_is_typed(desk: Desk) -> None:
    with desk() as window:
        page = window.page
        page.goto("/orders/new")
        product = page.get_by_label("Add a product")
        product.fill("TEA-ASM-250")
        product.press("Enter")
        total = page.locator("[data-total]")
        expect(total).to_have_text("₹165.00")
        expect(page.locator("#quote")).to_contain_text("needs the PIN code")
        product.fill("TEA-ASM-250")
        product.press("Enter")
        expect(total).to_have_text("₹330.00")
        page.get_by_label("PIN code").fill("400001")
        expect(page.locator("#quote")).to_contain_text("IGST")
        expect(page.locator("#quote")).to_contain_text(re.compile(r"by \w{3} \d+"))
        page.get_by_label("Quantity of Assam Gold Leaf Tea, 250 g").fill("90000")
        expect(page.locator("#quote")).to_contain_text("Not enough in stock.")


def test_an_order_without_an_address_is_refused_in_words_and_keeps_what_was_typed(
    desk: Desk,
) -> None:
    with desk(allow=("/orders/new",)) as window:
        page = window.page
        page.goto("/orders/new")
        page.get_by_label("Name, phone or e-mail").fill("Neha Kapoor")
        page.get_by_label("Phone", exact=True).fill("+919811122233")
        product = page.get_by_label("Add a product")
        product.fill("TEA-ASM-250")
        product.press("Enter")
        expect(page.locator("[data-quantity]")).to_have_count(1)
        page.get_by_role("button", name="Place order").click()
        expect(page.get_by_role("alert")).to_contain_text("Where does it go?")
        expect(page.get_by_label("Name, phone or e-mail")).to_have_value("Neha Kapoor")
        expect(page.locator("[data-quantity]")).to_have_value("1")


def test_a_cancelled_order_frees_its_stock_and_says_so(desk: Desk, shop: Installation) -> None:
    order = shop.place_order(seed=31)
    with desk() as window:
        page = window.page
        page.goto(f"/orders/{order['id']}")
        page.get_by_role("button", name="Cancel order").click()
        page.get_by_role("button", name="Cancel the order").click()
        expect(page.get_by_text(f"{order['number']} is cancelled.")).to_be_visible()
        expect(page.locator("h1")).to_contain_text("Cancelled")
        expect(page.get_by_role("button", name="Hold")).to_have_count(0)
        assert window.problems == []
    assert shop.get(f"/v1/orders/{order['id']}")["status"] == "cancelled"


def test_a_held_order_tells_everybody_why(desk: Desk, shop: Installation) -> None:
    order = shop.place_order(seed=32, method="cod")
    with desk() as window:
        page = window.page
        page.goto(f"/orders/{order['id']}")
        page.get_by_role("button", name="Hold").click()
        page.get_by_label("Reason").fill("Street is flooded")
        page.get_by_role("button", name="Put on hold").click()
        expect(page.get_by_text("On hold: Street is flooded.")).to_be_visible()
        expect(page.get_by_text("is on hold.", exact=False).last).to_be_visible()
        expect(page.locator("html[data-stream=on]")).to_be_attached()
        page.get_by_role("button", name="Release").click()
        expect(page.get_by_text("goes on.")).to_be_visible()
    assert shop.get(f"/v1/orders/{order['id']}")["is_on_hold"] is False


def test_what_one_browser_does_the_other_sees(desk: Desk, shop: Installation) -> None:
    with desk() as one, desk() as other:
        one.page.goto("/orders")
        expect(one.page.locator("html[data-stream=on]")).to_be_attached()
        other.page.goto("/orders/new?customer=")
        order = shop.place_order(seed=39)
        row = one.page.locator(f"#row-{order['id']}")
        expect(row).to_be_visible()
        other.page.goto(f"/orders/{order['id']}")
        expect(other.page.locator("html[data-stream=on]")).to_be_attached()
        one.page.goto(f"/orders/{order['id']}")
        one.page.get_by_role("button", name="Hold").click()
        one.page.get_by_label("Reason").fill("Asked to wait")
        one.page.get_by_role("button", name="Put on hold").click()
        expect(other.page.get_by_text("On hold: Asked to wait.")).to_be_visible()
        assert (one.problems, other.problems) == ([], [])


def test_a_count_is_corrected_with_a_reason_and_stays_in_the_ledger(
    desk: Desk, shop: Installation
) -> None:
    shelf = shop.get("/v1/stock", sku="BOK-KIT-001")["items"][0]
    with desk(allow=("/adjustment",)) as window:
        page = window.page
        page.goto(f"/stock/{shelf['variant_id']}/{shelf['location_id']}")
        page.get_by_role("button", name="Adjust").first.click()
        page.get_by_label("Quantity").fill("a few")
        page.locator("#adjust-dialog").get_by_role("button", name="Adjust").click()
        expect(page.locator("#adjust-dialog .error")).to_contain_text("Give a whole number")
        expect(page.get_by_label("Quantity")).to_have_value("a few")
        page.get_by_label("Quantity").fill("-3")
        page.get_by_label("Reason").select_option("damaged")
        page.locator("#adjust-dialog").get_by_role("button", name="Adjust").click()
        expect(page.get_by_text(f"{shelf['on_hand'] - 3} on hand (-3).")).to_be_visible()
        expect(page.locator("tbody tr").first).to_contain_text("Damaged")
    after = shop.get("/v1/stock", sku="BOK-KIT-001")["items"][0]
    assert after["on_hand"] == shelf["on_hand"] - 3


def test_a_paid_order_is_refunded_in_part_and_never_beyond(desk: Desk, shop: Installation) -> None:
    order = shop.place_order(seed=41)
    with desk(allow=("/refund", "razorpay")) as window:
        page = window.page
        page.goto(f"/pay/{order['public_token']}")
        page.get_by_role("button", name="Pay ").click()
        page.frame_locator("iframe").get_by_role("button", name="Pay with UPI").click()
        until(lambda: _order(shop, order)["payment_status"] == "paid")
        page.goto(f"/orders/{order['id']}")
        page.get_by_role("button", name="Refund").click()
        dialog = page.locator("#refund-dialog")
        dialog.get_by_label("Amount in INR").fill("1,000")
        dialog.get_by_role("button", name="Refund").click()
        expect(dialog.locator(".error")).to_have_text("Only ₹240.00 can still go back.")
        dialog.get_by_label("Amount in INR").fill("100")
        dialog.get_by_role("button", name="Refund").click()
        expect(page.get_by_text(f"The refund for {order['number']} is on its way.")).to_be_visible()
        # Nobody reloads: the gateway's word arrives by itself.
        expect(page.locator("h1")).to_contain_text("Partially refunded")
        expect(page.get_by_text("Credit note", exact=True)).to_be_visible()
    assert _order(shop, order)["refunded_minor"] == 10_000


def _order(shop: Installation, order: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = shop.get(f"/v1/orders/{order['id']}")
    return found


SHEET = """sku,title,hsn,tax_class,price
NEW-CUP-001,Enamel Cup,7323,standard,249.00
NEW-CUP-002,Enamel Plate,73,standard,199.00
NEW-CUP-003,Enamel Bowl,7323,luxury,cheap
"""


def test_a_sheet_is_looked_at_before_it_is_imported(desk: Desk, shop: Installation) -> None:
    with desk() as window:
        page = window.page
        page.goto("/products/import")
        sheet = {"name": "cups.csv", "mimeType": "text/csv", "buffer": SHEET.encode()}
        page.get_by_label("CSV file").set_input_files(sheet)  # type: ignore[arg-type]
        page.get_by_role("button", name="Check the file").click()
        expect(page.get_by_text("Nothing is written yet")).to_be_visible()
        wrong = page.get_by_role("table", name="Rows that are wrong")
        expect(wrong.locator("tbody tr").first).to_contain_text("hsn")
        assert shop.get("/v1/products", search="Enamel")["items"] == []
        page.get_by_role("button", name="Import 1 rows").click()
        expect(page.get_by_text("1 products created, 0 updated, 2 rows left out.")).to_be_visible()
    [made] = shop.get("/v1/products", search="Enamel")["items"]
    assert [variant["sku"] for variant in made["variants"]] == ["NEW-CUP-001"]


def test_a_wrong_product_is_refused_at_its_field(desk: Desk) -> None:
    with desk(allow=("/products",)) as window:
        page = window.page
        page.goto("/products/new")
        page.get_by_label("Title").fill("Brass Lamp")
        page.get_by_label("SKU").fill("LMP-1")
        page.get_by_label("Price in ₹").fill("1,299.50")
        page.get_by_label("HSN").fill("12")
        page.get_by_role("button", name="Save").click()
        expect(page.locator("#e-hsn")).to_contain_text("4, 6 or 8 digits")
        expect(page.get_by_label("HSN")).to_be_focused()
        expect(page.get_by_label("Title")).to_have_value("Brass Lamp")
        page.get_by_label("HSN").fill("8306")
        page.get_by_role("button", name="Save").click()
        expect(page.locator("h1")).to_contain_text("Brass Lamp")
        expect(page.get_by_text("₹1,299.50")).to_be_visible()


def test_every_integration_answers_when_tested(desk: Desk) -> None:
    with desk() as window:
        page = window.page
        for name in ("Razorpay", "E-mail", "Text messages"):
            page.goto("/settings/integrations")
            panel = page.get_by_role("region", name=name)
            panel.get_by_role("button", name="Test connection").click()
            expect(page.get_by_text("It answers, and takes our keys.")).to_be_visible()
        assert window.problems == []


def test_a_new_key_is_shown_once_and_works_until_it_is_revoked(
    desk: Desk, shop: Installation
) -> None:
    with desk() as window:
        page = window.page
        page.goto("/settings/api-keys")
        page.get_by_role("button", name="New key").click()
        page.get_by_label("Name").fill("Web shop")
        page.get_by_label("Permissions").fill("orders.read")
        page.get_by_role("button", name="Make the key").click()
        key = page.locator("[data-copy]").get_attribute("data-copy")
        assert key and key.startswith("tdm_")
        assert _status(shop, "/v1/orders", key) == 200
        assert _status(shop, "/v1/customers", key) == 403
        page.goto("/settings/api-keys")
        assert key not in page.content()
        row = page.get_by_role("row").filter(has_text="Web shop")
        row.get_by_role("button", name="Revoke").click()
        expect(row.get_by_text("Revoked")).to_be_visible()
    until(lambda: _status(shop, "/v1/orders", key) == 401)


def _status(shop: Installation, path: str, key: str) -> int:
    headers = {"authorization": f"Bearer {key}"}
    return httpx.get(f"{shop.base_url}{path}", headers=headers, timeout=20).status_code


def test_the_first_load_of_the_console_is_small(desk: Desk) -> None:
    with desk() as window:
        session = window.page.context.new_cdp_session(window.page)
        session.send("Network.enable")
        sizes: list[float] = []
        session.on(
            "Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"])
        )
        window.page.goto("/orders")
        window.page.wait_for_load_state()
        assert 20 * 1024 < sum(sizes) <= FIRST_LOAD_BYTES_MAX, sum(sizes)


def test_a_reader_without_rights_sees_which_permission_is_missing(
    desk: Desk, shop: Installation
) -> None:
    order = shop.place_order(seed=40)
    people = {"email": "reader@demo.tandem.test", "password": "a long enough one"}
    shop.post("/v1/users", **people, name="Only Reader", role_key="read_only")
    with desk() as window:
        page = window.page
        page.context.clear_cookies()
        page.goto(f"/orders/{order['id']}")
        expect(page).to_have_url(re.compile(r"/sign-in\?next="))
        page.get_by_label("E-mail").fill(people["email"])
        page.get_by_label("Password").fill(people["password"])
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator("h1")).to_contain_text(order["number"])
        cancel = page.get_by_role("button", name="Cancel order")
        expect(cancel).to_be_disabled()
        expect(cancel).to_have_attribute("title", "Needs the permission orders.cancel")
