"""Tasks in a real browser: written beside a deal, walked to and ticked off by a key."""

from playwright.sync_api import expect

from tests.web.conftest import Desk
from tests.web.installation import Installation


def test_a_task_is_written_beside_a_deal_and_ticked_off_by_a_key(
    desk: Desk, shop: Installation
) -> None:
    shop.post("/v1/customers", name="Zarina Tiles", emails=[{"value": "zarina@tiles.test"}])
    with desk(allow=("/deals",)) as window:
        page = window.page
        page.goto("/deals")
        page.get_by_role("button", name="New deal").click()
        page.get_by_label("Name", exact=True).fill("Tiles for a hotel")
        page.get_by_label("Customer").fill("Zarina T")
        page.get_by_role("option", name="Zarina Tiles").click()
        expect(page.get_by_label("Customer")).to_have_value("Zarina Tiles")
        page.get_by_role("button", name="Add the deal").click()
        expect(page.get_by_role("link", name="Zarina Tiles")).to_be_visible()
        page.get_by_role("button", name="New task").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("What").fill("Send samples")
        dialog.get_by_label("Due on").fill("2020-02-03")
        dialog.get_by_label("at", exact=True).fill("10:30")
        dialog.get_by_label("Remind").select_option("15")
        dialog.get_by_role("button", name="Add the task").click()
        expect(page.locator(".task", has_text="Send samples")).to_be_visible()
        page.get_by_role("button", name="Log a call").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("About").fill("Colours")
        dialog.get_by_label("What came of it").fill("Blue, and no grey.")
        dialog.get_by_role("button", name="Write it down").click()
        expect(page.locator(".task", has_text="Blue, and no grey.")).to_be_visible()
        window.check("deal-tasks-wide-light")
        page.goto("/tasks")
        overdue = page.locator(".task-group", has_text="Overdue")
        expect(overdue.get_by_role("link", name="Send samples")).to_be_visible()
        window.check("tasks-wide-light")
        page.keyboard.press("j")
        expect(page.get_by_role("link", name="Send samples")).to_be_focused()
        page.keyboard.press("d")
        page.locator("summary", has_text="Done lately").click()
        expect(page.locator("details .row-link", has_text="Send samples")).to_be_visible()
    (deal,) = shop.get("/v1/opportunities", q="Tiles for")["items"]
    lines = shop.get("/v1/tasks", subject_kind="opportunity", subject_id=deal["id"])
    assert [line["task"]["done_at"] is not None for line in lines] == [True, True]
    with desk(size="phone", theme="dark") as window:
        window.page.goto("/tasks")
        window.page.locator("summary", has_text="Done lately").click()
        window.check("tasks-phone-dark")
