"""REST v3 of the cloud, and v2 as Data Center has it: issues and what hangs on them."""

from typing import Any

from litestar import Controller, Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath

from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.jira import issues, jql, links, talk
from tandem.sandbox.jira.access import AnyRequest
from tandem.sandbox.jira.answers import answer, version_of
from tandem.sandbox.jira.entities import comment_json, find_issue, issue_json

Deps = NamedDependency[Dependencies]
Answer = Response[Any]


class IssueController(Controller):
    path = "/rest/api/{version:str}"

    @post("/issue")
    async def create(self, version: FromPath[str], request: AnyRequest, deps: Deps) -> Answer:
        return await answer(
            deps,
            request,
            lambda by, body: issues.create_issue(deps, by, body, version=version_of(version)),
            status=201,
        )

    @get("/issue/{key:str}")
    async def read(
        self, version: FromPath[str], key: FromPath[str], request: AnyRequest, deps: Deps
    ) -> Answer:
        wanted = _listed(request, "fields") or ["*all"]
        return await answer(
            deps,
            request,
            lambda by, body: issue_json(
                deps,
                find_issue(deps, key),
                version=version_of(version),
                wanted=wanted,
                properties=_listed(request, "properties"),
            ),
        )

    @put("/issue/{key:str}")
    async def edit(
        self, version: FromPath[str], key: FromPath[str], request: AnyRequest, deps: Deps
    ) -> Answer:
        return await answer(
            deps,
            request,
            lambda by, body: issues.edit_issue(deps, by, key, body, version=version_of(version)),
            status=204,
        )

    @delete("/issue/{key:str}", status_code=200)
    async def remove(
        self, version: FromPath[str], key: FromPath[str], request: AnyRequest, deps: Deps
    ) -> Answer:
        return await answer(
            deps, request, lambda by, body: issues.delete_issue(deps, by, key), status=204
        )

    @get("/issue/{key:str}/transitions")
    async def transitions(
        self, version: FromPath[str], key: FromPath[str], request: AnyRequest, deps: Deps
    ) -> Answer:
        has_fields = "transitions.fields" in request.query_params.get("expand", "")
        return await answer(
            deps,
            request,
            lambda by, body: issues.list_transitions(deps, key, has_fields=has_fields),
        )

    @post("/issue/{key:str}/transitions")
    async def transition(
        self, version: FromPath[str], key: FromPath[str], request: AnyRequest, deps: Deps
    ) -> Answer:
        return await answer(
            deps, request, lambda by, body: issues.transition(deps, by, key, body), status=204
        )

    @get("/issue/{key:str}/comment")
    async def comments(
        self, version: FromPath[str], key: FromPath[str], request: AnyRequest, deps: Deps
    ) -> Answer:
        given = request.query_params
        return await answer(
            deps,
            request,
            lambda by, body: talk.list_comments(
                deps,
                key,
                version=version_of(version),
                start=int(given.get("startAt", 0)),
                count=int(given.get("maxResults", 100)),
                has_properties="properties" in given.get("expand", ""),
            ),
        )

    @post("/issue/{key:str}/comment")
    async def comment(
        self, version: FromPath[str], key: FromPath[str], request: AnyRequest, deps: Deps
    ) -> Answer:
        return await answer(
            deps,
            request,
            lambda by, body: talk.add_comment(deps, by, key, body, version=version_of(version)),
            status=201,
        )

    @get("/issue/{key:str}/comment/{comment_id:str}")
    async def read_comment(
        self,
        version: FromPath[str],
        key: FromPath[str],
        comment_id: FromPath[str],
        request: AnyRequest,
        deps: Deps,
    ) -> Answer:
        has_properties = "properties" in request.query_params.get("expand", "")
        return await answer(
            deps,
            request,
            lambda by, body: comment_json(
                deps,
                talk.find_comment(deps, comment_id),
                version=version_of(version),
                has_properties=has_properties,
            ),
        )

    @put("/issue/{key:str}/comment/{comment_id:str}")
    async def edit_comment(
        self,
        version: FromPath[str],
        key: FromPath[str],
        comment_id: FromPath[str],
        request: AnyRequest,
        deps: Deps,
    ) -> Answer:
        return await answer(
            deps,
            request,
            lambda by, body: talk.edit_comment(
                deps, key, comment_id, body, version=version_of(version)
            ),
        )

    @delete("/issue/{key:str}/comment/{comment_id:str}", status_code=200)
    async def delete_comment(
        self,
        version: FromPath[str],
        key: FromPath[str],
        comment_id: FromPath[str],
        request: AnyRequest,
        deps: Deps,
    ) -> Answer:
        return await answer(
            deps, request, lambda by, body: talk.delete_comment(deps, key, comment_id), status=204
        )

    @post("/search/jql", status_code=200)
    async def search(self, version: FromPath[str], request: AnyRequest, deps: Deps) -> Answer:
        return await answer(
            deps,
            request,
            lambda by, body: jql.search(deps, body, version=version_of(version), by=by.account_id),
        )

    @get("/search/jql")
    async def search_by_address(
        self, version: FromPath[str], request: AnyRequest, deps: Deps
    ) -> Answer:
        given: dict[str, Any] = dict(request.query_params)
        given |= {
            "fields": _listed(request, "fields"),
            "properties": _listed(request, "properties"),
        }
        return await answer(
            deps,
            request,
            lambda by, body: jql.search(deps, given, version=version_of(version), by=by.account_id),
        )

    @post("/search", status_code=200)
    async def search_old(self, version: FromPath[str], request: AnyRequest, deps: Deps) -> Answer:
        """Data Center's; the cloud has taken it away."""
        return await answer(
            deps,
            request,
            lambda by, body: jql.search_old(
                deps, links.check_version(body, version), by=by.account_id
            ),
        )


def _listed(request: AnyRequest, name: str) -> list[str]:
    given = request.query_params.getall(name, [])
    return [part for text in given for part in text.split(",") if part]
