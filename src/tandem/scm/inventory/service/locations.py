"""Warehouses, stores and other places where goods lie."""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.contracts.address import Address
from tandem.contracts.india import check_address
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.errors import Conflict, NotFound
from tandem.kernel.ids import new_id
from tandem.scm.inventory.domain import SELLS, Location, LocationCodeTaken, LocationKind
from tandem.scm.inventory.store import locations


async def add_location(
    tx: Tx,
    *,
    code: str,
    name: str,
    kind: LocationKind,
    priority: int,
    address: Address | None,
    now: datetime,
) -> Location:
    """Codes are unique in the organisation (LocationCodeTaken)."""
    tx.actor.require("inventory.configure")
    if address is not None:
        check_address(address)
    location = Location(
        id=new_id(),
        code=code,
        name=name,
        kind=kind,
        priority=priority,
        address=address,
        is_active=True,
        version=1,
    )
    if not await locations.insert(tx, location, now):
        raise LocationCodeTaken(f"There is a location {code} already.", field="code")
    await audit.write(
        tx,
        action="inventory.add_location",
        subject_kind="location",
        subject_id=location.id,
        now=now,
        after=msgspec.to_builtins(location),
    )
    return location


async def lock_location(tx: Tx, location_id: UUID) -> Location:
    tx.actor.require("inventory.configure")
    location = await locations.lock(tx, location_id)
    if location is None:
        raise NotFound("There is no such location.")
    return location


async def change_location(tx: Tx, *, before: Location, after: Location, now: datetime) -> Location:
    """Save a locked location's new facts. One that still has promised goods cannot be closed."""
    tx.actor.require("inventory.configure")
    if after.address is not None and after.address != before.address:
        check_address(after.address)
    sold = before.is_active and before.kind in SELLS
    sells = after.is_active and after.kind in SELLS
    if sold and not sells and await locations.has_promises(tx, before.id):
        raise Conflict("Orders hold goods at this location; let them ship or release them first.")
    await locations.update(tx, after)
    await audit.write(
        tx,
        action="inventory.change_location",
        subject_kind="location",
        subject_id=after.id,
        now=now,
        before=msgspec.to_builtins(before),
        after=msgspec.to_builtins(after),
    )
    return msgspec.structs.replace(after, version=before.version + 1)


async def get_location(tx: Tx, location_id: UUID) -> Location:
    location = await locations.find(tx, id=location_id)
    if location is None:
        raise NotFound("There is no such location.")
    return location


async def find_location(tx: Tx, code: str) -> Location | None:
    return await locations.find(tx, code=code)


async def list_locations(tx: Tx, *, is_active: bool | None = None) -> list[Location]:
    tx.actor.require("inventory.read")
    return await locations.list_all(tx, is_active=is_active)
