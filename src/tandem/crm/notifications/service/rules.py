"""A company's rules for sending, and the zone of a person's clock."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from tandem.crm.notifications.domain.messages import COMPANY_FEED
from tandem.crm.notifications.domain.rules import (
    RulesChanged,
    RulesKept,
    SendingRules,
    check,
    zone_named,
)
from tandem.crm.notifications.store import domain_limits, lanes
from tandem.crm.notifications.store import facts as store
from tandem.crm.notifications.store.ledger import set_feed
from tandem.kernel import audit
from tandem.kernel.db import Tx


async def get_rules(tx: Tx) -> RulesKept:
    tx.actor.require("notifications.read")
    return await store.read_rules(tx)


async def set_rules(tx: Tx, rules: SendingRules, *, version: int, now: datetime) -> RulesKept:
    """Replace the rules. What waits because of them is decided anew at once.

    Refuses with Invalid, and with RulesChanged when `version` is not the newest.
    """
    tx.actor.require("notifications.configure")
    check(rules)
    before = await store.read_rules(tx)
    saved = (
        await store.save_rules(tx, rules, version=version, now=now)
        if before.version == version
        else None
    )
    if saved is None:
        raise RulesChanged("Somebody has changed the rules meanwhile. Look at them again.")
    await audit.write(
        tx,
        action="notifications.set_rules",
        subject_kind="sending_rules",
        subject_id=tx.actor.org_id,
        before=msgspec.to_builtins(before.rules),
        after=msgspec.to_builtins(rules),
        now=now,
    )
    if rules.domains != before.rules.domains:
        await domain_limits.keep(tx, rules.domains, now)
    if rules.per_minute != before.rules.per_minute:
        await set_feed(
            tx, COMPANY_FEED, per_minute=rules.per_minute, is_paused=False, reason="", now=now
        )
    await lanes.decide_anew(tx, customer_id=None, reasons=("quiet", "capped"), now=now)
    return RulesKept(rules=rules, version=saved)


async def set_time_zone(tx: Tx, customer_id: UUID, time_zone: str, *, now: datetime) -> ZoneInfo:
    """Where the person lives by the clock; what is held for their night is decided anew.

    The caller has made sure that there is such a customer. Refuses an unknown zone.
    """
    tx.actor.require("customers.write")
    zone = zone_named(time_zone)
    await store.set_zone(tx, customer_id, time_zone, now=now)
    await lanes.decide_anew(tx, customer_id=customer_id, reasons=("quiet",), now=now)
    return zone


async def release_held(tx: Tx, customer_id: UUID, reasons: Sequence[str], *, now: datetime) -> int:
    """Something has changed for this person: decide anew what is held for these reasons."""
    return await lanes.decide_anew(tx, customer_id=customer_id, reasons=reasons, now=now)
