"""The driver's page without a signal, and with the signal back."""

import httpx2 as httpx
from playwright.sync_api import Browser, expect

from tests.waiting import until
from tests.web.driving import (
    ABOARD,
    ON_A_PHONE,
    PIXEL,
    WITHOUT_A_SIGNAL,
    lose_signal,
    moment,
    needs,
    rows,
    sign_in,
    statuses,
    stop_for,
    tap,
    wait_for_copy,
)
from tests.web.installation import Installation, Vehicle
from tests.web.screens import PICTURES, screen


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
