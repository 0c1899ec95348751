"""Quotas where they need to know the people, the teams and the company's days and currency."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from tandem.crm.identity import service as identity
from tandem.crm.sales import service as sales
from tandem.crm.sales.domain.quotas import Attainment, NewQuota, Quota
from tandem.flows.quotes.writing import business_day
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid


async def add_quota(tx: Tx, new: NewQuota, *, now: datetime) -> Quota:
    """Refuses a person or a team that is not there."""
    tx.actor.require_everywhere("sales.configure")
    if new.owner_id is not None:
        await identity.check_staff(tx, new.owner_id, field="owner_id")
    if new.team_id is not None and new.team_id not in await members_of_teams(tx):
        raise Invalid("There is no such team.", field="team_id")
    return await sales.add_quota(tx, new, now=now)


async def attainments(
    tx: Tx, *, from_on: date | None = None, to_on: date | None = None, now: datetime
) -> list[Attainment]:
    """The quotas that touch these days, today's unless others are named."""
    company = await identity.get_organisation(tx)
    today = await business_day(tx, now)
    return await sales.attainments(
        tx,
        from_on=from_on or to_on or today,
        to_on=to_on or from_on or today,
        today=today,
        zone=company.time_zone,
        currency=company.currency,
        members=await members_of_teams(tx),
    )


async def members_of_teams(tx: Tx) -> Mapping[UUID, Sequence[UUID]]:
    """The people of each team itself and of those below it."""
    teams = {one.id: one for one in await identity.list_nodes(tx.with_all_grants(), identity.TEAMS)}
    people: dict[UUID, list[UUID]] = {team_id: [] for team_id in teams}
    for team in teams.values():
        above: UUID | None = team.id
        passed: set[UUID] = set()
        while above in teams and above not in passed:
            passed.add(above)
            people[above] += team.members
            above = teams[above].parent_id
    return people
