"""Whatever is told, in any order and any number of times, ends in the same payment (AP3, P4)."""

import random
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.kernel.ids import new_id
from tandem.scm.payments.domain import (
    RANK,
    Fact,
    Payment,
    PaymentFact,
    Refund,
    RefundFact,
    RefundStatus,
    Source,
    Status,
    advance,
    advance_refund,
    match_refund,
    settle,
)

START = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
PAYMENT_ID, ORDER_ID = new_id(), new_id()


def told(kind: str, minutes: int, **what: PaymentFact | RefundFact) -> Fact:
    return Fact(
        provider="razorpay",
        provider_payment_id="pay_1",
        source=Source.WEBHOOK,
        event_id=kind,
        kind=kind,
        occurred_at=START + timedelta(minutes=minutes),
        **what,  # type: ignore[arg-type]  # one keyword, of the kind it names
    )


def payment(status: Status, *, amount: int | None = 50_000, error: str = "") -> PaymentFact:
    has_fee = RANK[status] >= RANK[Status.CAPTURED]
    return PaymentFact(
        provider_order_id="order_1",
        status=status,
        amount_minor=amount,
        currency="INR" if amount is not None else None,
        method="upi" if amount is not None else "",
        fee_minor=1180 if has_fee else None,
        tax_minor=180 if has_fee else None,
        error=error,
    )


def refund(status: RefundStatus, amount: int = 50_000, name: str = "rfnd_1") -> RefundFact:
    return RefundFact(provider_refund_id=name, status=status, amount_minor=amount, currency="INR")


SIX = (
    told("payment.authorized", 1, payment=payment(Status.AUTHORIZED)),
    told("payment.captured", 2, payment=payment(Status.CAPTURED)),
    told("order.paid", 3, payment=payment(Status.CAPTURED)),
    told("refund.created", 4, refund=refund(RefundStatus.PENDING)),
    told("refund.processed", 5, refund=refund(RefundStatus.PROCESSED)),
    told("browser.returned", 2, payment=payment(Status.AUTHORIZED, amount=None)),
)


def new_payment() -> Payment:
    return Payment(
        id=PAYMENT_ID,
        order_id=ORDER_ID,
        order_number="R1001",
        intent_id=None,
        provider="razorpay",
        provider_payment_id="pay_1",
        mode="test",
        created_at=START,
    )


def fold(facts: Iterable[Fact]) -> tuple[Payment, list[Refund]]:
    """What the service does to its rows, without rows."""
    row, refunds = new_payment(), dict[str, Refund]()
    for fact in facts:
        if fact.payment:
            row = advance(row, fact.payment, occurred_at=fact.occurred_at)
        if fact.refund:
            known = match_refund(list(refunds.values()), fact.refund) or new_refund(fact.refund)
            refunds[fact.refund.provider_refund_id] = advance_refund(
                known, fact.refund, occurred_at=fact.occurred_at
            )
        row = settle(row, refunds.values())
    return row, [refunds[name] for name in sorted(refunds)]


def new_refund(fact: RefundFact) -> Refund:
    return Refund(
        id=PAYMENT_ID,
        payment_id=PAYMENT_ID,
        order_id=ORDER_ID,
        amount_minor=fact.amount_minor,
        currency=fact.currency,
        reason="",
        status=RefundStatus.REQUESTED,
        is_ours=False,
        idempotency_key=fact.provider_refund_id,
        requested_at=START,
    )


def test_all_720_orders_with_duplicates_end_refunded() -> None:
    chance = random.Random(1)
    expected = fold(SIX)
    assert expected[0].status is Status.REFUNDED
    assert (expected[0].captured_minor, expected[0].refunded_minor) == (50_000, 50_000)
    assert (expected[0].fee_minor, expected[0].tax_minor) == (1180, 180)
    assert expected[0].captured_at == START + timedelta(minutes=2)
    seen = 0
    for order in permutations(SIX):
        doubled = [fact for fact in order for _ in range(chance.randint(1, 3))]
        late_again = [*doubled, *chance.choices(order, k=chance.randint(0, 4))]
        assert fold(order) == expected
        assert fold(late_again) == expected
        seen += 1
    assert seen == 720


@pytest.mark.parametrize("count", range(1, len(SIX)))
def test_a_payment_never_moves_back_at_any_step(count: int) -> None:
    for order in permutations(SIX, count):
        ranks = [RANK[fold(order[: place + 1])[0].status] for place in range(count)]
        assert ranks == sorted(ranks)


def test_a_refund_that_is_told_first_waits_for_the_capture() -> None:
    processed = told("refund.processed", 5, refund=refund(RefundStatus.PROCESSED, 20_000))
    held, refunds = fold([processed, SIX[0]])
    assert (held.status, held.refunded_minor) == (Status.AUTHORIZED, 0)
    assert refunds[0].status is RefundStatus.PROCESSED
    known, _ = fold([processed, SIX[0], SIX[1]])
    assert (known.status, known.refunded_minor) == (Status.PARTIALLY_REFUNDED, 20_000)


def test_a_failure_may_still_become_an_authorisation_and_never_the_other_way() -> None:
    failed = told("payment.failed", 0, payment=payment(Status.FAILED, error="No funds"))
    row, _ = fold([failed])
    assert (row.status, row.error) == (Status.FAILED, "No funds")
    for order in permutations([failed, SIX[0]]):
        late, _ = fold(order)
        assert (late.status, late.error) == (Status.AUTHORIZED, "")


def test_the_latest_failure_is_the_one_that_shows() -> None:
    first = told("payment.failed", 1, payment=payment(Status.FAILED, error="Wrong PIN"))
    second = told("again", 2, payment=payment(Status.FAILED, error="No funds"))
    assert {fold(order)[0].error for order in permutations([first, second])} == {"No funds"}


def test_an_authorisation_that_was_given_back_was_never_captured() -> None:
    given_back = told("payment.auto_refunded", 9, payment=payment(Status.AUTO_REFUNDED))
    processed = told("refund.processed", 9, refund=refund(RefundStatus.PROCESSED))
    for order in permutations([SIX[0], given_back, processed]):
        row, _ = fold(order)
        assert (row.status, row.captured_minor, row.refunded_minor) == (Status.AUTO_REFUNDED, 0, 0)


FACTS = st.sampled_from(
    [
        *SIX,
        told("payment.failed", 0, payment=payment(Status.FAILED, error="No funds")),
        told("payment.created", 0, payment=payment(Status.CREATED)),
        told("refund.failed", 6, refund=refund(RefundStatus.FAILED, 10_000, "rfnd_2")),
        told("partial", 6, refund=refund(RefundStatus.PENDING, 10_000, "rfnd_2")),
        told("partial.done", 7, refund=refund(RefundStatus.PROCESSED, 10_000, "rfnd_3")),
    ]
)


@settings(max_examples=400)
@given(st.lists(FACTS, max_size=14), st.randoms(use_true_random=False))
def test_any_telling_is_the_same_in_any_order_and_number(
    facts: Sequence[Fact], chance: random.Random
) -> None:
    shuffled = [*facts, *chance.choices(facts, k=len(facts))] if facts else []
    chance.shuffle(shuffled)
    assert fold(shuffled) == fold(facts)
