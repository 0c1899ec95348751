"""Subscriptions where they need to know the company's people, dashboards and time zone."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from tandem.crm.analytics.domain.permissions import READ
from tandem.crm.analytics.domain.subscriptions import Subscription, SubscriptionDraft
from tandem.crm.analytics.service import subscriptions
from tandem.crm.identity import service as identity
from tandem.flows.reports.making import dashboard_of
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid
from tandem.kernel.jobs import Work, every

PASSES_MAX = 100
"""Subscriptions of one company in one round; what is left comes in the next."""


async def add(tx: Tx, draft: SubscriptionDraft, *, now: datetime) -> Subscription:
    """Refuses recipients who do not work here, and a dashboard that its owner may not open."""
    zone = await _checked(tx, draft)
    return await subscriptions.add_subscription(tx, draft, zone=zone, now=now)


async def change(
    tx: Tx,
    subscription_id: UUID,
    draft: SubscriptionDraft,
    *,
    is_current: Callable[[int], None],
    now: datetime,
) -> Subscription:
    await subscriptions.get_subscription(tx, subscription_id)
    zone = await _checked(tx, draft)
    return await subscriptions.change_subscription(
        tx, subscription_id, draft, zone=zone, is_current=is_current, now=now
    )


async def _checked(tx: Tx, draft: SubscriptionDraft) -> str:
    """The company's time zone."""
    tx.actor.require(READ)
    people = {one.id: one for one in await identity.list_users(tx.with_all_grants())}
    for place, one in enumerate(draft.recipients):
        if one not in people or not people[one].is_active:
            raise Invalid("This is nobody who works here.", field=f"recipients[{place}]")
    if draft.dashboard is not None:
        subject = await dashboard_of(tx, draft.dashboard)
        if draft.looking is not None and draft.looking.only and not subject.filter_by:
            raise Invalid("This dashboard cannot be narrowed.", field="looking.only")
    return (await identity.get_organisation(tx)).time_zone


@every(15, "analytics.run_subscriptions")
async def run_subscriptions(work: Work) -> None:
    """Each subscription that is due, in a transaction of its own."""
    for _ in range(PASSES_MAX):
        async with work.transaction() as tx:
            zone = (await identity.get_organisation(tx)).time_zone
            if not await subscriptions.run_due(tx, zone=zone, now=work.now()):
                return
