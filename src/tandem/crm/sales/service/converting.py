"""The sales half of a conversion: the gate, the lead's end and its way back, the record of both.

What customers and identity have to do with it: see `flows.convert_lead`.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.contracts.sales import (
    LeadConversionUndone,
    LeadConverted,
    LeadLinked,
    LeadMoved,
    OpportunityWithdrawn,
)
from tandem.crm.sales.domain.converting import (
    AlreadyUndone,
    Conversion,
    ConversionIdTaken,
    Ref,
)
from tandem.crm.sales.domain.leads import AlreadyConverted, Lead, StatusKind
from tandem.crm.sales.domain.permissions import READ, WRITE
from tandem.crm.sales.service.assigning import LeadSettled
from tandem.crm.sales.service.checklists import check_may_enter
from tandem.crm.sales.service.lead_statuses import first_of, status_of
from tandem.crm.sales.service.leads import get_lead, lock_lead
from tandem.crm.sales.store import conversions as store
from tandem.crm.sales.store import forms, leads
from tandem.crm.sales.store import opportunities as opportunity_store
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound


async def begin(tx: Tx, lead_id: UUID, conversion_id: UUID | None) -> Lead | Conversion:
    """The lead, held until the transaction ends; or the conversion that this id stands for.

    Refuses an id that another lead's conversion has, a lead that was converted or is lost, and
    whatever the statuses it passes ask for and is missing: the first qualified one for an open
    lead, and the converted one.
    """
    lead = await lock_lead(tx, lead_id)
    if conversion_id is not None and (done := await store.find(tx, conversion_id)):
        if done.lead_id != lead_id:
            raise ConversionIdTaken("Another lead was converted under this id.", field="id")
        if done.undone_at is not None:
            raise AlreadyUndone("This conversion was undone. Use a new id.", field="id")
        return done
    if lead.kind is StatusKind.CONVERTED:
        raise AlreadyConverted(
            "It was converted already.", conversion_id=msgspec.to_builtins(lead.conversion_id)
        )
    await check_gate(tx, lead)
    return lead


async def check_gate(tx: Tx, lead: Lead) -> None:
    """Refuses a lead that was lost, and one that lacks what its way into conversion asks for."""
    if lead.kind is StatusKind.LOST:
        raise LeadSettled("It was given up. Take it up again first.")
    passes = [await first_of(tx, StatusKind.CONVERTED)]
    if lead.kind is StatusKind.OPEN:
        passes.insert(0, await first_of(tx, StatusKind.QUALIFIED))
    await check_may_enter(tx, lead, *passes)


async def pipeline_of(tx: Tx, lead: Lead) -> UUID | None:
    """Where its deal goes unless somebody says otherwise: the pipeline of the last form they sent
    that names one."""
    return await forms.pipeline_of_lead(tx, lead.id)


async def finish(tx: Tx, lead: Lead, conversion: Conversion, *, now: datetime) -> Conversion:
    """The lead became these; both sides know it. The lead is the one from `begin`."""
    status = await first_of(tx, StatusKind.CONVERTED)
    after = msgspec.structs.replace(
        lead,
        status_id=status.id,
        status_name=status.name,
        kind=status.kind,
        customer_id=conversion.customer_id,
        account_id=conversion.account_id,
        opportunity_id=conversion.opportunity_id,
        conversion_id=conversion.id,
        converted_at=now,
    )
    await leads.save(tx, after, now)
    await store.insert(tx, conversion)
    await _note(tx, "sales.lead_converted", lead, now, after=_outcome(conversion))
    names = _names(after)
    if lead.customer_id != conversion.customer_id:
        await tx.publish(LeadLinked(**names))
    await tx.publish(
        LeadMoved(status=status.name, kind=status.kind, before=lead.status_name, **names),
        LeadConverted(
            conversion_id=conversion.id,
            account_id=conversion.account_id,
            opportunity_id=conversion.opportunity_id,
            **names,
        ),
    )
    return conversion


async def get_conversion(tx: Tx, conversion_id: UUID) -> Conversion:
    """Refuses with NotFound where its lead is out of reach."""
    tx.actor.require(READ)
    found = await store.find(tx, conversion_id)
    if found is None:
        raise NotFound("There is no such conversion.")
    await get_lead(tx, found.lead_id)
    return found


async def list_conversions(tx: Tx, lead_id: UUID) -> list[Conversion]:
    """Of this lead, newest first; all but the newest were undone."""
    await get_lead(tx, lead_id)
    return await store.of_lead(tx, lead_id)


async def begin_undo(tx: Tx, conversion_id: UUID) -> tuple[Conversion, Lead]:
    """Both held until the transaction ends, the lead first as everywhere."""
    tx.actor.require(WRITE)
    seen = await get_conversion(tx, conversion_id)
    lead = await lock_lead(tx, seen.lead_id)
    held = await store.lock(tx, conversion_id)
    assert held, "conversions are never deleted"
    if held.undone_at is not None:
        raise AlreadyUndone("This conversion was undone already.")
    return held, lead


async def finish_undo(tx: Tx, lead: Lead, undone: Conversion, *, now: datetime) -> Conversion:
    """The lead is what it was before; what was kept stays linked to nothing."""
    before = undone.before
    status = await status_of(tx, before.status_id)
    after = msgspec.structs.replace(
        lead,
        status_id=status.id,
        status_name=status.name,
        kind=status.kind,
        customer_id=before.customer_id,
        account_id=before.account_id,
        opportunity_id=before.opportunity_id,
        conversion_id=None,
        converted_at=None,
    )
    await leads.save(tx, after, now)
    await store.undo(tx, undone)
    kept = [f"{one.thing} {one.label}: {one.reason}" for one in undone.undone if one.reason]
    await _note(
        tx,
        "sales.lead_conversion_undone",
        lead,
        now,
        before=_outcome(undone),
        after={"status": status.name, "kept": kept},
    )
    await tx.publish(
        LeadMoved(status=status.name, kind=status.kind, before=lead.status_name, **_names(after)),
        LeadConversionUndone(conversion_id=undone.id, **_names(after)),
    )
    return undone


async def place_opportunity(
    tx: Tx, opportunity_id: UUID, *, team_id: UUID | None, territory_id: UUID | None
) -> None:
    """The opportunity belongs where its lead belonged."""
    tx.actor.require(WRITE)
    await store.place_opportunity(tx, opportunity_id, team_id=team_id, territory_id=territory_id)


async def has_other_work(tx: Tx, conversion: Conversion) -> bool:
    """Whether the customer or the account has deals or leads besides those of the conversion."""
    deals, others = await store.count_others(
        tx,
        lead_id=conversion.lead_id,
        customer_id=conversion.customer_id,
        account_id=conversion.account_id,
        opportunity_id=conversion.opportunity_id,
    )
    return deals + others > 0


async def remove_opportunity(tx: Tx, ref: Ref) -> str:
    """Take away an opportunity that was opened and left alone. Says why not, where it was."""
    deal = await opportunity_store.lock(tx, ref.id)
    if deal is None:
        return "it is gone already"
    if deal.status != "open":
        return f"it is {deal.status}"
    if deal.version != ref.version:
        return "it was changed since"
    if used := await store.uses_of_opportunity(tx, ref.id):
        return f"it has {' and '.join(used)} by now"
    is_gone = await store.withdraw_opportunity(tx, ref.id, ref.version)
    assert is_gone, "it is held, open and of this version"
    await tx.publish(
        OpportunityWithdrawn(
            opportunity_id=deal.id,
            number=deal.number,
            title=deal.title,
            customer_id=deal.customer_id,
        )
    )
    return ""


def _outcome(conversion: Conversion) -> dict[str, Any]:
    names = ("id", "customer_id", "account_id", "opportunity_id")
    return {name: msgspec.to_builtins(getattr(conversion, name)) for name in names}


async def _note(tx: Tx, action: str, lead: Lead, now: datetime, **facts: Any) -> None:
    await audit.write(tx, action=action, subject_kind="lead", subject_id=lead.id, now=now, **facts)


def _names(lead: Lead) -> dict[str, Any]:
    return {"lead_id": lead.id, "number": lead.number, "customer_id": lead.customer_id}
