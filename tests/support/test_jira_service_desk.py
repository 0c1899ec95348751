"""The service desk: whom a request is raised for, what its form asks for, what it shows of it, and
how satisfied its customer is (J3, AJ12)."""

from datetime import timedelta
from typing import Any

import httpx2
import msgspec

from tandem.scm.support import service
from tandem.scm.support.domain.complaints import Complaint, Links
from tandem.scm.support.domain.jira_connection import FieldRule, Kind, Policy, Source, State
from tandem.scm.support.domain.jira_link import LinkState, Op, Request, SendState
from tandem.scm.support.domain.statuses import Status
from tandem.scm.support.service import jira
from tests.support.jira_desk import BESIDE, CLOUD, DESK, JiraDesk

ORDER = FieldRule(field_id="customfield_10040", source=Source.COMPLAINT_NUMBER)
REFUND = msgspec.structs.replace(DESK, request_type_id="2", fields=[ORDER])
NAMES = Policy(names_customer=True)
RAISED = "/servicedeskapi/request"
MIB = 1024 * 1024
CUSTOMERS = "/servicedeskapi/customer"


def service_desk(desk: JiraDesk, path: str) -> dict[str, Any]:
    """As the agent."""
    base = f"{desk.sandbox.settings.base_url}{BESIDE}/rest/servicedeskapi"
    answer = desk.agent.get(base + path, headers={"x-experimentalapi": "opt-in"})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def reporter(desk: JiraDesk, key: str) -> str:
    return str(service_desk(desk, f"/request/{key}")["reporter"]["emailAddress"])


async def rated(desk: JiraDesk, complaint: Complaint, rating: int) -> None:
    """By its customer, once it is resolved."""
    if (await desk.get(complaint)).status is not Status.RESOLVED:
        await desk.move(complaint, Status.RESOLVED)
    async with desk.database.transaction(desk.actor) as tx:
        await service.rate(
            tx, complaint_id=complaint.id, rating=rating, note="Call me", now=desk.now()
        )
    await desk.settle()


async def said(desk: JiraDesk, complaint: Complaint, op: Op) -> list[tuple[SendState, str]]:
    return [(one.state, one.error) for one in (await desk.log(complaint)).sent if one.op is op]


async def said_of_customer(desk: JiraDesk, complaint: Complaint) -> list[str]:
    return [one.error for one in (await desk.log(complaint)).sent if one.op is Op.CUSTOMER]


async def test_the_service_desk_learns_no_address_unless_the_connection_says_so(
    desk: JiraDesk,
) -> None:
    await desk.connect(DESK)
    complaint, key = await desk.linked(links=Links(customer_email="quiet@mail.test"))
    assert reporter(desk, key) == "tandem@sandbox.test"
    assert desk.calls("GET", "/servicedesk/1/customer") == []
    assert "quiet@mail.test" not in str(desk.issue(key))
    assert await said_of_customer(desk, complaint) == []


async def test_a_request_is_raised_for_its_customer_who_is_made_once(desk: JiraDesk) -> None:
    await desk.connect(DESK, policy=NAMES)
    new, first = await desk.linked(links=Links(customer_email="asha@mail.test"))
    known, second = await desk.linked(links=Links(customer_email="Asha@mail.test"))
    nobody, third = await desk.linked()
    assert [reporter(desk, key) for key in (first, second, third)] == [
        "asha@mail.test",
        "asha@mail.test",
        "tandem@sandbox.test",
    ]
    assert len(desk.calls("POST", CUSTOMERS)) == 1
    assert [await said_of_customer(desk, one) for one in (new, known, nobody)] == [
        ["Raised for its customer, who is new to the service desk."],
        ["Raised for its customer, whom the service desk knew."],
        ["Raised without its customer: no e-mail address is known."],
    ]


async def test_data_center_knows_its_customers_by_name(desk: JiraDesk) -> None:
    given = msgspec.structs.replace(CLOUD, kind=Kind.DATA_CENTER, token="sandbox_jira_pat")
    await desk.connect(DESK, policy=NAMES, given=given)
    _, first = await desk.linked(links=Links(customer_email="ravi@mail.test"))
    _, second = await desk.linked(links=Links(customer_email="ravi@mail.test"))
    assert [reporter(desk, key) for key in (first, second)] == ["ravi@mail.test"] * 2
    assert len(desk.calls("POST", CUSTOMERS)) == 1


async def test_a_customer_whom_jira_refuses_holds_no_request_up(desk: JiraDesk) -> None:
    await desk.connect(DESK, policy=NAMES)
    desk.sandbox.break_next("jira", "customer_refused")
    complaint, key = await desk.linked(
        links=Links(customer_email="blocked@mail.test"), body="Hello"
    )
    assert reporter(desk, key) == "tandem@sandbox.test"
    assert await said_of_customer(desk, complaint) == [
        "Raised without its customer: You do not have permission to create customers."
    ]
    assert len(desk.bodies(key)) == 1
    assert desk.issues(complaint) == [key]


async def test_a_token_without_the_service_desks_scopes_still_works_on_issues(
    desk: JiraDesk,
) -> None:
    connection = await desk.connect(DESK, policy=NAMES)
    desk.sandbox.break_next("jira", "401", match="/rest/servicedeskapi/servicedesk/1/customer")
    desk.sandbox.break_next("jira", "401", match="/rest/servicedeskapi/request/", count=100)
    complaint, key = await desk.linked(links=Links(customer_email="scope@mail.test"), body="Hi")
    assert await said_of_customer(desk, complaint) == [
        "Raised without its customer: Client must be authenticated to access this resource."
    ]
    assert len(desk.bodies(key)) == 1
    assert (await desk.link(complaint)).request == Request()
    async with desk.database.transaction(desk.actor) as tx:
        found = await jira.get_connection(tx, connection.id)
    assert found.state is State.ACTIVE


async def test_a_lost_answer_about_the_customer_makes_no_request_twice(desk: JiraDesk) -> None:
    await desk.connect(DESK, policy=NAMES)
    desk.sandbox.break_next("jira", "timeout_after", match=f"/rest{CUSTOMERS}", seconds=0.1)
    complaint = await desk.complain(links=Links(customer_email="lost@mail.test"))
    await desk.settle()
    assert (await desk.link(complaint)).state is LinkState.CREATING
    assert desk.calls("POST", RAISED) == []
    await desk.advance(timedelta(seconds=60))
    await desk.settle()
    assert len(desk.issues(complaint)) == 1
    assert await said_of_customer(desk, complaint) == [
        "Raised without its customer: An account already exists for this email."
    ]


async def test_what_a_request_type_asks_for_is_checked_on_save_and_sent(
    desk: JiraDesk, client: httpx2.AsyncClient
) -> None:
    connection = await desk.connect(DESK)
    path = f"/v1/jira/connections/{connection.id}/mappings"
    bare = msgspec.to_builtins(DESK) | {"request_type_id": "2"}
    region = {"field_id": "customfield_10050", "source": "option", "value": "10101"}
    for mapping, words in (
        (bare, "Order number (customfield_10040) is required and has no value."),
        (
            bare | {"fields": [msgspec.to_builtins(ORDER), region]},
            "Field customfield_10050 is not on the request form.",
        ),
        (bare | {"request_type_id": "77"}, "Request type 77: The request type was not found."),
    ):
        refused = await client.put(path, json={"mappings": [mapping]})
        assert (refused.status_code, refused.json()["detail"]) == (422, words)
    saved = await client.put(path, json={"mappings": [msgspec.to_builtins(REFUND)]})
    assert saved.status_code == 200, saved.text
    assert saved.json()["policy"]["names_customer"] is False
    complaint, key = await desk.linked()
    assert desk.issue(key)["fields"]["customfield_10040"] == complaint.number
    assert service_desk(desk, f"/request/{key}")["requestTypeId"] == "2"


async def test_the_panel_shows_what_the_customer_sees_and_which_approvals_are_open(
    desk: JiraDesk, client: httpx2.AsyncClient
) -> None:
    await desk.connect(DESK)
    complaint, key = await desk.linked()
    assert (await desk.link(complaint)).request.status == "Open"
    for name in ("Refund above the limit", "Second look"):
        asked = desk.sandbox.http.post(
            f"/sandbox/jira/requests/{key}/approvals", json={"name": name}
        )
    desk.sandbox.http.post(f"/sandbox/jira/approvals/{asked.json()['id']}/decision")
    desk.transition(key, "6")
    await desk.settle()
    log = (await client.get(f"/v1/complaints/{complaint.id}/jira")).json()
    assert log["link"]["request"] == {
        "status": "Waiting for customer",
        "approvals": [{"name": "Refund above the limit", "waits_for": ["Meera Iyer"]}],
        "rating": None,
        "rating_note": "",
    }
    page = (await client.get(f"/complaints/{complaint.id}")).text
    assert "<dt>The customer sees</dt><dd>Waiting for customer</dd>" in page
    approval = "Refund above the limit: Meera Iyer"
    assert f"<dt>Waits for approval</dt><dd>{approval}</dd>" in page
    assert "Second look" not in page


async def test_an_issue_that_is_no_request_has_nothing_of_a_request(desk: JiraDesk) -> None:
    await desk.connect(msgspec.structs.replace(DESK, service_desk_id="", request_type_id=""))
    complaint, _ = await desk.linked()
    link = await desk.link(complaint)
    assert (link.is_desk, link.request, link.error) == (True, Request(), "")
    await rated(desk, complaint, 4)
    assert await said(desk, complaint, Op.RATING) == [(SendState.DROPPED, "It is no request.")]


async def test_satisfaction_given_here_is_told_once(desk: JiraDesk) -> None:
    await desk.connect(DESK)
    complaint, key = await desk.linked()
    await rated(desk, complaint, 4)
    assert service_desk(desk, f"/request/{key}/feedback")["rating"] == 4
    assert "Call me" not in str(service_desk(desk, f"/request/{key}/feedback"))
    await rated(desk, complaint, 2)
    assert service_desk(desk, f"/request/{key}/feedback")["rating"] == 4
    assert len(desk.calls("POST", "/feedback")) == 1
    assert await said(desk, complaint, Op.RATING) == [
        (SendState.DONE, "It says 4 of 5 already."),
        (SendState.DONE, ""),
    ]
    assert (await desk.get(complaint)).rating == 2


async def test_satisfaction_given_there_is_read_once_the_complaint_is_resolved(
    desk: JiraDesk,
) -> None:
    await desk.connect(DESK)
    complaint, key = await desk.linked()
    feedback = f"/sandbox/jira/requests/{key}/feedback"
    given = {"type": "csat", "rating": 5, "comment": {"body": "Quick and kind"}}
    assert desk.sandbox.http.post(feedback, json=given).status_code == 201
    await desk.settle()
    assert (await desk.get(complaint)).rating is None
    desk.transition(key, "7")
    await desk.settle()
    found = await desk.get(complaint)
    assert (found.status, found.rating, found.rating_note) == (
        *(Status.RESOLVED, 5, "Quick and kind"),
    )
    assert (await desk.link(complaint)).request.rating == 5
    desk.comment(key, "Thanks")
    await desk.settle()
    assert desk.calls("POST", "/feedback") == []
    assert await said(desk, complaint, Op.RATING) == []


async def test_a_rating_that_only_the_customer_may_give_holds_nothing_up(desk: JiraDesk) -> None:
    await desk.connect(DESK, policy=NAMES)
    complaint, key = await desk.linked(links=Links(customer_email="own@mail.test"))
    await rated(desk, complaint, 3)
    assert await said(desk, complaint, Op.RATING) == [
        (SendState.DROPPED, "Only the reporter can give feedback on this request.")
    ]
    await desk.say(complaint, "Afterwards")
    await desk.settle()
    assert len(desk.bodies(key)) == 1


async def test_a_file_above_the_limit_is_left_in_jira_and_the_log_says_why(desk: JiraDesk) -> None:
    """AJ12."""
    await desk.connect()
    async with desk.database.transaction(desk.actor) as tx:
        found = await service.get_desk(tx)
        small = msgspec.structs.replace(found.desk, file_mib_max=1)
        await service.save_desk(tx, small, now=desk.now())
    complaint, key = await desk.linked()
    answer = desk.agent.post(
        f"/issue/{key}/attachments",
        files={"file": ("film.png", b"\x89PNG\r\n\x1a\n" + b"0" * MIB, "image/png")},
        headers={"x-atlassian-token": "no-check"},
    )
    attachment = answer.json()[0]["id"]
    await desk.settle()
    assert await desk.files(complaint) == []
    assert [(one.attachment_id, one.note) for one in (await desk.log(complaint)).files] == [
        (attachment, "A file may have 1 MiB at most.")
    ]
    assert desk.calls("GET", f"/attachment/content/{attachment}") == []
    desk.comment(key, "And now?")
    await desk.settle()
    assert len((await desk.log(complaint)).files) == 1
