"""The deals' board in a real browser: added, dragged, moved by keys, won and lost with a reason."""

import re

from playwright.sync_api import Page, expect

from tests.waiting import until
from tests.web.conftest import Desk
from tests.web.installation import Installation
from tests.web.screens import Screen


def test_a_deal_goes_over_the_board_until_it_is_won(desk: Desk, shop: Installation) -> None:
    with desk(allow=("/deals",)) as window:
        page = window.page
        page.goto("/deals")
        page.get_by_role("button", name="New deal").click()
        page.get_by_label("Name").fill("Cold store for Anand Dairy")
        page.get_by_label("Amount in INR").fill("lots")
        page.get_by_role("button", name="Add the deal").click()
        expect(page.get_by_text("Give an amount such as 149 or 149.50.")).to_be_visible()
        page.get_by_label("Amount in INR").fill("1,25,000")
        page.get_by_role("button", name="Add the deal").click()
        expect(page.locator("h1")).to_contain_text("Cold store for Anand Dairy")
        expect(page.get_by_text("₹1,25,000.00")).to_be_visible()
        page.goto("/deals")
        card = page.locator(".board-card", has_text="Cold store")
        first = page.locator(".board-column", has_text="Qualification")
        second = page.locator(".board-column", has_text="Needs analysis")
        expect(first.locator(".board-card", has_text="Cold store")).to_be_visible()
        card.drag_to(second)
        expect(second.locator(".board-card", has_text="Cold store")).to_be_visible()
        window.check("deals-wide-light")
        card.get_by_role("link").focus()
        page.keyboard.press("Alt+ArrowRight")
        third = page.locator(".board-column", has_text="Proposal")
        expect(third.locator(".board-card", has_text="Cold store")).to_be_visible()
        expect(page.locator("#said")).to_contain_text("Cold store for Anand Dairy: Proposal, ")
        page.keyboard.press("Alt+ArrowRight")
        expect(page.get_by_text("Negotiation needs a closing date.")).to_be_visible()
        expect(third.locator(".board-card", has_text="Cold store")).to_be_visible()
        card.get_by_role("link").click()
        page.get_by_role("button", name="Edit").click()
        page.get_by_label("Expected to close").fill("2027-01-31")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("31 Jan").first).to_be_visible()
        page.get_by_role("button", name="Won").click()
        expect(page.locator("h1 .badge-status")).to_have_text("Won")
        window.check("deal-wide-light")
        _move_from_the_list(window)
    (deal,) = shop.get("/v1/opportunities", q="Cold")["items"]
    assert (deal["status"], deal["amount_minor"], deal["close_on"]) == (
        "won",
        1_25_000_00,
        "2027-01-31",
    )


def _move_from_the_list(window: Screen) -> None:
    """What is selected in the list takes one act; whoever refuses says why, and links to it."""
    page = window.page
    page.goto("/deals/list?q=Cold")
    page.get_by_role("row", name="Cold store").get_by_label("Select").check()
    expect(page.get_by_role("region", name="Selected deals")).to_contain_text("1 selected")
    page.get_by_role("button", name="Move…").click()
    page.get_by_role("dialog").get_by_label("Stage").select_option(label="Proposal")
    page.get_by_role("dialog").get_by_role("button", name="Move").click()
    page.get_by_role("link", name="No deal moved to Proposal. 1 refused. See why.").click()
    expect(page.get_by_text("It is closed. Reopen it first.")).to_be_visible()
    window.check("bulk-job-wide-light")
    page.get_by_role("link", name="Back to the deals").click()
    expect(page).to_have_url(re.compile(r"/deals/list\?q=Cold$"))


def test_a_lost_deal_says_why_and_can_come_back(desk: Desk, shop: Installation) -> None:
    made = shop.post("/v1/opportunities", title="Ten scooters")
    with desk(
        size="phone", theme="dark", allow=("/deals", "/v1/opportunities/", "/settings/pipelines")
    ) as window:
        page = window.page
        page.goto(f"/deals/{made['id']}")
        page.get_by_role("button", name="Lost").click()
        page.get_by_label("Reason").select_option("other")
        page.get_by_role("button", name="It is lost").click()
        expect(page.get_by_text("Say in a note what the reason was.")).to_be_visible()
        page.get_by_role("dialog").get_by_label("Note").fill("They moved to another town.")
        page.get_by_role("button", name="It is lost").click()
        expect(page.get_by_text("Lost: Other. They moved to another town.")).to_be_visible()
        window.check("deal-phone-dark")
        page.get_by_role("button", name="Reopen").click()
        expect(page.locator("h1 .badge-status")).to_have_text("Open")
        _edit_where_it_stands(page, shop, made["id"])
        _both_write_in_the_form(page, shop, made["id"])
        _session_ends_over_the_form(page, shop)
        _a_wrong_cell_of_a_table_is_found(page)
        page.goto("/deals")
        expect(page.locator(".board-card", has_text="Ten scooters")).to_be_visible()
        window.check("deals-phone-dark")
        expect(page).to_have_url(re.compile(r"/deals$"))
    stays = shop.get(f"/v1/opportunities/{made['id']}/stages")
    assert [stay["stage_name"] for stay in stays] == ["Qualification", "Lost", "Qualification"]


def _both_write_in_the_form(page: Page, shop: Installation, deal_id: str) -> None:
    """What only they changed is taken over, what both did is chosen, and then it is saved."""
    at = f"/v1/opportunities/{deal_id}"
    page.reload()
    page.get_by_role("button", name="Edit").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Next step").fill("Write to them")
    form.get_by_label("Expected to close").fill("2027-02-28")
    theirs = {"next_step": "Visit them", "title": "Eleven scooters"}
    assert shop.http.patch(at, json=theirs).status_code == 200
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("alert")).to_contain_text("Taken over from them: Name.")
    expect(form.get_by_text("They wrote “Visit them”.")).to_be_visible()
    expect(form.get_by_label("Name")).to_have_value("Eleven scooters")
    form.get_by_role("button", name="Take theirs: Next step").click()
    form.get_by_role("button", name="Take yours: Next step").click()
    form.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Eleven scooters")).to_be_visible()
    saved = shop.get(at)
    assert [saved[one] for one in ("title", "next_step", "close_on")] == [
        "Eleven scooters",
        "Write to them",
        "2027-02-28",
    ]
    shop.http.patch(at, json={"title": "Ten scooters"})


def _a_wrong_cell_of_a_table_is_found(page: Page) -> None:
    """The page says what is wrong above its table; the cell itself is marked and has the focus."""
    page.goto("/settings/pipelines")
    cell = page.get_by_label("Place of Proposal")
    cell.fill("second")
    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_role("alert")).to_have_text("Give a whole number from 1 to 999.")
    expect(cell).to_be_focused()
    expect(cell).to_have_attribute("aria-invalid", "true")


def _session_ends_over_the_form(page: Page, shop: Installation) -> None:
    """Nothing typed is lost: it stands in the form again after signing in."""
    page.reload()
    page.get_by_role("button", name="Edit").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Next step").fill("Typed before the session ended")
    page.context.clear_cookies()
    form.get_by_role("button", name="Save").click()
    page.get_by_label("E-mail").fill(shop.admin_email)
    page.get_by_label("Password").fill(shop.admin_password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(form.get_by_label("Next step")).to_have_value("Typed before the session ended")
    form.get_by_role("button", name="Cancel").click()


def _edit_where_it_stands(page: Page, shop: Installation, deal_id: str) -> None:
    """A fact is written at its place; a refusal gives it back; who was faster is told of."""
    at = f"/v1/opportunities/{deal_id}"
    page.get_by_role("button", name="Probability in per cent").click()
    page.get_by_role("textbox", name="Probability in per cent").fill("150")
    page.keyboard.press("Enter")
    expect(page.get_by_text("A probability is a whole number from 0 to 100.")).to_be_visible()
    page.get_by_role("textbox", name="Probability in per cent").fill("35")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Probability in per cent: 35 %")).to_be_visible()
    page.get_by_role("button", name="Next step").click()
    shop.http.patch(at, json={"next_step": "Send a sample"})
    page.get_by_role("textbox", name="Next step").fill("Call on Friday")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Somebody was faster: it is “Send a sample” now.")).to_be_visible()
    page.get_by_role("button", name="Write “Call on Friday”").click()
    expect(page.get_by_role("button", name="Next step: Call on Friday")).to_be_visible()
    expect(page.get_by_text("Somebody was faster")).to_have_count(0)
    until(lambda: shop.get(at)["next_step"] == "Call on Friday")
    assert shop.get(at)["probability"] == 35
