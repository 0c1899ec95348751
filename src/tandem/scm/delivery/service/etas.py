"""ETAs: the question for a route planner, what its answer means for each stop, how good it was."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from tandem.kernel.db import Tx
from tandem.scm.delivery.domain import eta
from tandem.scm.delivery.domain.deliveries import Delivery, EtaView, LivePosition
from tandem.scm.delivery.domain.eta import Eta, EtaWarning, Route
from tandem.scm.delivery.domain.fences import ARRIVING_SECONDS
from tandem.scm.delivery.domain.fleet import VehicleKind
from tandem.scm.delivery.domain.permissions import READ
from tandem.scm.delivery.domain.places import Point
from tandem.scm.delivery.domain.statuses import UNDER_WAY, Status
from tandem.scm.delivery.service.following import approach
from tandem.scm.delivery.service.moves import Told
from tandem.scm.delivery.store import deliveries as store
from tandem.scm.delivery.store import etas, fleet, positions
from tandem.scm.delivery.store.etas import Accuracy

STOPS_MAX = 24
"""Google's Routes API takes 25 intermediate points; nobody needs minutes for a later one."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Where the vehicle is, the doors it still has to reach in order, and how fast a crow of this
    kind has been here: enough for any planner, and for none."""

    driver_id: UUID
    delivery_ids: list[UUID]
    points: list[Point]
    vehicle: VehicleKind | None
    crow_mps: float
    asked_at: datetime


async def ask(tx: Tx, driver_id: UUID, *, now: datetime) -> Question | None:
    """None when the driver carries nothing that has a door, or was not heard of lately."""
    stops = [stop for stop in await _ahead(tx, driver_id) if stop.door][:STOPS_MAX]
    seen = await positions.live(tx, driver_ids=[driver_id], since=now - timedelta(hours=1))
    if not stops or not seen:
        return None
    vehicle_id = stops[0].vehicle_id
    vehicle = await fleet.find_vehicle(tx, vehicle_id) if vehicle_id else None
    kind = vehicle.kind if vehicle else None
    metres, seconds = await etas.learned(tx, kind or "any")
    return Question(
        driver_id=driver_id,
        delivery_ids=[stop.id for stop in stops],
        points=[Point(seen[0].lat, seen[0].lon), *(stop.door for stop in stops if stop.door)],
        vehicle=kind,
        crow_mps=eta.crow_speed(kind, metres, seconds),
        asked_at=now,
    )


async def record(tx: Tx, question: Question, route: Route, *, now: datetime) -> list[UUID]:
    """Keep the predictions, and let whoever is five minutes away be arriving.

    Stops that were served or reordered while the planner thought are left out. Returns the
    deliveries predicted.
    """
    still = {stop.id: stop for stop in await _ahead(tx, question.driver_id)}
    metres = 0.0
    predicted: list[UUID] = []
    times = eta.arrivals(route, question.asked_at)
    for delivery_id, leg, at in zip(question.delivery_ids, route.legs, times, strict=True):
        metres += leg.distance_m
        if delivery_id not in still:
            continue
        await etas.save(
            tx,
            Eta(
                delivery_id=delivery_id,
                arrives_at=at,
                computed_at=now,
                distance_m=round(metres, 1),
                source=route.source,
                is_fallback=route.is_fallback,
                asked_from=question.points[0],
                points=eta.first_leg(route, question.points[1]) if leg is route.legs[0] else [],
            ),
        )
        predicted.append(delivery_id)
    if predicted and times[0] - now <= timedelta(seconds=ARRIVING_SECONDS):
        first = still.get(question.delivery_ids[0])
        if first is not None and first.status is Status.EN_ROUTE:
            told = Told(occurred_at=now, point=question.points[0])
            await approach(tx, first.id, told, now)
    return predicted


async def accuracy(tx: Tx, *, from_at: datetime, to_at: datetime) -> list[Accuracy]:
    """How good the predictions made 10, 20 and 30 minutes before arrival were, by source."""
    tx.actor.require(READ)
    return await etas.accuracy(tx, from_at=from_at, to_at=to_at)


def view(standing: Eta, live: LivePosition | None, now: datetime) -> EtaView:
    """An ETA as people read it: never in the past, never sooner than what is left of the way
    allows, with what weakens it."""
    if live is None:
        warnings = [EtaWarning.STALE_DRIVER_LOCATION, EtaWarning.LOW_CONFIDENCE_ETA]
    else:
        warnings = eta.warnings_of(standing, Point(live.lat, live.lon), live.heard_at, now)
    arrives_at = eta.still_to_come(standing, live.heard_at if live else None, now)
    return EtaView(
        arrives_at=arrives_at,
        minutes=max(1, round((arrives_at - now).total_seconds() / 60)),
        distance_m=round(standing.distance_m),
        computed_at=standing.computed_at,
        source=standing.source,
        confidence=_confidence(warnings),
        warnings=warnings,
    )


def _confidence(warnings: list[EtaWarning]) -> str:
    if EtaWarning.LOW_CONFIDENCE_ETA in warnings:
        return "low"
    return "medium" if warnings else "high"


async def _ahead(tx: Tx, driver_id: UUID) -> list[Delivery]:
    """What is aboard and not at its door yet, in the order it will be served."""
    aboard = [
        stop
        for stop in await store.list_of_drivers(tx, [driver_id])
        if stop.is_aboard and stop.status is not Status.ARRIVED
    ]
    return sorted(aboard, key=lambda stop: (stop.status not in UNDER_WAY, stop.stop_seq))
