"""Rows as Jira's JSON. Version 3 shows documents, version 2 and webhooks show text."""

import json
import sqlite3
from collections.abc import Collection
from typing import Any

from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.jira import site
from tandem.sandbox.jira.adf import plain_text
from tandem.sandbox.jira.refusals import no_issue
from tandem.sandbox.jira.site import Person, Project, Status

BRIEF = frozenset({"summary", "issuetype", "project", "status", "priority", "assignee"})
"""What a comment's webhook shows of its issue."""


def find_issue(deps: Dependencies, text: str) -> sqlite3.Row:
    """By id, key or a key it had before it was moved."""
    row = deps.store.row(
        "select * from jira_issue where key = ? or (cast(id as text) = ?)", (text.upper(), text)
    )
    if row is None:
        row = deps.store.row(
            """select issue.* from jira_issue as issue
                 join jira_old_key as old on old.issue_id = issue.id where old.key = ?""",
            (text.upper(),),
        )
    if row is None:
        raise no_issue()
    return row


def base(deps: Dependencies) -> str:
    return f"{deps.settings.base_url}/jira"


def person_json(deps: Dependencies, person: Person) -> dict[str, Any]:
    return {
        "self": f"{base(deps)}/rest/api/3/user?accountId={person.account_id}",
        "accountId": person.account_id,
        "accountType": "atlassian",
        "emailAddress": person.email,
        "displayName": person.name,
        "active": True,
        "timeZone": "Asia/Kolkata",
        "avatarUrls": {},
        "name": person.email,
        "key": person.account_id,
    }


def project_json(deps: Dependencies, project: Project) -> dict[str, Any]:
    return {
        "self": f"{base(deps)}/rest/api/3/project/{project.id}",
        "id": project.id,
        "key": project.key,
        "name": project.name,
        "projectTypeKey": project.kind,
        "simplified": False,
        "style": "classic",
        "isPrivate": False,
    }


def status_json(deps: Dependencies, status: Status) -> dict[str, Any]:
    number, name, colour = site.CATEGORIES[status.category]
    return {
        "self": f"{base(deps)}/rest/api/3/status/{status.id}",
        "description": "",
        "iconUrl": "",
        "id": status.id,
        "name": status.name,
        "statusCategory": {
            "self": f"{base(deps)}/rest/api/3/statuscategory/{number}",
            "id": number,
            "key": status.category,
            "colorName": colour,
            "name": name,
        },
    }


def type_json(deps: Dependencies, project: Project, type_id: str) -> dict[str, Any]:
    kind = site.type_of(project, type_id)
    return {
        "self": f"{base(deps)}/rest/api/3/issuetype/{type_id}",
        "id": type_id,
        "name": kind.name if kind else type_id,
        "description": "",
        "subtask": False,
        "iconUrl": "",
    }


def issue_json(
    deps: Dependencies,
    row: sqlite3.Row,
    *,
    version: int,
    wanted: Collection[str] = ("*all",),
    properties: Collection[str] = (),
) -> dict[str, Any]:
    fields = _fields(deps, row, version=version)
    if "*all" not in wanted and "*navigable" not in wanted:
        fields = {name: value for name, value in fields.items() if name in wanted}
    found = {
        "expand": "",
        "id": str(row["id"]),
        "key": row["key"],
        "self": f"{base(deps)}/rest/api/{version}/issue/{row['id']}",
        "fields": fields,
    }
    if properties:
        found["properties"] = _properties(deps, "issue", row["id"], properties)
    return found


def _fields(deps: Dependencies, row: sqlite3.Row, *, version: int) -> dict[str, Any]:
    project = site.PROJECTS[row["project"]]
    description = json.loads(row["description"]) if row["description"] else None
    custom = {name: None for name in site.FIELDS if name.startswith("customfield_")}
    return {
        "summary": row["summary"],
        "description": _shown(description, version) if description else None,
        "project": project_json(deps, project),
        "issuetype": type_json(deps, project, row["issue_type"]),
        "status": status_json(deps, site.status_of(project, row["status"])),
        "priority": {
            "self": f"{base(deps)}/rest/api/3/priority/{row['priority']}",
            "id": row["priority"],
            "name": site.PRIORITIES[row["priority"]],
            "iconUrl": "",
        },
        "labels": json.loads(row["labels"]),
        "assignee": None,
        "resolution": None,
        "reporter": person_json(deps, reporter_of(deps, row["reporter"])),
        "creator": person_json(deps, reporter_of(deps, row["reporter"])),
        "created": row["created"],
        "updated": row["updated"],
        "statuscategorychangedate": row["status_changed"],
        "attachment": [
            attachment_json(deps, found)
            for found in deps.store.rows(
                "select * from jira_attachment where issue_id = ? order by id", (row["id"],)
            )
        ],
        **custom,
        **json.loads(row["custom"]),
    }


def reporter_of(deps: Dependencies, account_id: str) -> site.Person:
    """One of the site's people, or a service desk's customer."""
    row = deps.store.row("select * from jira_customer where account_id = ?", (account_id,))
    if row is None:
        return site.person(account_id)
    return site.Person(account_id=account_id, email=row["email"], name=row["name"])


def comment_json(
    deps: Dependencies, row: sqlite3.Row, *, version: int, has_properties: bool = False
) -> dict[str, Any]:
    author = person_json(deps, site.person(row["author"]))
    found = {
        "self": f"{base(deps)}/rest/api/{version}/issue/{row['issue_id']}/comment/{row['id']}",
        "id": str(row["id"]),
        "author": author,
        "updateAuthor": author,
        "body": _shown(json.loads(row["body"]), version),
        "created": row["created"],
        "updated": row["updated"],
        "jsdPublic": bool(row["is_public"]),
    }
    if has_properties:
        properties = deps.store.rows(
            "select key, value from jira_property where entity = 'comment' and entity_id = ?",
            (row["id"],),
        )
        found["properties"] = [
            {"key": one["key"], "value": json.loads(one["value"])} for one in properties
        ]
    return found


def attachment_json(deps: Dependencies, row: sqlite3.Row) -> dict[str, Any]:
    return {
        "self": f"{base(deps)}/rest/api/3/attachment/{row['id']}",
        "id": str(row["id"]),
        "filename": row["filename"],
        "author": person_json(deps, site.person(row["author"])),
        "created": row["created"],
        "size": len(row["content"]),
        "mimeType": row["media_type"],
        "content": f"{base(deps)}/rest/api/3/attachment/content/{row['id']}",
    }


def _shown(document: dict[str, Any], version: int) -> Any:
    return document if version == 3 else plain_text(document)


def _properties(
    deps: Dependencies, entity: str, entity_id: int, keys: Collection[str]
) -> dict[str, Any]:
    rows = deps.store.rows(
        "select key, value from jira_property where entity = ? and entity_id = ?",
        (entity, entity_id),
    )
    return {row["key"]: json.loads(row["value"]) for row in rows if row["key"] in keys}
