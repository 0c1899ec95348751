"""Opportunities where they need to know the customer and the company."""

from datetime import datetime

from tandem.crm.customers import service as customers
from tandem.crm.identity import service as identity
from tandem.crm.sales import service as sales
from tandem.crm.sales.domain.forecasts import Ask, Forecast, GroupBy
from tandem.crm.sales.domain.opportunities import Draft, Opportunity
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound


async def open_opportunity(tx: Tx, draft: Draft, *, now: datetime) -> Opportunity:
    """Refuses a customer or an owner that is not there."""
    tx.actor.require("sales.write")
    name = ""
    if draft.customer_id is not None:
        try:
            found = await customers.get_customer(tx.with_all_grants(), draft.customer_id)
            if not tx.actor.sees("customers.read", found):
                raise NotFound("There is no such customer.")
        except NotFound as reason:
            raise Invalid("There is no such customer.", field="customer_id") from reason
        name = found.name
    if draft.owner_id is not None:
        await identity.check_staff(tx, draft.owner_id, field="owner_id")
    currency = (await identity.get_organisation(tx)).currency
    return await sales.open_opportunity(
        tx, draft, customer_name=name, home_currency=currency, now=now
    )


async def forecast(tx: Tx, ask: Ask) -> Forecast:
    """In the company's own currency, of what the reader may see."""
    currency = (await identity.get_organisation(tx)).currency
    teams = []
    if ask.group_by is GroupBy.TEAM:
        teams = await identity.list_nodes(tx.with_all_grants(), identity.TEAMS)
    team_of = [(person, team.id) for team in teams for person in team.members]
    return await sales.forecast(tx, ask, home_currency=currency, team_of=team_of)
