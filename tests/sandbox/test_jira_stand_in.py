"""The stand-in next to clients that others wrote, and its own refusals."""

import hashlib
import hmac
import io
from collections.abc import Iterator

import httpx2
import pytest
from jira import JIRA, JIRAError

from tests.sandbox.listening import Listener
from tests.sandbox.serving import Sandbox
from tests.waiting import until

EMAIL, TOKEN = "tandem@sandbox.test", "sandbox_jira_token"
WORDS = {"type": "text", "text": "Hello"}
DOCUMENT = {
    "type": "doc",
    "version": 1,
    "content": [{"type": "paragraph", "content": [WORDS]}],
}


@pytest.fixture
def api(sandbox: Sandbox) -> Iterator[httpx2.Client]:
    base = f"{sandbox.settings.base_url}/jira"
    with httpx2.Client(base_url=base, auth=(EMAIL, TOKEN), trust_env=False, timeout=10) as client:
        yield client


def fields(**more: object) -> dict[str, object]:
    given = {"project": {"key": "CARE"}, "issuetype": {"id": "10001"}, "summary": "Broken vase"}
    return {"fields": {**given, **more}}


def test_the_jira_library_walks_an_issue_through_its_life(sandbox: Sandbox) -> None:
    base = f"{sandbox.settings.base_url}/jira"
    client = JIRA(base, basic_auth=(EMAIL, TOKEN), options={"rest_api_version": "2"})
    assert [project.key for project in client.projects()] == ["CARE", "DESK", "OPS"]
    issue = client.create_issue(
        project="CARE",
        summary="Broken vase",
        description="Two\n\nparagraphs",
        issuetype={"name": "Complaint"},
        labels=["tandem"],
    )
    assert (issue.key, issue.fields.status.name) == ("CARE-1", "To Do")
    assert issue.fields.description == "Two\n\nparagraphs"
    client.add_comment(issue, "On it")
    assert [comment.body for comment in client.comments(issue)] == ["On it"]
    client.transition_issue(issue, "Done")
    assert client.issue("CARE-1").fields.status.statusCategory.key == "done"
    client.add_attachment(issue, io.BytesIO(b"abc"), filename="a.txt")
    assert [file.filename for file in client.issue("CARE-1").fields.attachment] == ["a.txt"]
    client.add_simple_link(issue.key, {"url": "http://x", "title": "Order"})
    assert [link.object.title for link in client.remote_links(issue)] == ["Order"]
    cloud = JIRA(base, token_auth="sandbox_jira_pat", options={"rest_api_version": "3"})
    found = cloud.enhanced_search_issues("project = CARE and labels = tandem")
    assert [one.key for one in found] == ["CARE-1"]
    desk = client.service_desks()[0]
    request = client.create_customer_request(
        {
            "serviceDeskId": desk.id,
            "requestTypeId": 1,
            "requestFieldValues": {"summary": "Late", "description": "Very"},
        }
    )
    assert request.key == "DESK-1"
    issue.delete()  # type: ignore[no-untyped-call]  # the library has few types
    with pytest.raises(JIRAError) as gone:
        client.issue("CARE-1")
    assert gone.value.status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "status", "at_fault"),
    [
        ("/rest/api/3/issue", {}, 400, "fields"),
        ("/rest/api/3/issue", fields(project={"key": "NOPE"}), 400, "project"),
        ("/rest/api/3/issue", fields(customfield_1="x"), 400, "customfield_1"),
        ("/rest/api/3/issue", fields(summary=""), 400, "summary"),
        ("/rest/api/3/issue", fields(description="plain"), 400, "description"),
        ("/rest/api/3/issue", fields(description={**DOCUMENT, "content": [WORDS]}), 400, "descr"),
        (
            "/rest/api/3/issue",
            fields(project={"key": "OPS"}, issuetype={"id": "10021"}),
            400,
            "customfield_10050",
        ),
        ("/rest/api/3/issue/CARE-1/comment", {"body": "plain"}, 400, "comment"),
        ("/rest/api/3/issue/CARE-1/transitions", {"transition": {"id": 31}}, 400, "transition"),
        ("/rest/api/3/issue/CARE-1/transitions", {"transition": {"id": "99"}}, 400, "valid"),
        ("/rest/api/3/issue/CARE-1/remotelink", {"object": {"url": "http://x"}}, 400, "title"),
        ("/rest/api/3/search", {"jql": "project = CARE"}, 410, "migrate"),
        ("/rest/api/3/search/jql", {"jql": "project = CARE or 1"}, 400, "AND"),
    ],
)
def test_what_jira_refuses_is_refused_with_the_field_at_fault(
    api: httpx2.Client, path: str, body: object, status: int, at_fault: str
) -> None:
    assert api.post("/rest/api/3/issue", json=fields()).status_code == 201
    refused = api.post(path, json=body)
    assert refused.status_code == status
    assert at_fault in refused.text
    assert api.get("/rest/api/3/issue/CARE-2").status_code == 404


def test_strangers_are_told_to_sign_in(api: httpx2.Client) -> None:
    assert api.get("/rest/api/3/myself", auth=(EMAIL, "wrong")).status_code == 401
    assert api.get("/rest/api/3/myself", auth=None).status_code == 401


def test_a_refresh_token_works_once(api: httpx2.Client) -> None:
    given = {
        "grant_type": "refresh_token",
        "client_id": "sandbox_jira_client",
        "client_secret": "sandbox_jira_secret",
        "refresh_token": "sandbox_jira_refresh",
    }
    first = api.post("/oauth/token", json=given)
    assert first.status_code == 200
    assert api.post("/oauth/token", json=given).status_code == 403
    bearer = {"authorization": f"Bearer {first.json()['access_token']}"}
    path = "/ex/jira/5f0c2f2e-0000-4000-8000-00000000ca5e/rest/api/3/myself"
    with httpx2.Client(base_url=api.base_url, headers=bearer, trust_env=False) as oauth:
        assert oauth.get(path).json()["displayName"] == "Tandem"


def test_too_many_writes_to_one_issue_are_put_off(sandbox: Sandbox, api: httpx2.Client) -> None:
    api.post("/rest/api/3/issue", json=fields())
    sandbox.http.patch("/sandbox/jira/site", json={"writes_max": 2, "writes_seconds": 60})
    answers = [
        api.post("/rest/api/3/issue/CARE-1/comment", json={"body": DOCUMENT}) for _ in range(3)
    ]
    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert 55 <= int(answers[2].headers["retry-after"]) <= 60


def test_webhooks_are_signed_over_the_raw_body_and_keep_their_identifier(
    sandbox: Sandbox, api: httpx2.Client, listener: Listener
) -> None:
    hook = {"name": "t", "url": listener.url, "secret": "s3cret", "events": ["jira:issue_created"]}
    assert api.post("/rest/webhooks/1.0/webhook", json=hook).status_code == 201
    sandbox.break_next("jira", "duplicate")
    listener.answers.append(503)
    api.post("/rest/api/3/issue", json=fields(description=DOCUMENT))
    api.post("/rest/api/3/issue/CARE-1/comment", json={"body": DOCUMENT})
    until(lambda: len(listener.calls) == 2)
    for call in listener.calls:
        digest = hmac.new(b"s3cret", call.body, hashlib.sha256).hexdigest()
        assert call.headers["x-hub-signature"] == f"sha256={digest}"
        assert b'"description":"Hello"' in call.body
    assert len({call.headers["x-atlassian-webhook-identifier"] for call in listener.calls}) == 1


def test_a_moved_issue_answers_to_both_keys(sandbox: Sandbox, api: httpx2.Client) -> None:
    made = api.post("/rest/api/3/issue", json=fields()).json()
    moved = sandbox.http.post("/sandbox/jira/issues/CARE-1/move", json={"project": "OPS"})
    assert moved.json() == {"key": "OPS-1"}
    for name in ("CARE-1", "OPS-1", made["id"]):
        found = api.get(f"/rest/api/3/issue/{name}").json()
        assert (found["id"], found["key"]) == (made["id"], "OPS-1")


def test_the_agent_works_on_the_page(sandbox: Sandbox, api: httpx2.Client) -> None:
    request = {
        "serviceDeskId": "1",
        "requestTypeId": "1",
        "requestFieldValues": {"summary": "Late"},
    }
    assert api.post("/rest/servicedeskapi/request", json=request).status_code == 201
    page = sandbox.http.get("/jira/browse/DESK-1")
    assert page.status_code == 200
    assert "Ask the customer" in page.text
    post = sandbox.http.post
    post("/jira/browse/DESK-1/transition", data={"transition": "7"})
    post("/jira/browse/DESK-1/comments", data={"body": "Done", "visibility": "public"})
    post("/jira/browse/DESK-1/comments", data={"body": "Ugh", "visibility": "internal"})
    post("/jira/browse/DESK-1/attachments", files={"file": ("a.png", b"123", "image/png")})
    comments = api.get("/rest/servicedeskapi/request/DESK-1/comment").json()["values"]
    assert [(one["body"], one["public"]) for one in comments] == [("Done", True), ("Ugh", False)]
    issue = api.get("/rest/api/3/issue/DESK-1").json()["fields"]
    assert issue["status"]["statusCategory"]["key"] == "done"
    assert [file["size"] for file in issue["attachment"]] == [3]
    assert sandbox.http.get("/jira/").text.count("DESK-1") == 2
