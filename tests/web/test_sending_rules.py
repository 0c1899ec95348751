"""Rules for sending, set on their page; who may be written to now; a held message that explains."""

from tests.waiting import until
from tests.web.conftest import Desk
from tests.web.installation import Installation

NIGHT = {"starts": "00:00", "ends": "23:59"}
FACTS = {"order": "SO-1", "promise": "", "shipment": "", "due": "", "track_link": "/x"}


def test_rules_are_set_and_both_a_person_and_a_message_say_why_not(
    desk: Desk, shop: Installation
) -> None:
    order = shop.place_order(seed=31)
    person = shop.get(f"/v1/customers/{order['customer_id']}")
    try:
        with desk() as window:
            page = window.page
            page.goto("/settings/sending-rules")
            page.get_by_label("Keep quiet at night").check()
            page.get_by_label("From").fill(NIGHT["starts"])
            page.get_by_label("Until").fill(NIGHT["ends"])
            page.get_by_label("For", exact=True).select_option("all")
            page.get_by_label("At most", exact=True).first.fill("2")
            page.get_by_label("Within days").first.fill("7")
            page.get_by_role("button", name="Save").click()
            page.get_by_text("What waits is decided anew").wait_for()
            page.get_by_label("Name, e-mail or phone").fill(person["name"])
            page.get_by_role("button", name="Ask").click()
            page.get_by_role("cell", name="Suppression and consent").wait_for()
            assert "Consent to marketing by email: none." in page.content()
            window.check("console-sending-rules-asked-light")
            held = shop.post(
                "/v1/notifications",
                event="order_delivered",
                recipient={"customer_id": order["customer_id"]},
                data={
                    "order": "SO-1",
                    "promise": "",
                    "shipment": "",
                    "due": "",
                    "track_link": "/x",
                },
                channels=["email"],
            )["messages"][0]
            until(lambda: shop.get(f"/v1/messages/{held['id']}")["state"] == "held")
            page.goto(f"/messages/{held['id']}")
            page.get_by_role("heading", name="What the send policy said").wait_for()
            assert page.get_by_text("Quiet 00:00 to 23:59").first.is_visible()
            window.check("console-message-held-light")
    finally:
        shop.call("PUT", "/v1/sending-rules", json={"quiet_hours": None})
