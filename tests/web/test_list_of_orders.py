"""The list of orders in a real browser: found, sorted, walked by keys, kept as a view."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.web.conftest import Desk
from tests.web.installation import Installation
from tests.web.screens import Screen


def test_the_list_searches_filters_sorts_and_goes_back(desk: Desk, shop: Installation) -> None:
    order = shop.place_order(seed=33)
    with desk() as window:
        page = window.page
        page.goto("/orders")
        page.keyboard.press("/")
        page.keyboard.type(order["number"].lower())
        rows = page.locator("tr[data-href]")
        expect(rows.first.locator(".row-link")).to_have_text(order["number"])
        expect(page).to_have_url(re.compile(r"q=so-"))
        expect(page.locator("#said")).to_have_text(re.compile(r"^\d+ shown"))
        expect(page.get_by_label("Number, customer, phone or any id")).to_be_focused()
        page.goto("/orders")
        page.locator("#filter-status summary").click()
        page.get_by_role("link", name="Pending payment", exact=True).click()
        expect(page).to_have_url(re.compile(r"status=pending_payment"))
        expect(page.get_by_label("Remove the filter Status: Pending payment")).to_be_visible()
        page.get_by_role("link", name="Placed", exact=True).click()
        expect(page).to_have_url(re.compile(r"sort=placed_at"))
        expect(page.locator("th[aria-sort=ascending]")).to_have_text("Placed")
        page.go_back()
        expect(page).not_to_have_url(re.compile(r"sort="))
        expect(page.locator("th[aria-sort=ascending]")).to_have_count(0)
        page.get_by_label("Remove the filter Status: Pending payment").click()
        expect(page).to_have_url(re.compile(r"/orders$"))
        _look_beside_the_list(window, order)


def _look_beside_the_list(window: Screen, order: dict[str, Any]) -> None:
    """A row opens in a drawer with an address of its own; Escape gives the list back."""
    page, record = window.page, window.page.frame_locator(".drawer iframe")
    page.locator(f"tr[data-href='/orders/{order['id']}'] td").last.click()
    expect(record.get_by_role("heading", name=order["number"])).to_be_visible()
    expect(page).to_have_url(re.compile(rf"/orders#/orders/{order['id']}$"))
    window.check("console-drawer")
    page.reload()
    expect(page.get_by_role("dialog", name=order["number"])).to_be_visible()
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(r"/orders$"))
    expect(page.get_by_role("link", name=order["number"])).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"/orders/{order['id']}$"))
    assert window.problems == []


def test_columns_are_chosen_and_stay_in_the_address(desk: Desk, shop: Installation) -> None:
    shop.place_order(seed=34)
    with desk() as window:
        page = window.page
        page.goto("/orders")
        page.get_by_label("Choose columns").click()
        page.get_by_role("menuitemcheckbox", name="Channel").click()
        expect(page.get_by_role("columnheader", name="Channel")).to_be_visible()
        address = page.url
        page.goto("/")
        page.goto(address)
        expect(page.get_by_role("columnheader", name="Channel")).to_be_visible()


def test_keys_walk_select_and_open_rows(desk: Desk, shop: Installation) -> None:
    orders = [shop.place_order(seed=35), shop.place_order(seed=36)]
    with desk() as window:
        page = window.page
        page.goto("/")
        page.keyboard.press("g")
        page.keyboard.press("o")
        expect(page).to_have_url(re.compile(r"/orders$"))
        expect(page.locator("html[data-stream=on]")).to_be_attached()
        page.keyboard.press("j")
        page.keyboard.press("x")
        page.keyboard.press("j")
        page.keyboard.press("x")
        expect(page.get_by_text("2 selected")).to_be_visible()
        page.get_by_role("region", name="Selected orders").get_by_role(
            "button", name="Hold"
        ).click()
        expect(page.get_by_text("2 orders put on hold.")).to_be_visible()
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_text("2 orders are as before.")).to_be_visible()
        page.keyboard.press("?")
        expect(page.get_by_role("heading", name="Keyboard shortcuts")).to_be_visible()
    assert not any(shop.get(f"/v1/orders/{order['id']}")["is_on_hold"] for order in orders)


@pytest.mark.parametrize("by", ["number", "public_token", "id"])
def test_the_palette_finds_an_order_by_any_of_its_ids(
    desk: Desk, shop: Installation, by: str
) -> None:
    order = shop.place_order(seed=37)
    with desk() as window:
        page = window.page
        page.goto("/products")
        page.keyboard.press("Control+k")
        page.keyboard.type(order[by])
        expect(page.get_by_role("option", name=f"Order {order['number']}")).to_be_visible()
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_contain_text(order["number"])
        page.keyboard.press("Control+k")
        expect(page.get_by_role("option", name=order["number"]).first).to_be_visible()


def test_a_view_is_saved_with_its_count_and_removed(desk: Desk, shop: Installation) -> None:
    shop.place_order(seed=38)
    with desk() as window:
        page = window.page
        page.goto("/orders?status=pending_payment&hold=no")
        page.get_by_role("button", name="Save view").click()
        page.get_by_label("Name", exact=True).fill("Waiting for money")
        page.get_by_role("button", name="Save", exact=True).click()
        view = page.get_by_role("navigation", name="Views").get_by_role(
            "link", name="Waiting for money"
        )
        expect(view).to_have_attribute("aria-current", "true")
        expect(view.locator(".count")).to_have_text(re.compile(r"[1-9]\d*"))
        page.get_by_role("button", name="Remove view").click()
        expect(page.get_by_text("The view is removed.")).to_be_visible()
        expect(view).to_have_count(0)
