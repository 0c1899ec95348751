"""Complaints and issues, both ways, exactly once (AJ1, AJ2, AJ4, AJ5, AJ6, AJ12)."""

import asyncio
from datetime import timedelta

import pytest

from tandem.scm.support import service
from tandem.scm.support.domain.jira_connection import Policy
from tandem.scm.support.domain.jira_link import LinkState, SendState
from tandem.scm.support.domain.statuses import Origin, Status, Visibility
from tandem.scm.support.service import jira
from tests.support.jira_desk import CARE, DESK, OPS, JiraDesk

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
    assert desk.issues(complaint.number) == [key]
    links = desk.agent.get(f"/issue/{key}/remotelink").json()
    assert [one["object"]["title"] for one in links] == [f"Complaint {complaint.number} in Tandem"]
    found = desk.agent.get(f"/issue/{key}/properties/tandem.complaint").json()
    assert found["value"] == {"id": str(complaint.id)}
    link = await desk.link(complaint)
    assert (link.state, link.issue_key) == (LinkState.LINKED, key)
