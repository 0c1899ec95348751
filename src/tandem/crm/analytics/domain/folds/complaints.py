"""Complaints: how many, how long they took, what people thought of it."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from tandem.contracts.support import (
    ComplaintBreached,
    ComplaintEvent,
    ComplaintOpened,
    ComplaintRated,
    ComplaintStatusChanged,
)
from tandem.crm.analytics.domain.folds.story import Books, Fact, Known, Story, hours_between

DONE = ("resolved", "closed")


def complaints(story: Story, books: Books) -> Iterator[Fact]:
    for known, opened in story.of(ComplaintOpened):
        mine = _mine(story, opened.complaint_id)
        ratings = [event.rating for _, event in mine if isinstance(event, ComplaintRated)]
        values = {
            "key": story.key,
            "at": known.at,
            "on_day": books.day(known.at),
            "order_id": opened.order_id,
            "customer_id": opened.customer_id,
            "number": opened.number,
            "category": opened.category,
            "severity": opened.severity,
            "queue": opened.queue,
            "channel": opened.channel,
            "is_breached": any(isinstance(event, ComplaintBreached) for _, event in mine),
            "rating": ratings[-1] if ratings else None,
        }
        yield Fact("complaint", opened.complaint_id, values | _end(known, books, mine))


def _mine(story: Story, complaint_id: UUID) -> list[tuple[Known, ComplaintEvent]]:
    return [
        (known, event)
        for known, event in story.of(ComplaintEvent)
        if event.complaint_id == complaint_id
    ]


def _end(opened: Known, books: Books, mine: list[tuple[Known, ComplaintEvent]]) -> dict[str, Any]:
    """Solved when it was last moved to an end; opened again, it is not."""
    status, solved = "open", None
    for known, event in mine:
        if isinstance(event, ComplaintStatusChanged):
            if event.after not in DONE:
                solved = None
            elif status not in DONE:
                solved = known.at
            status = event.after
    return {
        "status": status,
        "resolved_at": solved,
        "resolved_on": books.day(solved) if solved else None,
        "hours": hours_between(opened.at, solved) if solved else None,
    }
