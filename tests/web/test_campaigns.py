"""A campaign in a real browser: drafted, looked at, tried, sent, and its people explained."""

import re

import httpx2 as httpx
from playwright.sync_api import expect

from tests.waiting import until
from tests.web.conftest import Desk
from tests.web.installation import Installation


def earned(shop: Installation, campaign_id: str) -> bool:
    """What the campaign cost has reached the report."""
    rows = shop.post("/v1/analytics/attributions", by="campaign")["rows"]
    return any(one["value"] == campaign_id and one["spend_minor"] for one in rows)


def tea_lovers(shop: Installation) -> None:
    """A list of three people, two of whom agreed to hear from the shop."""
    people = [
        shop.post(
            "/v1/customers", name=f"Meera {n}", emails=[{"value": f"meera{n}@campaign.test"}]
        )["id"]
        for n in range(3)
    ]
    for one in people[:2]:
        shop.post(
            f"/v1/customers/{one}/consents",
            purpose="marketing", channel="email", is_granted=True, source="counter",
        )  # fmt: skip
    segment = shop.post("/v1/segments", name="Tea lovers")
    shop.post(f"/v1/segments/{segment['id']}/members", customer_ids=people)


def mail(shop: Installation) -> list[str] | None:
    """Who got the campaign's letter, once two have."""
    found = httpx.get(f"{shop.sandbox_url}/api/messages", params={"kind": "email"}).json()
    got = sorted(to for one in found for to in one["to"] if to.endswith("@campaign.test"))
    return got if len(got) == 2 else None


def test_a_campaign_goes_from_its_audience_to_its_last_message(
    desk: Desk, shop: Installation
) -> None:
    tea_lovers(shop)
    with desk(allow=("/campaigns",)) as window:
        page = window.page
        page.goto("/campaigns")
        page.get_by_role("link", name="New campaign").click()
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("alert").first).to_be_visible()
        page.get_by_label("Name").fill("Monsoon flush")
        page.get_by_label("Who is in any of these").get_by_text("Tea lovers").click()
        page.get_by_label("Subject").first.fill("New leaves, {{ customer.first_name }}")
        page.get_by_label("Text").first.fill("Hello {{ name }}, look: https://shop.test/monsoon")
        window.check("campaign-new-wide-light")
        page.get_by_role("button", name="Save").click()
        expect(page.locator("h1")).to_contain_text("Monsoon flush")
        expect(page.get_by_text("2 will get it")).to_be_visible()
        expect(page.get_by_text("Has not agreed to this")).to_be_visible()
        window.check("campaign-draft-wide-light")
        page.get_by_role("button", name="Send a test").click()
        page.get_by_label("To, with commas between").fill("asha@shop.test")
        page.get_by_role("button", name="Send", exact=True).click()
        expect(page.get_by_text("The test is on its way")).to_be_visible()
        page.get_by_role("button", name="Schedule").click()
        page.get_by_role("dialog").get_by_role("button", name="Schedule").click()
        expect(page.locator("h1 .badge-status")).to_have_text(re.compile("Done|Sending"))
        expect(page.locator("h1 .badge-status")).to_have_text("Done")
        expect(page.get_by_text("Reached").first).to_be_visible()
        window.check("campaign-done-wide-light")
        made = shop.get("/v1/campaigns", q="Monsoon")["items"][0]["id"]
        shop.call("PUT", f"/v1/campaigns/{made}/cost", json={"cost_minor": 250_00})
        until(lambda: earned(shop, made), "the cost is counted")
        page.goto(f"/campaigns/{made}")
        money = page.locator("#earned")
        expect(money.get_by_role("row", name="Sent 2")).to_be_visible()
        expect(money.get_by_role("link", name="₹250.00")).to_be_visible()
        expect(money.get_by_role("row", name="ROI")).to_contain_text("−100.0 %")
        window.check("campaign-earned-wide-light")
        page.get_by_role("link", name="All 3 people").click()
        page.get_by_role("link", name="Why? Meera 2").click()
        expect(page.get_by_text("Not sent: has not agreed to this.")).to_be_visible()
        window.check("campaign-why-wide-light")

    (campaign,) = shop.get("/v1/campaigns", q="Monsoon")["items"]
    assert (campaign["state"], campaign["progress"]) == ("done", {"sent": 2, "skipped": 1})
    assert until(lambda: mail(shop)) == ["meera0@campaign.test", "meera1@campaign.test"]
