"""A deal that went with the conversion that opened it is in no sum."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from tandem.contracts.sales import OpportunityStands, OpportunityWithdrawn
from tandem.crm.analytics.domain.folds.deals import deals
from tandem.crm.analytics.domain.folds.story import Books, Known, Story

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
DEAL = UUID(int=1)


def test_a_deal_that_was_withdrawn_is_open_no_more_and_worth_nothing() -> None:
    names = {"opportunity_id": DEAL, "number": "OPP-1001", "title": "Tiles", "customer_id": None}
    stands = OpportunityStands(
        pipeline_id=UUID(int=2),
        stage="Qualification",
        status="open",
        amount_minor=10_000_00,
        currency="INR",
        fx_rate="1",
        probability=10,
        close_on=None,
        source="",
        lost_reason="",
        owner_id=None,
        **names,  # type: ignore[arg-type]  # of several types
    )
    gone = OpportunityWithdrawn(**names)  # type: ignore[arg-type]  # of several types
    told = [
        Known(UUID(int=10), AT, stands),
        Known(UUID(int=11), AT + timedelta(hours=1), gone),
    ]
    books = Books(currency="INR", zone="Asia/Kolkata")
    open_one, *_ = deals(Story(str(DEAL), told[:1]), books)
    withdrawn, *_ = deals(Story(str(DEAL), told), books)
    shown = ("status", "amount_base", "weighted_base")
    assert [open_one.values[name] for name in shown] == ["open", 10_000_00, 1_000_00]
    assert [withdrawn.values[name] for name in shown] == ["withdrawn", None, 0]
