"""What came and went on the shelves."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid5

from tandem.contracts.inventory import StockAdjusted, StockCommitted, StockRestocked
from tandem.crm.analytics.domain.folds.story import Books, Fact, Known, Story


def stock(story: Story, books: Books) -> Iterator[Fact]:
    """A line for each shelf that an event changed."""
    for known, one in story.of(StockAdjusted):
        shelf = {"variant_id": one.variant_id, "sku": one.sku, "location_id": one.location_id}
        yield _line(known, 0, story, books, one.quantity, "adjusted", one.reason, shelf)
    for known, left in story.of(StockCommitted):
        yield from _moves(known, left, story, books, "shipped", "")
    for known, back in story.of(StockRestocked):
        yield from _moves(known, back, story, books, "returned", back.reason)


def _moves(
    known: Known,
    event: StockCommitted | StockRestocked,
    story: Story,
    books: Books,
    kind: str,
    reason: str,
) -> Iterator[Fact]:
    for place, move in enumerate(event.moves):
        shelf = {"variant_id": move.variant_id, "sku": move.sku, "location_id": move.location_id}
        yield _line(known, place, story, books, move.quantity, kind, reason, shelf)


def _line(
    known: Known,
    place: int,
    story: Story,
    books: Books,
    quantity: int,
    kind: str,
    reason: str,
    shelf: dict[str, Any],
) -> Fact:
    values = shelf | {
        "key": story.key,
        "at": known.at,
        "on_day": books.day(known.at),
        "kind": kind,
        "reason": reason,
        "quantity": quantity,
    }
    return Fact("stock", uuid5(known.id, str(place)), values)
