"""Complaints that open by themselves: what happened, the condition, what opens, what settles it.

A rule is data of the desk: when its trigger happens its condition is asked of the facts, in the
suite's own rule language. One complaint for each rule and subject (a parcel, a refund, a payment),
ever; when the cause is gone the complaint goes with it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import msgspec

from tandem.contracts.address import FILLED
from tandem.kernel import rules
from tandem.kernel.errors import Invalid
from tandem.kernel.rules import Kind, Moment, Vocabulary
from tandem.kernel.rules.vocabulary import Field, field
from tandem.scm.support.domain.complaints import Key
from tandem.scm.support.domain.statuses import Severity

CONDITION_BYTES_MAX = 10_000


class Trigger(StrEnum):
    """What is looked at. The subject is the parcel, the refund or the payment it happened to."""

    ATTEMPT_FAILED = "attempt_failed"
    PROMISE_MISSED = "promise_missed"
    PARCEL_HARMED = "parcel_harmed"
    REFUND_WAITING = "refund_waiting"
    PAYMENT_EXCEPTION = "payment_exception"


class Cause(StrEnum):
    """What settles a matter."""

    DELIVERED = "delivered"
    REFUNDED = "refunded"


SETTLED_BY: Mapping[Trigger, frozenset[Cause]] = {
    Trigger.ATTEMPT_FAILED: frozenset({Cause.DELIVERED, Cause.REFUNDED}),
    Trigger.PROMISE_MISSED: frozenset({Cause.DELIVERED, Cause.REFUNDED}),
    Trigger.PARCEL_HARMED: frozenset({Cause.REFUNDED}),
    Trigger.REFUND_WAITING: frozenset({Cause.REFUNDED}),
    Trigger.PAYMENT_EXCEPTION: frozenset({Cause.REFUNDED}),
}
assert SETTLED_BY.keys() == set(Trigger), "every trigger says what settles it"

_ATTEMPT: Mapping[str, Field] = {
    "attempts": field(Kind.NUMBER, "f.attempts", "failed attempts"),
    "distance_m": field(Kind.NUMBER, "f.distance_m", "metres from the door"),
    "reason": field(Kind.TEXT, "f.reason", "reason given"),
    "carrier": field(Kind.TEXT, "f.carrier", "carrier"),
    "cod_minor": field(Kind.NUMBER, "f.cod_minor", "cash to collect (minor units)"),
}
_PROMISE: Mapping[str, Field] = {
    "days_late": field(Kind.NUMBER, "f.days_late", "days after the first promise"),
    "carrier": field(Kind.TEXT, "f.carrier", "carrier"),
}
_HARM: Mapping[str, Field] = {
    "status": field(Kind.TEXT, "f.status", "what happened", "damaged", "lost"),
    "carrier": field(Kind.TEXT, "f.carrier", "carrier"),
}
_REFUND: Mapping[str, Field] = {
    "days": field(Kind.NUMBER, "f.days", "days since it was asked for"),
    "amount_minor": field(Kind.NUMBER, "f.amount_minor", "amount (minor units)"),
}
_EXCEPTION: Mapping[str, Field] = {"kind": field(Kind.TEXT, "f.kind", "kind of exception")}

_KEPT_BY: Mapping[str, str] = {
    "cod_minor": "shipment.cod_minor delivery.cod_minor",
    "amount_minor": "payment.amount_minor",
}

VOCABULARY: Mapping[Trigger, Vocabulary] = {
    trigger: Vocabulary(
        tables="""
            (select null::numeric as attempts, null::numeric as distance_m, null::text as reason,
                    null::text as carrier, null::numeric as cod_minor, null::numeric as days_late,
                    null::text as status, null::numeric as days, null::numeric as amount_minor,
                    null::text as kind) f
             where :org_id::uuid is not null
        """,
        fields=fields,
        kept_by={name: rule for name, rule in _KEPT_BY.items() if name in fields},
    )
    for trigger, fields in {
        Trigger.ATTEMPT_FAILED: _ATTEMPT,
        Trigger.PROMISE_MISSED: _PROMISE,
        Trigger.PARCEL_HARMED: _HARM,
        Trigger.REFUND_WAITING: _REFUND,
        Trigger.PAYMENT_EXCEPTION: _EXCEPTION,
    }.items()
}
"""What each trigger's condition may speak of. Facts come with the event, never from a query."""


class CareRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`condition` is a rule of the suite's language over the trigger's facts. `key` names the rule
    for ever: its complaints are found by it."""

    key: Key
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=120, pattern=FILLED)]
    trigger: Trigger
    condition: dict[str, Any]
    category: Key
    severity: Severity | None = None
    is_active: bool = True

    def fits(self, facts: Mapping[str, Any], *, zone: str, now: datetime) -> bool:
        words, moment = VOCABULARY[self.trigger], Moment(now=now, zone=zone)
        known = rules.facts_of(facts, {}, words, moment)
        return rules.holds(rules.read(self.condition, words), known, words, moment)


class RuleTooLong(Invalid):
    code = "rule_too_long"


def check_rule(rule: CareRule, *, at: str) -> None:
    """Raises RuleWrong with the place at fault."""
    if len(msgspec.json.encode(rule.condition)) > CONDITION_BYTES_MAX:
        raise RuleTooLong("This condition is too long.", field=f"{at}.condition")
    rules.read(rule.condition, VOCABULARY[rule.trigger], field=f"{at}.condition")


def check_rules_shown(
    rules_: Sequence[CareRule], known: Sequence[CareRule], hidden: frozenset[str]
) -> None:
    """Raises FieldKept for a new condition over a field that is hidden from its author."""
    conditions = [(one.trigger, one.condition) for one in known]
    for place, rule in enumerate(rules_):
        if (rule.trigger, rule.condition) not in conditions:
            words = VOCABULARY[rule.trigger].without(hidden)
            rules.read(rule.condition, words, field=f"rules[{place}].condition")


def usual_rules() -> list[CareRule]:
    return [
        CareRule(
            key="failed_attempts",
            name="Three failed attempts",
            trigger=Trigger.ATTEMPT_FAILED,
            condition={"field": "attempts", "op": "gte", "value": 3},
            category="failed_delivery",
        ),
        CareRule(
            key="fake_attempt",
            name="Failed far from the door",
            trigger=Trigger.ATTEMPT_FAILED,
            condition={"field": "distance_m", "op": "gt", "value": 500},
            category="fake_attempt",
        ),
        CareRule(
            key="promise_missed",
            name="Later than first promised",
            trigger=Trigger.PROMISE_MISSED,
            condition={"field": "days_late", "op": "gte", "value": 1},
            category="late_parcel",
        ),
        CareRule(
            key="parcel_harmed",
            name="Damaged or lost on the way",
            trigger=Trigger.PARCEL_HARMED,
            condition={"field": "status", "op": "in", "value": ["damaged", "lost"]},
            category="harmed_parcel",
        ),
        CareRule(
            key="refund_stuck",
            name="Refund waits for five days",
            trigger=Trigger.REFUND_WAITING,
            condition={"field": "days", "op": "gte", "value": 5},
            category="refund_stuck",
        ),
        CareRule(
            key="payment_exception",
            name="A payment that fits no order",
            trigger=Trigger.PAYMENT_EXCEPTION,
            condition={
                "field": "kind",
                "op": "in",
                "value": [
                    "amount_mismatch",
                    "currency_mismatch",
                    "double_payment",
                    "refund_failed",
                ],
            },
            category="payment_exception",
        ),
    ]
