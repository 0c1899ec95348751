"""Linking a complaint with an issue that is there already, and unlinking it (J21)."""

from typing import Any

import httpx2

from tandem.scm.support.domain.complaints import Complaint
from tandem.scm.support.domain.jira_connection import Policy
from tandem.scm.support.domain.statuses import Severity, Status, Visibility
from tandem.scm.support.service import jira
from tests.support.jira_desk import CARE, JiraDesk

ALONE = Policy(opens_issues=False)
SITE = {"origin": "http://test", "sec-fetch-site": "same-origin"}


def an_issue(desk: JiraDesk, *, project: str = "CARE", issue_type: str = "10001") -> str:
    fields: dict[str, Any] = {
        "project": {"key": project},
        "issuetype": {"id": issue_type},
        "summary": "Vase came in pieces",
        "labels": ["vip"],
        "priority": {"id": "2"},
    }
    if project == "OPS":
        fields["customfield_10050"] = {"id": "10101"}
    answer = desk.agent.post("/issue", json={"fields": fields})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["key"])


async def put(client: httpx2.AsyncClient, complaint: Complaint, key: str) -> httpx2.Response:
    return await client.put(f"/v1/complaints/{complaint.id}/jira", json={"issue_key": key})


async def test_an_issue_that_is_there_is_followed_with_all_that_was_said_on_both_sides(
    desk: JiraDesk, client: httpx2.AsyncClient
) -> None:
    await desk.connect(CARE, policy=ALONE)
    key = an_issue(desk)
    desk.comment(key, "Known since Monday")
    desk.transition(key, "21")
    complaint = await desk.complain(body="It is broken")
    linked = await put(client, complaint, key)
    assert (linked.status_code, linked.json()["state"]) == (200, "linked"), linked.text
    await desk.settle()
    there = desk.issue(key)["fields"]
    assert there["summary"] == "Vase came in pieces"
    assert there["labels"] == sorted(
        ["vip", "tandem", "tandem-damaged", f"tandem-{complaint.id.hex}"]
    )
    here = await desk.get(complaint)
    assert (here.status, here.severity, here.subject) == (
        *(Status.IN_PROGRESS, Severity.HIGH, "Arrived damaged"),
    )
    assert [body.rpartition("\n")[2] for body in desk.bodies(key)] == [
        *("Known since Monday", "It is broken")
    ]
    heard = [one for one in await desk.messages(complaint) if one.body == "Known since Monday"]
    assert [one.visibility for one in heard] == [Visibility.INTERNAL]
    await desk.move(complaint, Status.RESOLVED)
    await desk.settle()
    assert desk.status(key) == "Done"
    assert (await jira.reconcile(desk.job, is_dry_run=True)).findings == []


async def test_an_issue_is_one_complaints_and_free_again_when_that_lets_go(
    desk: JiraDesk, client: httpx2.AsyncClient
) -> None:
    await desk.connect(CARE, policy=ALONE)
    key = an_issue(desk)
    first, second = await desk.complain(), await desk.complain()
    assert (await put(client, first, key)).status_code == 200
    await desk.settle()
    twice = await put(client, first, key)
    assert (twice.status_code, twice.json()["detail"]) == (
        *(409, f"This complaint has {key}: unlink it."),
    )
    taken = await put(client, second, key)
    assert (taken.status_code, taken.json()["code"]) == (409, "already_linked")
    assert taken.json()["detail"] == f"{key} is the issue of {first.number}: unlink that one first."
    assert (await client.get(f"/v1/complaints/{second.id}/jira")).status_code == 404
    assert (await client.delete(f"/v1/complaints/{first.id}/jira")).json()["state"] == "orphaned"
    assert (await put(client, second, key)).status_code == 200
    await desk.say(second, "Mine now")
    await desk.settle()
    assert desk.bodies(key)[-1].endswith("Mine now")
    assert (await desk.link(first)).issue_id == ""
    again = an_issue(desk)
    assert (await put(client, first, again)).json()["issue_key"] == again
    await desk.settle()
    assert (await desk.link(first)).error == ""


async def test_an_issue_that_we_could_not_work_on_is_refused_and_nothing_is_linked(
    desk: JiraDesk, client: httpx2.AsyncClient
) -> None:
    await desk.connect(CARE, policy=ALONE)
    complaint = await desk.complain()
    elsewhere = an_issue(desk, project="OPS", issue_type="10021")
    for key, words in (
        (elsewhere, "No complaints go to OPS: map the project first."),
        ("../admin", "Give a key such as CARE-7."),
        ("CARE-99999", "Issue does not exist or you do not have permission to see it."),
    ):
        refused = await put(client, complaint, key)
        assert (refused.status_code, refused.json()["code"]) == (422, "jira_issue_unfit")
        assert refused.json()["detail"] == words
    desk.sandbox.break_next("jira", "503", match="/rest")
    assert (await put(client, complaint, an_issue(desk))).status_code == 503
    assert (await client.get(f"/v1/complaints/{complaint.id}/jira")).status_code == 404
    assert desk.issue(elsewhere)["fields"]["labels"] == ["vip"]


async def test_the_complaints_page_links_by_key(desk: JiraDesk, client: httpx2.AsyncClient) -> None:
    await desk.connect(CARE, policy=ALONE)
    key = an_issue(desk)
    complaint = await desk.complain()
    page = (await client.get(f"/complaints/{complaint.id}")).text
    assert "or an issue that is there" in page
    path = f"/complaints/{complaint.id}/jira/issue"
    for typed in ("", key.lower()):
        answer = await client.post(path, data={"issue_key": typed}, headers=SITE)
        assert answer.status_code == 303, answer.text
    await desk.settle()
    assert (await desk.link(complaint)).issue_key == key
    page = (await client.get(f"/complaints/{complaint.id}")).text
    assert key in page
    assert "or an issue that is there" not in page
