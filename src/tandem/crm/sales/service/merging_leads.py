"""Two leads that turn out to be one person."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.contracts.sales import LeadsMerged
from tandem.crm.sales.domain.leads import (
    BLANKS,
    TAGS_MAX,
    AlreadyConverted,
    Lead,
    LeadMerged,
    StatusKind,
)
from tandem.crm.sales.domain.permissions import READ, WRITE
from tandem.crm.sales.service.leads import UNKNOWN, get_lead
from tandem.crm.sales.store import lead_touches as touches
from tandem.crm.sales.store import leads as store
from tandem.crm.sales.store import submissions
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound


async def merge_leads(tx: Tx, survivor_id: UUID, loser_id: UUID, *, now: datetime) -> Lead:
    """The loser's touches, notes and contacts become the survivor's; only blanks are filled.

    Refuses a loser that was converted, two leads of two customers, and what is beyond reach.
    """
    tx.actor.require(WRITE)
    if survivor_id == loser_id:
        raise Invalid("A lead cannot be merged into itself.", field="loser_id")
    found = {each.id: each for each in await store.lock_many(tx, [survivor_id, loser_id])}
    survivor, loser = (_usable(tx, found.get(each)) for each in (survivor_id, loser_id))
    if loser.kind is StatusKind.CONVERTED:
        raise AlreadyConverted("The other one was converted. Keep that one instead.")
    if survivor.customer_id and loser.customer_id not in (None, survivor.customer_id):
        raise Invalid("They are two customers. Merge those first.", field="loser_id")
    await touches.move(tx, loser.id, survivor.id)
    await submissions.move(tx, loser.id, survivor.id)
    await store.move_keys(tx, loser.id, survivor.id)
    await store.follow(tx, loser.id, survivor.id)
    await store.save(tx, msgspec.structs.replace(loser, merged_into_id=survivor.id), now)
    await store.save(tx, msgspec.structs.replace(survivor, **_combined(survivor, loser)), now)
    await tx.publish(
        LeadsMerged(
            lead_id=survivor.id,
            number=survivor.number,
            customer_id=survivor.customer_id or loser.customer_id,
            loser_id=loser.id,
        )
    )
    await audit.write(
        tx,
        action="sales.leads_merged",
        subject_kind="lead",
        subject_id=survivor.id,
        now=now,
        after={"loser": loser.number},
    )
    return await get_lead(tx, survivor.id)


def _usable(tx: Tx, lead: Lead | None) -> Lead:
    if lead is None or not tx.actor.sees(READ, lead):
        raise NotFound(UNKNOWN)
    if lead.merged_into_id is not None:
        raise LeadMerged(lead.merged_into_id)
    tx.actor.require_with(WRITE, lead)
    return lead


def _combined(survivor: Lead, loser: Lead) -> dict[str, Any]:
    named = (*BLANKS, "email", "phone", "customer_id", "campaign_id", "owner_id", "team_id")
    taken: dict[str, Any] = {
        name: getattr(loser, name)
        for name in named
        if not getattr(survivor, name) and getattr(loser, name)
    }
    came = [one for one in (survivor.first_touch, loser.first_touch) if one]
    last = [one for one in (survivor.last_touch, loser.last_touch) if one]
    tags = [*survivor.tags, *(tag for tag in loser.tags if tag not in survivor.tags)]
    return taken | {
        "first_touch": min(came, key=_at) if came else None,
        "last_touch": max(last, key=_at) if last else None,
        "touch_count": survivor.touch_count + loser.touch_count,
        "tags": tags[:TAGS_MAX],
        "custom": {**loser.custom, **survivor.custom},
    }


def _at(touch: dict[str, Any]) -> datetime:
    return msgspec.convert(touch["at"], datetime)
