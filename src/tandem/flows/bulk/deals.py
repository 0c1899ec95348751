"""What many deals take at once: an owner, a stage, a reason why they are lost."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

import msgspec

from tandem.crm.sales import service as sales
from tandem.crm.sales.domain.opportunities import Change, Loss, LostReason, Opportunity, check_loss
from tandem.crm.sales.domain.permissions import WRITE
from tandem.crm.sales.domain.pipelines import Kind as StageKind
from tandem.crm.sales.domain.pipelines import Stage
from tandem.crm.sales.service.deal_fields import lock_opportunity
from tandem.flows.bulk.owners import giver, owner_said
from tandem.kernel.bulk import Act, Changed, Kind
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, StaleVersion
from tandem.kernel.fields import check_changeable
from tandem.kernel.patterns import whole


class DealAct(Act, frozen=True, kw_only=True):
    """`assign` takes `owner_id`, and null takes their owner away; `move` an open `stage_id`; `lose`
    a `reason`, with a `note` or a `competitor` where the reason asks for one."""

    act: Literal["assign", "move", "lose"]
    owner_id: UUID | msgspec.UnsetType | None = msgspec.UNSET
    stage_id: UUID | None = None
    reason: LostReason | None = None
    note: Annotated[str, msgspec.Meta(max_length=1000, pattern=r"^[^\x00]*$")] = ""
    competitor: Annotated[str, msgspec.Meta(max_length=120, pattern=whole(r"[^\x00-\x1f]*"))] = ""


class Deals(Kind[DealAct]):
    name = "opportunity"
    one, many = "deal", "deals"
    home = "/deals"
    act_type = DealAct
    undoable: ClassVar = frozenset({"assign", "move", "lose"})

    async def check(self, tx: Tx, act: DealAct) -> str:
        tx.actor.require(WRITE)
        match act.act:
            case "assign":
                return await owner_said(tx, act.owner_id)
            case "move":
                return f"moved to {(await _stage(tx, act.stage_id)).name}"
            case "lose":
                check_loss(_loss(act))
                if act.competitor:
                    check_changeable(tx.actor, self.name, "competitor")
                return "lost"

    async def apply(
        self, tx: Tx, act: DealAct, record_id: UUID, *, now: datetime
    ) -> Changed | None:
        if act.act == "assign":
            deal = await lock_opportunity(tx, record_id)
        else:
            deal = await sales.get_opportunity(tx, record_id)
        match act.act:
            case "assign":
                if deal.owner_id == act.owner_id:
                    return None
                after = await sales.change(tx, record_id, Change(owner_id=act.owner_id), now=now)
                return _changed(deal, after, "owner_id")
            case "move":
                assert act.stage_id, "it was checked"
                if deal.stage_id == act.stage_id:
                    return None
                after = await _move(tx, deal, act.stage_id, now)
                return _changed(deal, after, "stage_id", "stage_entered_at")
            case "lose":
                after = await sales.lose(tx, record_id, _loss(act), now=now)
                return _changed(deal, after, "stage_id", "closed_at")

    async def revert(
        self, tx: Tx, act: DealAct, record_id: UUID, was: Changed, *, now: datetime
    ) -> bool:
        if act.act == "assign":
            tx = giver(tx, WRITE)
        deal = await sales.get_opportunity(tx, record_id)
        if any(_plain(deal, name) != left for name, left in was.after.items()):
            return False
        match act.act:
            case "assign":
                owner = {"owner_id": was.before["owner_id"]}
                await sales.change(tx, record_id, msgspec.convert(owner, Change), now=now)
            case "move":
                await _move(tx, deal, UUID(was.before["stage_id"]), now)
            case "lose":
                await sales.reopen(tx, record_id, now=now)
        return True

    async def label(self, tx: Tx, record_id: UUID) -> str:
        return (await sales.get_opportunity(tx, record_id)).number


DEALS = Deals()


async def _stage(tx: Tx, stage_id: UUID | None) -> Stage:
    """Refuses one that is nowhere, and one that ends: winning and losing are acts of their own."""
    for pipeline in await sales.list_pipelines(tx):
        for stage in pipeline.stages:
            if stage.id == stage_id and stage.kind is StageKind.OPEN:
                return stage
    raise Invalid("Choose an open stage of a pipeline.", field="stage_id")


async def _move(tx: Tx, seen: Opportunity, stage_id: UUID, now: datetime) -> Opportunity:
    """Refuses where somebody moved or changed it since it was seen (StaleVersion): what it goes
    back to would not be where it was."""

    def check(version: int) -> None:
        if version != seen.version:
            raise StaleVersion("Somebody changed it in the meantime.")

    return await sales.move(
        tx, seen.id, stage_id=stage_id, after_id=None, is_current=check, now=now
    )


def _loss(act: DealAct) -> Loss:
    if act.reason is None:
        raise Invalid("Choose a reason.", field="reason")
    return Loss(reason=act.reason, note=act.note, competitor=act.competitor)


def _changed(before: Opportunity, after: Opportunity, *names: str) -> Changed:
    return Changed(
        before={name: getattr(before, name) for name in names},
        after={name: getattr(after, name) for name in names},
    )


def _plain(deal: Opportunity, name: str) -> Any:
    return msgspec.to_builtins(getattr(deal, name))
