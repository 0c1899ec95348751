"""Teams and territories: two trees of one shape, each with its members."""

from collections.abc import Sequence
from typing import LiteralString
from uuid import UUID

from tandem.crm.identity.domain.trees import Node
from tandem.kernel.db import Query, Tx


class Tree:
    """The statements of one tree; `table` is `team` or `territory`."""

    def __init__(self, table: LiteralString) -> None:
        self.kind = table
        self._list = Query(
            f"""
            select n.id, n.name, n.parent_id, n.version,
                   array(select m.user_id from identity.{table}_member m
                          where m.org_id = :org_id and m.{table}_id = n.id
                          order by m.user_id) as members
              from identity.{table} n
             where n.org_id = :org_id
             order by n.name, n.id
             limit 1000
            """
        )
        self._insert = Query(
            f"""
            insert into identity.{table} (org_id, id, name, parent_id)
            values (:org_id, :id, :name, :parent_id)
                on conflict (org_id, name) do nothing
            """
        )
        self._update = Query(
            f"""
            update identity.{table} n
               set name = :name, parent_id = :parent_id, version = version + 1
             where n.org_id = :org_id and n.id = :id
               and not exists (select from identity.{table} other
                                where other.org_id = :org_id and other.name = :name
                                  and other.id <> :id)
            """
        )
        self._delete = Query(f"delete from identity.{table} where org_id = :org_id and id = :id")
        self._join = Query(
            f"""
            insert into identity.{table}_member (org_id, {table}_id, user_id)
            values (:org_id, :id, :user_id)
                on conflict do nothing
            """
        )
        self._leave = Query(
            f"""
            delete from identity.{table}_member
             where org_id = :org_id and {table}_id = :id and user_id = :user_id
            """
        )

    async def list(self, tx: Tx) -> Sequence[Node]:
        return await tx.many(self._list, Node)

    async def insert(self, tx: Tx, node: Node) -> bool:
        """False where the name is taken."""
        return bool(
            await tx.run(self._insert, id=node.id, name=node.name, parent_id=node.parent_id)
        )

    async def update(self, tx: Tx, node: Node) -> bool:
        return bool(
            await tx.run(self._update, id=node.id, name=node.name, parent_id=node.parent_id)
        )

    async def delete(self, tx: Tx, node_id: UUID) -> None:
        await tx.run(self._delete, id=node_id)

    async def join(self, tx: Tx, node_id: UUID, user_id: UUID) -> bool:
        """False for who is a member already."""
        return bool(await tx.run(self._join, id=node_id, user_id=user_id))

    async def leave(self, tx: Tx, node_id: UUID, user_id: UUID) -> bool:
        return bool(await tx.run(self._leave, id=node_id, user_id=user_id))


TEAMS = Tree("team")
TERRITORIES = Tree("territory")
