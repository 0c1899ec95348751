"""Deals as facts: one that was withdrawn is in no sum, one that was put off says how far."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from tandem.contracts.sales import OpportunityStands, OpportunityWithdrawn
from tandem.crm.analytics.domain.folds.deals import deals
from tandem.crm.analytics.domain.folds.story import Books, Known, Story
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tests.analytics.givens import Counted, days_ago

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
DEAL = UUID(int=1)


NAMES: dict[str, Any] = {
    "opportunity_id": DEAL, "number": "OPP-1001", "title": "Tiles", "customer_id": None,
}  # fmt: skip
BOOKS = Books(currency="INR", zone="Asia/Kolkata")


def _stands(close_on: date | None, status: str = "open") -> OpportunityStands:
    return OpportunityStands(
        pipeline_id=UUID(int=2),
        stage="Qualification",
        status=status,
        amount_minor=10_000_00,
        currency="INR",
        fx_rate="1",
        probability=10,
        close_on=close_on,
        source="",
        lost_reason="",
        owner_id=None,
        **NAMES,
    )


def test_a_deal_that_was_withdrawn_is_open_no_more_and_worth_nothing() -> None:
    stands = _stands(None)
    gone = OpportunityWithdrawn(**NAMES)
    told = [
        Known(UUID(int=10), AT, stands),
        Known(UUID(int=11), AT + timedelta(hours=1), gone),
    ]
    open_one, *_ = deals(Story(str(DEAL), told[:1]), BOOKS)
    withdrawn, *_ = deals(Story(str(DEAL), told), BOOKS)
    shown = ("status", "amount_base", "weighted_base")
    assert [open_one.values[name] for name in shown] == ["open", 10_000_00, 1_000_00]
    assert [withdrawn.values[name] for name in shown] == ["withdrawn", None, 0]


def test_a_deal_says_how_often_and_how_far_it_was_put_off() -> None:
    """ANA-09: later counts, earlier does not; without a day there is nothing to put off."""
    for days, slips, slipped in (
        ([None], None, None),
        ([5], 0, 0),
        ([None, 5, 5], 0, 0),
        ([5, 12, 10, 30], 2, 25),
        ([20, 10], 0, 0),
        ([20, 10, 15], 1, 0),
    ):
        told = [
            Known(UUID(int=10 + place), AT + timedelta(days=place), _stands(_december(day)))
            for place, day in enumerate(days)
        ]
        deal, *_ = deals(Story(str(DEAL), told), BOOKS)
        assert (deal.values["slips"], deal.values["slipped_days"]) == (slips, slipped), days


def _december(day: int | None) -> date | None:
    return None if day is None else date(2026, 12, day)


async def test_velocity_and_what_was_put_off_are_the_figures_worked_out_by_hand(
    database: Database, actor: Actor
) -> None:
    """Won after 4 days and after 6, ₹10,000 each: ₹2,000 a day. One of the two was put off."""
    company = Counted(database, actor)
    for place, days in enumerate((4, 6)):
        names = NAMES | {"opportunity_id": UUID(int=50 + place), "number": f"OPP-{place}"}
        opened = msgspec.structs.replace(_stands(date(2026, 11, 25)), **names)
        later = msgspec.structs.replace(opened, close_on=date(2026, 11, 25 + place * 3))
        won = msgspec.structs.replace(later, status="won")
        await company.tell(opened, at=days_ago(10), counts=False)
        await company.tell(later, at=days_ago(9), counts=False)
        await company.tell(won, at=days_ago(10 - days), counts=False)
    await company.count()
    found = await company.ask("velocity", "cycle_days", "slipped_share", "slipped_days")
    assert [one.value for one in found.totals] == [2_000_00, 5, 0.5, 3]
