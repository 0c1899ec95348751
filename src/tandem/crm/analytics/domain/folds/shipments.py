"""Shipments, and whether they came when it was promised."""

from collections.abc import Iterator
from typing import Any

from tandem.contracts.shipping import (
    PromiseRevised,
    ShipmentCancelled,
    ShipmentCreated,
    ShipmentEvent,
    ShipmentStatusChanged,
)
from tandem.crm.analytics.domain.folds.orders import placed_of
from tandem.crm.analytics.domain.folds.story import Books, Fact, Known, Story, hours_between

DELIVERED = "delivered"
FAILED = "delivery_failed"


def shipments(story: Story, books: Books) -> Iterator[Fact]:
    for known, created in story.of(ShipmentCreated):
        mine = [
            (at, event) for at, event in story.of(ShipmentEvent)
            if event.shipment_id == created.shipment_id
        ]  # fmt: skip
        values = {
            "key": story.key,
            "at": known.at,
            "on_day": books.day(known.at),
            "order_id": created.order_id,
            "number": created.number,
            "carrier": created.carrier,
            "status": _status(mine),
            "state_code": _state(story),
            "promised_on": created.promised_on,
            "revisions": sum(isinstance(event, PromiseRevised) for _, event in mine),
            "failures": sum(_is(event, FAILED) for _, event in mine),
        }
        yield Fact("shipment", created.shipment_id, values | _arrival(story, books, created, mine))


def _status(mine: list[tuple[Known, ShipmentEvent]]) -> str:
    status = "created"
    for _, event in mine:
        if isinstance(event, ShipmentStatusChanged):
            status = event.status
        elif isinstance(event, ShipmentCancelled):
            status = "cancelled"
    return status


def _arrival(
    story: Story,
    books: Books,
    created: ShipmentCreated,
    mine: list[tuple[Known, ShipmentEvent]],
) -> dict[str, Any]:
    """A promise is kept on its day, by the day in the company's time zone; the first one counts,
    whatever it was revised to."""
    times = [
        event.occurred_at
        for _, event in mine
        if isinstance(event, ShipmentStatusChanged) and event.status == DELIVERED
    ]
    if not times:
        return dict.fromkeys(("delivered_at", "delivered_on", "is_kept", "hours"))
    at = min(times)
    day = books.day(at)
    placed = placed_of(story)
    return {
        "delivered_at": at,
        "delivered_on": day,
        "is_kept": None if created.promised_on is None else day <= created.promised_on,
        "hours": hours_between(placed[0], at) if placed else None,
    }


def _state(story: Story) -> str:
    placed = placed_of(story)
    return placed[1].state_code if placed else ""


def _is(event: ShipmentEvent, status: str) -> bool:
    return isinstance(event, ShipmentStatusChanged) and event.status == status
