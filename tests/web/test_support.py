"""A complaint from the buyer's phone to the agent's desk and back, in real browsers."""

from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.web.conftest import Desk
from tests.web.installation import Installation
from tests.web.screens import screen

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8cf"
    "500f0003860180d5f39e5b0000000049454e44ae426082"
)


def complains(page: Page, photo: Path) -> str:
    """From the tracking page, with a photo; pressed twice. The number of the one complaint."""
    page.get_by_role("link", name="Something is wrong").click()
    page.get_by_label("Arrived damaged").check()
    page.get_by_label("What happened?").fill("The kettle has a crack.\nPlease send another.")
    page.get_by_label("Photos, if they help").set_input_files(photo)
    page.get_by_role("button", name="Send").dblclick()
    expect(page.locator(".complaint-state")).to_have_text("We have it")
    return page.locator(".complaint-head .muted").inner_text().split(" ")[0]


def test_a_buyer_complains_is_answered_and_says_how_it_went(
    shop: Installation, browser: Browser, desk: Desk, tmp_path: Path
) -> None:
    order = shop.place_order(seed=31, method="cod")
    shop.delivery_of(order["id"])
    photo = tmp_path / "crack.png"
    photo.write_bytes(PNG)
    shop.post("/v1/saved-replies", name=f"New one {order['number']}", body="Dear {customer}, yes!")
    with screen(browser, size="phone", allow=("favicon",)) as phone, desk() as window:
        buyer, agent = phone.page, window.page
        buyer.goto(f"{shop.base_url}/track/{order['public_token']}")
        number = complains(buyer, photo)
        phone.check("complaint-buyer-opened")

        agent.goto(f"/complaints?q={order['number']}")
        expect(agent.locator("tbody tr")).to_have_count(1)
        window.check("complaints-list")
        agent.get_by_role("link", name=number).click()
        expect(agent.locator(".thread li")).to_contain_text("The kettle has a crack.")
        expect(agent.locator(".thread-files img")).to_be_visible()

        agent.get_by_label("Words").fill("She sounded angry: zebra-1")
        agent.get_by_role("button", name="Note").click()
        expect(agent.locator(".thread li.is-internal")).to_contain_text("zebra-1")

        agent.get_by_text("To the customer").last.click()
        agent.get_by_label("Saved reply").select_option(label=f"New one {order['number']}")
        expect(agent.get_by_label("Words")).to_have_value(f"Dear {_first(order)}, yes!")
        agent.get_by_label("Words").press("Control+Enter")
        expect(agent.locator(".thread li.is-public").last).to_contain_text("yes!")
        expect(agent.locator("h1 .badge-status").first).to_have_text("Acknowledged")
        window.check("complaint-desk")

        buyer.reload()
        expect(buyer.locator(".talk li.is-ours")).to_contain_text("yes!")
        assert "zebra-1" not in buyer.content()
        agent.get_by_role("button", name="Resolve").click()
        expect(agent.locator("h1 .badge-status").first).to_have_text("Resolved")

        buyer.reload()
        expect(buyer.locator(".complaint-state")).to_have_text("Resolved")
        phone.check("complaint-buyer-resolved")
        buyer.get_by_label("Very good").check()
        buyer.get_by_role("button", name="Send the rating").click()
        expect(buyer.locator(".said")).to_contain_text("You gave us 5 of 5.")

        agent.reload()
        expect(agent.locator("aside")).to_contain_text("5 of 5")
        agent.goto(f"/orders/{order['id']}")
        expect(agent.get_by_role("link", name=number).first).to_be_visible()
        window.check("complaint-on-order", asks_axe=False)


def _first(order: dict[str, str]) -> str:
    return str(order["customer_name"]).split()[0]
