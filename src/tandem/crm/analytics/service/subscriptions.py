"""Subscriptions: who may make them, when they are due, and what each recipient got."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.crm.analytics.domain.permissions import CONFIGURE, WRITE
from tandem.crm.analytics.domain.schedules import due_slot, next_slot
from tandem.crm.analytics.domain.subscriptions import (
    AGAIN_AFTER,
    ATTEMPTS_MAX,
    OWN_MAX,
    Delivery,
    Outcome,
    Subscription,
    SubscriptionDraft,
    TooManySubscriptions,
    check,
)
from tandem.crm.analytics.service.keepable import check_question
from tandem.crm.analytics.service.personal import Personal, check_remover
from tandem.crm.analytics.store import subscriptions as store
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.ids import new_id

HISTORY = 100
SUBSCRIPTION = Personal(kind="subscription", named="a subscription", changes_with=WRITE)


async def list_subscriptions(tx: Tx, *, everybodys: bool = False) -> list[Subscription]:
    """One's own and those one gets; with `analytics.configure` everybody's."""
    user_id = SUBSCRIPTION.lister(tx, everybodys=everybodys)
    return await store.list_rows(tx, user_id, everybodys=everybodys)


async def get_subscription(tx: Tx, subscription_id: UUID) -> Subscription:
    user_id = SUBSCRIPTION.person(tx)
    found = await store.find(tx, subscription_id)
    if found is None or not (
        user_id == found.owner_id or user_id in found.recipients or tx.actor.may(CONFIGURE)
    ):
        raise NotFound("There is no such subscription.")
    return found


async def add_subscription(
    tx: Tx, draft: SubscriptionDraft, *, zone: str, now: datetime
) -> Subscription:
    """For oneself with `analytics.read`, for others with `analytics.write`. Refuses the fifty-first
    of one person. `zone` is the company's."""
    user_id = SUBSCRIPTION.person(tx)
    _check(tx, draft)
    if await store.count_own(tx, user_id) >= OWN_MAX:
        raise TooManySubscriptions(f"You have {OWN_MAX} subscriptions. Remove one first.")
    subscription_id = new_id()
    next_at = next_slot(draft.schedule, draft.schedule.zone or zone, now)
    await store.insert(tx, subscription_id, user_id, draft, next_at=next_at, now=now)
    await _note(tx, "added", subscription_id, draft, now)
    return await get_subscription(tx, subscription_id)


async def change_subscription(
    tx: Tx,
    subscription_id: UUID,
    draft: SubscriptionDraft,
    *,
    zone: str,
    is_current: Callable[[int], None],
    now: datetime,
) -> Subscription:
    """Only its owner. What is due counts from now."""
    found = await _own(tx, subscription_id)
    is_current(found.version)
    _check(tx, draft)
    next_at = next_slot(draft.schedule, draft.schedule.zone or zone, now)
    await store.save(tx, subscription_id, draft, next_at=next_at)
    await _note(tx, "changed", subscription_id, draft, now)
    return await get_subscription(tx, subscription_id)


async def remove_subscription(tx: Tx, subscription_id: UUID, *, now: datetime) -> None:
    found = await get_subscription(tx, subscription_id)
    check_remover(tx, found)
    await store.delete(tx, subscription_id)
    await _note(tx, "removed", subscription_id, found.draft, now)


async def leave_subscription(tx: Tx, subscription_id: UUID, *, now: datetime) -> None:
    """Its recipient gets no more of it."""
    found = await get_subscription(tx, subscription_id)
    user_id = SUBSCRIPTION.person(tx)
    if user_id in found.recipients:
        await store.leave(tx, subscription_id, user_id)
        await _note(tx, "left", subscription_id, found.draft, now)


async def history_of(tx: Tx, subscription_id: UUID) -> list[Delivery]:
    """The newest first: all of them for its owner, one's own for a recipient. The file of each
    belongs to who got it, so nobody else is told which it is."""
    found = await get_subscription(tx, subscription_id)
    user_id = SUBSCRIPTION.person(tx)
    is_all = user_id == found.owner_id or tx.actor.may(CONFIGURE)
    only = None if is_all else user_id
    rows = await store.history(tx, subscription_id, recipient_id=only, count=HISTORY)
    return [
        one
        if one.recipient_id == user_id
        else msgspec.structs.replace(one, export_id=None, sha256="", policy_hash="", row_count=None)
        for one in rows
    ]


async def run_now(tx: Tx, subscription_id: UUID, *, now: datetime) -> UUID:
    """To all its recipients, beside the schedule. Only its owner."""
    found = await _own(tx, subscription_id)
    run_id = await _run(tx, found, now, missed=0, now=now)
    await _note(tx, "run", subscription_id, found.draft, now)
    assert run_id is not None, "no slot falls on this very microsecond twice"
    return run_id


async def run_due(tx: Tx, *, zone: str, now: datetime) -> bool:
    """Write the run of one subscription that is due, and when it is due again. False: none is.

    Workers at once each take another; a slot that had its run gets no second one.
    """
    found = await store.lock_due(tx, now)
    if found is None:
        return False
    schedule = found.draft.schedule
    due = due_slot(schedule, schedule.zone or zone, found.next_at, now)
    if due is None:
        # The company's time zone has changed since: what was due then is due at another moment.
        next_at = next_slot(schedule, schedule.zone or zone, now)
        await store.move_on(tx, found.id, next_at)
        return True
    await _run(tx, found, due.slot, missed=due.missed, now=now)
    await store.move_on(tx, found.id, due.next_at)
    return True


async def due_deliveries(tx: Tx, *, now: datetime) -> list[UUID]:
    return await store.due(tx, now)


async def claim_delivery(tx: Tx, delivery_id: UUID, *, now: datetime) -> int | None:
    """The number of this try, in a transaction of its own: who dies over it is followed by another
    try later. After the last one it has failed. None: somebody else has it, or it ended."""
    attempts = await store.claim(tx, delivery_id, now=now, due_at=now + AGAIN_AFTER)
    if attempts is not None and attempts > ATTEMPTS_MAX:
        await store.end(tx, delivery_id, Outcome(state="failed", reason="Given up."), now)
        return None
    return attempts


async def lock_delivery(tx: Tx, delivery_id: UUID, *, attempts: int) -> Delivery | None:
    """None: another try has overtaken this one."""
    if not await store.lock_delivery(tx, delivery_id, attempts):
        return None
    return await store.get_delivery(tx, delivery_id)


async def find_subscription(tx: Tx, subscription_id: UUID) -> Subscription | None:
    """For the suite itself, which works for all of them."""
    return await store.find(tx, subscription_id)


async def end_delivery(tx: Tx, delivery_id: UUID, outcome: Outcome, *, now: datetime) -> None:
    await store.end(tx, delivery_id, outcome, now)


async def stop(tx: Tx, subscription_id: UUID, *, reason: str) -> None:
    """It cannot go on, and its owner is told by the page why."""
    await store.stop(tx, subscription_id, reason=reason)


async def _run(
    tx: Tx, found: Subscription, slot: datetime, *, missed: int, now: datetime
) -> UUID | None:
    run_id = new_id()
    if not await store.add_run(tx, run_id, found.id, slot, missed=missed, now=now):
        return None
    people: Sequence[tuple[UUID, UUID]] = [(new_id(), one) for one in found.recipients]
    await store.add_deliveries(tx, run_id, people, now)
    return run_id


def _check(tx: Tx, draft: SubscriptionDraft) -> None:
    if list(draft.recipients) != [tx.actor.user_id]:
        tx.actor.require(WRITE)
    check(draft)
    check_question(tx.actor, query=draft.query, funnel=draft.funnel, retention_=draft.retention)


async def _own(tx: Tx, subscription_id: UUID) -> Subscription:
    found = await get_subscription(tx, subscription_id)
    SUBSCRIPTION.check_owner(tx, found)
    return found


async def _note(
    tx: Tx, what: str, subscription_id: UUID, draft: SubscriptionDraft, now: datetime
) -> None:
    after = {"name": draft.name, "recipients": [str(one) for one in draft.recipients]}
    await SUBSCRIPTION.note(tx, what, subscription_id, after, now)
