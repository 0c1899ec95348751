"""The part of JQL that integrations use: comparisons joined by AND, and one order.

Anything else is refused, as the vendor refuses what it cannot parse.
"""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.jira import site
from tandem.sandbox.jira.entities import issue_json
from tandem.sandbox.jira.refusals import JiraRefusal
from tandem.sandbox.jira.tables import get_property, jira_time

Row = Any
Test = Callable[[Row], bool]
CLAUSE = re.compile(
    r"""\s*(?P<field>issue\.property\[\s*"?(?P<key>[\w.\-]+)"?\s*\]\.(?P<path>[\w.]+)|\w+)
        \s*(?P<operator>>=|<=|!=|=|~|>|<|\bnot\s+in\b|\bin\b)\s*
        (?P<value>\([^)]*\)|"(?:[^"\\]|\\.)*"|'[^']*'|[\w.\-]+(?:\(\))?)\s*""",
    re.X | re.I,
)
ORDER = re.compile(r"\border\s+by\s+(created|updated|key|id)(?:\s+(asc|desc))?\s*$", re.I)
COUNT_MAX = 5_000


def search(deps: Dependencies, given: dict[str, Any], *, version: int, by: str) -> dict[str, Any]:
    """`/search/jql`: pages by `nextPageToken`, fields only when asked for."""
    rows = select(deps, given.get("jql", ""), by=by)
    count = min(int(given.get("maxResults", 50)), COUNT_MAX)
    start = _start(given.get("nextPageToken"))
    shown = rows[start : start + count]
    wanted = given.get("fields") or ["id"]
    found: dict[str, Any] = {
        "issues": [
            issue_json(
                deps,
                row,
                version=version,
                wanted=wanted,
                properties=given.get("properties") or (),
            )
            for row in shown
        ],
        "isLast": start + count >= len(rows),
    }
    if not found["isLast"]:
        found["nextPageToken"] = f"page-{start + count}"
    return found


def search_old(deps: Dependencies, given: dict[str, Any], *, by: str) -> dict[str, Any]:
    """Data Center's `/rest/api/2/search`: pages by `startAt`."""
    rows = select(deps, given.get("jql", ""), by=by)
    start, count = int(given.get("startAt", 0)), int(given.get("maxResults", 50))
    wanted = given.get("fields") or ["*all"]
    return {
        "startAt": start,
        "maxResults": count,
        "total": len(rows),
        "issues": [
            issue_json(
                deps, row, version=2, wanted=wanted, properties=given.get("properties") or ()
            )
            for row in rows[start : start + count]
        ],
    }


def select(deps: Dependencies, jql: str, *, by: str) -> list[Row]:
    order = ORDER.search(jql)
    tests = _tests(deps, jql[: order.start()] if order else jql, by)
    rows = [
        row
        for row in deps.store.rows("select * from jira_issue order by id")
        if all(test(row) for test in tests)
    ]
    name = (order[1].lower() if order else "created").replace("key", "id")
    is_falling = order is None or (order[2] or "asc").lower() == "desc"
    return sorted(rows, key=lambda row: (row[name], row["id"]), reverse=is_falling)


def _tests(deps: Dependencies, text: str, by: str) -> list[Test]:
    tests: list[Test] = []
    rest = text.strip()
    while rest:
        clause = CLAUSE.match(rest)
        if clause is None:
            raise JiraRefusal(f"Error in the JQL Query: unexpected '{rest[:40]}'.")
        tests.append(_test(deps, clause, by))
        rest = rest[clause.end() :]
        if rest and not re.match(r"and\b", rest, re.I):
            raise JiraRefusal(f"Error in the JQL Query: expecting AND before '{rest[:40]}'.")
        rest = rest[3:].strip() if rest else ""
    return tests


def _test(deps: Dependencies, clause: re.Match[str], by: str) -> Test:
    operator = clause["operator"].lower()
    values = _values(clause["value"], by)
    read = _reader(deps, clause)
    if operator == "~":
        return lambda row: all(word.lower() in str(read(row)).lower() for word in values)
    if operator in {">=", ">", "<=", "<"}:
        bound = _time(deps, values[0])
        return {
            ">=": lambda row: read(row) >= bound,
            ">": lambda row: read(row) > bound,
            "<=": lambda row: read(row) <= bound,
            "<": lambda row: read(row) < bound,
        }[operator]
    is_wanted = operator in {"=", "in"}
    return lambda row: bool(set(_many(read(row))) & set(values)) is is_wanted


def _reader(deps: Dependencies, clause: re.Match[str]) -> Callable[[Row], Any]:
    if clause["key"]:
        if deps.faults.take("jira", clause["key"], {"property_not_indexed"}):
            raise _no_field(clause["field"])
        return lambda row: _property(deps, row, clause["key"], clause["path"])
    readers: dict[str, Callable[[Row], Any]] = {
        "project": lambda row: [row["project"], site.PROJECTS[row["project"]].id],
        "key": lambda row: row["key"],
        "id": lambda row: str(row["id"]),
        "issuekey": lambda row: row["key"],
        "labels": lambda row: json.loads(row["labels"]),
        "summary": lambda row: row["summary"],
        "reporter": lambda row: row["reporter"],
        "updated": lambda row: row["updated"],
        "created": lambda row: row["created"],
        "status": lambda row: [row["status"], _status(row).name],
        "statuscategory": lambda row: [
            _status(row).category,
            site.CATEGORIES[_status(row).category][1],
        ],
    }
    reader = readers.get(clause["field"].lower())
    if reader is None:
        raise _no_field(clause["field"])
    return reader


def _no_field(name: str) -> JiraRefusal:
    return JiraRefusal(f"Field '{name}' does not exist or you do not have permission to view it.")


def _status(row: Row) -> site.Status:
    return site.status_of(site.PROJECTS[row["project"]], row["status"])


def _property(deps: Dependencies, row: Row, key: str, path: str) -> Any:
    raw = get_property(deps, "issue", row["id"], key)
    value = json.loads(raw) if raw else None
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _many(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


def _values(text: str, by: str) -> list[str]:
    if text.startswith("("):
        return [_unquoted(part, by) for part in text[1:-1].split(",")]
    return [_unquoted(text, by)]


def _unquoted(text: str, by: str) -> str:
    text = text.strip()
    if text.lower() == "currentuser()":
        return by
    if text[:1] in {'"', "'"}:
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text


def _time(deps: Dependencies, text: str) -> str:
    """`2026-11-22 10:00`, or `-30m` from now."""
    back = re.fullmatch(r"-(\d+)([mhdw])", text)
    if back:
        seconds = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}[back[2]]
        return jira_time(deps.clock.now() - timedelta(seconds=int(back[1]) * seconds))
    return text.replace("/", "-").replace(" ", "T")


def _start(token: Any) -> int:
    if token is None:
        return 0
    if not re.fullmatch(r"page-\d+", str(token)):
        raise JiraRefusal("The nextPageToken is not valid.")
    return int(str(token)[5:])
