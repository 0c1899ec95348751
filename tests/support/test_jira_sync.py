"""Complaints and issues, both ways, exactly once (AJ1, AJ2, AJ4, AJ5, AJ6, AJ12)."""

import asyncio
from datetime import timedelta

import httpx2 as httpx
import msgspec
import pytest

from tandem.kernel.blobs import Blobs
from tandem.kernel.db import Query
from tandem.scm.support import service
from tandem.scm.support.domain.jira_connection import Policy
from tandem.scm.support.domain.jira_link import LinkState, SendState
from tandem.scm.support.domain.statuses import Origin, Status, Visibility
from tandem.scm.support.service import jira
from tests.support.jira_desk import CARE, DESK, OPS, JiraDesk

TOLD = Query(
    """
    select coalesce((select string_agg(m::text, ' ') from notifications.message m
                      where m.org_id = :org_id), '')
        || coalesce((select string_agg(e.payload::text, ' ') from kernel.event e
                      where e.org_id = :org_id), '')
    """
)
"""Every mail and text that was written, and every event."""

PUBLIC, INTERNAL = Visibility.PUBLIC, Visibility.INTERNAL


async def test_a_complaint_becomes_one_issue_that_says_little_about_people(
    desk: JiraDesk,
) -> None:
    await desk.connect()
    complaint, key = await desk.linked(
        subject="Broken, call +91 98765 43210", body="Write to asha@example.com, **now**"
    )
    issue = desk.issue(key)["fields"]
    assert issue["summary"] == f"[{complaint.number}] Broken, call 91••••••10"
    assert issue["project"]["key"] == "CARE"
    assert issue["priority"]["name"] == "High"
    assert f"tandem-{complaint.id.hex}" in issue["labels"]
    assert desk.bodies(key) == ["Asha (internal)\n\nWrite to a•••@•••, now"]
    assert desk.issues(complaint) == [key]
    links = desk.agent.get(f"/issue/{key}/remotelink").json()
    assert [one["object"]["title"] for one in links] == [f"Complaint {complaint.number} in Tandem"]
    found = desk.agent.get(f"/issue/{key}/properties/tandem.complaint").json()
    assert found["value"] == {"id": str(complaint.id)}
    link = await desk.link(complaint)
    assert (link.state, link.issue_key) == (LinkState.LINKED, key)


async def test_ten_at_once_and_a_lost_answer_make_one_issue(desk: JiraDesk) -> None:
    """AJ1: the stand-in makes the issue and never answers."""
    await desk.connect()
    desk.sandbox.break_next("jira", "timeout_after", match="/rest/api/3/issue", seconds=0.1)
    complaint = await desk.complain(body="It is broken")
    await desk.work()
    link = await desk.link(complaint)
    assert (link.state, link.issue_id) == (LinkState.CREATING, "")
    assert len(desk.issues(complaint)) == 1
    await asyncio.gather(*(jira.sync_link(desk.job, link.id) for _ in range(10)))
    assert (await desk.link(complaint)).state is LinkState.CREATING, "the search may lag"
    await desk.advance(timedelta(seconds=31))
    await asyncio.gather(*(jira.sync_link(desk.job, link.id) for _ in range(10)))
    await desk.settle()
    key = (await desk.link(complaint)).issue_key
    assert desk.issues(complaint) == [key]
    assert desk.bodies(key) == ["Asha (internal)\n\nIt is broken"]


async def test_a_request_of_a_service_desk_is_made_once_though_its_answer_is_lost(
    desk: JiraDesk,
) -> None:
    """AJ1 for a service desk, whose requests come without our property; and the search by
    property is refused where nobody declared its index."""
    await desk.connect(DESK)
    desk.sandbox.break_next("jira", "timeout_after", match="/rest/servicedeskapi", seconds=0.1)
    desk.sandbox.break_next("jira", "property_not_indexed", count=5)
    complaint = await desk.complain()
    await desk.work()
    await desk.advance(timedelta(seconds=31))
    await desk.settle()
    key = (await desk.link(complaint)).issue_key
    assert desk.issues(complaint) == [key]
    found = desk.agent.get(f"/issue/{key}/properties/tandem.complaint").json()
    assert found["value"] == {"id": str(complaint.id)}
    assert f"tandem-{complaint.id.hex}" in desk.issue(key)["fields"]["labels"]


async def test_three_rounds_of_talk_leave_each_comment_once_on_each_side(desk: JiraDesk) -> None:
    """AJ2."""
    await desk.connect()
    complaint, key = await desk.linked()
    for round_ in range(3):
        await desk.say(complaint, f"ours {round_}")
        desk.comment(key, f"theirs {round_}")
        await desk.settle()
    assert [body.rpartition("\n")[2] for body in desk.bodies(key)] == [
        *("theirs 0", "ours 0", "theirs 1", "ours 1", "theirs 2", "ours 2")
    ]
    here = await desk.messages(complaint)
    assert sorted(message.body for message in here) == [
        *("ours 0", "ours 1", "ours 2", "theirs 0", "theirs 1", "theirs 2")
    ]
    theirs = [message for message in here if message.origin is Origin.JIRA]
    assert {message.author_label for message in theirs} == {"Meera Iyer"}
    calls = len(desk.calls("POST", "/comment"))
    await desk.settle()
    assert len(desk.calls("POST", "/comment")) == calls


async def test_each_side_is_master_of_its_own_words(desk: JiraDesk) -> None:
    await desk.connect()
    complaint, key = await desk.linked(body="Frist")
    comment_id = desk.comment(key, "Teh agent")
    await desk.settle()
    ours, theirs = await desk.messages(complaint)
    async with desk.database.transaction(desk.actor) as tx:
        await service.edit_message(
            tx, message_id=ours.id, body="First", origin=Origin.STAFF, now=desk.now()
        )
    body = {
        "type": "doc",
        "version": 1,
        "content": [{"type": "paragraph", "content": [{"type": "text", "text": "The agent"}]}],
    }
    desk.agent.put(f"/issue/{key}/comment/{comment_id}", json={"body": body})
    await desk.settle()
    assert [message.body for message in await desk.messages(complaint)] == ["First", "The agent"]
    assert desk.bodies(key) == ["Asha (internal)\n\nFirst", "The agent"]
    own = desk.comments(key)[0]["id"]
    desk.agent.put(f"/issue/{key}/comment/{own}", json={"body": body})
    await desk.settle()
    assert desk.bodies(key) == ["Asha (internal)\n\nFirst", "The agent"]
    assert theirs.id == (await desk.messages(complaint))[1].id


@pytest.mark.parametrize("shows", [False, True])
async def test_nothing_internal_reaches_a_customer(desk: JiraDesk, web: str, shows: bool) -> None:
    """AJ4: internal by default; public replies of the service desk only where the rules say so."""
    await desk.connect(DESK, policy=Policy(shows_public_replies=shows))
    complaint, key = await desk.linked()
    await desk.say(complaint, "To the customer", visibility=PUBLIC)
    await desk.say(complaint, "Between us")
    desk.comment(key, "secret note", is_internal=True)
    desk.comment(key, "public reply")
    await desk.settle()
    there = {one["body"].rpartition("\n")[2]: one["jsdPublic"] for one in desk.comments(key)}
    assert there == {
        "To the customer": True,
        "Between us": False,
        "secret note": False,
        "public reply": True,
    }
    here = {message.body: message.visibility for message in await desk.messages(complaint)}
    assert here == {
        "To the customer": PUBLIC,
        "Between us": INTERNAL,
        "secret note": INTERNAL,
        "public reply": PUBLIC if shows else INTERNAL,
    }
    async with httpx.AsyncClient(base_url=web, trust_env=False) as visitor:
        page = await visitor.get(f"/complaint/{complaint.public_token}")
    async with desk.database.transaction(desk.actor) as tx:
        told = str(await tx.value(TOLD))
    assert page.status_code == 200
    assert "To the customer" in page.text
    for text in (page.text, told):
        assert "secret note" not in text
        assert "Between us" not in text
        assert shows or "public reply" not in text


async def test_a_plain_project_calls_everything_public_and_is_not_believed(
    desk: JiraDesk,
) -> None:
    await desk.connect(policy=Policy(shows_public_replies=True))
    complaint, key = await desk.linked()
    desk.comment(key, "among developers")
    await desk.settle()
    (message,) = await desk.messages(complaint)
    assert message.visibility is INTERNAL


async def test_internal_notes_stay_here_where_the_policy_says_so(desk: JiraDesk) -> None:
    await desk.connect(policy=Policy(sends_internal=False))
    complaint, key = await desk.linked(body="internal")
    await desk.say(complaint, "public", visibility=PUBLIC)
    await desk.settle()
    assert desk.bodies(key) == ["Asha (public)\n\npublic"]
    report = await jira.reconcile(desk.job, is_dry_run=True)
    assert report.findings == []


async def test_statuses_follow_their_category_both_ways_without_a_resolution(
    desk: JiraDesk,
) -> None:
    """AJ5: a custom workflow, `Shipped` is done; and back again."""
    await desk.connect(OPS)
    complaint, key = await desk.linked()
    desk.transition(key, "41")
    await desk.settle()
    assert (await desk.get(complaint)).status is Status.IN_PROGRESS
    desk.transition(key, "51", customfield_10060="Box")
    await desk.settle()
    assert (await desk.get(complaint)).status is Status.RESOLVED
    assert desk.issue(key)["fields"]["resolution"] is None
    desk.transition(key, "61")
    await desk.settle()
    assert (await desk.get(complaint)).status is Status.REOPENED
    await desk.move(complaint, Status.IN_PROGRESS)
    await desk.settle()
    assert desk.status(key) == "Mending"
    await desk.move(complaint, Status.RESOLVED)
    await desk.settle()
    assert desk.status(key) == "Shipped"
    assert desk.issue(key)["fields"]["customfield_10060"] == "See complaint"


async def test_overrides_name_the_status_and_the_meaning(desk: JiraDesk) -> None:
    waiting = Status.WAITING_CUSTOMER
    mapping = msgspec.structs.replace(DESK, statuses={"10012": waiting}, targets={waiting: "10012"})
    await desk.connect(mapping)
    complaint, key = await desk.linked()
    desk.transition(key, "6")
    await desk.settle()
    assert (await desk.get(complaint)).status is waiting
    await desk.move(complaint, Status.IN_PROGRESS)
    await desk.move(complaint, waiting)
    await desk.settle()
    assert desk.status(key) == "Waiting for customer"


async def test_a_transition_without_its_field_is_a_disagreement_people_see_and_no_storm(
    desk: JiraDesk,
) -> None:
    """AJ6."""
    bare = msgspec.structs.replace(OPS, transition_fields=[])
    await desk.connect(bare)
    complaint, key = await desk.linked()
    await desk.move(complaint, Status.RESOLVED)
    await desk.settle()
    assert desk.status(key) == "Triage"
    (clash,) = (await desk.log(complaint)).clashes
    assert (clash.kind, clash.decided_at) == ("transition", None)
    assert clash.note == "'Ship' asks for Root cause, which has no value in the mapping."
    for _ in range(3):
        await desk.advance(timedelta(minutes=10))
        await desk.settle()
    assert desk.calls("POST", "/transitions") == []
    async with desk.database.transaction(desk.actor) as tx:
        assert desk.connection
        await jira.save_mappings(tx, desk.connection.id, [OPS], policy=Policy(), now=desk.now())
        await jira.decide(tx, clash.id, winner="ours", now=desk.now())
    await desk.settle()
    assert desk.status(key) == "Shipped"
    assert (await desk.get(complaint)).status is Status.RESOLVED


async def test_severity_and_subject_follow_their_policies(desk: JiraDesk) -> None:
    await desk.connect()
    complaint, key = await desk.linked()
    desk.agent.put(
        f"/issue/{key}", json={"fields": {"priority": {"id": "1"}, "summary": "Other words"}}
    )
    await desk.settle()
    after = await desk.get(complaint)
    assert (after.severity, after.subject) == ("critical", "Arrived damaged")
    assert desk.issue(key)["fields"]["summary"] == f"[{complaint.number}] Arrived damaged"


async def test_a_moved_issue_is_followed_and_a_deleted_one_is_told(desk: JiraDesk) -> None:
    """AJ9."""
    await desk.connect(CARE, msgspec.structs.replace(OPS, category="late"))
    complaint, key = await desk.linked()
    moved = desk.sandbox.http.post(f"/sandbox/jira/issues/{key}/move", json={"project": "OPS"})
    await desk.settle()
    new_key = moved.json()["key"]
    link = await desk.link(complaint)
    assert (link.issue_key, link.project_key, link.state) == (new_key, "OPS", LinkState.LINKED)
    await desk.say(complaint, "still here")
    await desk.settle()
    assert desk.bodies(new_key) == ["Asha (internal)\n\nstill here"]
    desk.agent.delete(f"/issue/{new_key}")
    await desk.settle()
    link = await desk.link(complaint)
    assert link.state is LinkState.ORPHANED
    assert [clash.kind for clash in (await desk.log(complaint)).clashes] == ["orphaned"]
    calls = len(desk.calls())
    await desk.say(complaint, "to ourselves")
    await desk.settle()
    assert len(desk.calls()) == calls
    async with desk.database.transaction(desk.actor) as tx:
        await jira.link_complaint(tx, complaint.id, now=desk.now())
    await desk.settle()
    again = (await desk.link(complaint)).issue_key
    assert again not in {key, new_key}
    assert [body.rpartition("\n")[2] for body in desk.bodies(again)] == [
        "still here",
        "to ourselves",
    ]


PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 100


async def test_files_go_both_ways_once_and_by_the_rules(desk: JiraDesk) -> None:
    """AJ12: too large, a program, the same twice."""
    await desk.connect()
    complaint, key = await desk.linked()
    async with desk.database.transaction(desk.actor) as tx:
        for _ in range(2):
            await service.add_file(
                tx,
                desk.resources.get(Blobs),
                complaint_id=complaint.id,
                content=PNG,
                filename="vase.png",
                origin=Origin.STAFF,
                now=desk.now(),
            )
    await desk.settle()
    attached = {"x-atlassian-token": "no-check"}
    for name, content in (
        ("again.png", PNG),
        ("tool.exe", b"MZ\x00\x01"),
        ("film.png", PNG + b"1" * (10 * 1024 * 1024 - 200)),
        ("new.png", PNG + b"2"),
        ("new-again.png", PNG + b"2"),
    ):
        answer = desk.agent.post(
            f"/issue/{key}/attachments",
            files={"file": (name, content, "image/png")},
            headers=attached,
        )
        assert answer.status_code == 200, answer.text
    await desk.settle()
    assert sorted(file.filename for file in await desk.files(complaint)) == [
        *("film.png", "new.png", "vase.png")
    ]
    there = [file["filename"] for file in desk.issue(key)["fields"]["attachment"]]
    assert there == [*("vase.png", "again.png", "tool.exe", "film.png", "new.png", "new-again.png")]
    notes = [mark.note for mark in (await desk.log(complaint)).files if mark.note]
    assert notes == ["Programs and pages are not taken. Send a photo, video or PDF."]
    assert (await jira.reconcile(desk.job, is_dry_run=True)).findings == []


async def test_complaints_from_before_the_connection_follow_once_each(desk: JiraDesk) -> None:
    """AJ13: the desk works alone; connected later, everything that was said is told in order."""
    before = [await desk.complain(body=f"first {n}") for n in range(3)]
    await desk.say(before[0], "second")
    await desk.move(before[0], Status.IN_PROGRESS)
    await desk.work()
    await desk.connect()
    await desk.settle()
    for complaint in before:
        assert len(desk.issues(complaint)) == 1
    (key,) = desk.issues(before[0])
    assert [body.rpartition("\n")[2] for body in desk.bodies(key)] == ["first 0", "second"]
    assert desk.status(key) == "In Progress"
    calls = len(desk.calls("POST", "/issue"))
    await desk.settle()
    assert len(desk.calls("POST", "/issue")) == calls == 3


async def test_what_is_sent_is_done_and_says_so(desk: JiraDesk) -> None:
    await desk.connect()
    complaint, _ = await desk.linked(body="Hello")
    log = await desk.log(complaint)
    assert {sending.state for sending in log.sent} == {SendState.DONE}
    assert log.url.endswith(f"/browse/{log.link.issue_key}")
    assert log.link.wants_pull is False
