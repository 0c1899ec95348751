"""Comments and attachments of an issue."""

import json
import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.jira import site
from tandem.sandbox.jira.adf import check_document, text_document
from tandem.sandbox.jira.entities import attachment_json, comment_json, find_issue
from tandem.sandbox.jira.issues import check_write_limit
from tandem.sandbox.jira.notices import change, tell_comment, tell_issue
from tandem.sandbox.jira.refusals import JiraRefusal, missing
from tandem.sandbox.jira.site import Person
from tandem.sandbox.jira.tables import now_text, set_property, touch

INTERNAL = "sd.public.comment"
"""The service desk's own property: `{"internal": true}` keeps a comment from the customer."""
ATTACHMENT_MAX = 10 * 1024 * 1024


def list_comments(
    deps: Dependencies, key: str, *, version: int, start: int, count: int, has_properties: bool
) -> dict[str, Any]:
    row = find_issue(deps, key)
    comments = deps.store.rows(
        "select * from jira_comment where issue_id = ? order by id", (row["id"],)
    )
    return {
        "startAt": start,
        "maxResults": count,
        "total": len(comments),
        "comments": [
            comment_json(deps, one, version=version, has_properties=has_properties)
            for one in comments[start : start + count]
        ],
    }


def find_comment(deps: Dependencies, comment_id: str) -> sqlite3.Row:
    row = deps.store.row("select * from jira_comment where id = ?", (comment_id,))
    if row is None:
        raise missing("comment")
    return row


def add_comment(
    deps: Dependencies, by: Person, key: str, given: Mapping[str, Any], *, version: int
) -> dict[str, Any]:
    row = find_issue(deps, key)
    if deps.faults.take("jira", row["key"], {"comment_refused"}):
        raise JiraRefusal(errors={"comment": "The comment is too long or not allowed here."})
    properties = given.get("properties", [])
    document = _document(given.get("body"), version=version)
    check_write_limit(deps, row["id"])
    comment = insert_comment(
        deps, by, row, document, is_public=not _is_internal(properties), properties=properties
    )
    return comment_json(deps, comment, version=version)


def insert_comment(
    deps: Dependencies,
    by: Person,
    row: sqlite3.Row,
    document: Mapping[str, Any],
    *,
    is_public: bool,
    properties: Sequence[Mapping[str, Any]] = (),
) -> sqlite3.Row:
    """Only a service desk tells internal from public: elsewhere everything says it is public."""
    is_desk = site.PROJECTS[row["project"]].kind == "service_desk"
    with deps.store.transaction():
        now = touch(deps, row["id"])
        comment_id = deps.store.insert(
            """insert into jira_comment (issue_id, author, body, is_public, created, updated)
               values (?, ?, ?, ?, ?, ?)""",
            (row["id"], by.account_id, json.dumps(document), is_public or not is_desk, now, now),
        )
        for one in properties:
            set_property(deps, "comment", comment_id, one["key"], json.dumps(one["value"]))
        comment = find_comment(deps, str(comment_id))
        tell_comment(deps, "comment_created", comment, find_issue(deps, row["key"]))
    return comment


def edit_comment(
    deps: Dependencies, key: str, comment_id: str, given: Mapping[str, Any], *, version: int
) -> dict[str, Any]:
    row = find_issue(deps, key)
    find_comment(deps, comment_id)
    document = _document(given.get("body"), version=version)
    with deps.store.transaction():
        now = touch(deps, row["id"])
        deps.store.run(
            "update jira_comment set body = ?, updated = ? where id = ?",
            (json.dumps(document), now, comment_id),
        )
        comment = find_comment(deps, comment_id)
        tell_comment(deps, "comment_updated", comment, find_issue(deps, key))
    return comment_json(deps, comment, version=version)


def delete_comment(deps: Dependencies, key: str, comment_id: str) -> None:
    row = find_issue(deps, key)
    comment = find_comment(deps, comment_id)
    with deps.store.transaction():
        deps.store.run("delete from jira_comment where id = ?", (comment_id,))
        touch(deps, row["id"])
        tell_comment(deps, "comment_deleted", comment, find_issue(deps, key))


def attach(
    deps: Dependencies,
    by: Person,
    key: str,
    files: Sequence[tuple[str, str, bytes]],
) -> list[dict[str, Any]]:
    """`files` are (name, media type, bytes). Refuses one over the site's limit, and the lot."""
    row = find_issue(deps, key)
    if any(len(content) > ATTACHMENT_MAX for _, _, content in files):
        raise JiraRefusal("The attachment is too large.", status=413)
    check_write_limit(deps, row["id"])
    found = []
    with deps.store.transaction():
        for name, media_type, content in files:
            touch(deps, row["id"])
            attachment_id = deps.store.insert(
                """insert into jira_attachment (issue_id, author, filename, media_type, content,
                                                created)
                   values (?, ?, ?, ?, ?, ?)""",
                (row["id"], by.account_id, name, media_type, content, now_text(deps)),
            )
            found.append(attachment_json(deps, find_attachment(deps, str(attachment_id))))
        items = [change("Attachment", ("", ""), (one["id"], one["filename"])) for one in found]
        tell_issue(deps, "issue_updated", find_issue(deps, key), by, items)
    return found


def find_attachment(deps: Dependencies, attachment_id: str) -> sqlite3.Row:
    row = deps.store.row("select * from jira_attachment where id = ?", (attachment_id,))
    if row is None:
        raise missing("attachment")
    return row


def delete_attachment(deps: Dependencies, by: Person, attachment_id: str) -> None:
    file = find_attachment(deps, attachment_id)
    with deps.store.transaction():
        deps.store.run("delete from jira_attachment where id = ?", (file["id"],))
        touch(deps, file["issue_id"])
        tell_issue(deps, "issue_updated", find_issue(deps, str(file["issue_id"])), by)


def keep_temporary(
    deps: Dependencies, by: Person, name: str, media_type: str, content: bytes
) -> str:
    """A service desk's file before it belongs to a request; its temporary id."""
    temporary_id = f"temp{secrets.token_hex(8)}"
    deps.store.insert(
        """insert into jira_attachment (author, filename, media_type, content, created,
                                        temporary_id)
           values (?, ?, ?, ?, ?, ?)""",
        (by.account_id, name, media_type, content, now_text(deps), temporary_id),
    )
    return temporary_id


def attach_temporary(deps: Dependencies, by: Person, key: str, ids: Sequence[str]) -> None:
    row = find_issue(deps, key)
    with deps.store.transaction():
        for temporary_id in ids:
            changed = deps.store.run(
                """update jira_attachment set issue_id = ?, temporary_id = null
                    where temporary_id = ?""",
                (row["id"], temporary_id),
            )
            if not changed:
                raise JiraRefusal("There is no such temporary attachment.")
        touch(deps, row["id"])
        tell_issue(deps, "issue_updated", find_issue(deps, key), by)


def _document(body: Any, *, version: int) -> dict[str, Any]:
    if version == 3:
        return check_document("comment", body)
    if not isinstance(body, str) or not body.strip():
        raise JiraRefusal(errors={"comment": "Comment body can not be empty!"})
    return text_document(body)


def _is_internal(properties: Sequence[Mapping[str, Any]]) -> bool:
    return any(
        one.get("key") == INTERNAL and one.get("value", {}).get("internal") for one in properties
    )
