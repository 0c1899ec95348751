"""One person's whole story, by the pages alone: a form filled in, a lead worked, a deal over the
board, a quote accepted and paid, a parcel brought, a campaign read and left, and what the numbers
say of it.

Only the driver's taps and the letters do not go through a page of ours: the first are a story of
their own, the second are read where the stand-in for the mail server keeps them.
"""

import os
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2 as httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.waiting import until
from tests.web.conftest import Desk
from tests.web.installation import Installation, house
from tests.web.screens import Screen, screen
from tests.web.test_whole_life import pay

Json = dict[str, Any]
QUOTE = re.compile(r"http://\S+(/q/[\w.-]+)")
LINK = re.compile(r'href="http://[^"/]+(/l/[^"]+)"')
WISHES = re.compile(r"http://[^\s\"/]+(/u/[\w.-]+)")
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
READING = timedelta(seconds=3.2)
SIZES = os.environ.get("TANDEM_STORY_SIZES", "wide").split(",")
"""`TANDEM_STORY_SIZES=wide,phone` looks at it on a telephone too."""


@pytest.mark.parametrize("size", SIZES)
def test_a_stranger_becomes_a_buyer_who_is_written_to_and_leaves(
    desk: Desk, shop: Installation, browser: Browser, size: str
) -> None:
    story = Story(shop, size)
    with (
        desk(size=size, allow=("/quotes/", "/deals", "/leads", "/campaigns")) as staff,
        screen(browser, size=size, user_agent=FIREFOX) as buyer,
    ):
        story.make_form(staff)
        story.fill_in(buyer)
        story.work_the_lead(staff)
        story.move_over_the_board(staff)
        story.quote(staff)
        story.accept(buyer)
        story.look_at_the_deal(staff)
        story.make_segment(staff)
        story.bring()
        story.look_at_the_customer(staff)
        story.write_to_them(staff)
        story.read_and_leave(buyer)
        story.see_what_came_of_it(staff)


class Story:
    """`mark` is in everything that is made, so that no other test finds it."""

    def __init__(self, shop: Installation, size: str) -> None:
        self.shop, self.size = shop, size
        self.mark = f"{size}{shop.unique()}"
        self.company = f"Hill Stores {self.mark}"
        self.email = f"meera@hills-{self.mark}.example"
        self.phone = f"+91981000{shop.unique():04}"

    def look(self, window: Screen, name: str) -> None:
        window.check(f"story-{self.size}-{name}")

    def letters(self) -> list[Json]:
        query = {"to": self.email, "kind": "email"}
        found: list[Json] = httpx.get(f"{self.shop.sandbox_url}/api/messages", params=query).json()
        return found

    def letter(self, has: re.Pattern[str]) -> tuple[Json, str]:
        """The newest with such a thing in it, and that."""

        def came() -> tuple[Json, str] | None:
            for one in self.letters():
                if found := has.search(f"{one['subject']}\n{one['text']}\n{one['html']}"):
                    return one, found[1]
            return None

        return until(came, f"a mail with {has.pattern}")

    # A form, a lead, a deal

    def make_form(self, staff: Screen) -> None:
        page = staff.page
        page.goto("/leads/forms/new")
        page.get_by_label("Name for you").fill(f"Story {self.mark}")
        page.get_by_label("Heading").fill("Tea for your counter")
        page.get_by_label("Field", exact=True).nth(3).select_option("company_name")
        page.get_by_label("Purpose").fill("marketing")
        page.get_by_label("Text at the box").fill("Write to me about new teas.")
        page.get_by_label("Notice").fill("2026-11")
        page.get_by_label("E-mail", exact=True).first.check()
        page.get_by_label("Puzzle").select_option("light")
        page.get_by_role("button", name="Save").click()
        link = page.get_by_role("link", name="Open the page")
        self.form = link.get_attribute("href") or ""
        assert self.form

    def fill_in(self, buyer: Screen) -> None:
        page = buyer.page
        opened = datetime.now(UTC)
        page.goto(f"{self.shop.base_url}{self.form}?utm_source=google&utm_campaign=diwali")
        page.get_by_label("Name").fill("Meera Nair")
        page.get_by_label("E-mail").fill(self.email)
        page.get_by_label("Phone").fill(self.phone)
        page.get_by_label("Company").fill(self.company)
        page.get_by_label("Write to me about new teas.").check()
        self.look(buyer, "1-form")
        until(lambda: datetime.now(UTC) - opened > timedelta(seconds=2.5))
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_text("Thank you. We have it and will be in touch.")).to_be_visible()

    def work_the_lead(self, staff: Screen) -> None:
        """Found by search, qualified, converted."""
        page = staff.page
        found = until(lambda: self.shop.get("/v1/leads", q=self.email)["items"], "the lead")
        page.goto(f"/leads?q={self.email}")
        page.get_by_role("link", name="Meera Nair").first.click()
        expect(page.get_by_text("google / diwali").first).to_be_visible()
        page.get_by_role("button", name="Qualify").click()
        expect(page.locator("h1 .badge-status")).to_have_text("Qualified")
        page.get_by_role("link", name="Convert").click()
        page.get_by_role("button", name="Convert").click()
        expect(page.locator("h1")).to_contain_text(self.company)
        self.deal = page.url.rpartition("/")[2]
        self.lead = found[0]["id"]
        lead = self.shop.get(f"/v1/leads/{self.lead}")
        self.customer = lead["customer_id"]
        assert (lead["kind"], lead["opportunity_id"]) == ("converted", self.deal)

    def move_over_the_board(self, staff: Screen) -> None:
        page = staff.page
        page.get_by_role("link", name="Add products").click()
        page.get_by_label("Add a product").fill("AGA-MOG-120")
        page.get_by_role("option").first.click()
        page.locator("#line-quantity-0").fill("3")
        page.locator("#line-price-0").fill("100")
        page.locator("#line-discount-0").fill("10%")
        expect(page.locator("#line-rows tbody tr").first).to_contain_text("₹270.00")
        page.get_by_role("button", name="Save the lines").click()
        expect(page.get_by_text("of its lines")).to_be_visible()
        page.goto("/deals")
        card = page.locator(".board-card", has_text=self.company)
        for name in ("Needs analysis", "Proposal"):
            card.get_by_role("link").focus()
            page.keyboard.press("Alt+ArrowRight")
            column = page.locator(".board-column", has_text=name)
            expect(column.locator(".board-card", has_text=self.company)).to_be_visible()
        self.look(staff, "2-board")

    def quote(self, staff: Screen) -> None:
        page = staff.page
        page.goto(f"/deals/{self.deal}")
        page.get_by_role("button", name="New quote").click()
        expect(page.locator("h1")).to_contain_text("QUO-")
        page.get_by_role("button", name="Save and send").click()
        expect(page.locator("h1 .badge-status")).to_have_text("Sent")
        self.look(staff, "3-quote")

    def accept(self, buyer: Screen) -> None:
        """By the mailed link; the page leads on to paying."""
        page = buyer.page
        page.goto(f"{self.shop.base_url}{self.letter(QUOTE)[1]}")
        self.look(buyer, "4-offer")
        found = house(9)
        page.get_by_label("House and street").fill(f"{found.house}, {found.street}")
        page.get_by_label("PIN code").fill(found.pin)
        page.get_by_label("City").fill(found.city)
        page.get_by_label("State").select_option("29")
        page.get_by_role("button", name=re.compile("^Accept for")).click()
        expect(page.locator("h1")).to_have_text("Thank you, it is accepted")
        address = page.get_by_role("link", name=re.compile("^Pay ")).get_attribute("href")
        pay(buyer, f"{self.shop.base_url}{address}", name=f"story-{self.size}")

    def look_at_the_deal(self, staff: Screen) -> None:
        page = staff.page
        page.goto(f"/deals/{self.deal}")
        expect(page.locator("h1 .badge-status")).to_have_text("Won")
        expect(page.get_by_role("heading", name="Its order")).to_be_visible()
        self.look(staff, "5-won")
        self.order = self.shop.get(f"/v1/opportunities/{self.deal}")["order_id"]

    # A buyer, a segment, a campaign

    def make_segment(self, staff: Screen) -> None:
        page = staff.page
        page.goto("/segments/new")
        page.get_by_label("Name").fill(f"Buyers {self.mark}")
        page.get_by_label("Add a condition").select_option(label="Company")
        page.get_by_label("Value").fill(self.company)
        expect(page.get_by_text("Meera Nair")).to_be_visible()
        self.look(staff, "6-segment")
        page.get_by_role("button", name="Save").click()
        expect(page.locator("h1")).to_contain_text(f"Buyers {self.mark}")

    def bring(self) -> None:
        shop = self.shop
        vehicle = shop.vehicle()
        delivery = shop.delivery_of(self.order)["id"]
        shop.assign(delivery, vehicle)
        taps = ("accepted", "at_pickup", "picked_up", "en_route", "arriving", "arrived")
        shop.tell(vehicle, delivery, *taps)
        shop.tell(vehicle, delivery, "delivered", door_code=shop.door_code(self.phone))

    def look_at_the_customer(self, staff: Screen) -> None:
        """Everything there ever was, on one page."""
        page = staff.page
        page.goto(f"/customers/{self.customer}")
        lines = page.locator(".timeline")
        for words in ("Delivery delivered", "Paid", "Order placed", "Deal won", "Quote accepted"):
            expect(lines).to_contain_text(words)
        self.look(staff, "7-customer")

    def write_to_them(self, staff: Screen) -> None:
        page, shop = staff.page, self.shop
        segment = next(
            one for one in shop.get("/v1/segments") if one["name"] == f"Buyers {self.mark}"
        )
        members = f"/v1/segments/{segment['id']}/members"
        until(lambda: shop.get(members)["items"], "the buyer is in the segment")
        page.goto("/campaigns/new")
        page.get_by_label("Name").fill(f"Winter {self.mark}")
        page.get_by_label("Who is in any of these").get_by_text(f"Buyers {self.mark}").click()
        page.get_by_label("Subject").first.fill(f"New leaves {self.mark}")
        page.get_by_label("Text").first.fill(f"Hello {{{{ name }}}}: {shop.base_url}{self.form}")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("1 will get it")).to_be_visible()
        self.campaign = page.url.rpartition("/")[2]
        page.get_by_role("button", name="Schedule").click()
        page.get_by_role("dialog").get_by_role("button", name="Schedule").click()
        expect(page.locator("h1 .badge-status")).to_have_text("Done")

    def read_and_leave(self, buyer: Screen) -> None:
        """A click by a person, then the page of wishes."""
        page = buyer.page
        letter, path = self.letter(re.compile(r"New leaves[\s\S]*?http://[^\s\"/]+(/l/[\w.-]+)"))
        came = datetime.fromisoformat(letter["received_at"])
        until(lambda: datetime.now(UTC) - came > READING)
        page.goto(f"{self.shop.base_url}{path}")
        expect(page.locator("h1")).to_have_text("Tea for your counter")
        wishes = WISHES.search(f"{letter['text']}\n{letter['html']}")
        assert wishes, letter
        page.goto(f"{self.shop.base_url}{wishes[1]}")
        self.look(buyer, "8-wishes")
        page.get_by_role("button", name="Unsubscribe").click()
        expect(page.get_by_role("status")).to_contain_text("You get no more")

    def see_what_came_of_it(self, staff: Screen) -> None:
        page = staff.page
        page.goto(f"/campaigns/{self.campaign}")
        assert _stat(page, "Clicked") == "1"
        assert _stat(page, "Unsubscribed") == "1"
        self.look(staff, "9-campaign")
        page.goto("/dashboards/money?period=last_7_days")
        total = self.shop.get(f"/v1/orders/{self.order}")
        page.locator(".figure", has_text="Collected, net").get_by_role("link").click()
        expect(page.locator("h1")).to_contain_text("Collected, net")
        expect(page.get_by_text(total["number"]).first).to_be_visible()
        self.look(staff, "10-rows")
        (may,) = self.shop.get(f"/v1/customers/{self.customer}/consents")
        assert may["state"] == "withdrawn"


def _stat(page: Page, name: str) -> str:
    return page.locator(".stat", has_text=name).locator("b").first.inner_text()
