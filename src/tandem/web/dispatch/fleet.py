"""Drivers, vehicles and the phones that report for them."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath

from tandem.kernel.db import Tx
from tandem.kernel.errors import Refusal
from tandem.kernel.http import Now, Transaction
from tandem.scm.delivery import service as delivery_service
from tandem.scm.delivery.domain.fleet import Device, Driver, Name, Phone, Plate, VehicleKind
from tandem.scm.delivery.domain.permissions import FLEET
from tandem.scm.delivery.service.desk import crew
from tandem.scm.delivery.service.fleet import lock_driver
from tandem.web.console.forms import NO_PROBLEM, Problem, convert, problem_of, read_form, whole_of
from tandem.web.dispatch.pages import AnyRequest, act, back_to
from tandem.web.dispatch.pairing import pairing_of
from tandem.web.rendering import page

LIMIT = 200
STOPS_MAX = 500
WORDS = {
    "name": "Give a name.",
    "phone": "Give the number with its country, such as +91 98450 00101.",
    "plate": "Give the registration, such as KA 01 EK 4821.",
    "kind": "Choose what it is.",
}


class DriverForm(msgspec.Struct, kw_only=True):
    name: Name
    phone: Phone


class VehicleForm(msgspec.Struct, kw_only=True):
    kind: VehicleKind
    plate: Plate


class DeviceForm(msgspec.Struct, kw_only=True):
    name: Name


class FleetPage(Controller):
    path = "/dispatch/fleet"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        return await _fleet(request, tx)

    @post("/drivers")
    async def add_driver(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await read_form(request)
        try:
            given = _driver_form(form)
            driver = await delivery_service.add_driver(
                tx, name=given.name, phone=given.phone, stops_max=_stops(form), now=now
            )
        except Refusal as refusal:
            problem = problem_of(refusal, form, form="driver")
            return await _fleet(request, tx, problem=problem, status=refusal.status)
        return back_to(f"/dispatch/fleet/drivers/{driver.id}", f"{driver.name} is added.")

    @post("/vehicles")
    async def add_vehicle(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await read_form(request)
        try:
            given = _vehicle_form(form)
            vehicle = await delivery_service.add_vehicle(
                tx, kind=given.kind, plate=given.plate, now=now
            )
        except Refusal as refusal:
            problem = problem_of(refusal, form, form="vehicle")
            return await _fleet(request, tx, problem=problem, status=refusal.status)
        return back_to("/dispatch/fleet", f"{vehicle.plate} is added.")

    @get("/vehicles/{vehicle_id:uuid}")
    async def vehicle(
        self, request: AnyRequest, vehicle_id: FromPath[UUID], tx: Transaction
    ) -> Response[Any]:
        vehicle = await delivery_service.get_vehicle(tx, vehicle_id)
        return page(
            request, "dispatch/vehicle.html", vehicle=vehicle, kinds=VehicleKind, problem=NO_PROBLEM
        )

    @post("/vehicles/{vehicle_id:uuid}")
    async def change_vehicle(
        self, request: AnyRequest, vehicle_id: FromPath[UUID], tx: Transaction
    ) -> Response[Any]:
        vehicle = await delivery_service.get_vehicle(tx, vehicle_id)

        async def do(form: dict[str, str]) -> str:
            given = _vehicle_form(form)
            is_active = bool(form.get("is_active"))
            changed = msgspec.structs.replace(
                vehicle, kind=given.kind, plate=given.plate, is_active=is_active
            )
            await delivery_service.change_vehicle(tx, changed)
            return f"{given.plate} is saved."

        async def again(problem: Problem, status: int) -> Response[Any]:
            return page(
                request,
                "dispatch/vehicle.html",
                status=status,
                vehicle=vehicle,
                kinds=VehicleKind,
                problem=problem,
            )

        return await act(request, "/dispatch/fleet", do, again)


class FleetDriverPage(Controller):
    path = "/dispatch/fleet/drivers/{driver_id:uuid}"
    include_in_schema = False

    @get()
    async def show(
        self, request: AnyRequest, driver_id: FromPath[UUID], tx: Transaction
    ) -> Response[Any]:
        return await _driver(request, tx, driver_id)

    @post()
    async def change(
        self, request: AnyRequest, driver_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        async def do(form: dict[str, str]) -> str:
            before = await lock_driver(tx, driver_id)
            given = _driver_form({"phone": before.phone, **form})
            changed = msgspec.structs.replace(
                before,
                name=given.name.strip(),
                phone=given.phone,
                stops_max=_stops(form),
                is_active=bool(form.get("is_active")),
            )
            await delivery_service.change_driver(tx, changed, now=now)
            return f"{changed.name} is saved."

        async def again(problem: Problem, status: int) -> Response[Any]:
            return await _driver(request, tx, driver_id, problem=problem, status=status)

        return await act(request, f"/dispatch/fleet/drivers/{driver_id}", do, again)

    @post("/devices", status_code=201)
    async def add_device(
        self, request: AnyRequest, driver_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        """The link with its code, shown in this one answer and nowhere again."""
        form = await read_form(request)
        try:
            given = convert({"name": form.get("name") or "Phone"}, DeviceForm, WORDS)
            _, token = await delivery_service.add_device(tx, driver_id, name=given.name, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form, form="device")
            return await _driver(request, tx, driver_id, problem=problem, status=refusal.status)
        driver = await delivery_service.get_driver(tx, driver_id)
        return page(
            request,
            "dispatch/device.html",
            status=201,
            driver=driver,
            pairing=pairing_of(request.app.state.settings.base_url, token),
        )

    @post("/devices/{device_id:uuid}/revocation")
    async def revoke(
        self,
        request: AnyRequest,
        driver_id: FromPath[UUID],
        device_id: FromPath[UUID],
        tx: Transaction,
        now: Now,
    ) -> Response[Any]:
        async def do(_: dict[str, str]) -> str:
            await delivery_service.revoke_device(tx, driver_id, device_id, now=now)
            return "This phone is signed out."

        async def again(problem: Problem, status: int) -> Response[Any]:
            return await _driver(request, tx, driver_id, problem=problem, status=status)

        return await act(request, f"/dispatch/fleet/drivers/{driver_id}", do, again)


async def _fleet(
    request: AnyRequest, tx: Tx, *, problem: Problem = NO_PROBLEM, status: int = 200
) -> Response[Any]:
    drivers = await delivery_service.list_drivers(tx, limit=LIMIT)
    vehicles = await delivery_service.list_vehicles(tx, limit=LIMIT)
    mates = {mate.driver.id: mate for mate in await crew(tx)}
    users = {mate.vehicle.id: mate.driver for mate in mates.values() if mate.vehicle}
    return page(
        request,
        "dispatch/fleet.html",
        status=status,
        drivers=drivers.items,
        vehicles=vehicles.items,
        mates=mates,
        users=users,
        kinds=VehicleKind,
        problem=problem,
    )


async def _driver(
    request: AnyRequest,
    tx: Tx,
    driver_id: UUID,
    *,
    problem: Problem = NO_PROBLEM,
    status: int = 200,
) -> Response[Any]:
    driver: Driver = await delivery_service.get_driver(tx, driver_id)
    devices: list[Device] = await delivery_service.list_devices(tx, driver_id)
    return page(
        request,
        "dispatch/driver_form.html",
        status=status,
        driver=driver,
        devices=devices,
        may_change=tx.actor.may(FLEET),
        problem=problem,
    )


def _driver_form(form: dict[str, str]) -> DriverForm:
    phone = "".join(each for each in form.get("phone", "") if each not in " -()")
    return convert({"name": form.get("name", ""), "phone": phone}, DriverForm, WORDS)


def _vehicle_form(form: dict[str, str]) -> VehicleForm:
    plate = " ".join(form.get("plate", "").upper().split())
    return convert({"kind": form.get("kind", ""), "plate": plate}, VehicleForm, WORDS)


def _stops(form: dict[str, str]) -> int:
    return whole_of(form.get("stops_max", "20"), field="stops_max", least=1, most=STOPS_MAX)
