"""What a test or a script steers: webhooks, the write limit, moves, and the calls that arrived."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.jira import issues, requests, site
from tandem.sandbox.jira.entities import find_issue, reporter_of
from tandem.sandbox.jira.refusals import JiraRefusal

Deps = NamedDependency[Dependencies]


class SiteChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """So many writes to one issue in so many seconds."""

    writes_max: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 100
    writes_seconds: Annotated[float, msgspec.Meta(gt=0, le=600)] = 30


class Move(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    project: str


class NewApproval(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """`at` is the machine's own Unix time."""

    at: float
    method: str
    path: str
    status: int


class AdministrationController(Controller):
    path = "/sandbox/jira"

    @patch("/site")
    async def change_site(self, data: JSONBody[SiteChange], deps: Deps) -> SiteChange:
        deps.store.run(
            "update jira_site set writes_max = ?, writes_seconds = ? where id = 1",
            (data.writes_max, data.writes_seconds),
        )
        deps.store.run("delete from jira_write")
        return data

    @delete("/webhooks")
    async def forget_webhooks(self, deps: Deps) -> None:
        deps.store.run("delete from jira_webhook")

    @get("/calls")
    async def list_calls(self, deps: Deps) -> list[Call]:
        """What handlers answered, oldest first; faults that never reached one are not here."""
        rows = deps.store.rows("select at, method, path, status from jira_call order by id")
        return [Call(**{name: row[name] for name in Call.__struct_fields__}) for row in rows]

    @delete("/calls")
    async def forget_calls(self, deps: Deps) -> None:
        deps.store.run("delete from jira_call")

    @post("/requests/{key:str}/approvals")
    async def ask_approval(
        self, key: FromPath[str], data: JSONBody[NewApproval], deps: Deps
    ) -> Response[Any]:
        """As a workflow step does that somebody has to approve: REST cannot."""
        row = find_issue(deps, key)
        approval_id = requests.ask_approval(deps, site.AGENT, row, data.name)
        return Response({"id": approval_id}, status_code=201)

    @post("/approvals/{approval_id:int}/decision", status_code=200)
    async def decide(self, approval_id: FromPath[int], deps: Deps) -> Response[Any]:
        requests.approve(deps, site.AGENT, approval_id)
        return Response({"id": approval_id})

    @post("/requests/{key:str}/feedback", status_code=201)
    async def rate(
        self, key: FromPath[str], data: JSONBody[dict[str, Any]], deps: Deps
    ) -> Response[Any]:
        """As the reporter, from the mail that asks how it went."""
        row = find_issue(deps, key)
        try:
            by = reporter_of(deps, row["reporter"])
            return Response(requests.give_feedback(deps, by, row, data), status_code=201)
        except JiraRefusal as refusal:
            return Response(refusal.body, status_code=refusal.status)

    @post("/issues/{key:str}/move", status_code=200)
    async def move(self, key: FromPath[str], data: JSONBody[Move], deps: Deps) -> Response[Any]:
        """To another project, as a person does on Jira's page: REST cannot."""
        try:
            return Response({"key": issues.move_issue(deps, site.AGENT, key, data.project)})
        except JiraRefusal as refusal:
            return Response(refusal.body, status_code=refusal.status)
