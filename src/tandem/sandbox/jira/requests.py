"""What hangs on a request alone: who has to approve it, and how satisfied its reporter is."""

from collections.abc import Mapping
from typing import Any

from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.jira.entities import find_issue
from tandem.sandbox.jira.notices import tell_issue
from tandem.sandbox.jira.refusals import JiraRefusal, missing
from tandem.sandbox.jira.site import AGENT, Person
from tandem.sandbox.jira.tables import touch

DDL = """
create table if not exists jira_approval (
    id integer primary key autoincrement,
    issue_id integer not null references jira_issue (id) on delete cascade,
    name text not null, decision text not null default 'pending'
);
create table if not exists jira_feedback (
    issue_id integer primary key references jira_issue (id) on delete cascade,
    rating integer not null, comment text not null default ''
);
"""


def list_approvals(deps: Dependencies, row: Any) -> list[dict[str, Any]]:
    rows = deps.store.rows(
        "select * from jira_approval where issue_id = ? order by id", (row["id"],)
    )
    return [_approval_json(one) for one in rows]


def ask_approval(deps: Dependencies, by: Person, row: Any, name: str) -> int:
    with deps.store.transaction():
        approval_id = deps.store.insert(
            "insert into jira_approval (issue_id, name) values (?, ?)", (row["id"], name)
        )
        _tell(deps, by, row["id"])
    return approval_id


def approve(deps: Dependencies, by: Person, approval_id: int) -> None:
    row = deps.store.row("select * from jira_approval where id = ?", (approval_id,))
    if row is None:
        raise missing("approval")
    with deps.store.transaction():
        deps.store.run(
            "update jira_approval set decision = 'approved' where id = ?", (approval_id,)
        )
        _tell(deps, by, row["issue_id"])


def read_feedback(deps: Dependencies, row: Any) -> dict[str, Any]:
    found = deps.store.row("select * from jira_feedback where issue_id = ?", (row["id"],))
    if found is None:
        raise missing("feedback")
    return {"type": "csat", "rating": found["rating"], "comment": {"body": found["comment"]}}


def give_feedback(
    deps: Dependencies, by: Person, row: Any, given: Mapping[str, Any]
) -> dict[str, Any]:
    """From the reporter only, one to five."""
    if by.account_id != row["reporter"]:
        raise JiraRefusal("Only the reporter can give feedback on this request.", status=403)
    rating = given.get("rating")
    is_rating = type(rating) is int and 1 <= rating <= 5
    if given.get("type") != "csat" or not is_rating:
        raise JiraRefusal("The rating has to be a number from 1 to 5 of the type csat.")
    words = str((given.get("comment") or {}).get("body") or "")
    with deps.store.transaction():
        deps.store.run(
            """insert into jira_feedback (issue_id, rating, comment) values (?, ?, ?)
                   on conflict (issue_id) do update
                  set rating = excluded.rating, comment = excluded.comment""",
            (row["id"], rating, words),
        )
        _tell(deps, by, row["id"])
    return read_feedback(deps, row)


def _tell(deps: Dependencies, by: Person, issue_id: int) -> None:
    touch(deps, issue_id)
    tell_issue(deps, "issue_updated", find_issue(deps, str(issue_id)), by)


def _approval_json(row: Any) -> dict[str, Any]:
    approver = {"accountId": AGENT.account_id, "displayName": AGENT.name}
    return {
        "id": str(row["id"]),
        "name": row["name"],
        "finalDecision": row["decision"],
        "canAnswerApproval": False,
        "approvers": [{"approver": approver, "approverDecision": row["decision"]}],
    }
