"""Settings: teams and territories, two trees on one page."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.crm.identity import service as identity
from tandem.crm.identity.domain.trees import Node
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound, Refusal
from tandem.kernel.http import Now, Transaction
from tandem.kernel.ids import parse_id
from tandem.web.console.forms import NO_PROBLEM, Problem, problem_of, read_form
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
TEAMS = "/settings/teams"
TREES = {"team": identity.TEAMS, "territory": identity.TERRITORIES}


class TeamsPage(Controller):
    path = TEAMS
    include_in_schema = False

    @get()
    async def teams(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        return await _teams(request, tx)

    @post("/{kind:str}")
    async def add(
        self, request: AnyRequest, kind: FromPath[str], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        try:
            node = await identity.add_node(tx, _tree(kind), **_read(form), now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form, form=f"{kind}-new")
            return await _teams(request, tx, problem, refusal.status)
        return redirect(request, TEAMS, toast=f"{node.name} is there.")

    @post("/{kind:str}/{node_id:uuid}")
    async def change(
        self,
        request: AnyRequest,
        kind: FromPath[str],
        node_id: FromPath[UUID],
        tx: Transaction,
        now: Now,
    ) -> Response[Any]:
        form = await read_form(request)
        try:
            if form.get("remove"):
                await identity.remove_node(tx, _tree(kind), node_id, now=now)
                return redirect(request, TEAMS, toast="It is removed.")
            node = await identity.change_node(tx, _tree(kind), node_id, **_read(form), now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form, form=f"{kind}-{node_id}")
            return await _teams(request, tx, problem, refusal.status)
        return redirect(request, TEAMS, toast=f"{node.name} is saved.")


def _tree(kind: str) -> Any:
    if kind not in TREES:
        raise NotFound("There is no such tree.")
    return TREES[kind]


def _read(form: dict[str, str]) -> dict[str, Any]:
    name = form.get("name", "")
    if not 1 <= len(name) <= 100:
        raise Invalid("Give it a name.", field="name")
    return {"name": name, "parent_id": parse_id(form.get("parent_id", ""))}


async def _teams(
    request: AnyRequest, tx: Tx, problem: Problem = NO_PROBLEM, status: int = 200
) -> Response[Any]:
    people = {person.id: person.name for person in await identity.list_users(tx)}
    trees = []
    for kind, title, lead in (
        ("team", "Teams", "Who works together. A role may reach its team, or all below it."),
        ("territory", "Territories", "Where customers belong. A role may reach its territory."),
    ):
        nodes = await identity.list_nodes(tx, TREES[kind])
        trees.append(
            {"kind": kind, "title": title, "lead": lead, "nodes": list(_walk(nodes, None, 0))}
        )
    return page(
        request,
        "console/settings/teams.html",
        status=status,
        trees=trees,
        people=people,
        problem=problem,
    )


def _walk(nodes: Sequence[Node], parent: UUID | None, depth: int) -> Iterator[tuple[int, Node]]:
    """Depth first, each below its parent."""
    for node in nodes:
        if node.parent_id == parent:
            yield depth, node
            if depth < 20:
                yield from _walk(nodes, node.id, depth + 1)
