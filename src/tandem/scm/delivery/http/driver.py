"""What a driver's phone calls. A device's bearer token, or a person linked to a driver."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, delete, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath, JSONBody, MultipartBody

from tandem.kernel.blobs import SIZE_MAX, Blobs
from tandem.kernel.errors import Forbidden, IllegalMove, Invalid, NotFound, TooLarge
from tandem.kernel.http import Given, Now, Transaction, refusals
from tandem.scm.delivery import service
from tandem.scm.delivery.domain.deliveries import EVENTS_MAX, ClientEvent, Report, SyncResult
from tandem.scm.delivery.domain.doorcodes import Code, DoorCodeLocked, NotAtTheDoor, WrongDoorCode
from tandem.scm.delivery.domain.fleet import Shift, UnknownVehicle, VehicleInUse
from tandem.scm.delivery.domain.pings import Instant
from tandem.scm.delivery.domain.places import Latitude, Longitude, Point
from tandem.scm.delivery.domain.proofs import (
    CashMismatch,
    NotAPicture,
    Note,
    Proof,
    ProofKind,
    ProofMissing,
    TooManyProofs,
)
from tandem.scm.delivery.domain.statuses import NotYours, ReasonMissing, UnknownReason
from tandem.scm.delivery.http.fleet import ShiftStart
from tandem.scm.delivery.service import DriverDay, DriverStop
from tandem.scm.delivery.service.reporting import add_picture


class DriverReport(Report, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`sent_at` is what the phone's clock shows now, so that `at` can be corrected."""

    sent_at: Instant | None = None


class Queue(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """An offline queue, oldest first or not."""

    events: Annotated[list[ClientEvent], msgspec.Meta(min_length=1, max_length=EVENTS_MAX)]
    sent_at: Instant | None = None


class Synced(msgspec.Struct, kw_only=True):
    results: list[SyncResult]


class CodeCheck(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    code: Code
    lat: Latitude | None = None
    lon: Longitude | None = None


class ProofForm(msgspec.Struct, kw_only=True):
    """`at` is the phone's time; `client_event_id` its own name for the picture."""

    file: UploadFile
    kind: str
    at: Instant | None = None
    sent_at: Instant | None = None
    lat: Latitude | None = None
    lon: Longitude | None = None
    client_event_id: UUID | None = None
    recipient_name: Annotated[str, msgspec.Meta(max_length=100, pattern=r"^[^\x00]*$")] = ""
    note: Note = ""


class DriverController(Controller):
    path = "/v1/driver"
    tags = ("driver",)

    @get("/day", responses=refusals(Forbidden))
    async def day(self, tx: Transaction) -> DriverDay:
        """Who I am, my shift and vehicle, and every open stop in order with its possible taps."""
        return await service.day(tx)

    @post("/shifts", responses=refusals(Forbidden, UnknownVehicle, VehicleInUse))
    async def start_shift(self, data: JSONBody[ShiftStart], tx: Transaction, now: Now) -> Shift:
        """Go on shift."""
        driver = await service.current_driver(tx)
        return await service.start_shift(tx, driver.id, vehicle_id=data.vehicle_id, now=now)

    @delete("/shifts/current", responses=refusals(Forbidden))
    async def end_shift(self, tx: Transaction, now: Now) -> None:
        """Go off shift. Open stops stay assigned."""
        driver = await service.current_driver(tx)
        await service.end_shift(tx, driver.id, now=now)

    @post(
        "/deliveries/{delivery_id:uuid}/statuses",
        responses=refusals(
            Forbidden,
            NotFound,
            NotYours,
            IllegalMove,
            ReasonMissing,
            UnknownReason,
            ProofMissing,
            CashMismatch,
            NotAtTheDoor,
            DoorCodeLocked,
            WrongDoorCode,
        ),
    )
    async def report(
        self, delivery_id: FromPath[UUID], data: JSONBody[DriverReport], tx: Transaction, now: Now
    ) -> DriverStop:
        """Say what happened. With `door_code` the code is checked on the way; with `cash_minor` the
        amount due was collected. Saying it twice changes nothing."""
        delivery = await service.report(tx, delivery_id, data, sent_at=data.sent_at, now=now)
        return await service.stop_of(tx, delivery)

    @post("/events", status_code=200, responses=refusals(Forbidden))
    async def sync(self, data: JSONBody[Queue], tx: Transaction, now: Now) -> Synced:
        """Take over an offline queue. Every event is kept once with the device's time; one that
        conflicts is reported and moves nothing."""
        results = await service.sync(tx, data.events, sent_at=data.sent_at, now=now)
        return Synced(results=results)

    @post(
        "/deliveries/{delivery_id:uuid}/door-code-checks",
        status_code=200,
        responses=refusals(
            Forbidden, NotFound, NotYours, NotAtTheDoor, DoorCodeLocked, WrongDoorCode
        ),
    )
    async def check_door_code(
        self, delivery_id: FromPath[UUID], data: JSONBody[CodeCheck], tx: Transaction, now: Now
    ) -> Proof:
        """Check the code the buyer says. Five wrong ones lock it; right twice is right once."""
        has_place = data.lat is not None and data.lon is not None
        return await service.check_door_code(
            tx,
            delivery_id,
            given=data.code,
            point=Point(data.lat, data.lon) if has_place else None,  # type: ignore[arg-type]
            now=now,
        )

    @post(
        "/deliveries/{delivery_id:uuid}/proofs",
        responses=refusals(Forbidden, NotFound, NotYours, NotAPicture, TooManyProofs, TooLarge),
    )
    async def add_proof(
        self,
        delivery_id: FromPath[UUID],
        data: MultipartBody[ProofForm],
        tx: Transaction,
        now: Now,
        resources: Given,
    ) -> Proof:
        """Send a photo or a signature: PNG, JPEG or WebP."""
        if data.kind not in {ProofKind.PHOTO, ProofKind.SIGNATURE}:
            raise Invalid("Send a photo or a signature.", field="kind")
        content = await data.file.read(SIZE_MAX + 1)
        has_place = data.lat is not None and data.lon is not None
        return await add_picture(
            tx,
            resources.get(Blobs),
            delivery_id,
            kind=ProofKind(data.kind),
            content=content,
            media_type=data.file.content_type,
            at=data.at,
            sent_at=data.sent_at,
            point=Point(data.lat, data.lon) if has_place else None,  # type: ignore[arg-type]
            client_event_id=data.client_event_id,
            meta={
                name: value
                for name, value in (
                    ("recipient_name", data.recipient_name),
                    ("note", data.note),
                )
                if value
            },
            now=now,
        )
