"""The service desk's API: request types, requests, public and internal comments, files.

https://developer.atlassian.com/cloud/jira/service-desk/rest/
"""

import json
from collections.abc import Mapping
from typing import Any

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.jira import customers, issues, request_forms, requests, site, talk
from tandem.sandbox.jira.access import AnyRequest, check_caller, note_call
from tandem.sandbox.jira.adf import check_document, plain_text, text_document
from tandem.sandbox.jira.answers import answer, refused
from tandem.sandbox.jira.entities import find_issue, reporter_of
from tandem.sandbox.jira.notices import tell_issue
from tandem.sandbox.jira.refusals import JiraRefusal, missing
from tandem.sandbox.jira.setup_api import read_files
from tandem.sandbox.jira.site import Person, Project

Deps = NamedDependency[Dependencies]
Answer = Response[Any]


class DeskController(Controller):
    path = "/rest/servicedeskapi"

    @get("/servicedesk")
    async def desks(self, request: AnyRequest, deps: Deps) -> Answer:
        found = [_desk_json(one) for one in site.PROJECTS.values() if one.service_desk_id]
        return await answer(deps, request, lambda by, body: _page(found))

    @get("/servicedesk/{desk_id:str}")
    async def desk(self, desk_id: FromPath[str], request: AnyRequest, deps: Deps) -> Answer:
        return await answer(deps, request, lambda by, body: _desk_json(_desk(desk_id)))

    @get("/servicedesk/{desk_id:str}/requesttype")
    async def request_types(
        self, desk_id: FromPath[str], request: AnyRequest, deps: Deps
    ) -> Answer:
        def read() -> dict[str, Any]:
            project = _desk(desk_id)
            return _page(
                [
                    {
                        "id": one.id,
                        "name": one.name,
                        "issueTypeId": one.issue_type_id,
                        "serviceDeskId": desk_id,
                    }
                    for one in project.request_types
                ]
            )

        return await answer(deps, request, lambda by, body: read())

    @get("/servicedesk/{desk_id:str}/requesttype/{type_id:str}/field")
    async def request_form(
        self, desk_id: FromPath[str], type_id: FromPath[str], request: AnyRequest, deps: Deps
    ) -> Answer:
        def read() -> dict[str, Any]:
            kind = request_forms.find_type(_desk(desk_id), type_id)
            if kind is None:
                raise missing("request type")
            return request_forms.form_json(kind)

        return await answer(deps, request, lambda by, body: read())

    @get("/servicedesk/{desk_id:str}/customer")
    async def list_customers(
        self, desk_id: FromPath[str], request: AnyRequest, deps: Deps
    ) -> Answer:
        def read() -> dict[str, Any]:
            check_opted_in(request)
            query = request.query_params.get("query", "")
            return _page(customers.list_customers(deps, _desk(desk_id), query))

        return await answer(deps, request, lambda by, body: read())

    @post("/servicedesk/{desk_id:str}/customer")
    async def serve(self, desk_id: FromPath[str], request: AnyRequest, deps: Deps) -> Answer:
        def add(body: dict[str, Any]) -> None:
            customers.serve(deps, _desk(desk_id), body)

        return await answer(deps, request, lambda by, body: add(body), status=204)

    @post("/customer")
    async def add_customer(self, request: AnyRequest, deps: Deps) -> Answer:
        return await answer(
            deps, request, lambda by, body: customers.add_customer(deps, body), status=201
        )

    @post("/request")
    async def create(self, request: AnyRequest, deps: Deps) -> Answer:
        return await answer(deps, request, lambda by, body: _create(deps, by, body), status=201)

    @get("/request/{key:str}")
    async def read(self, key: FromPath[str], request: AnyRequest, deps: Deps) -> Answer:
        return await answer(deps, request, lambda by, body: _request_json(deps, key))

    @get("/request/{key:str}/approval")
    async def approvals(self, key: FromPath[str], request: AnyRequest, deps: Deps) -> Answer:
        def read() -> dict[str, Any]:
            return _page(requests.list_approvals(deps, _request(deps, key)))

        return await answer(deps, request, lambda by, body: read())

    @get("/request/{key:str}/feedback")
    async def feedback(self, key: FromPath[str], request: AnyRequest, deps: Deps) -> Answer:
        def read() -> dict[str, Any]:
            check_opted_in(request)
            return requests.read_feedback(deps, _request(deps, key))

        return await answer(deps, request, lambda by, body: read())

    @post("/request/{key:str}/feedback")
    async def give_feedback(self, key: FromPath[str], request: AnyRequest, deps: Deps) -> Answer:
        def give(by: Person, body: dict[str, Any]) -> dict[str, Any]:
            check_opted_in(request)
            return requests.give_feedback(deps, by, _request(deps, key), body)

        return await answer(deps, request, give, status=201)

    @get("/request/{key:str}/comment")
    async def comments(self, key: FromPath[str], request: AnyRequest, deps: Deps) -> Answer:
        def read() -> dict[str, Any]:
            row = find_issue(deps, key)
            rows = deps.store.rows(
                "select * from jira_comment where issue_id = ? order by id", (row["id"],)
            )
            return _page([_comment_json(one) for one in rows])

        return await answer(deps, request, lambda by, body: read())

    @post("/request/{key:str}/comment")
    async def comment(self, key: FromPath[str], request: AnyRequest, deps: Deps) -> Answer:
        def add(by: Person, body: dict[str, Any]) -> dict[str, Any]:
            row = _request(deps, key)
            if not body.get("body"):
                raise JiraRefusal("Comment body can not be empty!")
            document = text_document(str(body["body"]))
            is_public = bool(body.get("public", True))
            return _comment_json(talk.insert_comment(deps, by, row, document, is_public=is_public))

        return await answer(deps, request, add, status=201)

    @post("/servicedesk/{desk_id:str}/attachTemporaryFile", request_max_body_size=50 * 1024 * 1024)
    async def keep_file(self, desk_id: FromPath[str], request: AnyRequest, deps: Deps) -> Answer:
        try:
            by = check_caller(deps, request)
            _desk(desk_id)
            files = await read_files(request)
            kept = [
                {
                    "temporaryAttachmentId": talk.keep_temporary(deps, by, name, kind, content),
                    "fileName": name,
                }
                for name, kind, content in files
            ]
        except JiraRefusal as refusal:
            return refused(deps, request, refusal)
        note_call(deps, request, 201)
        return Response({"temporaryAttachments": kept}, status_code=201)

    @post("/request/{key:str}/attachment")
    async def attach(self, key: FromPath[str], request: AnyRequest, deps: Deps) -> Answer:
        def add(by: Person, body: dict[str, Any]) -> dict[str, Any]:
            talk.attach_temporary(deps, by, key, body.get("temporaryAttachmentIds", []))
            return {"attachments": _page([])}

        return await answer(deps, request, add, status=201)


def _create(deps: Dependencies, by: Person, given: Mapping[str, Any]) -> dict[str, Any]:
    project = _desk(str(given.get("serviceDeskId", "")))
    kind = request_forms.find_type(project, str(given.get("requestTypeId", "")))
    if kind is None:
        raise JiraRefusal("The request type does not exist.")
    fields = given.get("requestFieldValues") or {}
    request_forms.check(kind, fields)
    reporter = by
    if given.get("raiseOnBehalfOf"):
        reporter = customers.raised_for(deps, project, str(given["raiseOnBehalfOf"]))
    text = fields.get("description") or ""
    document = (
        check_document("description", text) if given.get("isAdfRequest") else text_document(text)
    )
    issue_type = site.type_of(project, kind.issue_type_id)
    assert issue_type, "a request type stands for an issue type of its project"
    values = {
        "summary": fields["summary"],
        "description": json.dumps(document),
        "custom": issues.custom_of(fields),
    }
    with deps.store.transaction():
        issue_id = issues.insert_issue(
            deps, reporter, project, issue_type, values, request_type=kind.id
        )
        row = find_issue(deps, str(issue_id))
        tell_issue(deps, "issue_created", row, by)
    return _request_json(deps, row["key"])


def _request(deps: Dependencies, key: str) -> Any:
    row = find_issue(deps, key)
    if not row["request_type"]:
        raise missing("request")
    return row


def _request_json(deps: Dependencies, key: str) -> dict[str, Any]:
    row = _request(deps, key)
    project = site.PROJECTS[row["project"]]
    status = site.status_of(project, row["status"])
    reporter = reporter_of(deps, row["reporter"])
    return {
        "issueId": str(row["id"]),
        "issueKey": row["key"],
        "requestTypeId": row["request_type"],
        "serviceDeskId": project.service_desk_id,
        "reporter": {
            "accountId": reporter.account_id,
            "emailAddress": reporter.email,
            "displayName": reporter.name,
        },
        "currentStatus": {"status": status.name, "statusCategory": status.category.upper()},
    }


def _comment_json(row: Any) -> dict[str, Any]:
    return {
        "id": str(row["id"]),
        "body": plain_text(json.loads(row["body"])),
        "public": bool(row["is_public"]),
        "author": {
            "accountId": row["author"],
            "displayName": site.person(row["author"]).name,
        },
        "created": {"iso8601": row["created"]},
    }


def check_opted_in(request: AnyRequest) -> None:
    """What the vendor calls experimental answers to who says that they know."""
    if request.headers.get("x-experimentalapi") != "opt-in":
        words = "This resource is experimental. Set the header X-ExperimentalApi: opt-in."
        raise JiraRefusal(words, status=412)


def _desk(desk_id: str) -> Project:
    for project in site.PROJECTS.values():
        if desk_id and project.service_desk_id == desk_id:
            return project
    raise missing("service desk")


def _desk_json(project: Project) -> dict[str, Any]:
    return {
        "id": project.service_desk_id,
        "projectId": project.id,
        "projectKey": project.key,
        "projectName": project.name,
    }


def _page(values: list[dict[str, Any]]) -> dict[str, Any]:
    return {"size": len(values), "start": 0, "limit": 50, "isLastPage": True, "values": values}
