"""When the people who work leads are there, and how many each can carry."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.crm.sales.domain.assigning import Directory
from tandem.crm.sales.domain.permissions import CONFIGURE, READ, WRITE
from tandem.crm.sales.domain.reps import (
    ABSENCES_MAX,
    Absence,
    Availability,
    NewAbsence,
    Rep,
    away_until,
    check_absence,
    is_working,
)
from tandem.crm.sales.store import reps as store
from tandem.kernel import audit
from tandem.kernel.calendars import check_calendar
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound
from tandem.kernel.ids import new_id


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """One person's availability, the absences to come, and how things stand now."""

    rep: Rep
    availability: Availability
    absences: list[Absence]


async def list_desks(tx: Tx, directory: Directory, *, now: datetime) -> list[Desk]:
    """Everybody who may work leads, by name."""
    tx.actor.require(READ)
    sellers = [one.id for one in directory.people.values() if one.may_sell]
    known = await store.availabilities(tx, sellers)
    absences = await store.absences(tx, now, sellers)
    reps = await reps_now(tx, directory, sellers, now=now)
    return sorted(
        (
            Desk(
                rep=rep,
                availability=known.get(rep.id, Availability()),
                absences=absences.get(rep.id, []),
            )
            for rep in reps.values()
        ),
        key=lambda desk: (desk.rep.name.casefold(), desk.rep.id),
    )


async def set_availability(
    tx: Tx, user_id: UUID, availability: Availability, directory: Directory, *, now: datetime
) -> Availability:
    """One's own hours, or with `sales.configure` anybody's; the cap only with that permission."""
    _check_may(tx, user_id, directory)
    if availability.hours is not None:
        check_calendar(availability.hours, field="hours")
    before = (await store.availabilities(tx, [user_id])).get(user_id, Availability())
    if availability.lead_cap != before.lead_cap:
        tx.actor.require(CONFIGURE)
    await store.save(tx, user_id, availability)
    await audit.write(
        tx,
        action="sales.availability_changed",
        subject_kind="user",
        subject_id=user_id,
        now=now,
        before=msgspec.to_builtins(before),
        after=msgspec.to_builtins(availability),
    )
    return availability


async def add_absence(
    tx: Tx, user_id: UUID, new: NewAbsence, directory: Directory, *, now: datetime
) -> Absence:
    """Out of office: one's own, or with `sales.configure` anybody's."""
    _check_may(tx, user_id, directory)
    check_absence(new)
    if len((await store.absences(tx, now, [user_id])).get(user_id, [])) >= ABSENCES_MAX:
        raise Invalid(f"{ABSENCES_MAX} absences may lie ahead at most.")
    absence = Absence(id=new_id(), user_id=user_id, **msgspec.structs.asdict(new))
    await store.add_absence(tx, absence)
    await audit.write(
        tx,
        action="sales.absence_added",
        subject_kind="user",
        subject_id=user_id,
        now=now,
        after=msgspec.to_builtins(absence),
    )
    return absence


async def remove_absence(
    tx: Tx, user_id: UUID, absence_id: UUID, directory: Directory, *, now: datetime
) -> None:
    """They are back, or never went."""
    _check_may(tx, user_id, directory)
    if not await store.remove_absence(tx, user_id, absence_id):
        raise NotFound("There is no such absence.")
    await audit.write(
        tx,
        action="sales.absence_removed",
        subject_kind="user",
        subject_id=user_id,
        now=now,
        before={"absence_id": str(absence_id)},
    )


async def reps_now(
    tx: Tx, directory: Directory, user_ids: Sequence[UUID], *, now: datetime
) -> dict[UUID, Rep]:
    """Those of these people who are still here, as they stand at this moment; three queries."""
    ids = [user_id for user_id in dict.fromkeys(user_ids) if user_id in directory.people]
    known = await store.availabilities(tx, ids)
    absences = await store.absences(tx, now, ids)
    loads = await store.loads(tx, ids)
    found = {}
    for user_id in ids:
        person = directory.people[user_id]
        availability = known.get(user_id, Availability())
        found[user_id] = Rep(
            id=user_id,
            name=person.name,
            may_sell=person.may_sell,
            away_until=away_until(absences.get(user_id, []), now),
            is_working=is_working(availability, now),
            load=loads.get(user_id, 0),
            lead_cap=availability.lead_cap,
        )
    return found


def _check_may(tx: Tx, user_id: UUID, directory: Directory) -> None:
    tx.actor.require(WRITE if user_id == tx.actor.user_id else CONFIGURE)
    if user_id not in directory.people:
        raise NotFound("There is no such person.")
