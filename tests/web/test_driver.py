"""The driver's page on a phone: with a signal, without one, and with the signal back."""

from datetime import datetime
from typing import Any

import httpx2 as httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.waiting import until
from tests.web.installation import HUB, Installation, Vehicle
from tests.web.screens import PICTURES, Screen, screen

ON_A_PHONE: dict[str, Any] = {
    "geolocation": {"latitude": HUB[0], "longitude": HUB[1], "accuracy": 8},
    "permissions": ["geolocation"],
    "locale": "en-IN",
    "timezone_id": "Asia/Kolkata",
}
WITHOUT_A_SIGNAL = ("/v1/driver/", "/driver")
ABOARD = ("accepted", "at_pickup", "picked_up", "en_route")
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f64540"
    "0000000049454e44ae426082"
)
"""One transparent point as PNG."""


@pytest.fixture
def vehicle(shop: Installation) -> Vehicle:
    return shop.vehicle()


def stop_for(shop: Installation, vehicle: Vehicle, seed: int, *statuses: str) -> dict[str, Any]:
    """A parcel on the vehicle's run, in the last of these statuses."""
    order = shop.place_order(seed=seed, method="cod")
    delivery = shop.delivery_of(order["id"])
    shop.assign(delivery["id"], vehicle)
    shop.tell(vehicle, delivery["id"], *statuses)
    return delivery


def needs(shop: Installation, delivery: dict[str, Any], *kinds: str) -> None:
    path = f"/v1/deliveries/{delivery['id']}/proof-policy"
    shop.call("PUT", path, json={"proof_policy": list(kinds), "reason": "test"})


def rows(shop: Installation, delivery: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = shop.get(f"/v1/deliveries/{delivery['id']}/statuses")["items"]
    return found


def statuses(shop: Installation, delivery: dict[str, Any]) -> list[str]:
    return [row["status"] for row in rows(shop, delivery) if row["conflict"] is None]


def sign_in(shop: Installation, page: Page, vehicle: Vehicle) -> None:
    page.goto(f"{shop.base_url}/driver#device={vehicle.token}")
    expect(page.get_by_role("heading", name="Hello Meera")).to_be_visible()
    expect(page.locator("#network")).to_have_text("All sent")


def wait_for_copy(page: Page) -> None:
    """Until the service worker has everything the page needs."""
    page.evaluate("navigator.serviceWorker.ready.then(() => 0)")
    page.wait_for_function("navigator.serviceWorker.controller !== null")


def tap(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def lose_signal(window: Screen, *, lost: bool = True) -> None:
    window.page.context.set_offline(lost)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_the_link_signs_the_phone_in_and_does_not_stay_in_the_address(
    shop: Installation, browser: Browser, vehicle: Vehicle
) -> None:
    with screen(browser, **ON_A_PHONE) as window:
        sign_in(shop, window.page, vehicle)
        assert window.page.url == f"{shop.base_url}/driver"
        assert window.page.context.cookies() == []
        window.page.reload()
        expect(window.page.get_by_role("heading", name="Hello Meera")).to_be_visible()
        assert window.problems == []


def test_a_run_goes_one_tap_after_another_to_the_right_code_and_the_cash(
    shop: Installation, browser: Browser, vehicle: Vehicle
) -> None:
    delivery = stop_for(shop, vehicle, 51)
    with screen(browser, allow=("door-code-checks",), **ON_A_PHONE) as window:
        page = window.page
        sign_in(shop, page, vehicle)
        window.check("driver-run-phone-light")
        for name in (
            "Accept",
            "I am at the hub",
            "Picked up",
            "Start driving",
            "Nearly there",
            "I am at the door",
        ):
            tap(page, name)
        page.get_by_role("link", name="Hand over").click()
        expect(page.get_by_text("Still needed: the door code, the cash")).to_be_visible()
        code = shop.door_code(delivery["recipient_phone"])
        wrong = f"{(int(code) + 1) % 10**6:06}"
        page.get_by_label("Door code").fill(wrong)
        page.get_by_label("in cash").check()
        window.check("driver-door-phone-light")
        tap(page, "Hand over")
        expect(page.get_by_role("alert")).to_be_visible()
        assert statuses(shop, delivery)[-1] == "arrived"
        page.get_by_label("Door code").fill(code)
        tap(page, "Hand over")
        expect(page.get_by_text("Nothing to deliver at the moment.")).to_be_visible()
        expect(page.locator("#network")).to_have_text("All sent")
    found = shop.get(f"/v1/deliveries/{delivery['id']}")
    assert found["status"] == "delivered"
    assert found["cash_minor"] == found["cod_minor"] > 0
    assert statuses(shop, delivery) == [
        "unassigned",
        "assigned",
        *ABOARD,
        "arriving",
        "arrived",
        "delivered",
    ]


def test_taps_and_a_photo_without_a_signal_are_told_later_in_order_with_the_phones_times(
    shop: Installation, browser: Browser, vehicle: Vehicle
) -> None:
    """AD12: nothing is lost, not even when the page was closed in between."""
    delivery = stop_for(shop, vehicle, 52, "accepted", "at_pickup")
    needs(shop, delivery, "photo")
    with screen(browser, allow=WITHOUT_A_SIGNAL, **ON_A_PHONE) as window:
        page = window.page
        sign_in(shop, page, vehicle)
        wait_for_copy(page)
        lose_signal(window)
        expect(page.locator("#network")).to_contain_text("Offline")
        tap(page, "Picked up")
        expect(page.locator("#network")).to_have_text("Offline · 1 waiting")
        tap(page, "Start driving")
        tap(page, "Nearly there")
        page.get_by_role("link", name=delivery["order_number"]).click()
        with page.expect_file_chooser() as chooser:
            tap(page, "Take the photo")
        chooser.value.set_files({"name": "door.png", "mimeType": "image/png", "buffer": PIXEL})
        expect(page.locator("#network")).to_have_text("Offline · 4 waiting")
        page.reload()
        expect(page.get_by_text("Photo is kept")).to_be_visible()
        page.locator("#network").click()
        expect(page.locator(".entries li")).to_have_count(4)
        page.screenshot(path=PICTURES / "driver-queue-phone-light.png")
        assert statuses(shop, delivery)[-1] == "at_pickup"
        lose_signal(window, lost=False)
        expect(page.locator("#network")).to_have_text("All sent")
    told = rows(shop, delivery)[-3:]
    assert [row["status"] for row in told] == ["picked_up", "en_route", "arriving"]
    assert [row["conflict"] for row in told] == [None, None, None]
    times = [moment(row["occurred_at"]) for row in told]
    assert times == sorted(set(times))
    assert all(moment(row["received_at"]) > times[-1] for row in told)
    kinds = [each["kind"] for each in shop.get(f"/v1/deliveries/{delivery['id']}/proofs")["items"]]
    assert kinds == ["photo"]


def test_a_whole_delivery_without_a_signal_is_checked_when_it_is_told(
    shop: Installation, browser: Browser, vehicle: Vehicle
) -> None:
    delivery = stop_for(shop, vehicle, 53, *ABOARD, "arriving")
    code = shop.door_code(delivery["recipient_phone"])
    with screen(browser, allow=WITHOUT_A_SIGNAL, **ON_A_PHONE) as window:
        page = window.page
        sign_in(shop, page, vehicle)
        lose_signal(window)
        expect(page.locator("#network")).to_contain_text("Offline")
        tap(page, "I am at the door")
        page.get_by_role("link", name="Hand over").click()
        page.get_by_label("Door code").fill(code)
        page.get_by_label("in cash").check()
        tap(page, "Hand over")
        expect(page.locator("#network")).to_have_text("Offline · 2 waiting")
        lose_signal(window, lost=False)
        expect(page.locator("#network")).to_have_text("All sent")
    assert statuses(shop, delivery)[-2:] == ["arrived", "delivered"]
    kinds = [each["kind"] for each in shop.get(f"/v1/deliveries/{delivery['id']}/proofs")["items"]]
    assert kinds == ["otp"]


def test_what_dispatch_changed_meanwhile_is_reported_and_nothing_is_lost(
    shop: Installation, browser: Browser, vehicle: Vehicle
) -> None:
    delivery = stop_for(shop, vehicle, 54, "accepted")
    with screen(browser, allow=WITHOUT_A_SIGNAL, **ON_A_PHONE) as window:
        page = window.page
        sign_in(shop, page, vehicle)
        lose_signal(window)
        expect(page.locator("#network")).to_contain_text("Offline")
        tap(page, "I am at the hub")
        expect(page.locator("#network")).to_have_text("Offline · 1 waiting")
        shop.assign(delivery["id"], shop.vehicle())
        lose_signal(window, lost=False)
        expect(page.locator("#network")).to_have_text("1 refused")
        page.locator("#network").click()
        refused = page.get_by_role("region", name="Refused")
        expect(refused).to_contain_text("another driver's now")
        window.problems.clear()
        window.check("driver-refused-phone-light")
        tap(page, "I have read it")
        expect(page.locator("#network")).to_have_text("All sent")
    kept = [row for row in rows(shop, delivery) if row["conflict"]]
    assert [(row["status"], row["conflict"]) for row in kept] == [
        ("at_pickup", "not_your_delivery")
    ]
    assert statuses(shop, delivery)[-1] == "assigned"


def test_several_stops_are_accepted_and_picked_up_with_one_tap(
    shop: Installation, browser: Browser, vehicle: Vehicle
) -> None:
    stops = [stop_for(shop, vehicle, seed) for seed in (55, 56, 57)]
    with screen(browser, **ON_A_PHONE) as window:
        page = window.page
        sign_in(shop, page, vehicle)
        tap(page, "Accept all 3")
        tap(page, "I am at the hub (3 stops)")
        tap(page, "Picked up all 3")
        expect(page.get_by_role("button", name="Start driving", exact=True)).to_have_count(1)
        expect(page.locator("#network")).to_have_text("All sent")
        assert window.problems == []
    for stop in stops:
        assert statuses(shop, stop)[-3:] == ["accepted", "at_pickup", "picked_up"]


def test_labels_are_scanned_or_typed_and_only_what_is_on_the_run_counts(
    shop: Installation, browser: Browser, vehicle: Vehicle
) -> None:
    typed, scanned = (stop_for(shop, vehicle, seed, "accepted", "at_pickup") for seed in (71, 72))
    with screen(browser, **ON_A_PHONE) as window:
        page = window.page
        page.add_init_script(
            "navigator.mediaDevices.getUserMedia = async () => {"
            " const canvas = document.createElement('canvas'); canvas.getContext('2d');"
            " setInterval(() => canvas.getContext('2d').fillRect(0, 0, 9, 9), 50);"
            " return canvas.captureStream(20); };"
            "window.BarcodeDetector = class { async detect() {"
            f" return [{{ rawValue: '{scanned['shipment_number']}' }}]; }} }};"
        )
        sign_in(shop, page, vehicle)
        tap(page, "Scan the labels")
        said = page.locator("#scan [data-said]")
        expect(said).to_have_text(f"{scanned['shipment_number']} for Asha Rao is picked up.")
        page.get_by_label("Or type the number on the label").fill("SHP-999999")
        page.keyboard.press("Enter")
        expect(said).to_have_text("SHP-999999 is not on your run.")
        page.get_by_label("Or type the number on the label").fill(typed["shipment_number"].lower())
        page.keyboard.press("Enter")
        expect(said).to_have_text(f"{typed['shipment_number']} for Asha Rao is picked up.")
        window.check("driver-scan-phone-light")
        tap(page, "Done")
        expect(page.locator("#network")).to_have_text("All sent")
    assert statuses(shop, typed)[-1] == statuses(shop, scanned)[-1] == "picked_up"


def test_a_failure_is_told_with_its_reason_and_a_note(
    shop: Installation, browser: Browser, vehicle: Vehicle
) -> None:
    delivery = stop_for(shop, vehicle, 58, *ABOARD)
    with screen(browser, theme="dark", **ON_A_PHONE) as window:
        page = window.page
        sign_in(shop, page, vehicle)
        page.get_by_role("link", name=delivery["order_number"]).click()
        page.get_by_role("link", name="Could not deliver").click()
        page.get_by_label("Another reason").check()
        report = page.get_by_role("button", name="Report it")
        expect(report).to_have_attribute("aria-disabled", "true")
        page.get_by_label("Say what happened").fill("The gate is locked")
        window.check("driver-fail-phone-dark")
        report.click()
        expect(page.get_by_text("Failed")).to_be_visible()
        expect(page.locator("#network")).to_have_text("All sent")
    last = rows(shop, delivery)[-1]
    assert (last["status"], last["reason"]) == ("failed", "other: The gate is locked")


def test_a_signature_is_drawn_kept_and_needed(
    shop: Installation, browser: Browser, vehicle: Vehicle
) -> None:
    delivery = stop_for(shop, vehicle, 59, *ABOARD, "arriving", "arrived")
    needs(shop, delivery, "signature")
    with screen(browser, **ON_A_PHONE) as window:
        page = window.page
        sign_in(shop, page, vehicle)
        page.get_by_role("link", name="Hand over").click()
        page.get_by_label("in cash").check()
        expect(page.get_by_text("Still needed: a signature")).to_be_visible()
        tap(page, "Take the signature")
        box = page.get_by_label("Sign here with a finger").bounding_box()
        assert box, "the canvas is shown"
        page.mouse.move(box["x"] + 40, box["y"] + 80)
        page.mouse.down()
        for step in range(10):
            page.mouse.move(box["x"] + 40 + 20 * step, box["y"] + 80 + 30 * (step % 2))
        page.mouse.up()
        window.check("driver-signature-phone-light")
        tap(page, "Keep")
        expect(page.get_by_text("Signature is kept")).to_be_visible()
        tap(page, "Hand over")
        expect(page.get_by_text("Nothing to deliver at the moment.")).to_be_visible()
        expect(page.locator("#network")).to_have_text("All sent")
    (proof,) = shop.get(f"/v1/deliveries/{delivery['id']}/proofs")["items"]
    assert (proof["kind"], proof["meta"]["recipient_name"]) == ("signature", "Asha Rao")
    assert statuses(shop, delivery)[-1] == "delivered"


def test_the_phone_tells_its_position_only_while_a_shift_runs(
    shop: Installation, browser: Browser, vehicle: Vehicle
) -> None:
    def live() -> list[dict[str, Any]]:
        return [
            each
            for each in shop.get("/v1/deliveries/live")
            if each["driver_id"] == vehicle.driver_id
        ]

    shop.call("DELETE", f"/v1/drivers/{vehicle.driver_id}/shift")
    with screen(browser, **ON_A_PHONE) as window:
        page = window.page
        sign_in(shop, page, vehicle)
        expect(page.get_by_role("heading", name="You are off duty")).to_be_visible()
        window.check("driver-off-duty-phone-light")
        assert live() == []
        tap(page, "Begin my shift")
        expect(page.get_by_role("heading", name="You are off duty")).to_have_count(0)
        (seen,) = until(live)
        assert (round(seen["lat"], 4), round(seen["lon"], 4)) == HUB
        page.get_by_role("link", name="Me and this phone").click()
        expect(page.get_by_text("On, to 8 m")).to_be_visible()
        window.check("driver-me-phone-light")
        tap(page, "End my shift")
        expect(page.get_by_text("Off: no shift runs")).to_be_visible()


def test_a_driver_signs_in_with_a_texted_code(
    shop: Installation, browser: Browser, vehicle: Vehicle
) -> None:
    phone = shop.get(f"/v1/drivers/{vehicle.driver_id}")["phone"]

    def texted() -> str | None:
        query = {"to": phone, "kind": "sms"}
        messages = httpx.get(f"{shop.sandbox_url}/api/messages", params=query).json()
        digits = ["".join(each for each in one["text"] if each.isdigit()) for one in messages]
        return next((each[:6] for each in digits if len(each) >= 6), None)

    with screen(browser, allow=("driver-sessions",), **ON_A_PHONE) as window:
        page = window.page
        page.goto(f"{shop.base_url}/driver")
        page.get_by_label("Your phone number").fill(phone.removeprefix("+91"))
        window.check("driver-sign-in-phone-light")
        tap(page, "Text me a code")
        code = until(texted)
        page.get_by_label("Code", exact=True).fill(f"{(int(code) + 1) % 10**6:06}")
        tap(page, "Sign in")
        expect(page.get_by_role("alert")).to_contain_text("wrong, used or too old")
        page.get_by_label("Code", exact=True).fill(code)
        tap(page, "Sign in")
        expect(page.get_by_role("heading", name="Hello Meera")).to_be_visible()


def is_refused(shop: Installation, vehicle: Vehicle) -> bool:
    """A token is remembered for a second after it was last looked up."""
    key = {"authorization": f"Bearer {vehicle.token}"}
    return httpx.get(f"{shop.base_url}/v1/driver/day", headers=key).status_code == 401


def test_a_revoked_phone_keeps_what_it_has_to_tell_until_it_is_signed_in_again(
    shop: Installation, browser: Browser, vehicle: Vehicle
) -> None:
    delivery = stop_for(shop, vehicle, 60, "accepted")
    with screen(browser, allow=WITHOUT_A_SIGNAL, **ON_A_PHONE) as window:
        page = window.page
        sign_in(shop, page, vehicle)
        lose_signal(window)
        expect(page.locator("#network")).to_contain_text("Offline")
        tap(page, "I am at the hub")
        expect(page.locator("#network")).to_have_text("Offline · 1 waiting")
        path = f"/v1/drivers/{vehicle.driver_id}/devices"
        for device in shop.get(path)["items"]:
            shop.call("DELETE", f"{path}/{device['id']}")
        until(lambda: is_refused(shop, vehicle))
        lose_signal(window, lost=False)
        expect(page.get_by_text("1 tap is kept on this phone")).to_be_visible()
        token = shop.post(path, name="Phone")["token"]
        page.goto(f"{shop.base_url}/driver#device={token}")
        expect(page.locator("#network")).to_have_text("All sent")
    assert statuses(shop, delivery)[-1] == "at_pickup"


def test_without_https_the_page_says_what_the_phone_cannot_do(
    shop: Installation, browser: Browser, vehicle: Vehicle
) -> None:
    with screen(browser, **ON_A_PHONE) as window:
        window.page.add_init_script(
            "Object.defineProperty(window, 'isSecureContext', {get: () => false})"
        )
        sign_in(shop, window.page, vehicle)
        expect(window.page.get_by_text("This address is not https")).to_be_visible()
        window.check("driver-no-https-phone-light")


def test_the_page_is_dark_at_night_and_light_by_day(
    shop: Installation, browser: Browser, vehicle: Vehicle
) -> None:
    for hour, theme in (("21:30", "dark"), ("11:00", "light")):
        with screen(browser, **ON_A_PHONE) as window:
            window.page.clock.set_fixed_time(f"2026-11-22T{hour}:00+05:30")
            window.page.goto(f"{shop.base_url}/driver")
            expect(window.page.locator("html")).to_have_attribute("data-bs-theme", theme)


@pytest.mark.parametrize("size", ["phone", "narrow", "wide"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_view_is_whole_and_readable(
    shop: Installation, browser: Browser, vehicle: Vehicle, size: str, theme: str
) -> None:
    first = stop_for(shop, vehicle, 61, *ABOARD, "arriving", "arrived")
    needs(shop, first, "otp", "photo", "signature")
    stop_for(shop, vehicle, 62, "accepted")
    stop_for(shop, vehicle, 63, "accepted")
    with screen(browser, size=size, theme=theme, **ON_A_PHONE) as window:
        page = window.page
        page.add_init_script(f"localStorage.setItem('driver-theme', '{theme}')")
        sign_in(shop, page, vehicle)
        for name, path in (
            ("run", "#"),
            ("stop", f"#stop/{first['id']}"),
            ("fail", f"#fail/{first['id']}"),
            ("waiting", "#waiting"),
            ("me", "#me"),
        ):
            page.evaluate("(hash) => { location.hash = hash; }", path)
            expect(page.locator("h1")).to_be_visible()
            window.check(f"driver-{name}-{size}-{theme}")
