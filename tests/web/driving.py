"""A driver's phone in a browser: its taps, its signal, and what the suite knows of it."""

from datetime import datetime
from typing import Any

from playwright.sync_api import Page, expect

from tests.web.installation import HUB, Installation, Vehicle
from tests.web.screens import Screen

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
    page.wait_for_function("navigator.serviceWorker.controller !== null")


def tap(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def lose_signal(window: Screen, *, lost: bool = True) -> None:
    window.page.context.set_offline(lost)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
