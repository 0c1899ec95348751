"""Opportunities and the stages they went through."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import uuid5

from tandem.contracts.sales import (
    OpportunityAmountChanged,
    OpportunityOpened,
    OpportunityStands,
    OpportunityWithdrawn,
)
from tandem.crm.analytics.domain.folds.story import Books, Fact, Known, Story, days_between
from tandem.kernel.money import round_half_up, scale_between

CLOSED = ("won", "lost")


def deals(story: Story, books: Books) -> Iterator[Fact]:
    standings = list(story.of(OpportunityStands))
    if not standings:
        return
    opened = next(story.of(OpportunityOpened), None)
    began = opened[0].at if opened else standings[0][0].at
    yield _deal(story, books, began, standings)
    yield from _changes(story, books, standings)


def _deal(
    story: Story, books: Books, began: datetime, standings: list[tuple[Known, OpportunityStands]]
) -> Fact:
    last = standings[-1][1]
    closed = _closed_at(standings)
    home = _home_amount(story, books, standings)
    amount = None if home is None else round_half_up(home)
    weighted = None if home is None else round_half_up(home * last.probability / 100)
    is_withdrawn = any(story.of(OpportunityWithdrawn))
    values = {
        "key": story.key,
        "at": began,
        "on_day": books.day(began),
        "number": last.number,
        "customer_id": last.customer_id,
        "owner_id": last.owner_id,
        "stage": last.stage,
        # Undone with the conversion that opened it: it stands for nothing, and is in no sum.
        "status": "withdrawn" if is_withdrawn else last.status,
        "source": last.source,
        "lost_reason": last.lost_reason,
        "currency": last.currency,
        "amount_base": None if is_withdrawn else amount,
        "weighted_base": weighted if last.status == "open" and not is_withdrawn else 0,
        "close_on": last.close_on,
        "closed_at": closed,
        "closed_on": books.day(closed) if closed else None,
        "days": days_between(began, closed) if closed else None,
        **_slips([one.close_on for _, one in standings if one.close_on is not None]),
    }
    return Fact("opportunity", last.opportunity_id, values)


def _slips(expected: Sequence[date]) -> dict[str, int | None]:
    """How often the expected close was put off, and how much later than first said it is now."""
    if not expected:
        return {"slips": None, "slipped_days": None}
    return {
        "slips": sum(later > earlier for earlier, later in pairwise(expected)),
        "slipped_days": max(0, (expected[-1] - expected[0]).days),
    }


def _closed_at(standings: list[tuple[Known, OpportunityStands]]) -> datetime | None:
    """When it last came to an end; None while it is open."""
    ended: datetime | None = None
    for known, standing in standings:
        if standing.status not in CLOSED:
            ended = None
        elif ended is None:
            ended = known.at
    return ended


def _home_amount(
    story: Story, books: Books, standings: list[tuple[Known, OpportunityStands]]
) -> Decimal | None:
    """By the rate that the opportunity keeps, as its forecast does."""
    last_known, last = standings[-1]
    minor = last.amount_minor
    for known, told in story.of(OpportunityAmountChanged):
        if known.at >= last_known.at:
            minor = told.amount_minor
    if minor is None:
        return None
    return Decimal(minor) * Decimal(last.fx_rate) * scale_between(last.currency, books.currency)


def _changes(
    story: Story, books: Books, standings: list[tuple[Known, OpportunityStands]]
) -> Iterator[Fact]:
    """A row for each stage that it went into, the first one too."""
    before: tuple[str, datetime] | None = None
    for known, standing in standings:
        if before is not None and before[0] == standing.stage:
            continue
        values: dict[str, Any] = {
            "key": story.key,
            "at": known.at,
            "on_day": books.day(known.at),
            "opportunity_id": standing.opportunity_id,
            "number": standing.number,
            "owner_id": standing.owner_id,
            "from_stage": before[0] if before else "",
            "to_stage": standing.stage,
            "days": days_between(before[1], known.at) if before else None,
        }
        yield Fact("stage_change", uuid5(known.id, "stage"), values)
        before = (standing.stage, known.at)
