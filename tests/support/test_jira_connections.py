"""Connecting Jira: secrets stay inside, mappings are checked on save, erasure follows."""

from typing import Any

import httpx2 as httpx
import msgspec

from tandem.kernel.db import Database, Query
from tandem.scm.support import service
from tandem.scm.support.domain.complaints import ComplaintChange
from tandem.scm.support.domain.jira_content import masked
from tandem.scm.support.domain.jira_link import LinkState, Op
from tandem.scm.support.domain.jira_notice import read_notice
from tandem.scm.support.domain.statuses import Origin
from tandem.scm.support.service import jira
from tests.givens import api_key_of
from tests.support.jira_desk import JiraDesk

SECRETS = Query("select secrets from support.jira_connection where org_id = :org_id")

USUAL = {"project_key": "CARE", "issue_type_id": "10001"}


def new(desk: JiraDesk, **more: Any) -> dict[str, Any]:
    return {
        "name": "Site",
        "kind": "cloud_token",
        "site_url": f"{desk.sandbox.settings.base_url}/jira",
        "email": "tandem@sandbox.test",
        "token": "sandbox_jira_token",
        **more,
    }


async def test_a_site_is_connected_through_the_api_and_its_secrets_stay_inside(
    desk: JiraDesk, client: httpx.AsyncClient
) -> None:
    made = await client.post("/v1/jira/connections", json=new(desk))
    assert made.status_code == 201, made.text
    path = f"/v1/jira/connections/{made.json()['id']}"
    assert "sandbox_jira_token" not in made.text
    async with desk.database.transaction(desk.actor) as tx:
        sealed: bytes = await tx.value(SECRETS)
    assert b"sandbox_jira_token" not in sealed
    early = await client.put(f"{path}/state", json={"state": "active"})
    assert (early.status_code, early.json()["field"]) == (422, "mappings")
    assert (await client.post(f"{path}/test")).json()["name"] == "Tandem"
    projects = (await client.get(f"{path}/projects")).json()["items"]
    assert [one["key"] for one in projects] == ["CARE", "DESK", "OPS"]
    details = (await client.get(f"{path}/projects/OPS?issue_type=10021")).json()
    required = [one["name"] for one in details["fields"] if one["is_required"]]
    assert "Region" in required
    saved = await client.put(f"{path}/mappings", json={"mappings": [USUAL]})
    assert saved.status_code == 200, saved.text
    assert saved.headers["etag"] == '"3"'
    late = await client.put(
        f"{path}/mappings", json={"mappings": [USUAL]}, headers={"if-match": '"1"'}
    )
    assert late.status_code == 412
    hook = (await client.get(f"{path}/webhook")).json()
    assert hook["url"].endswith(f"/v1/webhooks/jira/{made.json()['id']}")
    assert len(hook["secret"]) >= 32
    refused = await client.post(f"{path}/webhook")
    assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
    assert "addresses on this machine, not 'test'" in refused.json()["detail"]
    changed = await client.post(f"{path}/webhook-secrets")
    assert (changed.status_code, changed.json()["url"]) == (201, hook["url"])
    assert changed.json()["secret"] != hook["secret"]
    assert (await client.get(f"{path}/webhook")).json() == changed.json()
    assert (await client.put(f"{path}/state", json={"state": "active"})).status_code == 200
    health = (await client.get("/v1/jira/sync/health")).json()
    assert health["connection"]["state"] == "active"
    assert health["counts"]["linked"] == 0


async def test_a_mapping_is_refused_with_everything_that_would_go_wrong(
    desk: JiraDesk, client: httpx.AsyncClient
) -> None:
    made = (await client.post("/v1/jira/connections", json=new(desk))).json()
    path = f"/v1/jira/connections/{made['id']}/mappings"
    bad = {
        "project_key": "OPS",
        "issue_type_id": "10021",
        "fields": [
            {"field_id": "customfield_1", "source": "text", "value": "x"},
            {"field_id": "priority", "source": "option", "value": "99"},
        ],
        "statuses": {"777": "resolved"},
        "priorities": {"high": "77"},
    }
    refused = await client.put(path, json={"mappings": [bad]})
    assert refused.status_code == 422
    said = refused.json()["detail"]
    assert said == (
        "Region (customfield_10050) is required and has no value. "
        "Field customfield_1 is not on the create screen. Priority has no option '99'. "
        "Status 777 is not one of this project's. Priority 77 is not one of this project's."
    )
    unknown = {"project_key": "NOPE", "issue_type_id": "1"}
    assert (await client.put(path, json={"mappings": [unknown]})).status_code == 422
    twice = await client.put(path, json={"mappings": [USUAL, USUAL]})
    assert twice.json()["detail"] == "The usual one is mapped twice."
    async with desk.database.transaction(desk.actor) as tx:
        (kept,) = await jira.list_connections(tx)
    assert kept.mappings == []


async def test_addresses_and_secrets_that_cannot_work_are_refused(
    desk: JiraDesk, client: httpx.AsyncClient
) -> None:
    for more, field in (
        ({"site_url": "http://example.com"}, "site_url"),
        ({"site_url": "https://user:pass@example.com"}, "site_url"),
        ({"site_url": "https://exa mple.com"}, "site_url"),
        ({"token": "é"}, "token"),
        ({"token": ""}, "token"),
        ({"kind": "cloud_oauth"}, "cloud_id"),
    ):
        refused = await client.post("/v1/jira/connections", json=new(desk, **more))
        assert (refused.status_code, refused.json()["field"]) == (422, field)
    await client.post("/v1/jira/connections", json=new(desk))
    again = await client.post("/v1/jira/connections", json=new(desk))
    assert again.json()["detail"] == "There is a connection of this name."


async def test_another_company_sees_none_of_it(
    desk: JiraDesk, client: httpx.AsyncClient, database: Database
) -> None:
    made = (await client.post("/v1/jira/connections", json=new(desk))).json()
    key = await api_key_of(database, desk.actor, "support.read")
    less = {"authorization": f"Bearer {key}"}
    for method, path in (
        ("GET", "/v1/jira/connections"),
        ("GET", f"/v1/jira/connections/{made['id']}/webhook"),
        ("POST", f"/v1/jira/connections/{made['id']}/test"),
        ("POST", "/v1/jira/reconcile"),
        ("GET", "/v1/jira/dead-letters"),
    ):
        answer = await client.request(method, path, headers=less)
        assert answer.status_code == 403, path
    missing = f"/v1/jira/connections/{desk.actor.org_id}"
    assert (await client.get(missing)).status_code == 404
    assert (await client.post(f"{missing}/test")).status_code == 404
    assert (await client.post("/v1/jira/reconcile")).json()["code"] == "jira_not_connected"


async def test_the_demo_connects_itself_once_the_stand_in_answers(desk: JiraDesk) -> None:
    async with desk.database.transaction(desk.actor) as tx:
        await jira.seed_demo(tx, sandbox_url=desk.sandbox.settings.base_url, now=desk.now())
        (made,) = await jira.list_connections(tx)
    desk.sandbox.break_next("jira", "503", match="/rest")
    assert not await jira.prove(desk.job, made.id)
    assert await jira.prove(desk.job, made.id)
    complaint = await desk.complain(body="Hello")
    desk.connection = made
    await desk.settle()
    key = (await desk.link(complaint)).issue_key
    assert key.startswith("DESK-")
    assert desk.issue(key)["fields"]["priority"]["name"] == "High"


async def test_what_is_erased_here_is_erased_there(desk: JiraDesk) -> None:
    await desk.connect()
    complaint, key = await desk.linked(body="My name is Asha and I live at 12 Lake Road")
    async with desk.database.transaction(desk.actor) as tx:
        await jira.queue(tx, complaint.id, Op.ERASE, now=desk.now())
        for message in await service.list_messages(tx, complaint.id):
            await service.edit_message(
                tx, message_id=message.id, body="(erased)", origin=Origin.SYSTEM, now=desk.now()
            )
        await service.change(
            tx,
            complaint_id=complaint.id,
            to=ComplaintChange(subject="Erased"),
            origin=Origin.SYSTEM,
            now=desk.now(),
        )
    await desk.settle()
    issue = desk.issue(key)["fields"]
    assert issue["summary"] == f"[{complaint.number}] Erased"
    assert "Lake Road" not in str(issue) + str(desk.comments(key))
    assert (await jira.reconcile(desk.job, is_dry_run=True)).findings == []


async def test_unlinked_complaints_are_left_alone_and_can_be_linked_again(
    desk: JiraDesk, client: httpx.AsyncClient
) -> None:
    await desk.connect()
    complaint, key = await desk.linked(body="one")
    path = f"/v1/complaints/{complaint.id}/jira"
    assert (await client.delete(path)).json()["state"] == LinkState.ORPHANED
    desk.comment(key, "unheard")
    await desk.say(complaint, "two")
    await desk.settle()
    assert [one.body for one in await desk.messages(complaint)] == ["one", "two"]
    assert len(desk.bodies(key)) == 2
    again = await client.post(path)
    assert again.status_code == 201
    await desk.settle()
    log = (await client.get(path)).json()
    assert (log["link"]["state"], log["link"]["issue_key"]) == ("linked", key)
    assert [body.rpartition("\n")[2] for body in desk.bodies(key)] == ["one", "unheard", "two"]
    assert len(await desk.messages(complaint)) == 3


def test_telephone_numbers_and_addresses_are_masked_and_our_numbers_are_not() -> None:
    said = "Call +91 98765-43210 or (080) 2222 3333, asha.rao@mail.example.co.in, SO-2026-000123"
    assert masked(said) == ("Call 91••••••10 or (08••••••33, a•••@•••, SO-2026-000123")


def test_real_notices_name_their_issue_and_its_time() -> None:
    """Bodies as Jira sends them, of several versions."""
    cut = {
        "webhookEvent": "comment_created",
        "comment": {
            "self": "https://x.atlassian.net/rest/api/2/issue/10040/comment/10019",
            "updated": "2019-02-15T19:11:18.320-0800",
        },
    }
    notice = read_notice(msgspec.json.encode(cut))
    assert notice.issue_id == "10040"
    assert notice.updated is not None
    assert notice.updated.isoformat() == "2019-02-16T03:11:18.320000+00:00"
    gone = {"webhookEvent": "jira:issue_deleted", "issue": {"id": 10041, "fields": {}}}
    assert read_notice(msgspec.json.encode(gone)).updated is None
