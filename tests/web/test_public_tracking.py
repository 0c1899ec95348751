"""The buyer's tracking page in a real browser, on a real installation."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import asyncpg
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.web.installation import HUB, Installation, Vehicle, house
from tests.web.routes_driven import along, at, drive, way
from tests.web.screens import screen

BESIDE_M = 30.0
SHOWN_M = 2.0
"""What rounding to five decimals may take away."""


@pytest.fixture
def vehicle(shop: Installation) -> Vehicle:
    return shop.vehicle()


def sent_out(shop: Installation, vehicle: Vehicle, seed: int, *statuses: str) -> dict[str, Any]:
    """An order whose parcel a vehicle has aboard, in the last of these statuses."""
    order = shop.place_order(seed=seed, method="cod")
    delivery = shop.delivery_of(order["id"])
    shop.assign(delivery["id"], vehicle)
    shop.tell(vehicle, delivery["id"], *statuses)
    return delivery


ON_THE_WAY = ("accepted", "at_pickup", "picked_up", "en_route")


def door_of(seed: int) -> tuple[float, float]:
    found = house(seed).position
    return found.lat, found.lon


def shown(page: Page) -> tuple[float, float]:
    """Where the marker is drawn at this moment."""
    place = page.evaluate("(({lat, lon}) => [lat, lon])(window.tandemMap.vehicles()[0])")
    return place[0], place[1]


def wait_for_vehicle(page: Page) -> None:
    expect(page.locator(".map-vehicle")).to_be_visible()


def test_the_vehicle_glides_along_its_route_and_never_back(
    shop: Installation, browser: Browser, vehicle: Vehicle
) -> None:
    delivery = sent_out(shop, vehicle, 9, *ON_THE_WAY)
    route = way(HUB, door_of(9))
    places = list(drive(route, step_m=14, start_m=60))
    shop.ping(vehicle, places[0])
    with screen(browser) as window:
        window.page.goto(f"{shop.base_url}/track/{delivery['public_token']}")
        wait_for_vehicle(window.page)
        expect(window.page.locator("h1")).to_contain_text("Arriving in")
        seen = []
        for place in places[1:9]:
            shop.ping(vehicle, place)
            ends = time.monotonic() + 1.1
            while time.monotonic() < ends:
                seen.append(along(route, shown(window.page)))
        window.check("tracking-phone-light")
    metres = [one for one, _ in seen]
    assert max(beside for _, beside in seen) < BESIDE_M
    assert all(later >= earlier - SHOWN_M for earlier, later in pairwise(metres))
    assert metres[-1] - metres[0] > 60
    steps = [later - earlier for earlier, later in pairwise(metres)]
    assert max(steps) < 14, "it jumped instead of gliding"


def test_a_position_that_comes_late_or_jitters_back_moves_nothing_back(
    shop: Installation, browser: Browser, vehicle: Vehicle
) -> None:
    delivery = sent_out(shop, vehicle, 14, *ON_THE_WAY)
    route = way(HUB, door_of(14))
    shop.ping(vehicle, at(route, 200), seconds_ago=10)
    with screen(browser) as window:
        window.page.goto(f"{shop.base_url}/track/{delivery['public_token']}")
        wait_for_vehicle(window.page)
        shop.ping(vehicle, at(route, 260))
        expect_at(window.page, route, 250)
        shop.ping(vehicle, at(route, 100), seconds_ago=30)
        shop.ping(vehicle, at(route, 252))
        seen = sample(window.page, route, seconds=2.5)
    assert min(seen) > 245


def expect_at(page: Page, route: list[tuple[float, float]], metres: float) -> None:
    deadline = time.monotonic() + 15
    while along(route, shown(page))[0] < metres:
        assert time.monotonic() < deadline, f"the marker is at {along(route, shown(page))}"


def sample(page: Page, route: list[tuple[float, float]], *, seconds: float) -> list[float]:
    ends = time.monotonic() + seconds
    seen = []
    while time.monotonic() < ends:
        seen.append(along(route, shown(page))[0])
    return seen


def test_a_silent_vehicle_freezes_and_the_page_says_when_it_was_last_seen(
    shop: Installation, browser: Browser, vehicle: Vehicle
) -> None:
    delivery = sent_out(shop, vehicle, 21, *ON_THE_WAY)
    shop.ping(vehicle, at(way(HUB, door_of(21)), 150), seconds_ago=190)
    with screen(browser, theme="dark") as window:
        window.page.goto(f"{shop.base_url}/track/{delivery['public_token']}")
        expect(window.page.locator(".map-badge")).to_have_text("Last seen 3 min ago")
        before = shown(window.page)
        assert window.page.evaluate("window.tandemMap.vehicles()[0].isStale")
        assert shown(window.page) == before
        window.check("tracking-stale-dark")


def test_nothing_is_shown_before_pick_up_and_a_count_while_others_are_served(
    shop: Installation, browser: Browser, vehicle: Vehicle
) -> None:
    first = sent_out(shop, vehicle, 33, "accepted", "at_pickup")
    second = sent_out(shop, vehicle, 34, "accepted", "at_pickup")
    shop.ping(vehicle, HUB)
    with screen(browser) as window:
        window.page.goto(f"{shop.base_url}/track/{second['public_token']}")
        expect(window.page.locator("h1")).to_have_text("We are getting it ready")
        expect(window.page.locator(".map-vehicle")).to_have_count(0)
        shop.tell(vehicle, first["id"], "picked_up", "en_route")
        shop.tell(vehicle, second["id"], "picked_up")
        expect(window.page.locator("h1")).to_have_text("1 stop before yours")
        expect(window.page.locator(".map-vehicle")).to_have_count(0)
        window.check("tracking-stops-away")


def test_the_line_on_the_map_ends_at_the_own_door_though_the_round_goes_on(
    shop: Installation, browser: Browser, vehicle: Vehicle
) -> None:
    first = sent_out(shop, vehicle, 40, *ON_THE_WAY)
    second = sent_out(shop, vehicle, 55, "accepted", "at_pickup", "picked_up")
    shop.ping(vehicle, HUB)
    told = {}

    def has_line() -> bool:
        told.update(shop.get(f"/v1/public/track/{first['public_token']}"))
        return bool(told["route_polyline_points"])

    deadline = time.monotonic() + 20
    while not has_line():
        assert time.monotonic() < deadline, told
    end = told["route_polyline_points"][-1]
    own, other = door_of(40), door_of(55)
    assert along([own, own], (end["latitude"], end["longitude"]))[1] < 60
    assert along([other, other], (end["latitude"], end["longitude"]))[1] > 200
    assert second["public_token"] not in str(told)


def test_the_steps_can_be_read_without_javascript(
    shop: Installation, browser: Browser, vehicle: Vehicle
) -> None:
    delivery = sent_out(shop, vehicle, 60, *ON_THE_WAY)
    with screen(browser, java_script_enabled=False) as window:
        window.page.goto(f"{shop.base_url}/track/{delivery['public_token']}")
        steps = window.page.locator(".tracking-steps li p:first-child").all_inner_texts()
        assert steps == ["Order prepared", "Picked up", "On the way", "Nearly there", "Delivered"]
        assert window.page.locator("[aria-current=step] p").inner_text() == "On the way"
        assert window.page.locator(".tracking-steps time").count() == 3


def test_who_asks_for_less_motion_sees_the_marker_step_and_not_glide(
    shop: Installation, browser: Browser, vehicle: Vehicle
) -> None:
    delivery = sent_out(shop, vehicle, 61, *ON_THE_WAY)
    route = way(HUB, door_of(61))
    shop.ping(vehicle, at(route, 100), seconds_ago=5)
    with screen(browser, reduced_motion="reduce") as window:
        window.page.goto(f"{shop.base_url}/track/{delivery['public_token']}")
        wait_for_vehicle(window.page)
        shop.ping(vehicle, at(route, 160))
        seen = sample(window.page, route, seconds=3)
    assert all(metres < 105 or metres > 155 for metres in seen)
    assert seen[-1] > 155


def test_without_a_stream_the_page_asks_and_still_follows(
    shop: Installation, browser: Browser, vehicle: Vehicle
) -> None:
    delivery = sent_out(shop, vehicle, 62, "accepted", "at_pickup")
    with screen(browser, allow=("/stream",)) as window:
        window.page.route("**/stream", lambda route: route.abort())
        window.page.goto(f"{shop.base_url}/track/{delivery['public_token']}")
        shop.tell(vehicle, delivery["id"], "picked_up")
        expect(window.page.locator("h1")).to_have_text("On its way to you", timeout=20_000)


def test_a_delivered_parcel_shows_its_proof_and_a_day_later_the_link_is_gone(
    shop: Installation, browser: Browser, vehicle: Vehicle
) -> None:
    delivery = sent_out(shop, vehicle, 63, *ON_THE_WAY)
    with screen(browser, allow=("/track/",)) as window:
        window.page.goto(f"{shop.base_url}/track/{delivery['public_token']}")
        shop.tell(vehicle, delivery["id"], "arriving", "arrived")
        expect(window.page.locator("h1")).to_have_text("Meera is at your door")
        expect(window.page.locator(".tracking-cash")).to_contain_text("To pay at the door")
        code = shop.door_code(delivery["recipient_phone"])
        due = delivery["cod_minor"]
        shop.tell(vehicle, delivery["id"], "delivered", door_code=code, cash_minor=due)
        expect(window.page.locator("h1")).to_have_text("Delivered")
        expect(window.page.locator("[data-line]")).to_have_text("Handed over with your code.")
        expect(window.page.locator(".live-map")).to_have_count(0)
        window.check("tracking-delivered")
        make_older(shop, delivery["id"], days=2)
        answer = window.page.goto(f"{shop.base_url}/track/{delivery['public_token']}")
        assert answer is not None
        assert answer.status == 410
        expect(window.page.locator("h1")).to_have_text("This link has ended")


def make_older(shop: Installation, delivery_id: str, *, days: int) -> None:
    """Time passes for one delivery."""

    async def move() -> None:
        connection = await asyncpg.connect(shop.database_url)
        await connection.execute(
            "update delivery.delivery set closed_at = closed_at - make_interval(days => $2)"
            " where id = $1::uuid",
            delivery_id,
            days,
        )
        await connection.close()

    # Playwright's own loop runs in this thread.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, move()).result()


def test_a_parcel_is_found_by_its_number_and_phone_and_by_nothing_less(
    shop: Installation, browser: Browser, vehicle: Vehicle
) -> None:
    delivery = sent_out(shop, vehicle, 64, "accepted")
    with screen(browser, allow=("/track",)) as window:
        window.page.goto(f"{shop.base_url}/track")
        window.check("tracking-look-up")
        for number, phone in (
            (delivery["order_number"], "+919999999999"),
            ("SO-999999", delivery["recipient_phone"]),
        ):
            window.page.get_by_label("Order or shipment number").fill(number)
            window.page.get_by_label("Phone number").fill(phone)
            window.page.get_by_role("button", name="Show my delivery").click()
            problem = window.page.get_by_role("alert")
            expect(problem).to_have_text("We know no delivery with this number and phone.")
            assert window.page.get_by_label("Phone number").input_value() == phone
        window.page.get_by_label("Order or shipment number").fill(delivery["shipment_number"])
        window.page.get_by_label("Phone number").fill(delivery["recipient_phone"][3:])
        window.page.get_by_role("button", name="Show my delivery").click()
        window.page.wait_for_url(f"**/track/{delivery['public_token']}")


@pytest.mark.parametrize(
    ("size", "theme"), [("wide", "light"), ("wide", "dark"), ("narrow", "dark")]
)
def test_the_page_is_clean_at_every_size_and_in_both_themes(
    shop: Installation, browser: Browser, vehicle: Vehicle, size: str, theme: str
) -> None:
    delivery = sent_out(shop, vehicle, 65, *ON_THE_WAY)
    shop.ping(vehicle, at(way(HUB, door_of(65)), 300))
    with screen(browser, size=size, theme=theme) as window:
        window.page.goto(f"{shop.base_url}/track/{delivery['public_token']}")
        wait_for_vehicle(window.page)
        expect(window.page.locator(".live-map")).to_have_attribute("data-provider", "city")
        window.check(f"tracking-{size}-{theme}")


def test_the_first_load_stays_within_its_budget_maps_apart(
    shop: Installation, browser: Browser, vehicle: Vehicle
) -> None:
    delivery = sent_out(shop, vehicle, 66, *ON_THE_WAY)
    with screen(browser) as window:
        sizes: dict[str, int] = {}
        devtools = window.page.context.new_cdp_session(window.page)
        addresses: dict[str, str] = {}
        devtools.send("Network.enable")
        devtools.on(
            "Network.responseReceived",
            lambda event: addresses.update({event["requestId"]: event["response"]["url"]}),
        )
        devtools.on(
            "Network.loadingFinished",
            lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}),
        )
        window.page.goto(f"{shop.base_url}/track/{delivery['public_token']}")
        expect(window.page.locator(".map-stop")).to_be_visible()
    maps = ("/map/city.json", "/vendor/ol.")
    spent = sum(
        size
        for request, size in sizes.items()
        if not any(part in addresses.get(request, "") for part in maps)
    )
    assert 20_000 < spent <= 200 * 1024
