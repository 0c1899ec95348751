"""A complaint that lives in the console and in Jira as one, with a browser on each side; and a site
connected by hand."""

import logging
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.waiting import until
from tests.web.conftest import Desk
from tests.web.installation import Installation
from tests.web.screens import screen

log = logging.getLogger(__name__)
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8cf"
    "500f0003860180d5f39e5b0000000049454e44ae426082"
)


def connected(shop: Installation) -> dict[str, Any]:
    """The demo's Jira, once the worker has proven it."""

    def look() -> dict[str, Any] | None:
        health: dict[str, Any] = shop.get("/v1/jira/sync/health")
        found = health["connection"]
        return found if found and found["state"] == "active" else None

    return until(look, "the demo's Jira is never connected")


def linked(shop: Installation, complaint_id: str) -> str:
    """The key of the issue."""

    def look() -> str | None:
        answer = shop.http.get(f"/v1/complaints/{complaint_id}/jira")
        link = answer.json()["link"] if answer.status_code == 200 else {}
        return link.get("issue_key") if link.get("state") == "linked" else None

    return until(look, "the complaint never gets its issue")


def reload_until(page: Page, text: str) -> None:
    """Jira's page does not live: it is loaded again until it says it."""

    def look() -> bool | None:
        page.reload()
        return text in page.inner_text("main") or None

    until(look, f"the page never says {text!r}")


def test_the_agent_in_jira_and_the_desk_work_on_one_complaint(
    shop: Installation, browser: Browser, desk: Desk, tmp_path: Path
) -> None:
    connected(shop)
    started = time.monotonic()
    complaint = shop.post(
        "/v1/complaints", category="damaged", subject="Cracked kettle", body="It leaks"
    )
    key = linked(shop, complaint["id"])
    seconds = time.monotonic() - started
    log.info("from complaint to issue: %.2f s", seconds)
    assert seconds < 10, "a complaint is in Jira within seconds"
    photo = tmp_path / "crack.png"
    photo.write_bytes(PNG)
    with screen(browser, size="wide", allow=("favicon",)) as jira, desk() as window:
        agent, console = jira.page, window.page
        console.goto(f"/complaints/{complaint['id']}")
        expect(console.locator("#jira")).to_contain_text(key)

        agent.goto(f"{shop.sandbox_url}/jira/browse/{key}")
        reload_until(agent, "It leaks")
        agent.get_by_label("Comment").fill("Which colour was it?")
        agent.get_by_label("Reply to the customer").check()
        agent.get_by_role("button", name="Add comment").click()
        agent.get_by_label("Comment").fill("Third crack this week: zebra-2")
        agent.get_by_role("button", name="Add comment").click()
        agent.get_by_role("button", name="Start work").click()
        agent.get_by_label("File").set_input_files(photo)
        agent.get_by_role("button", name="Attach").click()
        expect(agent.locator("#status")).to_have_text("Work in progress")

        thread = console.locator(".thread")
        expect(thread.locator("li.is-public")).to_contain_text("Which colour was it?")
        expect(thread.locator("li.is-internal").last).to_contain_text("zebra-2")
        expect(console.locator("h1 .badge-status").first).to_have_text("In progress")
        expect(console.locator(".thread-files")).to_contain_text("crack.png")
        console.locator("#jira summary").click()
        window.check("jira-complaint")

        console.get_by_label("Words").fill("It was the red one")
        console.get_by_role("button", name="Note").click()
        reload_until(agent, "It was the red one")
        console.get_by_role("button", name="Resolve").click()
        expect(console.locator("h1 .badge-status").first).to_have_text("Resolved")
        reload_until(agent, "Resolved")
        jira.check("jira-agent", asks_axe=False)
        assert agent.locator("#comments li").count() == 4


def test_a_site_is_connected_tested_and_mapped_by_hand(shop: Installation, desk: Desk) -> None:
    connected(shop)
    with desk(allow=("/settings/jira",)) as window:
        page = window.page
        page.goto("/settings/jira")
        expect(page.locator("main")).to_contain_text("Demo Jira")
        window.check("settings-jira")
        page.get_by_role("link", name="Connect a site").click()
        name = f"Second {shop.unique()}"
        page.get_by_label("Name").fill(name)
        page.get_by_label("Address of the site").fill(f"{shop.sandbox_url}/jira")
        page.get_by_label("E-mail of the account").fill("tandem@sandbox.test")
        window.check("settings-jira-new")
        page.get_by_role("button", name="Save and go on").click()
        expect(page.locator(".error")).to_contain_text("needs the token")
        page.get_by_label("API token or personal").fill("sandbox_jira_token")
        page.get_by_role("button", name="Save and go on").click()
        page.get_by_role("button", name="Test connection").click()
        expect(page.locator("dl").first).to_contain_text("Tandem")
        page.get_by_label("Project").select_option("OPS")
        page.get_by_role("button", name="Show what it asks for").click()
        page.get_by_label("Issue type").select_option("10021")
        page.get_by_role("button", name="Show what it asks for").click()
        page.get_by_role("button", name="Check and save").click()
        expect(page.locator("[role=alert]")).to_contain_text("Region")
        page.get_by_label("Region (required)").select_option("10101")
        page.get_by_role("button", name="Check and save").click()
        expect(page.locator("main")).to_contain_text("98••••••10")
        window.check("settings-jira-connection")
        page.get_by_role("button", name="Set it up for me").click()
        page.goto("/settings/jira")
        page.get_by_role("button", name="Compare both sides").click()
        expect(page.get_by_role("heading", name="Compared")).to_be_visible()
        window.check("settings-jira-report")
