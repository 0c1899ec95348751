"""AUT-17: the audit log through the API, and that no write by hand leaves none."""

import csv
import io
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import httpx2 as httpx
import msgspec
import pytest
from litestar import Litestar

from tandem.kernel import audit
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.http.access import SAFE_METHODS
from tests.givens import api_key_of, visitor
from tests.identity.at_work import PASSWORD, at_work, hire

UNAUDITED = {
    "POST /inbox/follow/{kind}/{subject_id}",
    "POST /inbox/marks",
    "POST /inbox/{item_id}",
    "POST /me/notifications",
    "POST /leads/scoring/draft",
    "POST /journeys/{journey_id}/steps/{step_id}/draft",
    "PUT /v1/followed/{kind}/{subject_id}",
    "DELETE /v1/followed/{kind}/{subject_id}",
    "POST /orders/quote",
    "POST /v1/score-rules/preview",
    "POST /quotes/pricing",
    "POST /scim/v2/.search",
    "POST /scim/v2/Groups/.search",
    "POST /scim/v2/Users/.search",
    "POST /settings/integrations/{name}/test",
    "POST /settings/registered-texts/check",
    "POST /templates/look",
    "POST /templates/report",
    "POST /v1/analytics/attributions",
    "DELETE /v1/analytics/questions/{question_id}",
    "POST /v1/analytics/drills",
    "POST /v1/analytics/queries",
    "POST /v1/funnels/drills",
    "POST /v1/funnels/queries",
    "POST /v1/retention/drills",
    "POST /v1/retention/queries",
    "POST /v1/stickiness/drills",
    "POST /v1/stickiness/queries",
    "POST /churn",
    "POST /v1/churn-reports",
    "POST /v1/driver/pings",
    "POST /v1/inbox/marks",
    "POST /v1/notification-template-versions/{version_id}/rendering",
    "POST /v1/notification-templates/rendering",
    "PUT /v1/notification-preferences",
    "POST /v1/customers/duplicates/search",
    "POST /v1/leads/search",
    "POST /v1/leads/{lead_id}/conversion/preview",
    "POST /v1/opportunities/search",
    "POST /v1/assignment-rules/simulation",
    "POST /settings/automations/draft",
    "POST /settings/automations/{automation_id}/trial",
    "POST /v1/automations/{automation_id}/trial",
    "POST /v1/edd-quotes",
    "POST /v1/gst/gstin-checks",
    "POST /v1/notifications/decisions",
    "POST /journeys/{journey_id}/simulation",
    "POST /v1/journeys/{journey_id}/runs",
    "POST /v1/journeys/{journey_id}/simulation",
    "POST /v1/order-quotes",
    "POST /v1/providers/{provider_id}/test",
    "POST /v1/dlt-checks",
    "POST /v1/tax-quotes",
}
"""Writes by their method that leave no row; each says at its route why. New ones stand here too."""


def _writes(app: Litestar) -> list[tuple[str, Any]]:
    return [
        (f"{method} {route.path_format}", handler)
        for route in app.routes
        for handler in getattr(route, "route_handlers", ())
        for method in sorted(handler.http_methods - SAFE_METHODS)
        if not handler.opt.get("public")
    ]


def test_every_route_that_writes_is_noted_or_says_why_not(app: Litestar) -> None:
    writes = _writes(app)
    assert len(writes) > 90
    reasons = {
        name: handler.opt["unaudited"] for name, handler in writes if "unaudited" in handler.opt
    }
    assert set(reasons) <= UNAUDITED
    assert all(len(reason) > 20 for reason in reasons.values())


async def test_a_route_with_transactions_of_its_own_is_noted_too(
    app: Litestar, database: Database, org_id: UUID
) -> None:
    _, email = await hire(database, org_id)
    async with at_work(app, email) as browser:
        change = {"old": PASSWORD, "new": "another violet meadow 9 anchors"}
        answer = await browser.put("/v1/me/password", json=change)
        assert answer.status_code == 204, answer.text
        assert (await browser.post("/v1/gst/gstin-checks", json={"gstin": "x"})).status_code < 500
        rows = await _log(browser, action="identity")
    assert [row["action"] for row in rows] == ["identity.change_password"]
    assert rows[0]["after"] == {"method": "PUT", "path": "/v1/me/password"}


async def _log(client: httpx.AsyncClient, **asked: Any) -> list[dict[str, Any]]:
    answer = await client.get("/v1/audit-events", params=asked)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_a_change_whose_service_notes_nothing_is_noted_at_the_edge(
    client: httpx.AsyncClient,
) -> None:
    form = {"page": "orders", "query": "status=confirmed", "name": "Mine"}
    saved = await client.post("/console/views", data=form)
    assert saved.status_code == 303
    [row] = await _log(client, action="console")
    assert (row["action"], row["actor_kind"]) == ("console.save", "api_key")
    assert row["after"] == {"method": "POST", "path": "/console/views"}
    refused = await client.post("/console/views", data={**form, "name": ""})
    assert refused.status_code >= 400
    assert len(await _log(client, action="console")) == 1


async def test_the_row_names_the_key_the_address_and_the_request(
    client: httpx.AsyncClient, actor: Actor
) -> None:
    answer = await client.put("/v1/company", json={"name": "New", "time_zone": "Asia/Kolkata"})
    assert answer.status_code == 200
    [row] = await _log(client, action="organisation")
    assert row["action"] == "organisation.updated"
    assert (row["actor_kind"], row["actor_label"]) == ("api_key", "test")
    assert row["address"] == "127.0.0.1"
    assert row["request_id"] == answer.headers["x-request-id"]
    assert row["before"]["name"] == "Test Traders" and row["after"]["name"] == "New"
    head = (await client.get("/v1/audit-events/head")).json()
    assert (head["seq"], head["hash"]) == (row["seq"], row["hash"])


async def test_a_refused_try_is_noted_and_changes_nothing(
    app: Litestar, client: httpx.AsyncClient, database: Database, actor: Actor
) -> None:
    async with visitor(app) as weak:
        key = await api_key_of(database, actor, "orders.read")
        weak.headers["authorization"] = f"Bearer {key}"
        asked = {"name": "Mine", "time_zone": "Asia/Kolkata"}
        assert (await weak.put("/v1/company", json=asked)).status_code == 403
        assert (await weak.get("/v1/audit-events")).status_code == 403
        assert (await weak.get("/v1/audit-events/head")).status_code == 403
        assert (await weak.get("/v1/audit-events/export")).status_code == 403
    [row] = await _log(client, action="access.refused")
    assert row["after"] == {"method": "PUT", "path": "/v1/company"}
    assert (await client.get("/v1/company")).json()["name"] == "Test Traders"


async def test_a_replayed_answer_is_not_a_second_change(client: httpx.AsyncClient) -> None:
    asked = {"name": "Once", "phones": [{"value": "098450 12345"}]}
    key = {"idempotency-key": uuid4().hex}
    first = await client.post("/v1/customers", json=asked, headers=key)
    again = await client.post("/v1/customers", json=asked, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert len(await _log(client, action="customers")) == 1


async def test_pages_go_back_to_the_first_row_without_gap_or_repeat(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    await _write(database, actor, now, 25)
    seen, cursor = [], None
    while True:
        asked: dict[str, str] = {"limit": "10", "action": "odd"}
        asked |= {"cursor": cursor} if cursor else {}
        page = (await client.get("/v1/audit-events", params=asked)).json()
        seen += [row["seq"] for row in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert len(seen) == 25 and seen == sorted(set(seen), reverse=True)


@pytest.mark.parametrize(
    "asked",
    [
        {"cursor": "junk"},
        {"since": "2026-11-22T10:00:00"},
        {"actor_id": "x"},
        {"action": "'; drop table"},
        {"limit": "0"},
        {"until": "never"},
        {"since": "0001-01-01T00:00:00+23:59"},
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(
    client: httpx.AsyncClient, asked: dict[str, str]
) -> None:
    assert (await client.get("/v1/audit-events", params=asked)).status_code in {400, 422}


async def test_the_file_has_every_row_and_no_cell_computes(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    evil = msgspec.structs.replace(actor, label='=HYPERLINK("http://evil","click")')
    await _write(database, evil, now, 3)
    answer = await client.get("/v1/audit-events/export", params={"action": "odd"})
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [row["action"] for row in rows] == ["odd.thing"] * 3
    assert rows[0]["actor_label"] == '\'=HYPERLINK("http://evil","click")'
    assert rows[0]["after"] == '{"formula":"=1+1"}'
    lines = await client.get("/v1/audit-events/export", params={"format": "jsonl", "action": "odd"})
    decoded = [msgspec.json.decode(line) for line in lines.text.splitlines()]
    assert [row["seq"] for row in decoded] == [int(row["seq"]) for row in rows]
    assert decoded[0]["actor_label"] == evil.label
    assert len(await _log(client, action="identity.audit_exported")) == 2


async def _write(database: Database, actor: Actor, now: datetime, count: int) -> None:
    for _ in range(count):
        async with database.transaction(actor) as tx:
            await audit.write(
                tx,
                action="odd.thing",
                subject_kind="thing",
                subject_id=uuid4(),
                now=now,
                after={"formula": "=1+1"},
            )
