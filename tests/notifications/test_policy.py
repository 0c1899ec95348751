"""The decision itself: every rule, what wins, and when a hold ends."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.crm.notifications.domain.messages import Channel, Lane
from tandem.crm.notifications.domain.policy import (
    ASK_AGAIN,
    RULES,
    Facts,
    SendAsk,
    Sent,
    Waits,
    decide,
)
from tandem.crm.notifications.domain.rules import (
    Cap,
    QuietHours,
    SendingRules,
    ServiceHolds,
    Storm,
    quiet_until,
    room_at,
)
from tandem.crm.notifications.domain.throttle import SPREAD_SHARE, grant

NOON = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)
"""Twelve o'clock in Kolkata."""
KOLKATA = ZoneInfo("Asia/Kolkata")
NEW_YORK = ZoneInfo("America/New_York")
NIGHT = QuietHours(starts="22:00", ends="08:00")
PROMOTION = SendAsk(
    customer_id=uuid4(),
    channel=Channel.EMAIL,
    address="meera@example.test",
    purpose="marketing",
    kind="campaign",
    lane=Lane.BULK,
    at=NOON,
)
ORDER = msgspec.structs.replace(
    PROMOTION, purpose="service", kind="order_placed", lane=Lane.TRANSACTIONAL
)
CODE = msgspec.structs.replace(ORDER, kind="sign_in_code", lane=Lane.OTP)
NOWHERE = msgspec.structs.replace(ORDER, address="nobody")
FACTS = Facts(zone=KOLKATA)
NO_RULES = SendingRules()


def known(**facts: Any) -> Facts:
    return msgspec.structs.replace(FACTS, **facts)


def at_night(ask: SendAsk) -> SendAsk:
    return msgspec.structs.replace(ask, at=datetime(2026, 11, 22, 18, 0, tzinfo=UTC))


COMPLAINT = known(waits=Waits(complaints=[("high", "CMP-7")]))
LATE = known(waits=Waits(late_orders=["R1001"]))
REFUND = known(waits=Waits(refunds=["R1002"]))
TWICE = known(
    sent=[
        Sent(purpose="marketing", channel="email", at=NOON - timedelta(days=5)),
        Sent(purpose="newsletter", channel="sms", at=NOON - timedelta(days=1)),
    ]
)
TWO_A_WEEK = SendingRules(caps=[Cap(count=2, days=7)])
TWO_OR_WAIT = SendingRules(caps=[Cap(count=2, days=7, over="hold")])
QUIET = SendingRules(quiet_hours=NIGHT)
QUIET_FOR_ALL = SendingRules(
    quiet_hours=QuietHours(starts="22:00", ends="08:00", covers="all", urgent_kinds=["arriving"])
)
DROP = SendingRules(
    service=ServiceHolds(on_complaint="skip", on_late_order="skip", on_refund="send")
)
MORNING = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ask", "facts", "rules", "action", "reason", "until"),
    [
        (PROMOTION, FACTS, NO_RULES, "send", "", None),
        (NOWHERE, FACTS, NO_RULES, "skip", "no_address", 0),
        (PROMOTION, known(contact="consent:withdrawn"), NO_RULES, "skip", "no_consent", 0),
        (ORDER, known(contact="suppressed:bounced"), NO_RULES, "skip", "suppressed", 0),
        (PROMOTION, known(is_wanted=False), NO_RULES, "skip", "preference", 0),
        (PROMOTION, known(dlt="One word differs."), NO_RULES, "skip", "dlt", 0),
        (PROMOTION, TWICE, TWO_A_WEEK, "skip", "capped", 0),
        (PROMOTION, TWICE, TWO_OR_WAIT, "hold", "capped", NOON + timedelta(days=2)),
        (ORDER, TWICE, TWO_A_WEEK, "send", "", None),
        (at_night(PROMOTION), FACTS, QUIET, "hold", "quiet", MORNING),
        (at_night(ORDER), FACTS, QUIET, "send", "", None),
        (at_night(ORDER), FACTS, QUIET_FOR_ALL, "hold", "quiet", MORNING),
        (at_night(CODE), FACTS, QUIET_FOR_ALL, "send", "", None),
        (
            at_night(msgspec.structs.replace(ORDER, kind="arriving")),
            FACTS,
            QUIET_FOR_ALL,
            "send",
            "",
            None,
        ),
        (PROMOTION, COMPLAINT, NO_RULES, "hold", "complaint_open", NOON + ASK_AGAIN),
        (PROMOTION, COMPLAINT, DROP, "skip", "complaint_open", 0),
        (
            PROMOTION,
            known(waits=Waits(complaints=[("normal", "CMP-8")])),
            NO_RULES,
            "send",
            "",
            None,
        ),
        (ORDER, COMPLAINT, NO_RULES, "send", "", None),
        (PROMOTION, LATE, NO_RULES, "hold", "late_order", NOON + ASK_AGAIN),
        (PROMOTION, LATE, DROP, "skip", "late_order", 0),
        (PROMOTION, REFUND, NO_RULES, "hold", "refund_open", NOON + ASK_AGAIN),
        (PROMOTION, REFUND, DROP, "send", "", None),
        (
            msgspec.structs.replace(PROMOTION, waiting_since=NOON - timedelta(days=7)),
            REFUND,
            NO_RULES,
            "skip",
            "refund_open",
            0,
        ),
        (ORDER, known(alike=10), NO_RULES, "skip", "collapsed", 0),
        (ORDER, known(alike=9), NO_RULES, "send", "", None),
        (CODE, known(alike=99), NO_RULES, "send", "", None),
        (ORDER, known(alike=1), SendingRules(storm=Storm(count=1)), "skip", "collapsed", 0),
        (
            ORDER,
            known(provider_until=NOON + timedelta(minutes=3)),
            NO_RULES,
            "hold",
            "provider_down",
            NOON + timedelta(minutes=3),
        ),
    ],
)
def test_each_rule_decides_what_it_is_there_for(
    ask: SendAsk, facts: Facts, rules: SendingRules, action: str, reason: str, until: object
) -> None:
    """A-MKT-8, 15, 16 and A-NOT-5, 7, 13, 16: what is decided, and for which reason."""
    verdict = decide(ask, facts, rules)
    assert (verdict.action, verdict.reason) == (action, reason)
    assert verdict.until == (until or None)
    assert [step.rule for step in verdict.trace] == list(RULES)


def test_every_rule_is_asked_whoever_skips_wins_and_the_longest_hold_counts() -> None:
    facts = known(contact="consent:none", waits=Waits(refunds=["R1"]))
    verdict = decide(at_night(PROMOTION), facts, QUIET)
    said = {step.rule: (step.outcome, step.detail) for step in verdict.trace}
    assert (verdict.action, verdict.reason) == ("skip", "no_consent")
    assert said["suppression_and_consent"] == (
        "skipped",
        "Consent to marketing by email: none.",
    )
    assert said["refund"] == ("held", "A refund on its way: R1.")
    assert said["quiet_hours"] == ("held", "Quiet 22:00 to 08:00 in Asia/Kolkata.")
    held = decide(at_night(PROMOTION), REFUND, QUIET)
    assert (held.action, held.reason, held.until) == ("hold", "quiet", MORNING)


@pytest.mark.parametrize(
    ("zone", "at", "until"),
    [
        # 21:59 and 22:00, 07:59 and 08:00 in Kolkata, which changes no clocks.
        (KOLKATA, "2026-03-08T16:29:59", None),
        (KOLKATA, "2026-03-08T16:30:00", "2026-03-09T02:30:00"),
        (KOLKATA, "2026-03-09T02:29:59", "2026-03-09T02:30:00"),
        (KOLKATA, "2026-03-09T02:30:00", None),
        # The night to 8 March 2026 has an hour less in New York, that to 1 November one more.
        (NEW_YORK, "2026-03-08T03:00:00", "2026-03-08T12:00:00"),
        (NEW_YORK, "2026-03-07T03:00:00", "2026-03-07T13:00:00"),
        (NEW_YORK, "2026-11-01T02:00:00", "2026-11-01T13:00:00"),
        (NEW_YORK, "2026-11-01T13:00:00", None),
    ],
)
def test_quiet_ends_by_the_persons_own_clock(zone: ZoneInfo, at: str, until: str | None) -> None:
    """A-NOT-5: Kolkata, and New York over both changes of the clocks."""
    found = quiet_until(NIGHT, zone, datetime.fromisoformat(at).replace(tzinfo=UTC))
    assert found == (datetime.fromisoformat(until).replace(tzinfo=UTC) if until else None)


@settings(max_examples=100)
@given(
    st.integers(0, 3 * 365 * 24 * 60),
    st.sampled_from(["Asia/Kolkata", "America/New_York", "Australia/Lord_Howe", "Europe/Dublin"]),
    st.times(),
    st.times(),
)
def test_a_hold_ends_later_than_it_began_and_within_a_day_and_an_hour(
    minutes: int, zone: str, starts: Any, ends: Any
) -> None:
    quiet = QuietHours(starts=f"{starts:%H:%M}", ends=f"{ends:%H:%M}")
    moment = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    until = quiet_until(quiet, ZoneInfo(zone), moment)
    assert until is None or moment < until <= moment + timedelta(hours=25)


def test_a_cap_has_room_again_when_the_oldest_it_counts_leaves_the_window() -> None:
    sent = [NOON - timedelta(days=6), NOON - timedelta(days=2), NOON - timedelta(days=1)]
    assert room_at(Cap(count=4, days=7), sent, NOON) is None
    assert room_at(Cap(count=3, days=7), sent, NOON) == NOON + timedelta(days=1)
    assert room_at(Cap(count=2, days=7), sent, NOON) == NOON + timedelta(days=5)
    assert room_at(Cap(count=1, days=1), sent, NOON) is None


@settings(max_examples=100)
@given(
    st.integers(1, 900),
    st.lists(st.tuples(st.floats(0, 20), st.integers(1, 700)), min_size=1, max_size=60),
)
def test_no_sixty_seconds_see_more_than_the_limit(
    per_minute: int, asked: list[tuple[float, int]]
) -> None:
    """A-MKT-22, with whole senders racing: every window that ends at a hand-over is looked at."""
    spent: dict[str, int] = {}
    at, handed = NOON, []
    for pause, wanted in asked:
        at += timedelta(seconds=pause)
        allowed = grant(spent, per_minute, wanted, at)
        spent = allowed.spent
        handed += [at] * allowed.granted
        assert allowed.granted == wanted or allowed.next_at > at - timedelta(seconds=1)
    for last in set(handed):
        window = [one for one in handed if last - timedelta(seconds=60) < one <= last]
        assert len(window) <= per_minute


def test_a_throttled_stream_runs_at_its_pace_and_spreads_out() -> None:
    spent: dict[str, int] = {}
    at, handed = NOON, 0
    for second in range(600):
        allowed = grant(spent, 600, 1_000, at + timedelta(seconds=second))
        assert allowed.granted <= -(-600 // SPREAD_SHARE)
        spent, handed = allowed.spent, handed + allowed.granted
    assert 5_800 <= handed <= 6_000
