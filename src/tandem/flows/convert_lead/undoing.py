"""A conversion taken back: what it made goes, unless somebody built on it since."""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.crm.customers import service as customers
from tandem.crm.customers.service import adopting, tasks
from tandem.crm.sales.domain.converting import Conversion, Ref, Undone
from tandem.crm.sales.service import converting
from tandem.flows.customer_holders import Person
from tandem.flows.customer_records import export_complaints, export_orders
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound

BUILT_ON = {"orders": export_orders, "complaints": export_complaints}
"""What others may have built on a customer since, besides customers and sales themselves."""


async def undo(tx: Tx, conversion_id: UUID, *, now: datetime) -> Conversion:
    """The lead is what it was; what the conversion made goes, unless somebody built on it since:
    then it stays, and the answer says why. Refuses what was undone already."""
    conversion, lead = await converting.begin_undo(tx, conversion_id)
    trusted = tx.with_all_grants()
    undone: list[Undone] = []
    await _move_tasks_back(trusted, conversion)
    for ref in conversion.refs_of("opportunity", "created"):
        reason = "it has tasks by now" if await tasks.count(trusted, "opportunity", ref.id) else ""
        reason = reason or await converting.remove_opportunity(trusted, ref)
        undone.append(_undone(ref, reason))
    deal_stays = next((one for one in undone if one.reason), None)
    person_stays = await _why_person_stays(trusted, conversion, deal_stays)
    company_stays = await _why_company_stays(trusted, conversion, deal_stays)
    notes = [ref.id for ref in conversion.refs_of("note")]
    await adopting.drop_notes(trusted, conversion.customer_id, notes)
    made_person = conversion.refs_of("customer", "created")
    made_company = conversion.refs_of("account", "created")
    for ref in conversion.refs_of("membership"):
        # Somebody who stays keeps the role at a company that stays, if both came with the deal.
        both_stay = bool(made_person and person_stays and made_company and company_stays)
        reason = "both sides of it are kept" if both_stay else ""
        if not both_stay:
            reason = await _leave(trusted, conversion.customer_id, ref)
        undone.append(_undone(ref, reason))
    for ref in made_person:
        if not person_stays:
            await adopting.remove_person(trusted, ref.id)
        undone.append(_undone(ref, person_stays))
    for ref in conversion.refs_of("customer", "filled"):
        kept = await adopting.empty_again(trusted, ref.id, ref.fields, now=now)
        for field in ref.fields:
            said = "it says something else by now" if field in kept else ""
            undone.append(_undone(msgspec.structs.replace(ref, label=field), said))
    for ref in made_company:
        if not company_stays:
            await adopting.remove_company(trusted, ref.id)
        undone.append(_undone(ref, company_stays))
    over = msgspec.structs.replace(
        conversion, undone_at=now, undone_label=tx.actor.label, undone=undone
    )
    return await converting.finish_undo(tx, lead, over, now=now)


async def _move_tasks_back(tx: Tx, conversion: Conversion) -> None:
    ids = [ref.id for ref in conversion.refs_of("task", "moved")]
    deal_id = conversion.opportunity_id
    came_to = ("opportunity", deal_id) if deal_id else ("customer", conversion.customer_id)
    if ids:
        await tasks.move(tx, came_to, ("lead", conversion.lead_id), ids)


def _undone(ref: Ref, reason: str) -> Undone:
    return Undone(thing=ref.thing, id=ref.id, label=ref.label, is_removed=not reason, reason=reason)


async def _why_person_stays(tx: Tx, conversion: Conversion, deal_stays: Undone | None) -> str:
    """Empty where nobody built on somebody that the conversion added."""
    for ref in conversion.refs_of("customer", "created"):
        if deal_stays is not None:
            return "its deal is kept"
        if await converting.has_other_work(tx, conversion):
            return "it has other deals or leads by now"
        person = Person(customer_id=ref.id)
        for name, export in BUILT_ON.items():
            if await export(tx, person):
                return f"it has {name} by now"
        notes = [note.id for note in conversion.refs_of("note")]
        return await adopting.why_person_stays(
            tx, ref.id, version=ref.version, notes=notes, but_account=conversion.account_id
        )
    return ""


async def _why_company_stays(tx: Tx, conversion: Conversion, deal_stays: Undone | None) -> str:
    for ref in conversion.refs_of("account", "created"):
        if deal_stays is not None:
            return "its deal is kept"
        if await converting.has_other_work(tx, conversion):
            return "it has other deals or leads by now"
        return await adopting.why_company_stays(
            tx, ref.id, version=ref.version, but_member=conversion.customer_id
        )
    return ""


async def _leave(tx: Tx, customer_id: UUID, ref: Ref) -> str:
    try:
        await customers.leave_account(tx, ref.id, customer_id, role=ref.label)
    except NotFound:
        return "it ended already"
    return ""
