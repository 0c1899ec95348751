"""What a question rests on for whoever asks: what is known, whose rows, and their filter."""

import hashlib
from collections.abc import Iterable
from datetime import datetime

import msgspec

from tandem.crm.analytics.domain.asking import (
    Ask,
    days_asked,
    moment_asked,
    today_in,
    zone_asked,
)
from tandem.crm.analytics.domain.attribution import slot_of
from tandem.crm.analytics.domain.calendar import Days
from tandem.crm.analytics.domain.permissions import READ
from tandem.crm.analytics.domain.planning import Plan, Slice, plan
from tandem.crm.analytics.service import keeping
from tandem.crm.analytics.service.remembering import policy_of
from tandem.crm.analytics.store import facts, rollups
from tandem.crm.analytics.store.facts import Watermark
from tandem.crm.analytics.store.vocabularies import FACTS
from tandem.crm.analytics.store.writing import Scope
from tandem.kernel import rules
from tandem.kernel.actor import Actor
from tandem.kernel.db import Tx
from tandem.kernel.rules import Rule

ZONE, CURRENCY = "Asia/Kolkata", "INR"
"""Of a company of which nothing was counted yet."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A question that was understood and is allowed."""

    ask: Ask
    plan: Plan
    now: datetime
    days: Days
    known: Watermark
    as_of: datetime
    zone: str
    policy_hash: str

    @property
    def permissions(self) -> list[str]:
        return [one.dataset.permission for one in self.plan.slices]

    @property
    def has_sums(self) -> bool:
        """The sums by day are made as they are meant, and still have versions of this moment."""
        is_recent = self.as_of >= self.known.at - rollups.KEPT
        return is_recent and self.known.sums == rollups.MADE


async def understand(tx: Tx, ask: Ask, *, now: datetime) -> Asked:
    """Refuses what makes no sense, and what the asker may not see any record of."""
    tx.actor.require(READ)
    known = await what_is_known(tx, now)
    made = plan(ask)
    for one in made.slices:
        tx.actor.require(one.dataset.permission)
    made = keeping.allowed(made, tx.actor)
    zone = zone_asked(ask, known.zone)
    as_of = moment_asked(ask, known.at)
    days = days_asked(ask, today_in(zone, as_of if ask.as_of else now))
    for one in made.slices:
        _rule(ask, one, tx.actor)
    return Asked(
        ask=ask,
        plan=made,
        now=now,
        days=days,
        known=known,
        as_of=as_of,
        zone=zone,
        policy_hash=policy_hash(tx.actor, [one.dataset.permission for one in made.slices]),
    )


async def what_is_known(tx: Tx, now: datetime) -> Watermark:
    return await facts.find_watermark(tx) or Watermark(at=now, zone=ZONE, currency=CURRENCY)


def scope_of(asked: Asked, one: Slice, actor: Actor, days: Days) -> Scope:
    return Scope(
        days=days,
        grain=asked.ask.grain,
        week_start=asked.ask.week_start,
        zone=None if asked.zone == asked.known.zone else asked.zone,
        names=asked.plan.names,
        as_of=asked.as_of,
        reach=actor.reach(one.dataset.permission),
        rule=_rule(asked.ask, one, actor),
        slot=slot_of(asked.ask.model, asked.ask.window_days),
    )


def check(ask: Ask, actor: Actor) -> None:
    """Refuses a question that could never be answered, and one that would tell the actor of a field
    that is hidden from them, before it is kept."""
    for one in keeping.allowed(plan(ask), actor).slices:
        _rule(ask, one, actor)


def _rule(ask: Ask, one: Slice, actor: Actor) -> Rule | None:
    if ask.filters is None:
        return None
    return rules.read(ask.filters, FACTS[one.dataset.key].without(actor.hidden), field="filters")


def filtered_by(rule: Rule | None) -> set[str]:
    """The dimensions that a filter looks at."""
    if rule is None:
        return set()
    return {leaf.field for leaf in rules.leaves_of(rule) if isinstance(leaf, rules.Compare)}


def policy_hash(actor: Actor, permissions: Iterable[str]) -> str:
    """Who has the same sees the same rows: what they may, whose, and what is kept from them."""
    text = msgspec.json.encode(policy_of(actor, permissions), order="sorted")
    return hashlib.sha256(text).hexdigest()[:16]
