"""What many leads take at once: an owner, a status, a reason to give them up, a tag."""

from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

import msgspec

from tandem.crm.sales.domain.leads import Lead, LeadChange, Mark, StatusKind, Tag
from tandem.crm.sales.domain.permissions import WRITE
from tandem.crm.sales.domain.qualifying import Disqualification
from tandem.crm.sales.service import leads, qualifying
from tandem.crm.sales.service.lead_statuses import status_of
from tandem.flows import leads as flow
from tandem.flows.bulk import tags
from tandem.flows.bulk.owners import giver, owner_said
from tandem.kernel.bulk import Act, Changed, Kind
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid


class LeadAct(Act, frozen=True, kw_only=True):
    """`assign` takes `owner_id`, and null takes their owner away; `status` a `status_id`, and a
    `reason` where it means lost; `disqualify` a `reason` and, if it matters which, a lost
    `status_id`; `tag` and `untag` a `tag`."""

    act: Literal["assign", "status", "disqualify", "tag", "untag"]
    owner_id: UUID | msgspec.UnsetType | None = msgspec.UNSET
    status_id: UUID | None = None
    reason: Mark = ""
    tag: Tag | None = None


class Leads(Kind[LeadAct]):
    name = "lead"
    one, many = "lead", "leads"
    home = "/leads"
    act_type = LeadAct
    undoable: ClassVar = frozenset({"assign", "status", "disqualify", "tag", "untag"})

    async def check(self, tx: Tx, act: LeadAct) -> str:
        tx.actor.require(WRITE)
        match act.act:
            case "assign":
                return await owner_said(tx, act.owner_id)
            case "tag":
                return f"tagged “{tags.wanted(act.tag)}”"
            case "untag":
                return f"rid of the tag “{tags.wanted(act.tag)}”"
            case _:
                return await _status_said(tx, act)

    async def apply(
        self, tx: Tx, act: LeadAct, record_id: UUID, *, now: datetime
    ) -> Changed | None:
        lead = await leads.lock_lead(tx, record_id)
        to = _change(lead, act)
        if not to:
            return None
        if act.act == "disqualify":
            why = Disqualification(reason=act.reason, status_id=act.status_id)
            after = await qualifying.disqualify(tx, record_id, why, now=now)
        else:
            after = await flow.update_lead(tx, record_id, LeadChange(**to), now=now)
        names = {*to, "lost_reason"} if "status_id" in to else set(to)
        before = {name: getattr(lead, name) for name in names}
        left = {name: getattr(after, name) for name in names}
        return Changed(before=before, after=left) if before != left else None

    async def revert(
        self, tx: Tx, act: LeadAct, record_id: UUID, was: Changed, *, now: datetime
    ) -> bool:
        if act.act == "assign":
            tx = giver(tx, WRITE)
        lead = await leads.lock_lead(tx, record_id)
        if act.act in ("tag", "untag"):
            given = tags.given_back(lead.tags, was.before["tags"], was.after["tags"])
            back = {} if given is None else {"tags": given}
        else:
            is_as_left = all(_plain(lead, name) == left for name, left in was.after.items())
            back = was.before if is_as_left else {}
        if back:
            await flow.update_lead(tx, record_id, msgspec.convert(back, LeadChange), now=now)
        return bool(back)

    async def label(self, tx: Tx, record_id: UUID) -> str:
        return (await leads.get_lead(tx, record_id)).number


LEADS = Leads()


async def _status_said(tx: Tx, act: LeadAct) -> str:
    if act.act == "status" and act.status_id is None:
        raise Invalid("Choose a status.", field="status_id")
    status = await status_of(tx, act.status_id) if act.status_id else None
    if status is not None and status.kind is StatusKind.CONVERTED:
        raise Invalid("Convert a lead to bring it there.", field="status_id")
    is_lost = status is not None and status.kind is StatusKind.LOST
    if act.act == "disqualify" and status is not None and not is_lost:
        raise Invalid(f"{status.name} does not mean lost.", field="status_id")
    if (is_lost or act.act == "disqualify") and not act.reason.strip():
        raise Invalid("Say why they are disqualified.", field="reason")
    return f"moved to {status.name}" if status else "disqualified"


def _change(lead: Lead, act: LeadAct) -> dict[str, Any]:
    """What the act writes of this lead; nothing where it is so already."""
    match act.act:
        case "assign":
            return {} if lead.owner_id == act.owner_id else {"owner_id": act.owner_id}
        case "tag" | "untag":
            change = tags.with_tag if act.act == "tag" else tags.without_tag
            tagged = change(lead.tags, tags.wanted(act.tag))
            return {} if tagged is None else {"tags": tagged}
        case _:
            return _status_change(lead, act)


def _status_change(lead: Lead, act: LeadAct) -> dict[str, Any]:
    reason = act.reason.strip()
    is_there = act.status_id in (None, lead.status_id)
    if act.act == "disqualify":
        is_there = is_there and lead.kind is StatusKind.LOST and lead.lost_reason == reason
        return {} if is_there else {"status_id": act.status_id}
    if is_there and reason in ("", lead.lost_reason):
        return {}
    return {"status_id": act.status_id} | ({"lost_reason": reason} if reason else {})


def _plain(lead: Lead, name: str) -> Any:
    return msgspec.to_builtins(getattr(lead, name))
