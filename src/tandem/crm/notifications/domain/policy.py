"""May this message leave now? One decision for everything that is sent, with what each rule said.

Pure: facts come from flows/send_policy. Every rule is asked, so that the answer names all that
stands in the way: whoever skips wins over whoever holds, and a hold lasts until the last one ends.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from tandem.crm.notifications.domain.messages import SERVICE, Channel, Lane, Message, Step
from tandem.crm.notifications.domain.outgoing import ADDRESSED
from tandem.crm.notifications.domain.rules import (
    SendingRules,
    quiet_until,
    room_at,
)

Action = Literal["send", "hold", "skip"]
ASKED_MAX = 1_000
ASK_AGAIN = timedelta(hours=1)
"""How long something with no end in sight is held before it is looked at again."""
COLLAPSED = "collapsed"
ARRIVED = "arrived"
PROMOTIONAL_HOURS = "promotional_hours"
HOURS_SAY = "Promotions by text reach India from 10:00 to 21:00 only."


class SendAsk(msgspec.Struct, frozen=True, kw_only=True):
    """`waiting_since`: when it was planned, for holds that do not last for ever."""

    customer_id: UUID | None
    channel: Channel
    address: str
    purpose: str
    kind: str
    lane: Lane
    at: datetime
    feed: str | None = None
    waiting_since: datetime | None = None
    message_id: UUID | None = None
    """The message it is about, so that it does not count itself."""
    text: str = ""
    """Its words, where they are known: compared with what was registered (DLT)."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """`reason` is a word, empty for `send`; `trace` has every rule that was asked, in order."""

    action: Action
    reason: str = ""
    detail: str = ""
    until: datetime | None = None
    trace: list[Step] = []


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A message that a person was lately sent, or is being sent."""

    purpose: str
    channel: str
    at: datetime


class Waits(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody waits for from us: complaints (severity, number), late orders and refunds by
    the order's number."""

    complaints: Sequence[tuple[str, str]] = ()
    late_orders: Sequence[str] = ()
    refunds: Sequence[str] = ()


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known for one ask. `contact` and `dlt` are empty where nothing stands in the way;
    `dlt` is None where the words are not known yet: they are compared when it is handed over.
    `arrived_by`: the channel by which it has reached them already. `promoted_from`: when the words,
    registered as a promotion, may leave again."""

    zone: ZoneInfo
    contact: str = ""
    is_wanted: bool = True
    dlt: str | None = None
    promoted_from: datetime | None = None
    arrived_by: str = ""
    provider_until: datetime | None = None
    sent: Sequence[Sent] = ()
    alike: int = 0
    waits: Waits = Waits()


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    outcome: Literal["passed", "held", "skipped", "not_asked"]
    reason: str = ""
    detail: str = ""
    until: datetime | None = None


PASSED = Finding(outcome="passed")
NOT_ASKED = Finding(outcome="not_asked")
Rule = Callable[[SendAsk, Facts, SendingRules], Finding]


def decide(ask: SendAsk, facts: Facts, rules: SendingRules) -> Verdict:
    found = [(name, rule(ask, facts, rules)) for name, rule in RULES.items()]
    trace = [
        Step(rule=name, outcome=one.outcome, detail=one.detail or one.reason) for name, one in found
    ]
    skips = [one for _, one in found if one.outcome == "skipped"]
    if skips:
        first = skips[0]
        return Verdict(action="skip", reason=first.reason, detail=first.detail, trace=trace)
    holds = [one for _, one in found if one.outcome == "held"]
    if holds:
        last = max(holds, key=lambda one: one.until or ask.at)
        return Verdict(
            action="hold", reason=last.reason, detail=last.detail, until=last.until, trace=trace
        )
    return Verdict(action="send", trace=trace)


def _address(ask: SendAsk, facts: Facts, rules: SendingRules) -> Finding:
    has_form = ADDRESSED.get(ask.channel, bool)
    if not ask.address or not has_form(ask.address):
        return _skip("no_address", "There is no address of this kind.")
    return PASSED


def _contact(ask: SendAsk, facts: Facts, rules: SendingRules) -> Finding:
    """Suppression and consent, as customers judge them."""
    if not facts.contact:
        return PASSED
    kind, _, which = facts.contact.partition(":")
    if kind == "suppressed":
        return _skip("suppressed", f"The address is suppressed: {which}.")
    return _skip("no_consent", f"Consent to {ask.purpose} by {ask.channel}: {which}.")


def _preference(ask: SendAsk, facts: Facts, rules: SendingRules) -> Finding:
    if facts.is_wanted:
        return PASSED
    return _skip("preference", f"They do not want {ask.kind} by {ask.channel}.")


def _fallback(ask: SendAsk, facts: Facts, rules: SendingRules) -> Finding:
    """It stands by for another channel, which was quick enough."""
    if facts.arrived_by:
        return _skip(ARRIVED, f"It has arrived by {facts.arrived_by}.")
    return PASSED


def _quiet(ask: SendAsk, facts: Facts, rules: SendingRules) -> Finding:
    quiet = rules.quiet_hours
    if quiet is None or ask.lane is Lane.OTP or ask.channel is Channel.WEBHOOK:
        return NOT_ASKED
    if quiet.covers == "promotions" and ask.purpose == SERVICE:
        return NOT_ASKED
    if ask.kind in quiet.urgent_kinds:
        return Finding(outcome="passed", detail=f"{ask.kind} is urgent.")
    until = quiet_until(quiet, facts.zone, ask.at)
    if until is None:
        return Finding(outcome="passed", detail=f"Awake hours in {facts.zone.key}.")
    detail = f"Quiet {quiet.starts} to {quiet.ends} in {facts.zone.key}."
    return Finding(outcome="held", reason="quiet", detail=detail, until=until)


def _caps(ask: SendAsk, facts: Facts, rules: SendingRules) -> Finding:
    if ask.purpose == SERVICE or ask.customer_id is None:
        return NOT_ASKED
    worst = PASSED
    for cap in rules.caps:
        if not cap.counts(ask.purpose, ask.channel):
            continue
        counted = [one.at for one in facts.sent if cap.counts(one.purpose, one.channel)]
        until = room_at(cap, counted, ask.at)
        if until is None:
            continue
        detail = f"{cap.count} in {cap.days} days have been sent."
        if cap.over == "skip":
            return _skip("capped", detail)
        if worst.until is None or until > worst.until:
            worst = Finding(outcome="held", reason="capped", detail=detail, until=until)
    return worst


def _dlt(ask: SendAsk, facts: Facts, rules: SendingRules) -> Finding:
    if facts.dlt is None:
        return NOT_ASKED
    return _skip("dlt", facts.dlt) if facts.dlt else PASSED


def _promotional_hours(ask: SendAsk, facts: Facts, rules: SendingRules) -> Finding:
    """The law's, not the company's: no setting and no urgent kind goes before it."""
    if facts.dlt is None:
        return NOT_ASKED
    if facts.promoted_from is None:
        return PASSED
    return Finding(
        outcome="held", reason=PROMOTIONAL_HOURS, detail=HOURS_SAY, until=facts.promoted_from
    )


def _provider(ask: SendAsk, facts: Facts, rules: SendingRules) -> Finding:
    if facts.provider_until is None or facts.provider_until <= ask.at:
        return PASSED
    detail = f"{ask.channel} cannot be reached at the moment."
    return Finding(
        outcome="held", reason="provider_down", detail=detail, until=facts.provider_until
    )


def _complaint(ask: SendAsk, facts: Facts, rules: SendingRules) -> Finding:
    wanted = set(rules.service.complaint_severities)
    open_ones = [
        number for severity, number in facts.waits.complaints if not wanted or severity in wanted
    ]
    doing = rules.service.on_complaint
    return _service(ask, rules, doing, "complaint_open", "An open complaint", open_ones)


def _late_order(ask: SendAsk, facts: Facts, rules: SendingRules) -> Finding:
    doing = rules.service.on_late_order
    return _service(ask, rules, doing, "late_order", "A late order", facts.waits.late_orders)


def _refund(ask: SendAsk, facts: Facts, rules: SendingRules) -> Finding:
    doing = rules.service.on_refund
    return _service(ask, rules, doing, "refund_open", "A refund on its way", facts.waits.refunds)


def _service(
    ask: SendAsk,
    rules: SendingRules,
    doing: str,
    reason: str,
    what: str,
    which: Sequence[str],
) -> Finding:
    """Whoever waits for us is not sent a promotion meanwhile."""
    if ask.purpose == SERVICE or doing == "send":
        return NOT_ASKED
    if not which:
        return PASSED
    detail = f"{what}: {', '.join(which[:3])}."
    since = ask.waiting_since or ask.at
    if doing == "skip" or ask.at - since >= timedelta(days=rules.service.days_max):
        return _skip(reason, detail)
    return Finding(outcome="held", reason=reason, detail=detail, until=ask.at + ASK_AGAIN)


def _storm(ask: SendAsk, facts: Facts, rules: SendingRules) -> Finding:
    if ask.lane is Lane.OTP or ask.kind == STORM_KIND:
        return NOT_ASKED
    if facts.alike < rules.storm.count:
        return PASSED
    detail = f"{rules.storm.count} of {ask.kind} in {rules.storm.seconds} seconds."
    return _skip(COLLAPSED, detail)


def _skip(reason: str, detail: str) -> Finding:
    return Finding(outcome="skipped", reason=reason, detail=detail)


STORM_KIND = "more_of_the_same"
"""The message that says how many more there were."""

RULES: Mapping[str, Rule] = {
    "address": _address,
    "suppression_and_consent": _contact,
    "preference": _preference,
    "fallback": _fallback,
    "dlt": _dlt,
    "promotional_hours": _promotional_hours,
    "complaint": _complaint,
    "late_order": _late_order,
    "refund": _refund,
    "frequency_cap": _caps,
    "recipient_limit": _storm,
    "quiet_hours": _quiet,
    "provider_health": _provider,
}


def ask_of(message: Message, at: datetime) -> SendAsk:
    return SendAsk(
        customer_id=message.customer_id,
        channel=message.channel,
        address=message.recipient,
        purpose=message.purpose,
        kind=message.template,
        lane=message.lane,
        feed=message.feed or None,
        at=at,
        waiting_since=message.created_at,
        message_id=message.id,
    )
