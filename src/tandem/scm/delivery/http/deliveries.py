"""Deliveries as dispatch works with them."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from litestar import Controller, Response, delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from tandem.contracts.address import FILLED, PRINTABLE
from tandem.kernel.blobs import Blobs
from tandem.kernel.company import find_zone
from tandem.kernel.db import Tx
from tandem.kernel.errors import Forbidden, IllegalMove, Invalid, NotFound
from tandem.kernel.http import (
    LIMIT_DEFAULT,
    Cursor,
    Given,
    LimitParameter,
    Now,
    Transaction,
    etag,
    refusals,
)
from tandem.kernel.pages import Page
from tandem.scm.delivery import service
from tandem.scm.delivery.domain.deliveries import (
    Delivery,
    DriverFull,
    EtaView,
    LivePosition,
    NobodyAvailable,
    ReasonText,
    StatusRow,
)
from tandem.scm.delivery.domain.doorcodes import NotAtTheDoor, TooManySends
from tandem.scm.delivery.domain.fleet import (
    Driver,
    DriverInactive,
    UnknownDriver,
    UnknownVehicle,
    Vehicle,
)
from tandem.scm.delivery.domain.proofs import CashMismatch, Proof, ProofKind, ProofMissing
from tandem.scm.delivery.domain.statuses import ReasonMissing, Status, UnknownReason
from tandem.scm.delivery.http.playback import Format, answer_playback
from tandem.scm.delivery.service import Whole
from tandem.scm.delivery.service.tracks import Playback
from tandem.scm.delivery.store.deliveries import Count

Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=300, pattern=FILLED)]
NumberFilter = Annotated[str | None, QueryParameter(max_length=60, pattern=PRINTABLE)]
Statuses = Annotated[list[Status] | None, QueryParameter(name="status", max_items=15)]


class Assignment(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A driver, or `auto`: the nearest who is on shift and has room. Without `vehicle_id` it is
    the vehicle of the driver's shift."""

    driver_id: UUID | None = None
    auto: bool = False
    vehicle_id: UUID | None = None

    def chosen(self) -> UUID | None:
        if self.auto == (self.driver_id is not None):
            raise Invalid("Name a driver, or say auto.", field="driver_id")
        return self.driver_id


class Offer(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    driver_id: UUID | None = None
    auto: bool = False

    def chosen(self) -> UUID | None:
        return Assignment(driver_id=self.driver_id, auto=self.auto).chosen()


class Because(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    reason: Reason


class Reattempt(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    on: date | None = None
    reason: ReasonText = ""


class SetStatus(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    status: Status
    reason: Reason


class SetProofs(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    proof_policy: Annotated[list[ProofKind], msgspec.Meta(max_length=3)]
    reason: Reason


class DeliveryShown(Delivery, frozen=True, kw_only=True):
    """One delivery with everything staff look at beside it. Door codes are no part of it."""

    allowed: list[Status]
    missing: list[str]
    statuses: list[StatusRow]
    proofs: list[Proof]
    driver: Driver | None
    vehicle: Vehicle | None
    position: LivePosition | None
    eta: EtaView | None


def _shown(whole: Whole) -> DeliveryShown:
    fields = {name: getattr(whole.delivery, name) for name in Delivery.__struct_fields__}
    beside = {name: getattr(whole, name) for name in whole.__struct_fields__ if name != "delivery"}
    return DeliveryShown(**fields, **beside)


class DeliveriesController(Controller):
    path = "/v1/deliveries"
    tags = ("delivery",)

    @get("/", responses=refusals(Forbidden, Invalid))
    async def list_deliveries(
        self,
        tx: Transaction,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
        statuses: Statuses = None,
        driver_id: FromQuery[UUID | None] = None,
        order_id: FromQuery[UUID | None] = None,
        number: NumberFilter = None,
        is_open: FromQuery[bool] = True,
        sort: FromQuery[Literal["newest", "promised"]] = "newest",
    ) -> Page[Delivery]:
        """Open ones by default, newest first; `sort=promised` puts the late ones first.

        `number` finds by an order's or shipment's number, open or not.
        """
        return await service.list_deliveries(
            tx,
            is_open=is_open,
            late_first=sort == "promised",
            statuses=statuses or (),
            driver_id=driver_id,
            order_id=order_id,
            number=number,
            limit=limit,
            cursor=cursor,
        )

    @get("/counts", responses=refusals(Forbidden))
    async def count_deliveries(self, tx: Transaction, now: Now) -> list[Count]:
        """Open deliveries per status, and how many of them are past their promised day."""
        return await service.count_open(tx, today=await _today(tx, now))

    @get("/live", responses=refusals(Forbidden))
    async def live_positions(self, tx: Transaction, now: Now) -> list[LivePosition]:
        """Where every vehicle was last believed to be; `/stream` goes on from here."""
        return await service.live_positions(tx, now=now)

    @get("/{delivery_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def get_delivery(
        self, delivery_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[DeliveryShown]:
        """One delivery with its statuses, proofs, driver, position and ETA."""
        shown = _shown(await service.whole(tx, delivery_id, now=now))
        return Response(shown, headers=etag(shown.version))

    @get("/{delivery_id:uuid}/statuses", responses=refusals(Forbidden, NotFound))
    async def list_statuses(self, delivery_id: FromPath[UUID], tx: Transaction) -> Page[StatusRow]:
        """The status table: every status with the device's time and ours, conflicts included."""
        return Page(items=await service.list_statuses(tx, delivery_id))

    @post(
        "/{delivery_id:uuid}/assignment",
        responses=refusals(
            Forbidden,
            NotFound,
            IllegalMove,
            NobodyAvailable,
            DriverFull,
            DriverInactive,
            UnknownDriver,
            UnknownVehicle,
        ),
    )
    async def assign(
        self, delivery_id: FromPath[UUID], data: JSONBody[Assignment], tx: Transaction, now: Now
    ) -> Delivery:
        """Give it to a driver, as the next stop of the run. Before pick-up it can change hands."""
        return await service.assign(
            tx, delivery_id, driver_id=data.chosen(), vehicle_id=data.vehicle_id, now=now
        )

    @delete(
        "/{delivery_id:uuid}/assignment",
        status_code=200,
        responses=refusals(Forbidden, NotFound, IllegalMove),
    )
    async def unassign(self, delivery_id: FromPath[UUID], tx: Transaction, now: Now) -> Delivery:
        """Take it back from its driver, or take an offer back; possible until pick-up."""
        return await service.unassign(tx, delivery_id, reason="unassigned", now=now)

    @post(
        "/{delivery_id:uuid}/offer",
        responses=refusals(
            Forbidden, NotFound, IllegalMove, NobodyAvailable, DriverInactive, UnknownDriver
        ),
    )
    async def offer(
        self, delivery_id: FromPath[UUID], data: JSONBody[Offer], tx: Transaction, now: Now
    ) -> Delivery:
        """Ask a driver, or with `auto` the nearest ones in turn; no answer is a no."""
        return await service.offer(tx, delivery_id, driver_id=data.chosen(), now=now)

    @post(
        "/{delivery_id:uuid}/cancellation",
        responses=refusals(Forbidden, NotFound, IllegalMove, ReasonMissing),
    )
    async def cancel(
        self, delivery_id: FromPath[UUID], data: JSONBody[Because], tx: Transaction, now: Now
    ) -> Delivery:
        """End it before pick-up."""
        return await service.cancel(tx, delivery_id, reason=data.reason, now=now)

    @post(
        "/{delivery_id:uuid}/reattempt",
        responses=refusals(Forbidden, NotFound, IllegalMove),
    )
    async def schedule_reattempt(
        self, delivery_id: FromPath[UUID], data: JSONBody[Reattempt], tx: Transaction, now: Now
    ) -> Delivery:
        """Plan another try after a failed one. The next try sends the buyer a new code."""
        return await service.schedule_reattempt(
            tx, delivery_id, on=data.on, reason=data.reason, now=now
        )

    @post(
        "/{delivery_id:uuid}/statuses",
        responses=refusals(
            Forbidden,
            NotFound,
            IllegalMove,
            ReasonMissing,
            UnknownReason,
            ProofMissing,
            CashMismatch,
        ),
    )
    async def set_status(
        self, delivery_id: FromPath[UUID], data: JSONBody[SetStatus], tx: Transaction, now: Now
    ) -> Delivery:
        """Write a status by hand, along the same table of moves; audited with the reason."""
        return await service.set_status(
            tx, delivery_id, status=data.status, reason=data.reason, now=now
        )

    @put(
        "/{delivery_id:uuid}/proof-policy",
        responses=refusals(Forbidden, NotFound, IllegalMove),
    )
    async def set_proof_policy(
        self, delivery_id: FromPath[UUID], data: JSONBody[SetProofs], tx: Transaction, now: Now
    ) -> Delivery:
        """Ask for other proofs on this one delivery; audited with the reason."""
        return await service.set_proof_policy(
            tx, delivery_id, kinds=data.proof_policy, reason=data.reason, now=now
        )

    @post(
        "/{delivery_id:uuid}/door-code",
        status_code=202,
        responses=refusals(Forbidden, NotFound, NotAtTheDoor, TooManySends),
    )
    async def send_door_code(
        self, delivery_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> dict[str, bool]:
        """Let the buyer have the code again; a new one when the old is locked. Nobody here sees
        it."""
        await service.send_again(tx, delivery_id, now=now)
        return {"is_requested": True}

    @post("/{delivery_id:uuid}/tracking-link", responses=refusals(Forbidden, NotFound))
    async def renew_link(self, delivery_id: FromPath[UUID], tx: Transaction, now: Now) -> Delivery:
        """Revoke the public link and make another."""
        return await service.renew_link(tx, delivery_id, now=now)

    @get("/{delivery_id:uuid}/proofs", responses=refusals(Forbidden, NotFound))
    async def list_proofs(self, delivery_id: FromPath[UUID], tx: Transaction) -> Page[Proof]:
        return Page(items=await service.list_proofs(tx, delivery_id))

    @get(
        "/{delivery_id:uuid}/proofs/{proof_id:uuid}/file",
        media_type="application/octet-stream",
        responses=refusals(Forbidden, NotFound),
    )
    async def read_picture(
        self,
        delivery_id: FromPath[UUID],
        proof_id: FromPath[UUID],
        tx: Transaction,
        resources: Given,
    ) -> Response[bytes]:
        """The photo or signature itself."""
        blob, content = await service.read_picture(tx, resources.get(Blobs), delivery_id, proof_id)
        headers = {"x-content-type-options": "nosniff", "cache-control": "private, max-age=3600"}
        return Response(content, media_type=blob.media_type, headers=headers)

    @get("/{delivery_id:uuid}/track", responses=refusals(Forbidden, NotFound, Invalid))
    async def track(
        self,
        delivery_id: FromPath[UUID],
        tx: Transaction,
        now: Now,
        format: FromQuery[Format] = "json",  # noqa: A002
    ) -> Response[Playback] | Response[bytes]:
        """The parcel's way from pick-up on. The look is kept in the access log."""
        return answer_playback(await service.track_of_delivery(tx, delivery_id, now=now), format)


async def _today(tx: Tx, now: datetime) -> date:
    """The business day by the company's clock."""
    return now.astimezone(ZoneInfo(await find_zone(tx))).date()
