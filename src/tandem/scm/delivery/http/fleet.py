"""Drivers, vehicles, their devices and shifts."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody

from tandem.kernel.errors import Forbidden, Invalid, NotFound, StaleVersion
from tandem.kernel.http import (
    LIMIT_DEFAULT,
    Cursor,
    IfMatch,
    LimitParameter,
    Now,
    Transaction,
    check_if_match,
    etag,
    refusals,
)
from tandem.kernel.pages import Page
from tandem.scm.delivery import service
from tandem.scm.delivery.domain.fleet import (
    Device,
    Driver,
    DriverBusy,
    Name,
    Phone,
    PhoneTaken,
    Plate,
    PlateTaken,
    Shift,
    TooManyDevices,
    UnknownVehicle,
    Vehicle,
    VehicleInUse,
    VehicleKind,
)
from tandem.scm.delivery.http.playback import Format, From, Until, answer_playback, moment
from tandem.scm.delivery.service.fleet import lock_driver
from tandem.scm.delivery.service.tracks import Playback
from tandem.scm.delivery.store.views import View

StopsMax = Annotated[int, msgspec.Meta(ge=1, le=500)]


class NewDriver(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """`phone` in E.164; `user_id` links somebody who signs in to the console."""

    name: Name
    phone: Phone
    user_id: UUID | None = None
    stops_max: StopsMax = 20


class DriverChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Fields left out stay as they are."""

    name: Name | None = None
    phone: Phone | None = None
    user_id: UUID | None = None
    is_unlinked: bool = False
    """True takes the link to a person away."""
    stops_max: StopsMax | None = None
    is_active: bool | None = None


class NewVehicle(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    kind: VehicleKind
    plate: Plate


class VehicleChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Fields left out stay as they are."""

    kind: VehicleKind | None = None
    plate: Plate | None = None
    is_active: bool | None = None


class NewDevice(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    name: Name


class MadeDevice(msgspec.Struct, kw_only=True):
    """`token` is shown this once; the device sends it as `Authorization: Bearer`."""

    device: Device
    token: str


class ShiftStart(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    vehicle_id: UUID | None = None


class DriversController(Controller):
    path = "/v1/drivers"
    tags = ("delivery",)

    @post("/", responses=refusals(Forbidden, PhoneTaken))
    async def add_driver(
        self, data: JSONBody[NewDriver], tx: Transaction, now: Now
    ) -> Response[Driver]:
        """Add a driver. How they sign in: by phone and texted code, or with a device you make."""
        driver = await service.add_driver(
            tx,
            name=data.name,
            phone=data.phone,
            user_id=data.user_id,
            stops_max=data.stops_max,
            now=now,
        )
        return Response(driver, headers=etag(driver.version))

    @get("/", responses=refusals(Forbidden, Invalid))
    async def list_drivers(
        self,
        tx: Transaction,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
        is_active: FromQuery[bool | None] = None,
    ) -> Page[Driver]:
        """By name."""
        return await service.list_drivers(tx, is_active=is_active, limit=limit, cursor=cursor)

    @get("/{driver_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def get_driver(self, driver_id: FromPath[UUID], tx: Transaction) -> Response[Driver]:
        driver = await service.get_driver(tx, driver_id)
        return Response(driver, headers=etag(driver.version))

    @patch(
        "/{driver_id:uuid}",
        responses=refusals(Forbidden, NotFound, PhoneTaken, DriverBusy, StaleVersion),
    )
    async def change_driver(
        self,
        driver_id: FromPath[UUID],
        data: JSONBody[DriverChange],
        tx: Transaction,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response[Driver]:
        """Change the fields given. An inactive driver's devices stop working at once."""
        before = await lock_driver(tx, driver_id)
        check_if_match(if_match, before.version)
        wanted = msgspec.structs.replace(
            before,
            name=data.name or before.name,
            phone=data.phone or before.phone,
            user_id=None if data.is_unlinked else data.user_id or before.user_id,
            stops_max=data.stops_max or before.stops_max,
            is_active=before.is_active if data.is_active is None else data.is_active,
        )
        driver = await service.change_driver(tx, wanted, now=now)
        return Response(driver, headers=etag(driver.version))

    @post("/{driver_id:uuid}/devices", responses=refusals(Forbidden, NotFound, TooManyDevices))
    async def add_device(
        self, driver_id: FromPath[UUID], data: JSONBody[NewDevice], tx: Transaction, now: Now
    ) -> MadeDevice:
        """Make a device that reports for the driver, and its token."""
        device, token = await service.add_device(tx, driver_id, name=data.name, now=now)
        return MadeDevice(device=device, token=token)

    @get("/{driver_id:uuid}/devices", responses=refusals(Forbidden, NotFound))
    async def list_devices(self, driver_id: FromPath[UUID], tx: Transaction) -> Page[Device]:
        """Those whose token still works."""
        return Page(items=await service.list_devices(tx, driver_id))

    @delete("/{driver_id:uuid}/devices/{device_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def revoke_device(
        self, driver_id: FromPath[UUID], device_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> None:
        """Its token stops working within a second."""
        await service.revoke_device(tx, driver_id, device_id, now=now)

    @post(
        "/{driver_id:uuid}/shift",
        responses=refusals(Forbidden, NotFound, UnknownVehicle, VehicleInUse),
    )
    async def start_shift(
        self, driver_id: FromPath[UUID], data: JSONBody[ShiftStart], tx: Transaction, now: Now
    ) -> Shift:
        """Put a driver on shift, with a vehicle nobody else has."""
        return await service.start_shift(tx, driver_id, vehicle_id=data.vehicle_id, now=now)

    @delete("/{driver_id:uuid}/shift", responses=refusals(Forbidden, NotFound))
    async def end_shift(self, driver_id: FromPath[UUID], tx: Transaction, now: Now) -> None:
        """Take a driver off shift; open stops stay assigned."""
        await service.end_shift(tx, driver_id, now=now)

    @get("/{driver_id:uuid}/playback", responses=refusals(Forbidden, NotFound, Invalid))
    async def playback(
        self,
        driver_id: FromPath[UUID],
        tx: Transaction,
        now: Now,
        since: From,
        until: Until,
        format: FromQuery[Format] = "json",  # noqa: A002
    ) -> Response[Playback] | Response[bytes]:
        """Where a driver has been in up to a day, split where nothing was heard for five minutes.
        Every look is kept in the access log."""
        found = await service.playback(
            tx, driver_id, from_at=moment(since), to_at=moment(until, "to"), now=now
        )
        return answer_playback(found, format)

    @get("/{driver_id:uuid}/track-views", responses=refusals(Forbidden))
    async def list_views(
        self, driver_id: FromPath[UUID], tx: Transaction, limit: LimitParameter = LIMIT_DEFAULT
    ) -> Page[View]:
        """Who looked at where this driver has been, the last first."""
        return Page(items=await service.list_views(tx, driver_id, limit=limit))


class VehiclesController(Controller):
    path = "/v1/vehicles"
    tags = ("delivery",)

    @post("/", responses=refusals(Forbidden, PlateTaken))
    async def add_vehicle(
        self, data: JSONBody[NewVehicle], tx: Transaction, now: Now
    ) -> Response[Vehicle]:
        vehicle = await service.add_vehicle(tx, kind=data.kind, plate=data.plate, now=now)
        return Response(vehicle, headers=etag(vehicle.version))

    @get("/", responses=refusals(Forbidden, Invalid))
    async def list_vehicles(
        self,
        tx: Transaction,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
        is_active: FromQuery[bool | None] = None,
    ) -> Page[Vehicle]:
        """By plate."""
        return await service.list_vehicles(tx, is_active=is_active, limit=limit, cursor=cursor)

    @get("/{vehicle_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def get_vehicle(self, vehicle_id: FromPath[UUID], tx: Transaction) -> Response[Vehicle]:
        vehicle = await service.get_vehicle(tx, vehicle_id)
        return Response(vehicle, headers=etag(vehicle.version))

    @patch("/{vehicle_id:uuid}", responses=refusals(Forbidden, NotFound, PlateTaken, StaleVersion))
    async def change_vehicle(
        self,
        vehicle_id: FromPath[UUID],
        data: JSONBody[VehicleChange],
        tx: Transaction,
        if_match: IfMatch = None,
    ) -> Response[Vehicle]:
        """Change the fields given."""
        before = await service.get_vehicle(tx, vehicle_id)
        check_if_match(if_match, before.version)
        wanted = msgspec.structs.replace(
            before,
            kind=data.kind or before.kind,
            plate=data.plate or before.plate,
            is_active=before.is_active if data.is_active is None else data.is_active,
        )
        vehicle = await service.change_vehicle(tx, wanted)
        return Response(vehicle, headers=etag(vehicle.version))
