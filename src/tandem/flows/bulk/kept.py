"""What customers and accounts have in common when many take an act: an owner and tags."""

from abc import abstractmethod
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from tandem.crm.customers.domain import Customer
from tandem.crm.customers.domain.accounts import Account
from tandem.crm.customers.domain.records import Owning, Tag
from tandem.flows.bulk import tags
from tandem.flows.bulk.owners import giver, owner_said
from tandem.kernel.bulk import Act, Changed, Kind
from tandem.kernel.db import Tx


class KeptAct(Act, frozen=True, kw_only=True):
    owner_id: UUID | msgspec.UnsetType | None = msgspec.UNSET
    tag: Tag | None = None


A = TypeVar("A", bound=KeptAct)


class KeptKind(Kind[A]):
    """`assign`, `tag` and `untag`; the verbs are the record's own."""

    @abstractmethod
    async def lock(self, tx: Tx, record_id: UUID) -> Any: ...

    @abstractmethod
    async def save_tags(self, tx: Tx, record: Any, given: list[str], *, now: datetime) -> None: ...

    @abstractmethod
    async def assign(self, tx: Tx, record: Any, owning: Owning, *, now: datetime) -> None: ...

    async def check(self, tx: Tx, act: A) -> str:
        tx.actor.require("customers.write")
        if act.name == "assign":
            tx.actor.require("customers.assign")
            return await owner_said(tx, act.owner_id)
        said = "tagged" if act.name == "tag" else "rid of the tag"
        return f"{said} “{tags.wanted(act.tag)}”"

    async def apply(self, tx: Tx, act: A, record_id: UUID, *, now: datetime) -> Changed | None:
        record = await self.lock(tx, record_id)
        if act.name == "assign":
            assert act.owner_id is not msgspec.UNSET, "it was checked"
            before = _owning(record)
            if before.owner_id == act.owner_id:
                return None
            after = msgspec.structs.replace(before, owner_id=act.owner_id)
            await self.assign(tx, record, after, now=now)
            return Changed(
                before=msgspec.structs.asdict(before), after=msgspec.structs.asdict(after)
            )
        change = tags.with_tag if act.name == "tag" else tags.without_tag
        tagged = change(record.tags, tags.wanted(act.tag))
        if tagged is None:
            return None
        await self.save_tags(tx, record, tagged, now=now)
        return Changed(before={"tags": record.tags}, after={"tags": tagged})

    async def revert(self, tx: Tx, act: A, record_id: UUID, was: Changed, *, now: datetime) -> bool:
        if act.name == "assign":
            tx = giver(tx, "customers.assign")
        record = await self.lock(tx, record_id)
        if act.name == "assign":
            if msgspec.to_builtins(_owning(record)) != was.after:
                return False
            await self.assign(tx, record, msgspec.convert(was.before, Owning), now=now)
            return True
        given = tags.given_back(record.tags, was.before["tags"], was.after["tags"])
        if given is None:
            return False
        await self.save_tags(tx, record, given, now=now)
        return True


def _owning(record: Customer | Account) -> Owning:
    return Owning(
        owner_id=record.owner_id, team_id=record.team_id, territory_id=record.territory_id
    )
