"""The pages of keys, webhooks, the audit log and of seeing as somebody else, as plain forms."""

import re
from collections.abc import AsyncIterator
from uuid import UUID

import httpx2 as httpx
import pytest
from litestar import Litestar

from tandem.kernel.db import Database
from tests.identity.at_work import at_work, hire

TOPIC = "customers.added.v1"


@pytest.fixture
async def boss(app: Litestar, database: Database, org_id: UUID) -> AsyncIterator[httpx.AsyncClient]:
    _, email = await hire(database, org_id)
    async with at_work(app, email) as browser:
        yield browser


async def test_a_key_is_shown_once_replaced_and_revoked(boss: httpx.AsyncClient) -> None:
    form = {"name": "Scanner", "grants": "inventory.read", "networks": "127.0.0.0/8", "days": "9"}
    made = await boss.post("/settings/api-keys", data={**form, "per_minute": "90"})
    assert made.status_code == 200, made.text
    [key] = re.findall(r'data-copy="(tdm_\w+)"', made.text)
    listed = (await boss.get("/settings/api-keys")).text
    assert key not in listed and "127.0.0.0/8" in listed and "90 a minute" in listed
    [path] = re.findall(r'action="(/settings/api-keys/[\w-]+/rotation)"', listed)
    fresh = await boss.post(path)
    [second] = re.findall(r'data-copy="(tdm_\w+)"', fresh.text)
    assert second != key
    for wrong in ({"networks": "here"}, {"grants": ""}, {"name": ""}, {"per_minute": "-1"}):
        refused = await boss.post("/settings/api-keys", data={**form, **wrong})
        assert refused.status_code == 422 and "data-reopen" in refused.text, wrong
    revoked = await boss.post(path.replace("rotation", "revocation"))
    assert revoked.status_code == 303


async def test_a_webhook_is_added_tried_and_removed(boss: httpx.AsyncClient) -> None:
    empty = await boss.get("/settings/webhooks")
    assert "Nothing is sent out yet" in empty.text
    form = {"url": "https://127.0.0.1/", "topics": TOPIC, "description": "Shop"}
    refused = await boss.post("/settings/webhooks", data=form)
    assert refused.status_code == 422 and "Give a public https address" in refused.text
    made = await boss.post("/settings/webhooks", data={**form, "url": "https://93.184.215.14/h"})
    assert made.status_code == 200 and "whsec_" in made.text
    listed = (await boss.get("/settings/webhooks")).text
    assert "whsec_" not in listed
    [path] = set(re.findall(r'href="(/settings/webhooks/[\w-]+)"', listed))
    assert (await boss.post(f"{path}/test")).status_code == 303
    page = (await boss.get(path)).text
    assert "webhooks.test.v1" in page and "Waiting" in page
    assert "whsec_" in (await boss.post(f"{path}/secret")).text
    assert (await boss.post(f"{path}/removal")).status_code == 303
    assert (await boss.get(path)).status_code == 404


async def test_the_log_is_shown_filtered_and_says_how_far_it_goes(boss: httpx.AsyncClient) -> None:
    form = {"name": "Scanner", "grants": "inventory.read"}
    assert (await boss.post("/settings/api-keys", data=form)).status_code == 200
    page = await boss.get("/settings/audit")
    assert page.status_code == 200
    assert "api_key.added" in page.text and "Ravi" in page.text and "127.0.0.1" in page.text
    for query, is_there in (
        ("action=api_key", True),
        ("action=orders", False),
        ("since=2020-01-01&until=2020-01-02", False),
        ("since=never", True),
        ("columns=action,hash", True),
    ):
        shown = await boss.get(f"/settings/audit?{query}")
        assert (shown.status_code, "api_key.added" in shown.text) == (200, is_there), query


async def test_the_pages_say_what_is_missing_to_somebody_without_the_permission(
    app: Litestar, database: Database, org_id: UUID
) -> None:
    _, email = await hire(database, org_id, "operations")
    async with at_work(app, email) as clerk:
        for path in ("audit", "webhooks", "impersonation", "api-keys"):
            assert (await clerk.get(f"/settings/{path}")).status_code == 403, path
