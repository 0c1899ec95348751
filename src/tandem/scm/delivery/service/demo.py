"""Four drivers with four vehicles, on shift, and a hub in the middle of the demo streets."""

from datetime import datetime

import msgspec

from tandem.kernel.db import Tx
from tandem.scm.delivery.domain.fleet import Driver, VehicleKind
from tandem.scm.delivery.domain.visibility import Policy
from tandem.scm.delivery.service import fleet
from tandem.scm.delivery.service.settings import get_policy, set_policy

HUB = Policy(pickup_name="Koramangala hub", pickup_lat=12.9716, pickup_lon=77.5946)

CREW = (
    ("Ravi Kumar", "+919845000101", VehicleKind.SCOOTER, "KA 01 EK 4821"),
    ("Lakshmi Narayan", "+919845000102", VehicleKind.SCOOTER, "KA 03 HB 1177"),
    ("Imran Khan", "+919845000103", VehicleKind.THREE_WHEELER, "KA 05 AC 9034"),
    ("Mary D'Souza", "+919845000104", VehicleKind.VAN, "KA 51 MD 2260"),
)


async def seed_demo(tx: Tx, now: datetime) -> list[Driver]:
    """Add the demo crew once; a second call returns those who are there."""
    known = (await fleet.list_drivers(tx, limit=200)).items
    if known:
        return known
    crew = []
    for name, phone, kind, plate in CREW:
        driver = await fleet.add_driver(tx, name=name, phone=phone, now=now)
        vehicle = await fleet.add_vehicle(tx, kind=kind, plate=plate, now=now)
        await fleet.start_shift(tx, driver.id, vehicle_id=vehicle.id, now=now)
        crew.append(driver)
    policy, version = await get_policy(tx)
    if not version:
        await set_policy(
            tx,
            msgspec.structs.replace(
                policy,
                pickup_name=HUB.pickup_name,
                pickup_lat=HUB.pickup_lat,
                pickup_lon=HUB.pickup_lon,
            ),
            now=now,
        )
    return crew
