"""Issues: created with what their type requires, edited, moved, transitioned, deleted."""

import json
import sqlite3
import time
from collections.abc import Mapping
from typing import Any

from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.jira import site
from tandem.sandbox.jira.adf import check_document, text_document
from tandem.sandbox.jira.entities import base, find_issue, status_json
from tandem.sandbox.jira.notices import change, tell_issue
from tandem.sandbox.jira.refusals import JiraRefusal
from tandem.sandbox.jira.site import IssueType, Person, Project, Transition
from tandem.sandbox.jira.tables import now_text, set_property, touch

SUMMARY_MAX = 255
COLUMNS = ("summary", "description", "labels", "priority")


def create_issue(
    deps: Dependencies, by: Person, given: Mapping[str, Any], *, version: int
) -> dict[str, Any]:
    """Refuses unknown and missing fields by name, as the vendor does."""
    fields = given.get("fields")
    if not isinstance(fields, dict):
        raise JiraRefusal(errors={"fields": "fields is required"})
    project, kind = _project_and_type(fields)
    _check_fields(kind, fields)
    values = _read(fields, version=version)
    with deps.store.transaction():
        issue_id = insert_issue(deps, by, project, kind, values)
        for one in given.get("properties", []):
            set_property(deps, "issue", issue_id, one["key"], json.dumps(one["value"]))
        row = find_issue(deps, str(issue_id))
        tell_issue(deps, "issue_created", row, by)
    return {
        "id": str(issue_id),
        "key": row["key"],
        "self": f"{base(deps)}/rest/api/{version}/issue/{issue_id}",
    }


def insert_issue(
    deps: Dependencies,
    by: Person,
    project: Project,
    kind: IssueType,
    values: Mapping[str, Any],
    *,
    request_type: str = "",
) -> int:
    now = now_text(deps)
    return deps.store.insert(
        """insert into jira_issue (key, project, issue_type, status, priority, summary, description,
                                   labels, custom, reporter, request_type, created, updated,
                                   status_changed)
           values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (
            next_key(deps, project),
            project.key,
            kind.id,
            project.statuses[0].id,
            values.get("priority", site.DEFAULT_PRIORITY),
            values["summary"],
            values.get("description"),
            values.get("labels", "[]"),
            values.get("custom", "{}"),
            by.account_id,
            request_type,
            now,
            now,
            now,
        ),
    )


def next_key(deps: Dependencies, project: Project) -> str:
    deps.store.run(
        """insert into jira_counter (project, last) values (?, 1)
               on conflict (project) do update set last = last + 1""",
        (project.key,),
    )
    row = deps.store.row("select last from jira_counter where project = ?", (project.key,))
    assert row is not None, "it was written a moment ago"
    return f"{project.key}-{row['last']}"


def edit_issue(
    deps: Dependencies, by: Person, key: str, given: Mapping[str, Any], *, version: int
) -> None:
    row = find_issue(deps, key)
    fields = {**given.get("fields", {}), **_updated(row, given.get("update", {}))}
    project = site.PROJECTS[row["project"]]
    kind = site.type_of(project, row["issue_type"])
    assert kind, "an issue has a type of its project"
    unknown = {name: _not_on_screen(name) for name in fields if name not in kind.fields}
    if unknown:
        raise JiraRefusal(errors=unknown)
    values = _read(fields, version=version)
    check_write_limit(deps, row["id"])
    with deps.store.transaction():
        _update(deps, row, values)
        for one in given.get("properties", []):
            set_property(deps, "issue", row["id"], one["key"], json.dumps(one["value"]))
        touch(deps, row["id"])
        items = [change(name, ("", ""), ("", str(values[name])[:200])) for name in values]
        tell_issue(deps, "issue_updated", find_issue(deps, key), by, items)


def _updated(row: sqlite3.Row, update: Mapping[str, Any]) -> dict[str, Any]:
    """`{"labels": [{"add": "x"}]}`: the one field that we add to and take from."""
    if not update:
        return {}
    labels = set(json.loads(row["labels"]))
    for name, operations in update.items():
        for one in operations:
            if name != "labels" or not one.keys() <= {"add", "remove"}:
                raise JiraRefusal(errors={name: "Operation not supported."})
            labels |= {one["add"]} if "add" in one else set()
            labels -= {one.get("remove")}
    return {"labels": sorted(labels)}


def delete_issue(deps: Dependencies, by: Person, key: str) -> None:
    row = find_issue(deps, key)
    with deps.store.transaction():
        tell_issue(deps, "issue_deleted", row, by)
        deps.store.run(
            """delete from jira_property
                where (entity = 'issue' and entity_id = :id)
                   or (entity = 'comment'
                       and entity_id in (select id from jira_comment where issue_id = :id))""",
            {"id": row["id"]},
        )
        deps.store.run("delete from jira_issue where id = ?", (row["id"],))


def move_issue(deps: Dependencies, by: Person, key: str, to_project: str) -> str:
    """Into another project under a new key; the id stays and the old key still finds it."""
    row = find_issue(deps, key)
    project = site.find_project(to_project)
    if project is None or project.key == row["project"]:
        raise JiraRefusal(errors={"project": "Choose another project."})
    category = site.status_of(site.PROJECTS[row["project"]], row["status"]).category
    status = next(one for one in project.statuses if one.category == category)
    with deps.store.transaction():
        new_key = next_key(deps, project)
        deps.store.run(
            "insert into jira_old_key (key, issue_id) values (?, ?)", (row["key"], row["id"])
        )
        deps.store.run(
            "update jira_issue set key = ?, project = ?, issue_type = ?, status = ? where id = ?",
            (new_key, project.key, project.issue_types[0].id, status.id, row["id"]),
        )
        touch(deps, row["id"])
        items = [
            change("project", (row["project"], row["project"]), (project.key, project.key)),
            change("Key", ("", row["key"]), ("", new_key)),
        ]
        tell_issue(deps, "issue_updated", find_issue(deps, new_key), by, items)
    return new_key


def list_transitions(deps: Dependencies, key: str, *, has_fields: bool) -> dict[str, Any]:
    row = find_issue(deps, key)
    return {
        "expand": "transitions",
        "transitions": [
            _transition_json(deps, site.PROJECTS[row["project"]], one, has_fields=has_fields)
            for one in open_transitions(row)
        ],
    }


def open_transitions(row: sqlite3.Row) -> list[Transition]:
    project = site.PROJECTS[row["project"]]
    return [
        one
        for one in project.transitions
        if (not one.sources or row["status"] in one.sources) and one.to != row["status"]
    ]


def transition(deps: Dependencies, by: Person, key: str, given: Mapping[str, Any]) -> None:
    """Refuses an id that is not a string, one not open here, and missing required fields."""
    row = find_issue(deps, key)
    wanted = given.get("transition", {}).get("id")
    if not isinstance(wanted, str):
        raise JiraRefusal(errors={"transition": "The transition id has to be a string."})
    found = next((one for one in open_transitions(row) if one.id == wanted), None)
    if found is None:
        words = (
            f"It seems that you have tried to perform a workflow operation ({wanted}) "
            "that is not valid for the current state of this issue."
        )
        raise JiraRefusal(words)
    fields = given.get("fields", {})
    missing = {
        name: f"{site.FIELDS[name].name} is required."
        for name in found.required
        if not fields.get(name)
    }
    if missing:
        raise JiraRefusal(errors=missing)
    check_write_limit(deps, row["id"])
    before = site.status_of(site.PROJECTS[row["project"]], row["status"])
    after = site.status_of(site.PROJECTS[row["project"]], found.to)
    with deps.store.transaction():
        custom = {**json.loads(row["custom"]), **fields}
        deps.store.run(
            "update jira_issue set status = ?, custom = ? where id = ?",
            (after.id, json.dumps(custom), row["id"]),
        )
        now = touch(deps, row["id"])
        deps.store.run("update jira_issue set status_changed = ? where id = ?", (now, row["id"]))
        items = [change("status", (before.id, before.name), (after.id, after.name))]
        tell_issue(deps, "issue_updated", find_issue(deps, key), by, items)


def check_write_limit(deps: Dependencies, issue_id: int) -> None:
    """So many writes to one issue in so many seconds, then 429 with Retry-After."""
    limit = deps.store.row("select * from jira_site where id = 1")
    assert limit is not None, "the site has its row from the start"
    now = time.time()
    deps.store.run("delete from jira_write where at <= ?", (now - limit["writes_seconds"],))
    rows = deps.store.rows("select at from jira_write where issue_id = ? order by at", (issue_id,))
    if len(rows) >= limit["writes_max"]:
        wait = max(1, round(rows[0]["at"] + limit["writes_seconds"] - now))
        raise JiraRefusal("Too many writes to one issue.", status=429, retry_after_seconds=wait)
    deps.store.run("insert into jira_write (issue_id, at) values (?, ?)", (issue_id, now))


def _transition_json(
    deps: Dependencies, project: Project, one: Transition, *, has_fields: bool
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": one.id,
        "name": one.name,
        "to": status_json(deps, site.status_of(project, one.to)),
        "hasScreen": bool(one.required),
        "isGlobal": not one.sources,
        "isInitial": False,
        "isConditional": False,
        "isAvailable": True,
    }
    if has_fields:
        found["fields"] = {
            name: site.createmeta_field(name, is_required=True) for name in one.required
        }
    return found


def _project_and_type(fields: Mapping[str, Any]) -> tuple[Project, IssueType]:
    given = fields.get("project") or {}
    project = site.find_project(str(given.get("key") or given.get("id") or ""))
    if project is None:
        raise JiraRefusal(errors={"project": "Specify a valid project ID or key"})
    wanted = fields.get("issuetype") or {}
    for kind in project.issue_types:
        if wanted.get("id") == kind.id or wanted.get("name") == kind.name:
            return project, kind
    raise JiraRefusal(errors={"issuetype": "Specify a valid issue type"})


def _check_fields(kind: IssueType, fields: Mapping[str, Any]) -> None:
    errors = {name: _not_on_screen(name) for name in fields if name not in kind.fields}
    for name in kind.required:
        if not fields.get(name):
            errors[name] = f"{site.FIELDS[name].name} is required."
    if errors:
        raise JiraRefusal(errors=errors)


def _not_on_screen(name: str) -> str:
    return f"Field '{name}' cannot be set. It is not on the appropriate screen, or unknown."


def custom_of(fields: Mapping[str, Any]) -> str:
    """A request's own fields, as the issue keeps them."""
    return json.dumps({name: _custom(name, fields[name]) for name in fields if name in CUSTOM})


def _read(fields: Mapping[str, Any], *, version: int) -> dict[str, Any]:
    """Column values; `custom` holds the rest. Refuses what a field cannot hold."""
    values: dict[str, Any] = {}
    if "summary" in fields:
        values["summary"] = _summary(fields["summary"])
    if fields.get("description") is not None:
        given = fields["description"]
        document = check_document("description", given) if version == 3 else text_document(given)
        values["description"] = json.dumps(document)
    if "labels" in fields:
        if any(" " in label for label in fields["labels"]):
            raise JiraRefusal(errors={"labels": "The label can't contain spaces."})
        values["labels"] = json.dumps(sorted(set(fields["labels"])))
    if fields.get("priority"):
        values["priority"] = _priority(fields["priority"])
    custom = {name: _custom(name, value) for name, value in fields.items() if name in CUSTOM}
    if custom:
        values["custom"] = json.dumps(custom)
    return values


CUSTOM = frozenset(name for name in site.FIELDS if name.startswith("customfield_"))


def _summary(given: Any) -> str:
    if not isinstance(given, str) or not given.strip():
        raise JiraRefusal(errors={"summary": "You must specify a summary of the issue."})
    if len(given) > SUMMARY_MAX:
        raise JiraRefusal(errors={"summary": "Summary must be less than 255 characters."})
    if "\n" in given:
        raise JiraRefusal(
            errors={"summary": "The summary is invalid because it contains newline characters."}
        )
    return given


def _priority(given: Mapping[str, Any]) -> str:
    for key, name in site.PRIORITIES.items():
        if given.get("id") == key or given.get("name") == name:
            return key
    raise JiraRefusal(errors={"priority": "Specify a valid priority"})


def _custom(name: str, value: Any) -> Any:
    field = site.FIELDS[name]
    if field.kind != "option" or value is None:
        return value
    for option in field.allowed:
        if isinstance(value, dict) and (
            value.get("id") == option["id"] or value.get("value") == option["value"]
        ):
            return dict(option)
    raise JiraRefusal(errors={name: "Specify a valid 'id' or 'name' for " + field.name})


def _update(deps: Dependencies, row: sqlite3.Row, values: Mapping[str, Any]) -> None:
    for name in COLUMNS:
        if name in values:
            deps.store.run(
                f"update jira_issue set {name} = ? where id = ?", (values[name], row["id"])
            )
    if "custom" in values:
        merged = {**json.loads(row["custom"]), **json.loads(values["custom"])}
        deps.store.run(
            "update jira_issue set custom = ? where id = ?", (json.dumps(merged), row["id"])
        )
