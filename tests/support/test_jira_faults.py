"""Jira at its worst: bad notices, outages, limits, dead letters, deaths (AJ3, AJ7, AJ8, AJ10)."""

import hashlib
import hmac
import json
import time
from datetime import timedelta
from typing import Any

import httpx2 as httpx
import msgspec
import pytest

from tandem.kernel.db import Query
from tandem.scm.support.domain.complaints import Complaint
from tandem.scm.support.domain.jira_connection import Connection, Kind, State
from tandem.scm.support.domain.jira_link import ArrivalState, LinkState, SendState
from tandem.scm.support.domain.statuses import Status
from tandem.scm.support.service import jira
from tests.support.jira_desk import CLOUD, JiraDesk

TAKE_LEASE = Query(
    """
    update support.jira_link
       set lease = :id, leased_until = :until, next_at = :until
     where org_id = :org_id and id = :id
    """
)
FORGET_OUTBOX = Query(
    "delete from support.jira_outbox where org_id = :org_id and state = 'waiting'"
)


async def notify(
    desk: JiraDesk, web: str, body: bytes, *, webhook_id: str, signature: str | None = None
) -> int:
    """Send a webhook by hand; signed rightly unless told otherwise."""
    assert desk.connection
    async with desk.database.transaction(desk.actor) as tx:
        secret = await jira.read_webhook_secret(tx, desk.connection.id)
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {
        "content-type": "application/json",
        "x-atlassian-webhook-identifier": webhook_id,
        "x-hub-signature": f"sha256={digest}" if signature is None else signature,
    }
    async with httpx.AsyncClient(base_url=web, trust_env=False) as client:
        path = f"/v1/webhooks/jira/{desk.connection.id}"
        return (await client.post(path, content=body, headers=headers)).status_code


def notice(desk: JiraDesk, key: str, *, updated: str = "") -> bytes:
    issue = desk.issue(key)
    said = updated or issue["fields"]["updated"]
    body = {
        "webhookEvent": "jira:issue_updated",
        "issue": {"id": issue["id"], "key": key, "fields": {"updated": said}},
    }
    return json.dumps(body).encode()


async def test_a_webhook_counts_once_and_an_older_one_not_at_all(desk: JiraDesk, web: str) -> None:
    """AJ3."""
    await desk.connect()
    complaint, key = await desk.linked()
    before = notice(desk, key)
    desk.sandbox.break_next("jira", "drop")
    desk.transition(key, "21")
    await desk.settle()
    newer = notice(desk, key)
    for _ in range(5):
        assert await notify(desk, web, newer, webhook_id="w-1") == 200
    reads = len(desk.calls("GET", f"/{(await desk.link(complaint)).issue_id}"))
    await desk.work()
    assert len(desk.calls("GET", f"/{(await desk.link(complaint)).issue_id}")) == reads + 1
    assert (await desk.get(complaint)).status is Status.IN_PROGRESS
    assert await notify(desk, web, before, webhook_id="w-2") == 200
    await desk.work()
    arrived = {one.webhook_id: one for one in (await desk.log(complaint)).arrived}
    assert arrived["w-1"].state is ArrivalState.DONE
    assert arrived["w-2"].state is ArrivalState.IGNORED
    assert (await desk.get(complaint)).status is Status.IN_PROGRESS


async def test_a_comment_whose_notice_has_no_issue_arrives_as_any_other(desk: JiraDesk) -> None:
    await desk.connect()
    complaint, key = await desk.linked()
    desk.sandbox.break_next("jira", "comment_without_issue")
    desk.comment(key, "no issue in here")
    await desk.settle()
    assert [message.body for message in await desk.messages(complaint)] == ["no issue in here"]


async def test_doubled_and_shuffled_notices_change_nothing_twice(desk: JiraDesk) -> None:
    await desk.connect()
    complaint, key = await desk.linked()
    desk.sandbox.break_next("jira", "duplicate", count=2)
    desk.sandbox.break_next("jira", "reorder", count=2, seconds=0.2)
    for words in ("one", "two", "three", "four"):
        desk.comment(key, words)
    await desk.settle()
    said = [message.body for message in await desk.messages(complaint)]
    assert said == ["one", "two", "three", "four"]


@pytest.mark.parametrize("signature", ["", "sha256=", "sha256=00", "sha1=abc", "abc"])
async def test_a_bad_signature_is_refused_and_nothing_is_kept(
    desk: JiraDesk, web: str, signature: str
) -> None:
    """AJ8."""
    await desk.connect()
    complaint, key = await desk.linked()
    arrived = len((await desk.log(complaint)).arrived)
    status = await notify(desk, web, notice(desk, key), webhook_id="x", signature=signature)
    assert status == 401
    assert len((await desk.log(complaint)).arrived) == arrived


async def test_a_signature_over_the_same_json_written_otherwise_is_refused(
    desk: JiraDesk, web: str
) -> None:
    """AJ8: the signature is over the bytes."""
    await desk.connect()
    complaint, key = await desk.linked()
    assert desk.connection
    async with desk.database.transaction(desk.actor) as tx:
        secret = await jira.read_webhook_secret(tx, desk.connection.id)
    body = notice(desk, key)
    other = json.dumps(json.loads(body), separators=(",", ":")).encode()
    assert other != body
    digest = hmac.new(secret.encode(), other, hashlib.sha256).hexdigest()
    signature = f"sha256={digest}"
    assert await notify(desk, web, body, webhook_id="y", signature=signature) == 401
    assert await notify(desk, web, other, webhook_id="y", signature=signature) == 200
    async with desk.database.transaction(desk.actor) as tx:
        await jira.rotate_webhook_secret(tx, desk.connection.id, now=desk.now())
    assert await notify(desk, web, other, webhook_id="z", signature=signature) == 200, "the old one"
    assert await notify(desk, web, other, webhook_id="q") == 200, "signed with the new one"
    async with desk.database.transaction(desk.actor) as tx:
        await jira.rotate_webhook_secret(tx, desk.connection.id, now=desk.now())
    await jira.register_webhook(desk.job, desk.connection.id)
    desk.agent.put(f"/issue/{key}", json={"fields": {"summary": "Seen by the agent"}})
    await desk.settle()
    sent = desk.sandbox.http.get("/sandbox/webhooks", params={"provider": "jira"}).json()
    mine = [one for one in sent["deliveries"] if str(desk.connection.id) in one["url"]]
    assert mine[0]["status"] == 200, "the site signs with the newest"
    assert len([one for one in mine if one["queued_at"] >= mine[0]["queued_at"]]) == 1
    assert await notify(desk, web, other, webhook_id="r", signature=signature) == 401, "two changes"
    async with httpx.AsyncClient(base_url=web, trust_env=False) as client:
        path = f"/v1/webhooks/jira/{complaint.id}"
        answer = await client.post(path, content=body, headers={"x-hub-signature": signature})
    assert answer.status_code == 401


async def test_an_hour_without_jira_drains_in_order_and_asks_seldom(desk: JiraDesk) -> None:
    """AJ7: 503 for an hour. Nothing becomes a dead letter."""
    await desk.connect()
    complaint, key = await desk.linked()
    desk.sandbox.break_next("jira", "503", count=10_000, match="/rest", seconds=0)
    for n in range(5):
        await desk.say(complaint, f"message {n}")
    for _ in range(60):
        await desk.work()
        await desk.advance(timedelta(minutes=1))
    left = desk.sandbox.http.get("/sandbox/faults").json()[0]["left"]
    assert 10_000 - left <= 60 + 5, "the breaker keeps it to one look a minute or so"
    assert (await desk.log(complaint)).sent[0].state is SendState.WAITING
    desk.sandbox.http.delete("/sandbox/faults")
    await desk.advance(timedelta(minutes=11))
    await desk.settle()
    assert [body.rpartition("\n")[2] for body in desk.bodies(key)] == [
        f"message {n}" for n in range(5)
    ]
    async with desk.database.transaction(desk.actor) as tx:
        assert await jira.list_dead_letters(tx) == []
        health = await jira.read_health(tx, now=desk.now())
    assert (health.counts.waiting_out, health.is_blocked) == (0, False)


async def test_retry_after_is_kept_to_the_second(desk: JiraDesk) -> None:
    """AJ7: 429 for the site, and for writes to one issue only."""
    await desk.connect()
    complaint, key = await desk.linked()
    desk.sandbox.break_next("jira", "429", match="/rest", seconds=90)
    await desk.say(complaint, "patience")
    await desk.work()
    desk.sandbox.http.delete("/sandbox/jira/calls")
    await desk.advance(timedelta(seconds=85))
    await desk.work()
    assert desk.calls() == []
    await desk.advance(timedelta(seconds=6))
    await desk.settle()
    assert [body.rpartition("\n")[2] for body in desk.bodies(key)] == ["patience"]


async def test_the_limit_of_writes_to_one_issue_rests_that_issue_only(desk: JiraDesk) -> None:
    await desk.connect()
    busy, key = await desk.linked()
    desk.sandbox.http.patch("/sandbox/jira/site", json={"writes_max": 2, "writes_seconds": 1.2})
    for n in range(4):
        await desk.say(busy, f"n{n}")
    await desk.work()
    assert len(desk.comments(key)) == 2
    _, other = await desk.linked(body="elsewhere")
    assert len(desk.comments(other)) == 1
    refused = [one for one in desk.calls("POST", "/comment") if one["status"] == 429]
    assert len(refused) == 1
    deadline = time.monotonic() + 20
    while len(desk.comments(key)) < 4:
        assert time.monotonic() < deadline
        await desk.advance(timedelta(seconds=2))
        await desk.work()
    assert [body.rpartition("\n")[2] for body in desk.bodies(key)] == ["n0", "n1", "n2", "n3"]


async def test_a_lost_answer_to_a_comment_leaves_it_there_once(desk: JiraDesk) -> None:
    await desk.connect()
    complaint, key = await desk.linked()
    desk.sandbox.break_next("jira", "timeout_after", match="/rest/api/3/issue", seconds=0.1)
    await desk.say(complaint, "once")
    await desk.say(complaint, "then this")
    await desk.work()
    await desk.advance(timedelta(seconds=10))
    await desk.settle()
    assert [body.rpartition("\n")[2] for body in desk.bodies(key)] == ["once", "then this"]


async def test_a_dead_letter_holds_back_what_follows_on_its_issue_until_somebody_decides(
    desk: JiraDesk, client: httpx.AsyncClient
) -> None:
    await desk.connect()
    complaint, key = await desk.linked()
    other, other_key = await desk.linked()
    desk.sandbox.break_next("jira", "comment_refused", match=key)
    await desk.say(complaint, "x")
    await desk.say(complaint, "after")
    await desk.say(other, "elsewhere")
    await desk.settle()
    assert desk.bodies(key) == []
    assert len(desk.bodies(other_key)) == 1
    (letter,) = (await client.get("/v1/jira/dead-letters")).json()["items"]
    assert (letter["what"], letter["direction"], letter["issue_key"]) == ("comment", "out", key)
    assert letter["complaint_id"] == str(complaint.id)
    path = f"/v1/jira/dead-letters/{letter['id']}"
    assert (await client.post(f"{path}/retry")).status_code == 202
    await desk.settle()
    assert [body.rpartition("\n")[2] for body in desk.bodies(key)] == ["x", "after"]
    assert (await client.delete(path)).status_code == 404


async def test_refused_credentials_stop_everything_until_new_ones_are_proven(
    desk: JiraDesk,
) -> None:
    connection = await desk.connect()
    complaint, key = await desk.linked()
    desk.sandbox.break_next("jira", "401", match="/rest/api/3/issue")
    await desk.say(complaint, "later")
    await desk.work()
    async with desk.database.transaction(desk.actor) as tx:
        assert (await jira.get_connection(tx, connection.id)).state is State.UNAUTHORIZED
    await desk.advance(timedelta(hours=1))
    await desk.work()
    assert desk.bodies(key) == []
    await jira.test_connection(desk.job, connection.id)
    await desk.settle()
    assert [body.rpartition("\n")[2] for body in desk.bodies(key)] == ["later"]


async def test_reconcile_lists_exactly_what_is_wrong_then_heals_it_then_finds_nothing(
    desk: JiraDesk, client: httpx.AsyncClient
) -> None:
    """AJ10: a wrong status on both sides and three events that nobody told."""
    await desk.connect()
    ours, our_key = await desk.linked()
    theirs, their_key = await desk.linked()
    fine, _ = await desk.linked()
    desk.sandbox.break_next("jira", "drop", count=100)
    desk.transition(their_key, "31")
    desk.comment(their_key, "lost one")
    desk.comment(our_key, "lost two")
    await desk.move(ours, Status.RESOLVED)
    await desk.relay_and_lose()
    async with desk.database.transaction(desk.actor) as tx:
        await tx.run(FORGET_OUTBOX)
    found = (await client.post("/v1/jira/reconcile?dry_run=1")).json()
    assert _findings(found) == {
        (ours.number, "status", "there"),
        (ours.number, "comment", "here"),
        (theirs.number, "status", "here"),
        (theirs.number, "comment", "here"),
    }
    assert found["looked_at"] == 3
    assert (await desk.get(theirs)).status is Status.OPEN
    assert desk.status(our_key) == "To Do"
    again = (await client.post("/v1/jira/reconcile?dry_run=0")).json()
    assert _findings(again) == _findings(found)
    assert (await desk.get(theirs)).status is Status.RESOLVED
    assert desk.status(our_key) == "Done"
    assert [one.body for one in await desk.messages(theirs)] == ["lost one"]
    assert (await client.post("/v1/jira/reconcile?dry_run=0")).json()["findings"] == []
    assert (await desk.get(fine)).status is Status.OPEN


def _findings(report: dict[str, Any]) -> set[tuple[str, str, str]]:
    return {(one["complaint_number"], one["what"], one["side"]) for one in report["findings"]}


async def test_lost_notices_are_caught_up_with_by_one_search(desk: JiraDesk) -> None:
    await desk.connect()
    complaint, key = await desk.linked()
    desk.sandbox.break_next("jira", "drop", count=100)
    desk.comment(key, "nobody told you")
    await desk.settle()
    assert await desk.messages(complaint) == []
    assert await jira.catch_up(desk.job) == 1
    await desk.work()
    assert [one.body for one in await desk.messages(complaint)] == ["nobody told you"]
    assert await jira.catch_up(desk.job) == 0


async def test_a_worker_that_died_with_the_link_in_hand_is_replaced(desk: JiraDesk) -> None:
    await desk.connect()
    complaint, key = await desk.linked()
    link = await desk.link(complaint)
    async with desk.database.transaction(desk.actor) as tx:
        until = desk.now() + timedelta(seconds=120)
        await tx.run(TAKE_LEASE, id=link.id, until=until)
    await desk.say(complaint, "survives")
    await desk.work()
    assert desk.bodies(key) == []
    await desk.advance(timedelta(seconds=121))
    await desk.settle()
    assert len(desk.bodies(key)) == 1


@pytest.mark.parametrize("kind", ["cloud_oauth", "data_center"])
async def test_other_ways_to_sign_in_do_the_same(desk: JiraDesk, kind: str) -> None:
    """OAuth through the gateway with rotating tokens; Data Center with its own token and texts."""
    base = f"{desk.sandbox.settings.base_url}/jira"
    if kind == "cloud_oauth":
        given = msgspec.structs.replace(
            CLOUD,
            kind=Kind.CLOUD_OAUTH,
            cloud_id="5f0c2f2e-0000-4000-8000-00000000ca5e",
            client_id="sandbox_jira_client",
            client_secret="sandbox_jira_secret",
            refresh_token="sandbox_jira_refresh",
            api_url=f"{base}/ex/jira",
            token_url=f"{base}/oauth/token",
        )
    else:
        given = msgspec.structs.replace(CLOUD, kind=Kind.DATA_CENTER, token="sandbox_jira_pat")
    connection = await desk.connect(given=given)
    assert connection.account_name == "Tandem"
    complaint, key = await desk.linked(body="Hello *there*")
    desk.comment(key, "Back")
    await desk.settle()
    assert [one.body for one in await desk.messages(complaint)] == ["Hello *there*", "Back"]
    assert len(desk.bodies(key)) == 2
    await desk.advance(timedelta(hours=2))
    await desk.say(complaint, "two hours later")
    await desk.settle()
    assert len(desk.bodies(key)) == 3
    tokens = len([one for one in desk.calls("POST", "/oauth/token") if one["status"] == 200])
    assert tokens == (2 if kind == "cloud_oauth" else 0)


async def test_a_refused_creation_waits_for_a_person_and_goes_on_after(desk: JiraDesk) -> None:
    connection: Connection = await desk.connect()
    bad = msgspec.structs.replace(connection.mappings[0], issue_type_id="777")
    async with desk.database.transaction(desk.actor) as tx:
        await jira.save_mappings(tx, connection.id, [bad], policy=connection.policy, now=desk.now())
    complaint: Complaint = await desk.complain(body="hold on")
    await desk.settle()
    link = await desk.link(complaint)
    assert (link.state, link.error) == (LinkState.FAILED, "issuetype: Specify a valid issue type")
    calls = len(desk.calls())
    await desk.advance(timedelta(hours=2))
    await desk.settle()
    assert len(desk.calls()) == calls
    async with desk.database.transaction(desk.actor) as tx:
        await jira.save_mappings(
            tx, connection.id, connection.mappings, policy=connection.policy, now=desk.now()
        )
        (letter,) = await jira.list_dead_letters(tx)
        await jira.retry(tx, letter.id, now=desk.now())
    await desk.settle()
    key = (await desk.link(complaint)).issue_key
    assert len(desk.bodies(key)) == 1
