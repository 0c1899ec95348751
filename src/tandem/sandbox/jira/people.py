"""Jira as a person sees it: the issues, and one issue to work on as the agent."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from litestar import Controller, Response, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath, URLEncodedBody
from litestar.response import Redirect

from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.jira import issues, site, talk
from tandem.sandbox.jira.adf import plain_text, text_document
from tandem.sandbox.jira.entities import find_issue
from tandem.sandbox.jira.refusals import JiraRefusal
from tandem.sandbox.pages import page

Deps = NamedDependency[Dependencies]
Form = URLEncodedBody[Mapping[str, str]]
SHOWN_MAX = 100


class Upload(msgspec.Struct):
    file: Any


class PeopleController(Controller):
    path = "/"

    @get("/")
    async def list_issues(self, deps: Deps) -> Response[str]:
        rows = deps.store.rows(
            "select * from jira_issue order by updated desc limit ?", (SHOWN_MAX,)
        )
        return page("jira_issues.html", section="jira", issues=[_shown(row) for row in rows])

    @get("/browse/{key:str}")
    async def show_issue(self, key: FromPath[str], deps: Deps) -> Response[Any]:
        return _issue(deps, key)

    @post("/browse/{key:str}/transition", status_code=200)
    async def transition(self, key: FromPath[str], data: Form, deps: Deps) -> Response[Any]:
        fields = {
            name: value for name, value in data.items() if name.startswith("customfield_") and value
        }
        given = {"transition": {"id": data.get("transition", "")}, "fields": fields}
        try:
            issues.transition(deps, site.AGENT, key, given)
        except JiraRefusal as refusal:
            return _issue(deps, key, refusal)
        return _back(key)

    @post("/browse/{key:str}/comments", status_code=200)
    async def comment(self, key: FromPath[str], data: Form, deps: Deps) -> Response[Any]:
        text = data.get("body", "").strip()
        if text:
            talk.insert_comment(
                deps,
                site.AGENT,
                find_issue(deps, key),
                text_document(text),
                is_public=data.get("visibility") == "public",
            )
        return _back(key)

    @post("/browse/{key:str}/attachments", status_code=200)
    async def attach(
        self,
        key: FromPath[str],
        data: Annotated[dict[str, UploadFile], Body(media_type=RequestEncodingType.MULTI_PART)],
        deps: Deps,
    ) -> Response[Any]:
        file = data["file"]
        media_type = file.content_type or "application/octet-stream"
        try:
            talk.attach(deps, site.AGENT, key, [(file.filename, media_type, await file.read())])
        except JiraRefusal as refusal:
            return _issue(deps, key, refusal)
        return _back(key)

    @post("/browse/{key:str}/deletion", status_code=200)
    async def remove(self, key: FromPath[str], deps: Deps) -> Response[Any]:
        issues.delete_issue(deps, site.AGENT, key)
        return Redirect("/jira/", status_code=303)


def _issue(deps: Dependencies, key: str, refusal: JiraRefusal | None = None) -> Response[Any]:
    try:
        row = find_issue(deps, key)
    except JiraRefusal:
        return page("jira_issues.html", status=404, section="jira", issues=[])
    comments = deps.store.rows(
        "select * from jira_comment where issue_id = ? order by id", (row["id"],)
    )
    files = deps.store.rows(
        "select filename, length(content) as size from jira_attachment where issue_id = ?",
        (row["id"],),
    )
    links = deps.store.rows("select * from jira_link where issue_id = ?", (row["id"],))
    words = ""
    if refusal is not None:
        said = [*refusal.body["errorMessages"], *refusal.body["errors"].values()]
        words = " ".join(said)
    return page(
        "jira_issue.html",
        status=200 if refusal is None else 400,
        section="jira",
        notice=words,
        issue=_shown(row),
        is_desk=site.PROJECTS[row["project"]].kind == "service_desk",
        description=plain_text(json.loads(row["description"] or "{}")),
        comments=[_comment(one) for one in comments],
        transitions=[
            {"id": one.id, "name": one.name, "fields": [site.FIELDS[name] for name in one.required]}
            for one in issues.open_transitions(row)
        ],
        files=files,
        links=links,
    )


def _shown(row: Any) -> dict[str, Any]:
    project = site.PROJECTS[row["project"]]
    status = site.status_of(project, row["status"])
    return {
        "key": row["key"],
        "summary": row["summary"],
        "project": project.name,
        "status": status.name,
        "category": status.category,
        "priority": site.PRIORITIES[row["priority"]],
        "labels": json.loads(row["labels"]),
        "updated": row["updated"][:19].replace("T", " "),
    }


def _comment(row: Any) -> dict[str, Any]:
    return {
        "id": row["id"],
        "author": site.person(row["author"]).name,
        "body": plain_text(json.loads(row["body"])),
        "is_public": bool(row["is_public"]),
        "created": row["created"][:19].replace("T", " "),
    }


def _back(key: str) -> Redirect:
    return Redirect(f"/jira/browse/{key}", status_code=303)
