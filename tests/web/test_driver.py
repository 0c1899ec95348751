"""The driver's page on a phone: with a signal, without one, and with the signal back."""

from typing import Any

import httpx2 as httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.waiting import until
from tests.web.driving import ABOARD, ON_A_PHONE, needs, rows, sign_in, statuses, stop_for, tap
from tests.web.installation import HUB, Installation, Vehicle
from tests.web.screens import screen


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


def test_news_under_a_finger_does_not_swallow_its_tap(
    shop: Installation, browser: Browser, vehicle: Vehicle
) -> None:
    stop_for(shop, vehicle, 54)
    with screen(browser, **ON_A_PHONE) as window:
        page = window.page
        sign_in(shop, page, vehicle)
        number = page.locator("a.order-number")
        number.hover()
        page.mouse.down()
        page.evaluate("dispatchEvent(new Event('offline'))")
        page.mouse.up()
        expect(page.get_by_role("button", name="Accept")).to_be_visible()
        assert "#stop/" in page.url


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
