"""Leads find their people: when they are captured, by hand, and again once somebody is there."""

from datetime import datetime
from uuid import UUID

from tandem.contracts.sales import LeadCaptured
from tandem.crm.customers import service as customers
from tandem.crm.identity import service as identity
from tandem.crm.identity.domain.roles import split
from tandem.crm.identity.domain.trees import Node
from tandem.crm.sales.domain.assigning import Choice, Directory, Group, How
from tandem.crm.sales.domain.leads import LeadMerged
from tandem.crm.sales.domain.reps import Person
from tandem.crm.sales.service import assigning
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.events import subscribe
from tandem.kernel.jobs import Work, every
from tandem.kernel.reach import names_of

TAKEN_UP_AT_ONCE = 200


async def directory(tx: Tx) -> Directory:
    """The company's people, teams and territories as they are now; six small queries."""
    trusted = tx.with_all_grants()
    selling = names_of("sales.write")
    sellers = {
        role.key
        for role in await identity.list_roles(trusted)
        if any(split(grant)[0] in selling for grant in role.grants)
    }
    return Directory(
        people={
            user.id: Person(
                id=user.id, name=user.name, may_sell=not sellers.isdisjoint(user.role_keys)
            )
            for user in await identity.list_users(trusted)
            if user.is_active
        },
        teams=_groups(await identity.list_nodes(trusted, identity.TEAMS)),
        territories=_groups(await identity.list_nodes(trusted, identity.TERRITORIES)),
        custom_fields=[
            field.for_rules()
            for field in await customers.list_fields(trusted, "lead")
            if field.retired_at is None
        ],
        zone=(await identity.get_organisation(trusted)).time_zone,
    )


async def assign(
    tx: Tx, lead_id: UUID, *, how: How, keeper_id: UUID | None = None, now: datetime
) -> Choice:
    """By the rules; see `assigning.assign`."""
    people = await directory(tx)
    return await assigning.assign(tx, lead_id, people, how=how, keeper_id=keeper_id, now=now)


@subscribe(LeadCaptured, "sales.assign_lead")
async def assign_captured(tx: Tx, event: LeadCaptured, now: datetime) -> None:
    """Also one that came before and has nobody: perhaps now it has."""
    if event.owner_id is None or event.is_owner_by_default:
        await _try(tx, event.lead_id, "captured", now, keeper_id=event.owner_id)


@every(30, "sales.take_up_waiting")
async def take_up_waiting(work: Work) -> None:
    """Leads that nobody was eligible for, those who wait longest first, each in a transaction of
    its own. A lead that still finds nobody does not hold up the others."""
    async with work.transaction() as tx:
        waiting = await assigning.list_waiting(tx, limit=TAKEN_UP_AT_ONCE)
    for lead_id in waiting:
        async with work.transaction() as tx:
            await _try(tx, lead_id, "taken_up", work.now())


async def _try(
    tx: Tx, lead_id: UUID, how: How, now: datetime, *, keeper_id: UUID | None = None
) -> None:
    """One that was merged or went away meanwhile needs nobody."""
    try:
        await assign(tx, lead_id, how=how, keeper_id=keeper_id, now=now)
    except (LeadMerged, NotFound):
        await assigning.forget(tx, lead_id)


def _groups(nodes: list[Node]) -> dict[UUID, Group]:
    return {
        node.id: Group(id=node.id, name=node.name, parent_id=node.parent_id, members=node.members)
        for node in nodes
    }
