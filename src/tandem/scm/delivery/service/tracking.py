"""What a stranger with a link sees: one delivery, its steps, and the vehicle when it is theirs."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.kernel import tokens
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Tx
from tandem.kernel.errors import Gone, NotFound
from tandem.kernel.tokens import Token
from tandem.scm.delivery.domain import eta as eta_rules
from tandem.scm.delivery.domain.deliveries import Delivery, LivePosition, StatusRow
from tandem.scm.delivery.domain.eta import Eta
from tandem.scm.delivery.domain.fleet import phone_key
from tandem.scm.delivery.domain.permissions import DISPATCH
from tandem.scm.delivery.domain.places import Point, distance
from tandem.scm.delivery.domain.proofs import ProofKind
from tandem.scm.delivery.domain.statuses import (
    BEFORE_PICKUP,
    FAILURES,
    HANDED_OVER,
    UNDER_WAY,
    Status,
)
from tandem.scm.delivery.domain.visibility import (
    OnBoard,
    OtherParcel,
    Place,
    Policy,
    Sight,
    Step,
    Tracking,
    VehicleLocation,
    is_gone,
    sight_of,
    stops_ahead,
)
from tandem.scm.delivery.service.doorcodes import resend_for_buyer
from tandem.scm.delivery.service.etas import view as eta_view
from tandem.scm.delivery.service.moves import get_locked
from tandem.scm.delivery.service.opening import TOKEN_KIND
from tandem.scm.delivery.service.viewing import position_of
from tandem.scm.delivery.store import deliveries as store
from tandem.scm.delivery.store import etas, fleet, histories, policies
from tandem.scm.delivery.store import proofs as proof_store

ORDER_TOKEN_KIND = "order"  # noqa: S105  the kind of a token, not one
SHIPMENT_TOKEN_KIND = "shipment"  # noqa: S105  on the label's square code
KINDS = frozenset({TOKEN_KIND, ORDER_TOKEN_KIND, SHIPMENT_TOKEN_KIND})
PREPARING = "preparing"
"""What the public is told of everything before pick-up: who drives is our own business."""
STALE_SECONDS = 120

QUIET = frozenset({Status.UNASSIGNED, Status.OFFERED}) | BEFORE_PICKUP


class TokenUnknown(NotFound):
    """The same for a token that never was, one of another kind and one that was revoked."""


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """A tracking answer with what the streams need to follow it; never sent to anybody."""

    org_id: UUID
    delivery_id: UUID | None
    driver_id: UUID | None
    last_seq: int
    step_seqs: list[int]
    decimals: int
    tracking: Tracking
    other_ids: list[UUID] = []
    door: Point | None = None
    live_within_m: int | None = None

    def may_see(self, lat: float, lon: float) -> bool:
        """Whether a vehicle that has gone on to this place is still shown."""
        if self.tracking.sight is not Sight.LIVE:
            return False
        if self.live_within_m is None or self.door is None:
            return True
        return distance(Point(lat, lon), self.door) <= self.live_within_m


async def watch(database: Database, token: str) -> Watched:
    """What the holder of a delivery's, a shipment's or an order's token may see now.

    Refuses with TokenUnknown (404) and Gone (410) when the link's time is over.
    """
    found = await tokens.find(database, token)
    if found is None or found.kind not in KINDS:
        raise TokenUnknown("This tracking link is not known.")
    now = database.clock.now()
    async with database.transaction(Actor.public(found.org_id)) as tx:
        return await _watch(tx, found, now)


async def look_up(database: Database, *, number: str, phone: str) -> str:
    """The tracking token for an order's or shipment's number and the recipient's phone.

    One refusal, TokenUnknown, whatever of the two is wrong.
    """
    unknown = TokenUnknown("We know no delivery with this number and phone.")
    if len(phone_key(phone)) < 7 or not number.strip():
        raise unknown
    found = await store.find_trackable(database, number.strip(), phone)
    if found is None:
        raise unknown
    async with database.transaction(Actor.public(found.org_id)) as tx:
        delivery = await store.find(tx, found.delivery_id)
        policy, _ = await policies.get(tx)
    if delivery is None or is_gone(delivery.closed_at, policy, database.clock.now()):
        raise unknown
    return delivery.public_token


async def resend_door_code(database: Database, token: str) -> None:
    """The buyer asks for the code again from the tracking page."""
    found = await tokens.find(database, token)
    now = database.clock.now()
    if found is None or found.kind != TOKEN_KIND or not found.is_live(now):
        raise TokenUnknown("This tracking link is not known.")
    async with database.transaction(Actor.public(found.org_id)) as tx:
        delivery = await get_locked(tx, found.entity_id)
        if delivery.public_token != found.token:
            raise TokenUnknown("This tracking link is not known.")
        await resend_for_buyer(tx, delivery, now=now)


async def renew_link(tx: Tx, delivery_id: UUID, *, now: datetime) -> Delivery:
    """Revoke a delivery's public link and make another: the old one is unknown from now on."""
    tx.actor.require(DISPATCH)
    delivery = await get_locked(tx, delivery_id)
    await tokens.limit(tx, kind=TOKEN_KIND, entity_id=delivery_id, expires_at=None, revoked_at=now)
    (token,) = await tokens.issue(tx, kind=TOKEN_KIND, entity_ids=[delivery_id])
    renewed = msgspec.structs.replace(delivery, public_token=token, version=delivery.version + 1)
    await store.save(tx, renewed)
    return renewed


async def _watch(tx: Tx, token: Token, now: datetime) -> Watched:
    policy, _ = await policies.get(tx)
    delivery, others = await _deliveries_of(tx, token, now)
    if delivery is None:
        return _not_shipped(token)
    if is_gone(delivery.closed_at, policy, now):
        raise Gone("This delivery is over, and so is its tracking page.")
    statuses = await histories.list_statuses(tx, delivery.id)
    live = await position_of(tx, delivery, now)
    ahead = await _stops_ahead(tx, delivery)
    away = _distance(live, delivery)
    sight = sight_of(delivery.status, ahead, away, policy)
    standing = (await etas.get(tx, [delivery.id])).get(delivery.id)
    steps, step_seqs = steps_of(statuses)
    tracking = _base(delivery, steps, sight, ahead)
    tracking = await _with_people(tx, tracking, delivery, policy, sight)
    is_coming = sight is not Sight.NOTHING and delivery.status is not Status.ARRIVED
    if is_coming and standing is not None:
        tracking = _with_eta(tracking, standing, live, now)
    if sight is Sight.LIVE and live is not None:
        tracking = _with_vehicle(tracking, live, standing, policy, now)
    given = (await proof_store.kinds_of(tx, [delivery.id])).get(delivery.id, set())
    wants_code = ProofKind.OTP in delivery.proof_policy and ProofKind.OTP not in given
    tracking = msgspec.structs.replace(
        tracking,
        proofs=sorted(given) if delivery.status is Status.DELIVERED else [],
        needs_code=wants_code and delivery.closed_at is None,
        other_parcels=[_other(other) for other in others],
    )
    last_seq = statuses[-1].seq if statuses else 0
    return Watched(
        org_id=token.org_id,
        delivery_id=delivery.id,
        driver_id=delivery.driver_id,
        last_seq=last_seq,
        step_seqs=step_seqs,
        decimals=policy.position_decimals,
        other_ids=[other.id for other in others],
        door=delivery.door,
        live_within_m=policy.live_within_m,
        tracking=msgspec.structs.replace(tracking, event_id=event_id(last_seq, tracking)),
    )


def event_id(last_seq: int, tracking: Tracking) -> str:
    """Where a stream stands: the last status and the moment of the last position."""
    location = tracking.vehicle_location
    return f"{last_seq}.{round(location.at.timestamp() * 1000) if location else 0}"


async def _deliveries_of(
    tx: Tx, token: Token, now: datetime
) -> tuple[Delivery | None, list[Delivery]]:
    """The parcel to show, and for an order's link the other ones it was sent in."""
    if token.kind == ORDER_TOKEN_KIND:
        found = await store.list_of_order(tx, token.entity_id)
        shown = min(found, key=_turn, default=None)
        others = [one for one in found if one is not shown and one.status is not Status.CANCELLED]
        return shown, others[::-1]
    if token.kind == SHIPMENT_TOKEN_KIND:
        return await store.find_by_shipment(tx, token.entity_id), []
    delivery = await store.find(tx, token.entity_id)
    if delivery is None or delivery.public_token != token.token or not token.is_live(now):
        raise TokenUnknown("This tracking link is not known.")
    return delivery, []


def _turn(delivery: Delivery) -> int:
    """Of an order's parcels, newest first, the one to look at: on its way before waiting before
    over, and a cancelled one last."""
    if delivery.closed_at is not None:
        return 4 if delivery.status is Status.CANCELLED else 3
    if delivery.status in UNDER_WAY:
        return 0
    return 1 if delivery.is_aboard else 2


def _other(delivery: Delivery) -> OtherParcel:
    return OtherParcel(
        tracking_id=delivery.public_token,
        shipment_number=delivery.shipment_number,
        status=public_status(delivery.status, delivery.reason),
    )


def _not_shipped(token: Token) -> Watched:
    """The order is there, its parcel not yet."""
    tracking = Tracking(
        tracking_id=token.token,
        order_number="",
        shipment_number="",
        status=PREPARING,
        state="OPEN",
        sight=Sight.NOTHING,
        steps=[],
        event_id="0.0",
    )
    return Watched(
        org_id=token.org_id,
        delivery_id=None,
        driver_id=None,
        last_seq=0,
        step_seqs=[],
        decimals=0,
        tracking=tracking,
    )


def _base(delivery: Delivery, steps: list[Step], sight: Sight, ahead: int | None) -> Tracking:
    is_closed = delivery.closed_at is not None
    is_done = public_status(delivery.status, delivery.reason) == Status.DELIVERED
    return Tracking(
        tracking_id=delivery.public_token,
        order_number=delivery.order_number,
        shipment_number=delivery.shipment_number,
        status=public_status(delivery.status, delivery.reason),
        state="CLOSED" if is_closed else "OPEN",
        sight=sight,
        steps=steps,
        remaining_stop_count=ahead if sight is not Sight.NOTHING else None,
        task_outcome=("SUCCEEDED" if is_done else "FAILED") if is_closed else None,
        task_outcome_time=delivery.closed_at,
        planned_location=_rounded(delivery.door, 6) if delivery.door else None,
        promised_on=delivery.promised_on,
        expected_on=delivery.expected_on if not is_closed else None,
        cash_due_minor=delivery.cod_minor or None if not is_closed else None,
        currency=delivery.currency if delivery.cod_minor else None,
    )


def public_status(status: Status, reason: str) -> str:
    if status is Status.CANCELLED and reason == HANDED_OVER:
        return Status.DELIVERED
    return PREPARING if status in QUIET else status


def steps_of(statuses: Sequence[StatusRow]) -> tuple[list[Step], list[int]]:
    """The public's view of the status table, with the sequence number of each step: applied rows,
    one step for everything before pick-up, a failure's code in words and never its note."""
    steps: list[Step] = []
    seqs: list[int] = []
    for row in statuses:
        status = public_status(row.status, row.reason)
        if row.conflict is not None or (steps and steps[-1].status == status):
            continue
        words = None
        if row.status is Status.FAILED:
            words = FAILURES.get(row.reason.partition(":")[0].strip())
        steps.append(Step(status=status, at=row.occurred_at, reason=words))
        seqs.append(row.seq)
    return steps, seqs


async def _stops_ahead(tx: Tx, delivery: Delivery) -> int | None:
    if delivery.driver_id is None or not delivery.is_aboard:
        return None
    aboard = [
        OnBoard(delivery_id=other.id, status=other.status, stop_seq=other.stop_seq)
        for other in await store.list_of_drivers(tx, [delivery.driver_id])
        if other.is_aboard
    ]
    return stops_ahead(delivery.id, aboard)


async def _with_people(
    tx: Tx, tracking: Tracking, delivery: Delivery, policy: Policy, sight: Sight
) -> Tracking:
    """The driver's first name and the vehicle, once it carries this parcel."""
    if sight is Sight.NOTHING or delivery.driver_id is None:
        return tracking
    driver = await fleet.find_driver(tx, delivery.driver_id)
    vehicle = await fleet.find_vehicle(tx, delivery.vehicle_id) if delivery.vehicle_id else None
    return msgspec.structs.replace(
        tracking,
        driver_first_name=driver.first_name if driver and policy.shows_driver_name else None,
        vehicle_kind=vehicle.kind if vehicle else None,
        vehicle_plate=vehicle.plate if vehicle and policy.shows_plate else None,
    )


def _with_eta(
    tracking: Tracking, standing: Eta, live: LivePosition | None, now: datetime
) -> Tracking:
    seen = eta_view(standing, live, now)
    return msgspec.structs.replace(
        tracking,
        remaining_driving_distance_meters=seen.distance_m,
        estimated_arrival_time=seen.arrives_at,
        estimated_minutes=seen.minutes,
        eta_confidence=seen.confidence,
        warnings=seen.warnings,
    )


def _with_vehicle(
    tracking: Tracking,
    live: LivePosition,
    standing: Eta | None,
    policy: Policy,
    now: datetime,
) -> Tracking:
    has_line = standing is not None and standing.source != "estimate"
    line = eta_rules.ahead_of(standing.points, Point(live.lat, live.lon)) if standing else []
    return msgspec.structs.replace(
        tracking,
        vehicle_location=VehicleLocation(
            latitude=round(live.lat, policy.position_decimals),
            longitude=round(live.lon, policy.position_decimals),
            heading=round(live.heading, 1) if live.heading is not None else None,
            at=live.heard_at,
            is_stale=(now - live.heard_at).total_seconds() > STALE_SECONDS,
        ),
        route_polyline_points=[_rounded(point, 6) for point in line] if has_line else [],
        route_source=standing.source if standing else None,
    )


def _distance(live: LivePosition | None, delivery: Delivery) -> float | None:
    if live is None or delivery.door is None:
        return None
    return distance(Point(live.lat, live.lon), delivery.door)


def _rounded(point: Point, decimals: int) -> Place:
    return Place(latitude=round(point.lat, decimals), longitude=round(point.lon, decimals))
