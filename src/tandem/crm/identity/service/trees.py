"""Teams and territories, and who belongs to them. A change works within a second."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.crm.identity.domain.trees import (
    NODES_MAX,
    NameTaken,
    Node,
    RingOfParents,
    StillHasChildren,
    TooManyNodes,
    is_below,
)
from tandem.crm.identity.store import members as members_store
from tandem.crm.identity.store import people as people_store
from tandem.crm.identity.store.trees import TEAMS, TERRITORIES, Tree
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound
from tandem.kernel.ids import new_id

__all__ = ["TEAMS", "TERRITORIES", "Tree"]


async def list_nodes(tx: Tx, tree: Tree) -> list[Node]:
    """The whole tree, by name, at most 1,000."""
    tx.actor.require("identity.read")
    return list(await tree.list(tx))


async def add_node(tx: Tx, tree: Tree, *, name: str, parent_id: UUID | None, now: datetime) -> Node:
    tx.actor.require("identity.manage")
    await members_store.lock_company(tx)
    nodes = await tree.list(tx)
    if len(nodes) >= NODES_MAX:
        raise TooManyNodes(f"There are {NODES_MAX} already.")
    _check_parent(nodes, parent_id)
    node = Node(id=new_id(), name=name.strip(), parent_id=parent_id)
    if not await tree.insert(tx, node):
        raise NameTaken("There is one with this name already.", field="name")
    await _tell(tx, tree, "added", node.id, now, after=_facts(node))
    return node


async def change_node(
    tx: Tx, tree: Tree, node_id: UUID, *, name: str, parent_id: UUID | None, now: datetime
) -> Node:
    """Rename it, or hang it elsewhere with all that is below it. Refuses a ring."""
    tx.actor.require("identity.manage")
    await members_store.lock_company(tx)
    nodes = await tree.list(tx)
    before = _found(nodes, node_id)
    _check_parent(nodes, parent_id)
    if is_below(nodes, parent_id, node_id):
        raise RingOfParents("It cannot stand below itself.", field="parent_id")
    after = msgspec.structs.replace(before, name=name.strip(), parent_id=parent_id)
    if not await tree.update(tx, after):
        raise NameTaken("There is one with this name already.", field="name")
    await _tell(tx, tree, "changed", node_id, now, before=_facts(before), after=_facts(after))
    return msgspec.structs.replace(after, version=before.version + 1)


async def remove_node(tx: Tx, tree: Tree, node_id: UUID, *, now: datetime) -> None:
    """Its records keep its name and are reached through it no more."""
    tx.actor.require("identity.manage")
    await members_store.lock_company(tx)
    nodes = await tree.list(tx)
    node = _found(nodes, node_id)
    if any(other.parent_id == node_id for other in nodes):
        raise StillHasChildren("Others stand below it. Move or remove them first.")
    await tree.delete(tx, node_id)
    await _tell(tx, tree, "removed", node_id, now, before=_facts(node))


async def join_node(tx: Tx, tree: Tree, node_id: UUID, user_id: UUID, *, now: datetime) -> Node:
    tx.actor.require("identity.manage")
    _found(await tree.list(tx), node_id)
    people = await people_store.list_users(tx, user_id)
    if not people or not people[0].is_active:
        raise Invalid("There is no such person.", field="user_id")
    if await tree.join(tx, node_id, user_id):
        await _tell(tx, tree, "joined", node_id, now, after={"user_id": user_id})
    return _found(await tree.list(tx), node_id)


async def leave_node(tx: Tx, tree: Tree, node_id: UUID, user_id: UUID, *, now: datetime) -> Node:
    tx.actor.require("identity.manage")
    _found(await tree.list(tx), node_id)
    if not await tree.leave(tx, node_id, user_id):
        raise NotFound("They are not a member.")
    await _tell(tx, tree, "left", node_id, now, before={"user_id": user_id})
    return _found(await tree.list(tx), node_id)


def _found(nodes: Any, node_id: UUID) -> Node:
    for node in nodes:
        if node.id == node_id:
            assert isinstance(node, Node), "a tree lists nodes"
            return node
    raise NotFound("There is nothing with this id.")


def _check_parent(nodes: Any, parent_id: UUID | None) -> None:
    if parent_id is not None and all(node.id != parent_id for node in nodes):
        raise Invalid("There is no such parent.", field="parent_id")


def _facts(node: Node) -> dict[str, Any]:
    return {"name": node.name, "parent_id": node.parent_id}


async def _tell(tx: Tx, tree: Tree, what: str, node_id: UUID, now: datetime, **facts: Any) -> None:
    await audit.write(
        tx,
        action=f"{tree.kind}.{what}",
        subject_kind=tree.kind,
        subject_id=node_id,
        now=now,
        **facts,
    )
