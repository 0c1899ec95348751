"""What many complaints take at once: to be acknowledged, and whose they are."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

import msgspec

from tandem.flows import complaints as flow
from tandem.flows.bulk.owners import owner_said
from tandem.kernel.bulk import Act, Changed, Kind
from tandem.kernel.db import Tx
from tandem.scm.support import service as support
from tandem.scm.support.domain.statuses import Origin, Status


class ComplaintAct(Act, frozen=True, kw_only=True):
    """`assign` takes `owner_id`, and null takes it from whoever has it; `acknowledge` nothing."""

    act: Literal["acknowledge", "assign"]
    owner_id: UUID | msgspec.UnsetType | None = msgspec.UNSET


class Complaints(Kind[ComplaintAct]):
    """What was acknowledged stays so: the customer has been told."""

    name = "complaint"
    one, many = "complaint", "complaints"
    home = "/complaints"
    act_type = ComplaintAct
    undoable: ClassVar = frozenset({"assign"})

    async def check(self, tx: Tx, act: ComplaintAct) -> str:
        if act.act == "acknowledge":
            tx.actor.require("support.write")
            return "acknowledged"
        tx.actor.require("support.assign")
        return await owner_said(tx, act.owner_id)

    async def apply(
        self, tx: Tx, act: ComplaintAct, record_id: UUID, *, now: datetime
    ) -> Changed | None:
        permission = "support.write" if act.act == "acknowledge" else "support.assign"
        before = await support.lock_complaint(tx, record_id, permission=permission)
        if act.act == "acknowledge":
            to = Status.ACKNOWLEDGED
            await support.move(tx, complaint_id=record_id, to=to, origin=Origin.STAFF, now=now)
            return None if before.status is to else Changed(before={}, after={})
        assert act.owner_id is not msgspec.UNSET, "it was checked"
        if before.assignee_id == act.owner_id:
            return None
        await flow.give_to(tx, complaint_id=record_id, assignee_id=act.owner_id, now=now)
        return Changed(
            before={"assignee_id": before.assignee_id}, after={"assignee_id": act.owner_id}
        )

    async def revert(
        self, tx: Tx, act: ComplaintAct, record_id: UUID, was: Changed, *, now: datetime
    ) -> bool:
        complaint = await support.lock_complaint(tx, record_id, permission="support.assign")
        if msgspec.to_builtins(complaint.assignee_id) != was.after["assignee_id"]:
            return False
        before = was.before["assignee_id"]
        await flow.give_to(
            tx, complaint_id=record_id, assignee_id=UUID(before) if before else None, now=now
        )
        return True

    async def label(self, tx: Tx, record_id: UUID) -> str:
        return (await support.get_complaint(tx, record_id)).number


COMPLAINTS = Complaints()
