"""Remote links and entity properties."""

import json
from collections.abc import Mapping
from typing import Any

from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.jira.entities import base, find_issue
from tandem.sandbox.jira.refusals import JiraRefusal, missing
from tandem.sandbox.jira.tables import get_property, set_property

VALUE_MAX = 32_768


def check_version(body: dict[str, Any], version: str) -> dict[str, Any]:
    if version == "3":
        raise JiraRefusal(
            "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API.",
            status=410,
        )
    return body


def list_links(deps: Dependencies, key: str) -> list[dict[str, Any]]:
    row = find_issue(deps, key)
    found = deps.store.rows("select * from jira_link where issue_id = ? order by id", (row["id"],))
    return [
        {
            "id": one["id"],
            "self": f"{base(deps)}/rest/api/3/issue/{row['key']}/remotelink/{one['id']}",
            "globalId": one["global_id"],
            "object": {"url": one["url"], "title": one["title"]},
        }
        for one in found
    ]


def put_link(deps: Dependencies, key: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Upserts by `globalId`."""
    row = find_issue(deps, key)
    target = given.get("object") or {}
    errors = {name: f"'{name}' is required." for name in ("url", "title") if not target.get(name)}
    if errors:
        raise JiraRefusal(errors=errors)
    global_id = str(given.get("globalId") or target["url"])
    deps.store.run(
        """insert into jira_link (issue_id, global_id, url, title) values (?, ?, ?, ?)
               on conflict (issue_id, global_id) do update
              set url = excluded.url, title = excluded.title""",
        (row["id"], global_id, target["url"], target["title"]),
    )
    link = deps.store.row(
        "select id from jira_link where issue_id = ? and global_id = ?", (row["id"], global_id)
    )
    assert link is not None, "it was written a moment ago"
    return {
        "id": link["id"],
        "self": f"{base(deps)}/rest/api/3/issue/{row['key']}/remotelink/{link['id']}",
    }


def read_property(deps: Dependencies, entity: str, entity_id: int, key: str) -> dict[str, Any]:
    value = get_property(deps, entity, entity_id, key)
    if value is None:
        raise missing(f"property {key}")
    return {"key": key, "value": json.loads(value)}


def write_property(
    deps: Dependencies, entity: str, entity_id: int, key: str, body: Mapping[str, Any]
) -> bool:
    raw = json.dumps(body.get("value") if set(body) == {"value"} else dict(body))
    if len(raw) > VALUE_MAX:
        raise JiraRefusal("The property value is too long.")
    return set_property(deps, entity, entity_id, key, raw)
