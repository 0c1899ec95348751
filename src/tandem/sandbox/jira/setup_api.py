"""What a set-up asks: who am I, which projects, which fields, where do notices go. And files."""

import json
from typing import Any

from litestar import Controller, Response, delete, get, post, put
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath

from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.jira import links, site, talk
from tandem.sandbox.jira.access import AnyRequest, check_caller, note_call, refresh
from tandem.sandbox.jira.answers import answer, refused
from tandem.sandbox.jira.entities import (
    base,
    find_issue,
    person_json,
    project_json,
    status_json,
    type_json,
)
from tandem.sandbox.jira.refusals import JiraRefusal, missing
from tandem.sandbox.loopback import NotLoopback, check_loopback

Deps = NamedDependency[Dependencies]
Answer = Response[Any]


class SetupController(Controller):
    path = "/rest/api/{version:str}"

    @get("/myself")
    async def myself(self, version: FromPath[str], request: AnyRequest, deps: Deps) -> Answer:
        return await answer(deps, request, lambda by, body: person_json(deps, by))

    @get("/serverInfo")
    async def server_info(self, version: FromPath[str], request: AnyRequest, deps: Deps) -> Answer:
        kind = "Cloud" if version == "3" else "Server"
        info = {
            "baseUrl": base(deps),
            "version": "1001.0.0-SNAPSHOT" if kind == "Cloud" else "9.12.0",
            "versionNumbers": [1001, 0, 0] if kind == "Cloud" else [9, 12, 0],
            "deploymentType": kind,
            "buildNumber": 100272,
            "serverTitle": "Jira",
        }
        return await answer(deps, request, lambda by, body: info)

    @get("/field")
    async def fields(self, version: FromPath[str], request: AnyRequest, deps: Deps) -> Answer:
        found = [
            {"id": one.id, "key": one.id, "name": one.name, "custom": not one.system}
            for one in site.FIELDS.values()
        ]
        return await answer(deps, request, lambda by, body: found)

    @get("/project")
    async def projects(self, version: FromPath[str], request: AnyRequest, deps: Deps) -> Answer:
        found = [project_json(deps, one) for one in site.PROJECTS.values()]
        return await answer(deps, request, lambda by, body: found)

    @get("/project/search")
    async def search_projects(
        self, version: FromPath[str], request: AnyRequest, deps: Deps
    ) -> Answer:
        found = [project_json(deps, one) for one in site.PROJECTS.values()]
        page = {
            "self": f"{base(deps)}/rest/api/3/project/search",
            "maxResults": 50,
            "startAt": 0,
            "total": len(found),
            "isLast": True,
            "values": found,
        }
        return await answer(deps, request, lambda by, body: page)

    @get("/project/{key:str}")
    async def project(
        self, version: FromPath[str], key: FromPath[str], request: AnyRequest, deps: Deps
    ) -> Answer:
        return await answer(deps, request, lambda by, body: project_json(deps, _project(key)))

    @get("/project/{key:str}/statuses")
    async def statuses(
        self, version: FromPath[str], key: FromPath[str], request: AnyRequest, deps: Deps
    ) -> Answer:
        def read() -> list[dict[str, Any]]:
            project = _project(key)
            listed = [status_json(deps, one) for one in project.statuses]
            return [
                {
                    "self": f"{base(deps)}/rest/api/3/issuetype/{kind.id}",
                    "id": kind.id,
                    "name": kind.name,
                    "subtask": False,
                    "statuses": listed,
                }
                for kind in project.issue_types
            ]

        return await answer(deps, request, lambda by, body: read())

    @get("/issue/createmeta/{key:str}/issuetypes")
    async def issue_types(
        self, version: FromPath[str], key: FromPath[str], request: AnyRequest, deps: Deps
    ) -> Answer:
        def read() -> dict[str, Any]:
            project = _project(key)
            found = [type_json(deps, project, kind.id) for kind in project.issue_types]
            return _listing("issueTypes", found, version)

        return await answer(deps, request, lambda by, body: read())

    @get("/issue/createmeta/{key:str}/issuetypes/{type_id:str}")
    async def create_fields(
        self,
        version: FromPath[str],
        key: FromPath[str],
        type_id: FromPath[str],
        request: AnyRequest,
        deps: Deps,
    ) -> Answer:
        def read() -> dict[str, Any]:
            kind = site.type_of(_project(key), type_id)
            if kind is None:
                raise missing("issue type")
            found = [
                site.createmeta_field(name, is_required=name in kind.required)
                for name in kind.fields
            ]
            return _listing("fields", found, version)

        return await answer(deps, request, lambda by, body: read())

    @get("/issue/{key:str}/remotelink")
    async def remote_links(
        self, version: FromPath[str], key: FromPath[str], request: AnyRequest, deps: Deps
    ) -> Answer:
        return await answer(deps, request, lambda by, body: links.list_links(deps, key))

    @post("/issue/{key:str}/remotelink")
    async def put_remote_link(
        self, version: FromPath[str], key: FromPath[str], request: AnyRequest, deps: Deps
    ) -> Answer:
        return await answer(
            deps, request, lambda by, body: links.put_link(deps, key, body), status=201
        )

    @get("/issue/{key:str}/properties/{name:str}")
    async def read_property(
        self,
        version: FromPath[str],
        key: FromPath[str],
        name: FromPath[str],
        request: AnyRequest,
        deps: Deps,
    ) -> Answer:
        return await answer(
            deps,
            request,
            lambda by, body: links.read_property(deps, "issue", find_issue(deps, key)["id"], name),
        )

    @put("/issue/{key:str}/properties/{name:str}")
    async def write_property(
        self,
        version: FromPath[str],
        key: FromPath[str],
        name: FromPath[str],
        request: AnyRequest,
        deps: Deps,
    ) -> Answer:
        return await answer(
            deps,
            request,
            lambda by, body: links.write_property(
                deps, "issue", find_issue(deps, key)["id"], name, body
            ),
        )

    @put("/comment/{comment_id:str}/properties/{name:str}")
    async def write_comment_property(
        self,
        version: FromPath[str],
        comment_id: FromPath[str],
        name: FromPath[str],
        request: AnyRequest,
        deps: Deps,
    ) -> Answer:
        return await answer(
            deps,
            request,
            lambda by, body: links.write_property(
                deps, "comment", talk.find_comment(deps, comment_id)["id"], name, body
            ),
        )

    @post("/issue/{key:str}/attachments", request_max_body_size=50 * 1024 * 1024)
    async def attach(
        self, version: FromPath[str], key: FromPath[str], request: AnyRequest, deps: Deps
    ) -> Answer:
        """Multipart `file`, with the header that stops cross-site forms."""
        try:
            by = check_caller(deps, request)
            if request.headers.get("x-atlassian-token") != "no-check":
                raise JiraRefusal("XSRF check failed", status=403)
            found = talk.attach(deps, by, key, await read_files(request))
        except JiraRefusal as refusal:
            return refused(deps, request, refusal)
        note_call(deps, request, 200)
        return Response(found, status_code=200)

    @delete("/attachment/{attachment_id:str}", status_code=200)
    async def remove_attachment(
        self,
        version: FromPath[str],
        attachment_id: FromPath[str],
        request: AnyRequest,
        deps: Deps,
    ) -> Answer:
        return await answer(
            deps,
            request,
            lambda by, body: talk.delete_attachment(deps, by, attachment_id),
            status=204,
        )

    @get("/attachment/content/{attachment_id:str}")
    async def download(
        self,
        version: FromPath[str],
        attachment_id: FromPath[str],
        request: AnyRequest,
        deps: Deps,
    ) -> Answer:
        try:
            check_caller(deps, request)
            row = talk.find_attachment(deps, attachment_id)
        except JiraRefusal as refusal:
            return refused(deps, request, refusal)
        note_call(deps, request, 200)
        return Response(bytes(row["content"]), media_type=row["media_type"])


class HookController(Controller):
    """Webhooks of the site's administrator. https://developer.atlassian.com/server/jira/platform/webhooks/"""

    path = "/rest/webhooks/1.0/webhook"

    @get("/")
    async def list_hooks(self, request: AnyRequest, deps: Deps) -> Answer:
        rows = deps.store.rows("select id, name, url, events from jira_webhook order by id")
        found = [_hook_json(deps, row) for row in rows]
        return await answer(deps, request, lambda by, body: found)

    @post("/")
    async def add_hook(self, request: AnyRequest, deps: Deps) -> Answer:
        def add(body: dict[str, Any]) -> dict[str, Any]:
            try:
                check_loopback(str(body.get("url", "")))
            except NotLoopback as refusal:
                raise JiraRefusal(str(refusal)) from refusal
            hook_id = deps.store.insert(
                "insert into jira_webhook (name, url, secret, events) values (?, ?, ?, ?)",
                (
                    str(body.get("name", "")),
                    body["url"],
                    str(body.get("secret", "")),
                    json.dumps(body.get("events", [])),
                ),
            )
            row = deps.store.row("select * from jira_webhook where id = ?", (hook_id,))
            return _hook_json(deps, row)

        return await answer(deps, request, lambda by, body: add(body), status=201)

    @delete("/{hook_id:int}", status_code=200)
    async def remove_hook(self, hook_id: FromPath[int], request: AnyRequest, deps: Deps) -> Answer:
        return await answer(
            deps,
            request,
            lambda by, body: deps.store.run("delete from jira_webhook where id = ?", (hook_id,)),
            status=204,
        )


class TokenController(Controller):
    """`auth.atlassian.com` and the list of sites a token opens."""

    path = "/oauth"

    @post("/token", status_code=200)
    async def refresh_token(self, request: AnyRequest, deps: Deps) -> Answer:
        try:
            found = refresh(deps, await request.json())
        except JiraRefusal as refusal:
            return refused(deps, request, refusal)
        note_call(deps, request, 200)
        return Response(found)

    @get("/token/accessible-resources")
    async def resources(self, request: AnyRequest, deps: Deps) -> Answer:
        found = [{"id": site.CLOUD_ID, "url": base(deps), "name": "sandbox", "scopes": []}]
        return await answer(deps, request, lambda by, body: found)


async def read_files(request: AnyRequest) -> list[tuple[str, str, bytes]]:
    form = await request.form()
    found = []
    for value in form.getall("file", []):
        if isinstance(value, UploadFile):
            media_type = value.content_type or "application/octet-stream"
            found.append((value.filename, media_type, await value.read()))
    if not found:
        raise JiraRefusal("There is no file in the request.")
    return found


def _project(key: str) -> site.Project:
    found = site.find_project(key)
    if found is None:
        raise JiraRefusal(f"No project could be found with key '{key}'.", status=404)
    return found


def _listing(name: str, found: list[dict[str, Any]], version: str) -> dict[str, Any]:
    """The cloud names what it lists, Data Center says `values`."""
    return {
        "maxResults": 50,
        "startAt": 0,
        "total": len(found),
        name if version == "3" else "values": found,
    }


def _hook_json(deps: Dependencies, row: Any) -> dict[str, Any]:
    return {
        "self": f"{base(deps)}/rest/webhooks/1.0/webhook/{row['id']}",
        "name": row["name"],
        "url": row["url"],
        "events": json.loads(row["events"]),
        "enabled": True,
    }
