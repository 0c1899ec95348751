"""What advertisers and mailboxes send becomes leads; what cannot waits for somebody to look."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.crm.customers import service as customers
from tandem.crm.customers.domain.custom_fields import from_text
from tandem.crm.identity import service as identity
from tandem.crm.sales.domain.inlets import (
    Inlet,
    InletDraft,
    Kind,
    Reading,
    custom_of,
    draft_of,
    read_ads,
    read_mail,
)
from tandem.crm.sales.domain.leads import Captured, NewTouch
from tandem.crm.sales.service import inlets, leads
from tandem.kernel import audit, tokens
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Tx
from tandem.kernel.errors import NotFound, Refusal
from tandem.kernel.ids import new_id
from tandem.kernel.jobs import Work, every

SHOWN_MAX = 20_000
"""Letters of a delivery that are kept while it is looked at."""


async def receive(database: Database, token: str, body: bytes, *, now: datetime) -> UUID:
    """One delivery, by the inlet's address; the same one again is nothing new. What cannot be taken
    in is kept. Raises NotFound for an address that no inlet in use has, Unreadable for what is
    neither an advertiser's lead nor a mail."""
    held = await tokens.find(database, token)
    if held is None or held.kind != inlets.LINK or not held.is_live(now):
        raise NotFound(inlets.UNKNOWN)
    async with database.transaction(Actor.system(held.org_id)) as tx:
        inlet = await inlets.open_inlet(tx, held.entity_id, now=now)
        reading = read_mail(body, inlet) if inlet.kind is Kind.EMAIL else read_ads(body, inlet)
        arrival_id, is_new = await inlets.claim(tx, inlet, reading.dedupe, now=now)
        if is_new:
            await _settle(tx, inlet, arrival_id, reading, body, now)
        return arrival_id


async def take_again(
    tx: Tx, inlet_id: UUID, arrival_id: UUID, facts: dict[str, str] | None, *, now: datetime
) -> Captured:
    """A failed one, mended if need be. What still cannot be taken in is refused as it was."""
    arrival = await inlets.lock_failed(tx, inlet_id, arrival_id)
    inlet = await inlets.get_inlet(tx, inlet_id, now=now)
    found = await _take(
        tx.with_all_grants(), inlet, arrival.id, facts or arrival.facts or {}, NewTouch(), 1, now
    )
    await audit.write(
        tx, action="sales.arrival_taken", subject_kind="arrival", subject_id=arrival_id, now=now
    )
    return found


async def add_inlet(tx: Tx, draft: InletDraft, *, now: datetime) -> Inlet:
    """As `inlets.add_inlet`. Refuses an owner who is not here."""
    await _check_owner(tx, draft)
    return await inlets.add_inlet(tx, draft, now=now)


async def change_inlet(
    tx: Tx, inlet_id: UUID, draft: InletDraft, *, is_current: Any = None, now: datetime
) -> Inlet:
    await _check_owner(tx, draft)
    return await inlets.change_inlet(tx, inlet_id, draft, is_current=is_current, now=now)


@every(3600, "sales.forget_arrivals")
async def forget_old(work: Work) -> None:
    async with work.transaction() as tx:
        await inlets.forget_old(tx, now=work.now())


async def _settle(
    tx: Tx, inlet: Inlet, arrival_id: UUID, reading: Reading, body: bytes, now: datetime
) -> None:
    if reading.ignored:
        await inlets.ignore(tx, arrival_id, reading.ignored, now=now)
        return
    try:
        async with tx.attempt():
            await _take(tx, inlet, arrival_id, reading.facts, reading.touch, 0, now)
    except Refusal as refusal:
        shown = body.decode("utf-8", "replace").replace("\x00", "")[:SHOWN_MAX]
        await inlets.fail(tx, arrival_id, refusal.detail, reading.facts, shown)


async def _take(
    tx: Tx,
    inlet: Inlet,
    arrival_id: UUID,
    facts: dict[str, str],
    touch: NewTouch,
    more: int,
    now: datetime,
) -> Captured:
    if not touch.source:
        touch = msgspec.structs.replace(touch, source=inlet.source or inlet.name[:60])
    draft = draft_of(inlet, facts, touch, await _custom(tx, custom_of(facts)))
    return await inlets.take(tx, inlet, arrival_id, draft, more=more, now=now)


async def _custom(tx: Tx, given: dict[str, str]) -> dict[str, Any]:
    """Values of the company's own fields. Refuses what a field does not take."""
    if not given:
        return {}
    fields = [
        msgspec.structs.replace(field, is_required=False)
        for field in await customers.list_fields(tx, "lead")
        if field.retired_at is None
    ]
    values = {
        field.key: from_text(field, given[field.key]) for field in fields if field.key in given
    }
    return await customers.write_custom(
        tx, "lead", new_id(), values, {}, fields=fields, holder=leads.holder_of_value
    )


async def _check_owner(tx: Tx, draft: InletDraft) -> None:
    if draft.owner_id is not None:
        await identity.check_staff(tx.with_all_grants(), draft.owner_id, field="owner_id")
