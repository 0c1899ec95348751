"""Customers: how many came, and which of them are still there."""

from collections.abc import Iterator

from tandem.contracts.customers import (
    CustomerAdded,
    CustomerErased,
)
from tandem.crm.analytics.domain.folds.story import Books, Fact, Story


def customers(story: Story, books: Books) -> Iterator[Fact]:
    """Nothing of who they are: an id and a day."""
    first = next(story.of(CustomerAdded), None)
    if first is None:
        return
    known, added = first
    erased = any(story.of(CustomerErased))
    values = {
        "key": story.key,
        "at": known.at,
        "on_day": books.day(known.at),
        "status": "erased" if erased else "active",
    }
    yield Fact("customer", added.customer_id, values)
