"""One order's whole life, by the pages alone: taken, paid, invoiced, assigned, driven, handed over.

Only the vehicle's positions and the text messages do not go through a page: the first are what a
phone's receiver would send, the second are read where the stand-in for the text gateway keeps them.
"""

import re
import time
from itertools import pairwise

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.waiting import until
from tests.web.installation import HUB, Installation, Vehicle, house
from tests.web.routes_driven import along, drive, length, way
from tests.web.screens import Screen, screen
from tests.web.test_public_tracking import BESIDE_M, SHOWN_M, door_of, shown

STEP_M = 110.0
"""A vehicle at 180 km/h between pings half a second apart would be refused; this one is quick."""
PING_SECONDS = 0.35
NEAR_M = 45.0
"""How near the door a marker stops: parked vehicles are held still within 30 m."""


@pytest.mark.parametrize(
    ("size", "theme", "seed"), [("wide", "light", 9), ("phone", "dark", 14)], ids=["wide", "phone"]
)
def test_an_order_lives_from_the_counter_to_the_doorstep(
    shop: Installation, browser: Browser, size: str, theme: str, seed: int
) -> None:
    phone = f"+91988000{seed:04}"
    vehicle = shop.vehicle()
    with (
        screen(browser, size=size, theme=theme) as staff,
        screen(browser, size=size, theme=theme) as buyer,
        screen(browser, theme=theme, allow=("/door-code-checks",)) as driver,
    ):
        sign_in(staff.page, shop)
        take_order(staff, shop, seed=seed, phone=phone, name=f"life-{size}")
        order_id = staff.page.url.rsplit("/", 1)[1]
        pay(buyer, pay_link(staff.page, shop), name=f"life-{size}")
        check_invoice(buyer.page, shop)
        buyer.page.get_by_role("link", name="Follow your order").click()
        expect(buyer.page.locator("h1")).to_have_text("We are getting it ready")

        delivery = shop.delivery_of(order_id)
        assign(staff, shop, delivery["id"], vehicle, name=f"life-{size}")
        pick_up(driver, shop, vehicle)
        follow(shop, buyer, vehicle, seed=seed, name=f"life-{size}")
        hand_over(shop, driver, phone=phone, name=f"life-{size}")

        expect(buyer.page.locator("h1")).to_have_text("Delivered")
        expect(buyer.page.locator("[data-line]")).to_have_text("Handed over with your code.")
        buyer.check(f"life-{size}-8-delivered")
        staff.page.goto(f"{shop.base_url}/orders/{order_id}")
        expect(staff.page.locator("h1")).to_contain_text("Completed")
        staff.check(f"life-{size}-9-order")
    assert shop.get(f"/v1/orders/{order_id}")["fulfilment_status"] == "delivered"


def sign_in(page: Page, shop: Installation) -> None:
    page.goto(f"{shop.base_url}/sign-in")
    page.get_by_label("E-mail").fill(shop.admin_email)
    page.get_by_label("Password").fill(shop.admin_password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("main#main")).to_be_visible()


def take_order(staff: Screen, shop: Installation, *, seed: int, phone: str, name: str) -> None:
    """Type a new order; ends on its page."""
    page, found = staff.page, house(seed)
    page.goto(f"{shop.base_url}/orders/new")
    expect(page.locator("#f-sku")).to_have_attribute("role", "combobox")
    page.locator("#f-name").fill("Asha Rao")
    page.locator("#f-phone").fill(phone)
    page.locator("#f-email").fill(f"asha.{seed}@example.com")
    page.locator("#f-sku").fill("AGA-MOG-120")
    page.locator("#f-sku").press("Enter")
    expect(page.get_by_role("row").filter(has_text="Agarbatti, Mogra")).to_be_visible()
    page.locator("#f-ship_line1").fill(f"{found.house}, {found.street}")
    page.locator("#f-ship_line2").fill(found.district)
    page.locator("#f-ship_postal_code").fill(found.pin)
    page.locator("#f-ship_city").fill(found.city)
    page.locator("#f-ship_state_code").select_option("29")
    staff.check(f"{name}-1-new-order")
    page.get_by_role("button", name="Place order").click()
    expect(page.locator("h1")).to_contain_text("SO-")


def pay_link(page: Page, shop: Installation) -> str:
    """What the order's page offers to copy."""

    def read() -> str | None:
        link = re.search(r"/pay/[\w-]{20,}", page.content())
        return link[0] if link else None

    return shop.base_url + until(read)


def pay(buyer: Screen, address: str, *, name: str) -> None:
    """A first attempt fails, the second succeeds; the page says so each time."""
    page = buyer.page
    page.goto(address)
    page.locator("[data-pay]").wait_for()
    buyer.check(f"{name}-2-pay")
    page.locator("[data-pay]").click()
    checkout = page.frame_locator("iframe")
    checkout.get_by_role("button", name="Fail with UPI").click()
    expect(page.locator("[data-said]")).to_contain_text("Nothing was charged")
    checkout.get_by_role("button", name="Pay with UPI").click()
    expect(page.locator("h1")).to_have_text("Paid. Thank you!")
    expect(page.get_by_role("link", name="Invoice (PDF)")).to_be_visible()
    buyer.check(f"{name}-3-paid")


def check_invoice(page: Page, shop: Installation) -> None:
    address = page.get_by_role("link", name="Invoice (PDF)").get_attribute("href")
    answer = page.request.get(f"{shop.base_url}{address}")
    assert answer.status == 200
    assert answer.body().startswith(b"%PDF")


def assign(
    staff: Screen, shop: Installation, delivery_id: str, vehicle: Vehicle, *, name: str
) -> None:
    page = staff.page
    page.goto(f"{shop.base_url}/dispatch/deliveries/{delivery_id}")
    page.locator("#f-driver_id").select_option(vehicle.driver_id)
    page.get_by_role("button", name="Assign", exact=True).click()
    expect(page.get_by_role("button", name="Hand over", exact=True)).to_be_visible()
    if page.locator(".live-map").is_visible():
        expect(page.locator(".live-map")).to_have_attribute("data-provider", "city")
    staff.check(f"{name}-4-dispatch")


def pick_up(driver: Screen, shop: Installation, vehicle: Vehicle) -> None:
    """One tap after the other on the driver's phone."""
    page = driver.page
    page.goto(f"{shop.base_url}/driver#device={vehicle.token}")
    for words in ("Accept", "I am at the hub", "Picked up", "Start driving"):
        page.get_by_role("button", name=words, exact=True).click()
    expect(page.get_by_role("button", name="Nearly there")).to_be_visible()


def follow(shop: Installation, buyer: Screen, vehicle: Vehicle, *, seed: int, name: str) -> None:
    """Drive to the door while the buyer watches: the marker keeps to the road and never goes back.
    Being near and being there tell themselves."""
    page, route = buyer.page, way(HUB, door_of(seed))

    def is_awaited() -> bool:
        shop.ping(vehicle, HUB, speed=0)
        return "Arriving in" in page.locator("h1").inner_text()

    until(is_awaited, seconds=30)
    expect(page.locator(".map-vehicle")).to_be_visible()
    seen: list[tuple[float, float]] = []
    for place in [*drive(route, step_m=STEP_M, start_m=60), route[-1], route[-1], route[-1]]:
        shop.ping(vehicle, place, speed=12)
        ends = time.monotonic() + PING_SECONDS
        while time.monotonic() < ends:
            seen.append(along(route, shown(page)))
    ends = time.monotonic() + 15
    while seen[-1][0] < length(route) - NEAR_M and time.monotonic() < ends:
        seen.append(along(route, shown(page)))
    expect(page.locator("h1")).to_have_text("Meera is at your door")
    buyer.check(f"{name}-6-at-the-door")
    assert max(beside for _, beside in seen) < BESIDE_M
    metres = [one for one, _ in seen]
    assert all(later >= earlier - SHOWN_M for earlier, later in pairwise(metres))
    assert metres[0] < 200
    assert metres[-1] >= length(route) - NEAR_M


def hand_over(shop: Installation, driver: Screen, *, phone: str, name: str) -> None:
    """The buyer says the code that came by text; a wrong one is refused first."""
    page = driver.page
    page.reload()
    page.get_by_role("link", name="Hand over").click()
    code = shop.door_code(phone)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    page.locator("#code").fill(wrong)
    with page.expect_response("**/door-code-checks") as refused:
        page.locator("#hand-over").click()
    assert refused.value.status == 422
    expect(page.get_by_role("alert")).to_contain_text("not the code")
    page.locator("#code").fill(code)
    driver.check(f"{name}-7-driver")
    page.locator("#hand-over").click()
    expect(page.locator("#said")).to_contain_text("is delivered")
