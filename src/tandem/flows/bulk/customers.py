"""What many customers take at once: an owner, a tag, a place on a list kept by hand."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from tandem.crm.customers import service as customers
from tandem.crm.customers.domain import Customer, CustomerChange
from tandem.crm.customers.domain.records import Owning
from tandem.crm.customers.domain.segments import Segment, SegmentStatic
from tandem.flows.bulk.kept import KeptAct, KeptKind
from tandem.kernel.bulk import Changed
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid

LISTS = ("enlist", "delist")


class CustomerAct(KeptAct, frozen=True, kw_only=True):
    """`assign` takes `owner_id`, and null takes their owner away; `tag` and `untag` a `tag`;
    `enlist` and `delist` the `segment_id` of a list kept by hand."""

    act: Literal["tag", "untag", "assign", "enlist", "delist"]
    segment_id: UUID | None = None


class Customers(KeptKind[CustomerAct]):
    name = "customer"
    one, many = "customer", "customers"
    home = "/customers"
    act_type = CustomerAct
    undoable: ClassVar = frozenset({"assign", "tag", "untag", "enlist", "delist"})

    async def check(self, tx: Tx, act: CustomerAct) -> str:
        if act.act not in LISTS:
            return await super().check(tx, act)
        segment = await _list(tx, act)
        return f"{'put on' if act.act == 'enlist' else 'taken off'} {segment.name}"

    async def apply(
        self, tx: Tx, act: CustomerAct, record_id: UUID, *, now: datetime
    ) -> Changed | None:
        if act.act not in LISTS:
            return await super().apply(tx, act, record_id, now=now)
        await customers.get_customer(tx, record_id)
        is_done = await _enlist(tx, act, record_id, act.act == "enlist", now)
        return Changed(before={}, after={}) if is_done else None

    async def revert(
        self, tx: Tx, act: CustomerAct, record_id: UUID, was: Changed, *, now: datetime
    ) -> bool:
        if act.act not in LISTS:
            return await super().revert(tx, act, record_id, was, now=now)
        return await _enlist(tx, act, record_id, act.act == "delist", now)

    async def lock(self, tx: Tx, record_id: UUID) -> Customer:
        return await customers.lock_customer(tx, record_id)

    async def save_tags(self, tx: Tx, record: Customer, given: list[str], *, now: datetime) -> None:
        await customers.change_customer(tx, record, CustomerChange(tags=given), now=now)

    async def assign(self, tx: Tx, record: Customer, owning: Owning, *, now: datetime) -> None:
        await customers.assign_customer(tx, record, owning, now=now)

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
