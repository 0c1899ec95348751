"""What many customers take at once: an owner, a tag, a place on a list kept by hand."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

import msgspec

from tandem.crm.customers import service as customers
from tandem.crm.customers.domain import Customer, CustomerChange
from tandem.crm.customers.domain.records import Owning, Tag
from tandem.crm.customers.domain.segments import Segment, SegmentStatic
from tandem.flows.bulk import tags
from tandem.flows.bulk.owners import owner_said
from tandem.kernel.bulk import Act, Changed, Kind
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid


class CustomerAct(Act, frozen=True, kw_only=True):
    """`assign` takes `owner_id`, and null takes their owner away; `tag` and `untag` a `tag`;
    `enlist` and `delist` the `segment_id` of a list kept by hand."""

    act: Literal["tag", "untag", "assign", "enlist", "delist"]
    owner_id: UUID | msgspec.UnsetType | None = msgspec.UNSET
    tag: Tag | None = None
    segment_id: UUID | None = None


class Customers(Kind[CustomerAct]):
    name = "customer"
    one, many = "customer", "customers"
    home = "/customers"
    act_type = CustomerAct
    undoable: ClassVar = frozenset({"assign", "tag", "untag", "enlist", "delist"})

    async def check(self, tx: Tx, act: CustomerAct) -> str:
        match act.act:
            case "assign":
                tx.actor.require("customers.write")
                tx.actor.require("customers.assign")
                return await owner_said(tx, act.owner_id)
            case "tag" | "untag":
                tx.actor.require("customers.write")
                said = "tagged" if act.act == "tag" else "rid of the tag"
                return f"{said} “{tags.wanted(act.tag)}”"
            case "enlist" | "delist":
                segment = await _list(tx, act)
                return f"{'put on' if act.act == 'enlist' else 'taken off'} {segment.name}"

    async def apply(
        self, tx: Tx, act: CustomerAct, record_id: UUID, *, now: datetime
    ) -> Changed | None:
        match act.act:
            case "assign":
                return await _assign(tx, act, record_id, now)
            case "tag" | "untag":
                return await _tag(tx, act, record_id, now)
            case "enlist" | "delist":
                await customers.get_customer(tx, record_id)
                is_done = await _enlist(tx, act, record_id, act.act == "enlist", now)
                return Changed(before={}, after={}) if is_done else None

    async def revert(
        self, tx: Tx, act: CustomerAct, record_id: UUID, was: Changed, *, now: datetime
    ) -> bool:
        if act.act in ("enlist", "delist"):
            return await _enlist(tx, act, record_id, act.act == "delist", now)
        customer = await customers.lock_customer(tx, record_id)
        if act.act == "assign":
            if msgspec.to_builtins(_owning(customer)) != was.after:
                return False
            owning = msgspec.convert(was.before, Owning)
            await customers.assign_customer(tx, customer, owning, now=now)
            return True
        given = tags.given_back(customer.tags, was.before["tags"], was.after["tags"])
        if given is None:
            return False
        await customers.change_customer(tx, customer, CustomerChange(tags=given), now=now)
        return True

    async def label(self, tx: Tx, record_id: UUID) -> str:
        return (await customers.get_customer(tx, record_id)).number


CUSTOMERS = Customers()


async def _list(tx: Tx, act: CustomerAct) -> Segment:
    tx.actor.require("customers.segment")
    if act.segment_id is None:
        raise Invalid("Choose a list.", field="segment_id")
    segment = await customers.get_segment(tx, act.segment_id)
    if segment.kind != "static":
        raise SegmentStatic("This segment finds its people by its rule.", field="segment_id")
    return segment


async def _enlist(tx: Tx, act: CustomerAct, customer_id: UUID, is_on: bool, now: datetime) -> bool:
    assert act.segment_id, "it was checked"
    segment = await customers.lock_segment(tx, act.segment_id)
    change = customers.add_to_segment if is_on else customers.remove_from_segment
    return await change(tx, segment, [customer_id], now=now) > 0


async def _assign(tx: Tx, act: CustomerAct, customer_id: UUID, now: datetime) -> Changed | None:
    assert act.owner_id is not msgspec.UNSET, "it was checked"
    customer = await customers.lock_customer(tx, customer_id)
    before = _owning(customer)
    if before.owner_id == act.owner_id:
        return None
    after = msgspec.structs.replace(before, owner_id=act.owner_id)
    await customers.assign_customer(tx, customer, after, now=now)
    return Changed(before=msgspec.structs.asdict(before), after=msgspec.structs.asdict(after))


async def _tag(tx: Tx, act: CustomerAct, customer_id: UUID, now: datetime) -> Changed | None:
    customer = await customers.lock_customer(tx, customer_id)
    change = tags.with_tag if act.act == "tag" else tags.without_tag
    tagged = change(customer.tags, tags.wanted(act.tag))
    if tagged is None:
        return None
    await customers.change_customer(tx, customer, CustomerChange(tags=tagged), now=now)
    return Changed(before={"tags": customer.tags}, after={"tags": tagged})


def _owning(customer: Customer) -> Owning:
    return Owning(
        owner_id=customer.owner_id,
        team_id=customer.team_id,
        territory_id=customer.territory_id,
    )
