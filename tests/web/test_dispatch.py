"""The dispatch desk in a real browser, on a real installation."""

import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.waiting import until
from tests.web.installation import HUB, Installation, Vehicle, run_installation
from tests.web.routes_driven import along, drive, way
from tests.web.screens import screen

BESIDE_M = 5.0
ABOARD = ("accepted", "at_pickup", "picked_up", "en_route")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder: Path = tmp_path_factory.mktemp("installation")
    with run_installation(folder) as running:
        for driver in running.get("/v1/drivers")["items"]:
            running.call("DELETE", f"/v1/drivers/{driver['id']}/shift")
        yield running


@contextmanager
def on_duty(shop: Installation) -> Iterator[Vehicle]:
    made = shop.vehicle()
    yield made
    shop.call("DELETE", f"/v1/drivers/{made.driver_id}/shift")


@pytest.fixture
def vehicle(shop: Installation) -> Iterator[Vehicle]:
    with on_duty(shop) as made:
        yield made


@pytest.fixture
def another(shop: Installation) -> Iterator[Vehicle]:
    with on_duty(shop) as made:
        yield made


def ready(shop: Installation, seed: int) -> dict[str, Any]:
    """A parcel that waits for a driver."""
    return shop.delivery_of(shop.place_order(seed=seed, method="cod")["id"])


def seen(shop: Installation, delivery: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = shop.get(f"/v1/deliveries/{delivery['id']}")
    return found


def story(shop: Installation, delivery: dict[str, Any]) -> list[str]:
    rows = shop.get(f"/v1/deliveries/{delivery['id']}/statuses")["items"]
    return [row["status"] for row in rows]


def promise_for_yesterday(shop: Installation, delivery: dict[str, Any]) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(shop.database_url)
        await connection.execute(
            "update delivery.delivery set promised_on = current_date - 1 where id = $1",
            delivery["id"],
        )
        await connection.close()

    # The browser's driver runs an event loop in this thread.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(run())).result()


def open_desk(shop: Installation, page: Page, path: str = "/dispatch") -> None:
    page.goto(f"{shop.base_url}/sign-in?next={path}")
    page.get_by_label("E-mail").fill(shop.admin_email)
    page.locator("[name=password]").fill(shop.admin_password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"**{path}")


def panel(page: Page) -> Any:
    return page.locator("#panel")


def test_late_ones_stand_first_and_all_that_waits_goes_to_the_nearest_driver(
    shop: Installation, browser: Browser, vehicle: Vehicle
) -> None:
    on_time, late = ready(shop, 31), ready(shop, 32)
    promise_for_yesterday(shop, late)
    shop.ping(vehicle, HUB)
    with screen(browser, size="wide") as window:
        page = window.page
        open_desk(shop, page)
        numbers = panel(page).locator(".stop-top b").all_inner_texts()
        assert numbers.index(late["order_number"]) < numbers.index(on_time["order_number"])
        assert panel(page).locator(".group h2").first.inner_text().startswith("Late")
        expect(page.locator(".map-vehicle")).to_have_count(1)
        window.check("dispatch-wide-light")
        panel(page).get_by_role("button", name="Assign all").click()
        expect(page.locator("#toasts")).to_contain_text("2 deliveries are assigned.")
        assert {seen(shop, each)["driver_id"] for each in (on_time, late)} == {vehicle.driver_id}
        expect(panel(page).get_by_role("button", name="Assign all")).to_have_count(0)


def test_a_delivery_is_given_taken_back_and_given_to_somebody_else(
    shop: Installation, browser: Browser, vehicle: Vehicle, another: Vehicle
) -> None:
    delivery, other = ready(shop, 33), another
    with screen(browser, size="wide") as window:
        page = window.page
        open_desk(shop, page, f"/dispatch/deliveries/{delivery['id']}")
        choice = panel(page).get_by_label("Driver", exact=True)
        choice.select_option(vehicle.driver_id)
        panel(page).get_by_role("button", name="Assign", exact=True).click()
        expect(panel(page).locator(".panel-head .badge-status")).to_have_text("Assigned")
        assert seen(shop, delivery)["driver_id"] == vehicle.driver_id
        choice.select_option(other.driver_id)
        panel(page).get_by_role("button", name="Hand over").click()
        carrier = panel(page).locator(".mate.is-block")
        expect(carrier).to_have_attribute("href", f"/dispatch/drivers/{other.driver_id}")
        expect(page.locator("#toasts")).to_contain_text("goes with Meera Iyer")
        assert seen(shop, delivery)["driver_id"] == other.driver_id
        panel(page).get_by_role("button", name="Take it back").click()
        expect(panel(page).locator(".panel-head .badge-status")).to_have_text("Unassigned")
        assert seen(shop, delivery)["driver_id"] is None
        assert story(shop, delivery) == [
            "unassigned",
            "assigned",
            "unassigned",
            "assigned",
            "unassigned",
        ]
        assert window.problems == []


def test_without_anybody_on_duty_nothing_is_assigned_and_the_desk_says_why(
    shop: Installation, browser: Browser
) -> None:
    delivery = ready(shop, 34)
    path = f"/dispatch/deliveries/{delivery['id']}"
    with screen(browser, size="wide", allow=("/assignment",)) as window:
        page = window.page
        open_desk(shop, page, path)
        panel(page).get_by_role("button", name="Nearest with room").click()
        said = panel(page).get_by_role("alert")
        expect(said).to_have_text("No driver is on shift with room for another stop.")
        assert seen(shop, delivery)["status"] == "unassigned"


def test_what_a_driver_reports_appears_without_a_reload_and_the_vehicle_moves(
    shop: Installation, browser: Browser, vehicle: Vehicle
) -> None:
    delivery = ready(shop, 35)
    shop.assign(delivery["id"], vehicle)
    goal = (delivery["lat"], delivery["lon"])
    if None in goal:
        located = until(lambda: seen(shop, delivery)["lat"] and seen(shop, delivery))
        goal = (located["lat"], located["lon"])
    route = way(HUB, goal)
    places = list(drive(route, step_m=40))
    shop.ping(vehicle, places[0], seconds_ago=30)
    with screen(browser, size="wide") as window:
        page = window.page
        open_desk(shop, page, f"/dispatch/deliveries/{delivery['id']}")
        expect(page.locator(".map-vehicle")).not_to_have_count(0)
        shop.tell(vehicle, delivery["id"], *ABOARD)
        expect(panel(page).locator(".panel-head .badge-status")).to_have_text("On the way")
        for count, place in enumerate(places[1:6], start=1):
            shop.ping(vehicle, place, seconds_ago=30 - 5 * count)
        driven = (
            "(id) => { const seen = window.tandemMap.vehicles().find((one) => one.id === id);"
            " return [seen.lat, seen.lon]; }"
        )
        until(lambda: along(route, tuple(page.evaluate(driven, vehicle.driver_id)))[0] > 120)
        window.check("dispatch-delivery-wide-light")


def test_a_failed_attempt_shows_its_reason_and_gets_another_try(
    shop: Installation, browser: Browser, vehicle: Vehicle
) -> None:
    delivery = ready(shop, 36)
    shop.assign(delivery["id"], vehicle)
    shop.tell(vehicle, delivery["id"], *ABOARD)
    shop.tell(vehicle, delivery["id"], "failed", reason="customer_absent: dog in the yard")
    with screen(browser, size="phone", theme="dark") as window:
        page = window.page
        open_desk(shop, page, f"/dispatch/deliveries/{delivery['id']}")
        told = panel(page).get_by_role("note")
        expect(told).to_contain_text("Nobody answered at the address: dog in the yard")
        window.check("dispatch-failed-phone-dark")
        panel(page).get_by_role("button", name="Try again").click()
        page.get_by_role("button", name="Plan it").click()
        expect(panel(page).locator(".panel-head .badge-status")).to_have_text("Reattempt scheduled")
        found = seen(shop, delivery)
        assert (found["status"], found["attempt"], found["driver_id"]) == (
            "reattempt_scheduled",
            2,
            None,
        )


def test_stops_of_a_run_move_up_and_down_by_keyboard(
    shop: Installation, browser: Browser, vehicle: Vehicle
) -> None:
    stops = [ready(shop, seed) for seed in (37, 38, 39)]
    for stop in stops:
        shop.assign(stop["id"], vehicle)
    first, second, third = (stop["order_number"] for stop in stops)
    with screen(browser, size="wide", theme="dark") as window:
        page = window.page
        open_desk(shop, page, f"/dispatch/drivers/{vehicle.driver_id}")
        numbers = panel(page).locator(".is-numbered .stop-top b")
        expect(numbers).to_have_text([first, second, third])
        page.get_by_role("button", name=f"Serve {third} earlier").focus()
        page.keyboard.press("Enter")
        expect(numbers).to_have_text([first, third, second])
        window.check("dispatch-run-wide-dark")
        run = shop.get("/v1/runs", driver_id=vehicle.driver_id)["items"][0]
        kept = [stop["order_number"] for stop in shop.get(f"/v1/runs/{run['id']}")["stops"]]
        assert kept == [first, third, second]


def test_a_day_plays_back_along_the_track_at_the_chosen_speed(
    shop: Installation, browser: Browser, vehicle: Vehicle
) -> None:
    delivery = ready(shop, 40)
    shop.assign(delivery["id"], vehicle)
    shop.tell(vehicle, delivery["id"], *ABOARD)
    route = way(HUB, (12.9801, 77.6012))
    places = list(drive(route, step_m=45))
    for place, ago in zip(places, range(5 * len(places), 0, -5), strict=True):
        shop.ping(vehicle, place, seconds_ago=ago)
    for size in ("wide", "phone"):
        with screen(browser, size=size) as window:
            page = window.page
            open_desk(shop, page, f"/dispatch/drivers/{vehicle.driver_id}/playback")
            expect(page.locator("[data-distance]")).to_have_text(re.compile("km|m"))
            page.get_by_label("Speed", exact=True).fill("3")
            expect(page.locator("[data-speed-shown]")).to_have_text("30×")
            page.get_by_role("button", name="Play", exact=True).click()
            shown = []
            for _ in range(8):
                now = page.evaluate("window.tandemPlayback.now")
                page.wait_for_function("(now) => window.tandemPlayback.now > now + 3000", arg=now)
                place = page.evaluate("window.tandemPlayback.where().place")
                shown.append(along(route, (place[0], place[1])))
            assert all(beside < BESIDE_M for _, beside in shown)
            driven = [length for length, _ in shown]
            assert driven == sorted(driven)
            assert driven[-1] - driven[0] > 100
            page.get_by_role("button", name="Pause").click()
            page.get_by_role("button", name="En route").click()
            window.check(f"dispatch-playback-{size}-light")
    views = shop.get(f"/v1/drivers/{vehicle.driver_id}/track-views")["items"]
    assert len(views) == 2


def test_a_driver_and_a_vehicle_are_added_and_a_wrong_number_is_explained_at_its_field(
    shop: Installation, browser: Browser
) -> None:
    with screen(browser, size="wide", allow=("/dispatch/fleet",)) as window:
        page = window.page
        open_desk(shop, page, "/dispatch/fleet")
        page.get_by_role("button", name="Add a vehicle").click()
        page.get_by_label("Registration").fill("ka 02 zz 7777")
        page.get_by_role("button", name="Add", exact=True).click()
        expect(page.locator("#toasts")).to_contain_text("KA 02 ZZ 7777 is added.")
        page.get_by_role("button", name="Add a driver").click()
        page.get_by_label("Name").fill("Suresh Gowda")
        page.get_by_label("Phone", exact=True).fill("12345")
        page.get_by_role("button", name="Add", exact=True).click()
        expect(page.locator("#e-phone")).to_contain_text("with its country")
        expect(page.get_by_label("Name")).to_have_value("Suresh Gowda")
        names = [driver["name"] for driver in shop.get("/v1/drivers", limit=200)["items"]]
        assert "Suresh Gowda" not in names
        page.get_by_label("Phone", exact=True).fill("+91 98450 77777")
        page.get_by_role("button", name="Add", exact=True).click()
        expect(page.get_by_role("heading", name="Suresh Gowda")).to_be_visible()


def test_a_phones_link_is_shown_once_with_a_code_to_scan_and_can_be_revoked(
    shop: Installation, browser: Browser, vehicle: Vehicle
) -> None:
    here = f"/dispatch/fleet/drivers/{vehicle.driver_id}"
    for device in shop.get(f"/v1/drivers/{vehicle.driver_id}/devices")["items"]:
        shop.call("DELETE", f"/v1/drivers/{vehicle.driver_id}/devices/{device['id']}")
    with screen(browser, size="phone") as window:
        page = window.page
        open_desk(shop, page, here)
        page.get_by_role("button", name="Sign a phone in").click()
        page.get_by_label("Name of the phone").fill("Meera's Moto")
        page.get_by_role("button", name="Make the link").click()
        link = page.locator(".copy code").inner_text()
        assert re.fullmatch(rf"{re.escape(shop.base_url)}/driver#device=tdd_[\w-]{{32}}", link)
        expect(page.get_by_role("img", name="The link as a code to scan")).to_be_visible()
        window.check("dispatch-device-phone-light")
        token = link.partition("#device=")[2]
        assert shop.call("GET", "/v1/driver/day", token=token)["driver"]["name"] == "Meera Iyer"
        page.goto(f"{shop.base_url}{here}")
        assert token not in page.content()
        page.get_by_role("button", name="Sign out Meera's Moto").click()
        expect(page.get_by_text("No phone is signed in.")).to_be_visible()
        assert shop.get(f"/v1/drivers/{vehicle.driver_id}/devices")["items"] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", ["wide", "phone"])
def test_every_page_of_the_desk_is_whole_and_readable(
    shop: Installation, browser: Browser, vehicle: Vehicle, size: str, theme: str
) -> None:
    stops = [ready(shop, 41), ready(shop, 42)]
    for stop in stops:
        shop.assign(stop["id"], vehicle)
    shop.ping(vehicle, HUB)
    with screen(browser, size=size, theme=theme) as window:
        page = window.page
        open_desk(shop, page)
        if size == "phone":
            page.get_by_role("button", name="Map", exact=True).click()
        expect(page.locator(".map-vehicle").first).to_be_visible()
        window.check(f"dispatch-{size}-{theme}")
        for name, path in (
            ("delivery", f"/dispatch/deliveries/{stops[0]['id']}"),
            ("driver", f"/dispatch/drivers/{vehicle.driver_id}"),
            ("playback", f"/dispatch/drivers/{vehicle.driver_id}/playback"),
            ("fleet", "/dispatch/fleet"),
            ("fleet-driver", f"/dispatch/fleet/drivers/{vehicle.driver_id}"),
        ):
            page.goto(shop.base_url + path)
            page.wait_for_load_state("load")
            window.check(f"dispatch-{name}-{size}-{theme}")


def test_the_list_comes_first_on_a_phone_and_the_map_opens_on_demand(
    shop: Installation, browser: Browser
) -> None:
    ready(shop, 43)
    with screen(browser, size="phone") as window:
        page = window.page
        open_desk(shop, page)
        expect(page.locator("#desk-map")).to_be_hidden()
        button = page.get_by_role("button", name="Map", exact=True)
        expect(button).to_have_attribute("aria-expanded", "false")
        button.click()
        expect(page.locator("#desk-map .ol-viewport")).to_be_visible()
        expect(button).to_have_attribute("aria-expanded", "true")
        button.click()
        expect(page.locator("#desk-map")).to_be_hidden()
