"""Rules at work: a complaint opens when a condition holds, once, and goes when its cause does."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from tandem.kernel.db import Tx
from tandem.scm.support.domain.complaints import Complaint, Links, NewComplaint
from tandem.scm.support.domain.desk import Desk
from tandem.scm.support.domain.rules import SETTLED_BY, CareRule, Cause, Trigger
from tandem.scm.support.domain.statuses import Channel, Origin, Status, Visibility
from tandem.scm.support.service.moving import move, move_locked
from tandem.scm.support.service.opening import dedupe_of, open_complaint
from tandem.scm.support.service.reading import lock_complaint
from tandem.scm.support.service.settings import get_desk
from tandem.scm.support.service.talking import add_message
from tandem.scm.support.store import complaints as store
from tandem.scm.support.store import threads


async def apply_rules(
    tx: Tx,
    trigger: Trigger,
    *,
    subject_id: UUID,
    facts: Mapping[str, Any],
    links: Links,
    happened: str,
    now: datetime,
) -> list[Complaint]:
    """Open what the rules of this trigger ask for; answers the complaints they are about.

    The same rule about the same subject opens one. When it happens again the open one gets an
    internal line, a resolved one opens again, a closed one stays as it is. `happened` is that
    line: a fact, with nothing in it that Jira or a colleague should not read.
    """
    tx.actor.require("support.write")
    desk = (await get_desk(tx)).desk
    zone = desk.calendar.time_zone
    fitting = [
        rule
        for rule in desk.rules
        if rule.trigger is trigger and rule.is_active and rule.fits(facts, zone=zone, now=now)
    ]
    return [await _apply(tx, rule, desk, subject_id, links, happened, now) for rule in fitting]


async def settle_cause(
    tx: Tx, cause: Cause, *, subject_ids: frozenset[UUID], reason: str, now: datetime
) -> list[Complaint]:
    """Resolve what rules opened about these subjects and what this cause settles.

    Closed at once where the customer never heard of it; else they are asked how it went.
    """
    tx.actor.require("support.write")
    desk = (await get_desk(tx)).desk
    keys = [rule.key for rule in desk.rules if cause in SETTLED_BY[rule.trigger]]
    found = await store.list_unsettled_of_rules(tx, keys, sorted(subject_ids))
    return [await _settle(tx, complaint, reason, now) for complaint in found]


async def _apply(
    tx: Tx,
    rule: CareRule,
    desk: Desk,
    subject_id: UUID,
    links: Links,
    happened: str,
    now: datetime,
) -> Complaint:
    before = await store.find_by_rule(tx, rule.key, subject_id)
    about = links.shipment_number or links.order_number
    draft = NewComplaint(
        category=rule.category,
        subject=f"{desk.category(rule.category).name} ({about})"[:200],
        channel=Channel.RULE,
        severity=rule.severity,
        links=links,
        body=happened,
        visibility=Visibility.INTERNAL,
        rule=rule.key,
        rule_subject=subject_id,
    )
    complaint = await open_complaint(tx, draft, origin=Origin.RULE, now=now)
    if before is None or complaint.status is Status.CLOSED:
        return complaint
    noted = dedupe_of(happened)
    if await threads.find_message_by_dedupe(tx, complaint.id, noted):
        return complaint
    await add_message(
        tx, complaint_id=complaint.id, body=happened, origin=Origin.RULE, dedupe=noted, now=now
    )
    if complaint.status is not Status.RESOLVED:
        return complaint
    return await move(
        tx, complaint_id=complaint.id, to=Status.REOPENED, origin=Origin.RULE, now=now
    )


async def _settle(tx: Tx, found: Complaint, reason: str, now: datetime) -> Complaint:
    complaint = await lock_complaint(tx, found.id)
    if not complaint.is_unsettled:
        return complaint
    resolved = await move_locked(
        tx, complaint, Status.RESOLVED, origin=Origin.RULE, note=reason, now=now
    )
    if resolved.is_known_to_customer:
        return resolved
    return await move_locked(tx, resolved, Status.CLOSED, origin=Origin.RULE, note=reason, now=now)
