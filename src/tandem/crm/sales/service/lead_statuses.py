"""Statuses of leads: the usual ones to begin with, changed as a whole."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID, uuid5

import msgspec

from tandem.crm.sales.domain.lead_statuses import (
    DEFAULTS,
    Status,
    StatusDraft,
    StatusInUse,
    check_statuses,
    check_successors,
)
from tandem.crm.sales.domain.leads import StatusKind
from tandem.crm.sales.domain.permissions import CONFIGURE, READ
from tandem.crm.sales.store import lead_statuses as store
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid
from tandem.kernel.ids import new_id

ORDER = {kind: place for place, kind in enumerate(StatusKind)}


async def list_statuses(tx: Tx) -> list[Status]:
    """In order; a company that has none yet has the usual ones. Reading writes nothing."""
    tx.actor.require(READ)
    return await store.list_statuses(tx) or _usual(tx)


async def ensure_statuses(tx: Tx) -> list[Status]:
    if found := await store.list_statuses(tx):
        return found
    await store.lock(tx)
    if not await store.list_statuses(tx):
        await store.save(tx, _usual(tx))
    return await store.list_statuses(tx)


async def change_statuses(
    tx: Tx,
    statuses: Sequence[StatusDraft],
    *,
    successors: Mapping[UUID, UUID] | None = None,
    now: datetime,
) -> list[Status]:
    """The statuses as they shall be: named ones stay, new ones come, the rest goes.

    One that goes hands its leads to its successor, which stays and means the same. Refuses to drop
    one that leads stand in without a successor (StatusInUse), and to change what one means.
    """
    tx.actor.require(CONFIGURE)
    check_statuses(statuses)
    before = await ensure_statuses(tx)
    await store.lock(tx)
    known = {one.id: one for one in before}
    _check_known(statuses, known)
    gone = [one for one in known if one not in {status.id for status in statuses}]
    heirs = successors or {}
    check_successors(heirs, gone, known)
    used = await store.used(tx, gone)
    if left := used - heirs.keys():
        names = ", ".join(sorted(known[each].name for each in left))
        raise StatusInUse(
            f"Leads stand in {names}, or come back to it. Say which status they go to, or keep it.",
            field="statuses",
        )
    moved = {known[one].name: await store.retire(tx, one, heirs[one], now) for one in sorted(used)}
    await store.delete(tx, [one for one in gone if one not in used])
    await store.save(tx, _placed(statuses))
    after = await store.list_statuses(tx)
    await audit.write(
        tx,
        action="sales.lead_statuses_changed",
        subject_kind="lead_statuses",
        subject_id=tx.actor.org_id,
        now=now,
        before={"statuses": [f"{one.name}: {one.kind}" for one in before]},
        after={"statuses": [f"{one.name}: {one.kind}" for one in after], "moved": moved},
    )
    return after


async def status_of(tx: Tx, status_id: UUID | None) -> Status:
    """This one, or whichever came after it, or the first open one. Refuses one that never was."""
    statuses = await ensure_statuses(tx)
    if status_id is None:
        return next(one for one in statuses if one.kind is StatusKind.OPEN)
    by_id = {one.id: one for one in statuses}
    if found := by_id.get(status_id):
        return found
    if heir := await store.successor(tx, status_id):
        return by_id[heir]
    raise Invalid("There is no such status.", field="status_id")


async def first_of(tx: Tx, kind: StatusKind) -> Status:
    """Where a lead goes that becomes qualified, converted or lost without saying which."""
    return next(one for one in await ensure_statuses(tx) if one.kind is kind)


def _usual(tx: Tx) -> list[Status]:
    """Their ids follow from the company's, so that they are the same before they are kept."""
    return [
        msgspec.structs.replace(one, id=uuid5(tx.actor.org_id, f"lead_status:{one.name}"))
        for one in _placed(DEFAULTS)
    ]


def _check_known(statuses: Sequence[StatusDraft], known: dict[UUID, Status]) -> None:
    ids = [status.id for status in statuses if status.id]
    if len(set(ids)) < len(ids) or not set(ids) <= known.keys():
        raise Invalid("A status that is named by its id must be there.", field="statuses")
    for status in statuses:
        if status.id and status.kind is not known[status.id].kind:
            raise Invalid(f"{status.name} cannot become {status.kind}.", field="statuses")


def _placed(statuses: Sequence[StatusDraft]) -> list[Status]:
    """Open ones in the order given, then qualified, converted, lost."""
    return [
        Status(
            id=status.id or new_id(),
            name=status.name.strip(),
            kind=status.kind,
            colour=status.colour,
            position=place + 1,
            version=1,
        )
        for place, status in enumerate(sorted(statuses, key=lambda one: ORDER[one.kind]))
    ]
