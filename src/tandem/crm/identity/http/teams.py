"""Teams and territories: two trees, and who belongs to them."""

from typing import ClassVar
from uuid import UUID

import msgspec
from litestar import Controller, delete, get, post, put
from litestar.params import FromPath, JSONBody

from tandem.crm.identity import service
from tandem.crm.identity.domain.trees import (
    NameTaken,
    Node,
    NodeName,
    RingOfParents,
    StillHasChildren,
    TooManyNodes,
)
from tandem.kernel.errors import Forbidden, Invalid, NotFound
from tandem.kernel.http import Now, Transaction, refusals


class NodeBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: NodeName
    parent_id: UUID | None = None


class TreeController(Controller):
    tree: ClassVar[service.Tree]
    tags = ("identity",)

    @get("/", responses=refusals(Forbidden))
    async def list_nodes(self, tx: Transaction) -> list[Node]:
        """The whole tree with its members, by name."""
        return await service.list_nodes(tx, self.tree)

    @post("/", responses=refusals(Forbidden, NameTaken, TooManyNodes, Invalid))
    async def add_node(self, data: JSONBody[NodeBody], tx: Transaction, now: Now) -> Node:
        return await service.add_node(
            tx, self.tree, name=data.name, parent_id=data.parent_id, now=now
        )

    @put(
        "/{node_id:uuid}",
        responses=refusals(Forbidden, NotFound, NameTaken, RingOfParents, Invalid),
    )
    async def change_node(
        self, node_id: FromPath[UUID], data: JSONBody[NodeBody], tx: Transaction, now: Now
    ) -> Node:
        """Rename it, or hang it elsewhere with all that is below it."""
        return await service.change_node(
            tx, self.tree, node_id, name=data.name, parent_id=data.parent_id, now=now
        )

    @delete(
        "/{node_id:uuid}",
        status_code=204,
        responses=refusals(Forbidden, NotFound, StillHasChildren),
    )
    async def remove_node(self, node_id: FromPath[UUID], tx: Transaction, now: Now) -> None:
        await service.remove_node(tx, self.tree, node_id, now=now)

    @put("/{node_id:uuid}/members/{user_id:uuid}", responses=refusals(Forbidden, NotFound, Invalid))
    async def join_node(
        self, node_id: FromPath[UUID], user_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Node:
        return await service.join_node(tx, self.tree, node_id, user_id, now=now)

    @delete(
        "/{node_id:uuid}/members/{user_id:uuid}",
        status_code=200,
        responses=refusals(Forbidden, NotFound),
    )
    async def leave_node(
        self, node_id: FromPath[UUID], user_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Node:
        return await service.leave_node(tx, self.tree, node_id, user_id, now=now)


class TeamController(TreeController):
    path = "/v1/teams"
    tree = service.TEAMS


class TerritoryController(TreeController):
    path = "/v1/territories"
    tree = service.TERRITORIES
