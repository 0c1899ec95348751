"""Who knows the way: Google (its stand-in), the demo streets, and the crow when all is down."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path

import asyncpg
import msgspec
import pytest

from tandem.contracts.address import Address
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.jobs import Work
from tandem.kernel.resources import Resources
from tandem.sandbox.city import build_city
from tandem.scm.delivery import jobs, service
from tandem.scm.delivery.domain.eta import estimate
from tandem.scm.delivery.domain.fleet import VehicleKind
from tandem.scm.delivery.domain.live import CHANNEL
from tandem.scm.delivery.domain.places import Point, distance
from tandem.scm.delivery.domain.statuses import Status
from tandem.scm.delivery.gateways.google import GoogleGeocoder, GoogleRoutes, decode_polyline
from tandem.scm.delivery.gateways.locator import Locator
from tandem.scm.delivery.gateways.planner import NotCovered, RoutePlanner, RouteUnavailable
from tandem.scm.delivery.gateways.streets import StreetGeocoder, StreetRoutes
from tandem.scm.delivery.service.following import REFRESH_ETA
from tests.delivery.givens import DOOR, HUB, Crew, a_delivery, brought_to
from tests.delivery.positions import stand_at
from tests.sandbox.serving import Sandbox, running_sandbox

POINTS = [Point(*HUB), Point(*DOOR), Point(12.985, 77.6)]
NOWHERE = [Point(51.5, -0.12), Point(51.51, -0.12)]


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with running_sandbox(tmp_path) as running:
        yield running


@pytest.fixture
async def google(sandbox: Sandbox) -> AsyncIterator[GoogleRoutes]:
    routes = GoogleRoutes(
        base_url=f"{sandbox.settings.base_url}/google", key=sandbox.settings.google_api_key
    )
    yield routes
    await routes.close()


def test_a_polyline_is_read_as_google_writes_it() -> None:
    """The example of Google's own page on the format."""
    points = list(decode_polyline("_p~iF~ps|U_ulLnnqC_mqNvxq`@"))
    assert points == [Point(38.5, -120.2), Point(40.7, -120.95), Point(43.252, -126.453)]


async def test_google_is_asked_for_one_leg_per_stop(google: GoogleRoutes) -> None:
    route = await google.route(POINTS, VehicleKind.SCOOTER)
    assert (route.source, route.is_fallback, len(route.legs)) == ("google", False, 2)
    assert route.legs[0].distance_m >= distance(POINTS[0], POINTS[1])
    assert route.legs[0].duration_s > 60
    assert distance(route.points[0], POINTS[0]) < 150
    assert distance(route.points[-1], POINTS[-1]) < 150
    bicycle = await google.route(POINTS[:2], VehicleKind.BICYCLE)
    assert bicycle.legs[0].duration_s > route.legs[0].duration_s


async def test_places_google_does_not_cover_are_passed_over(google: GoogleRoutes) -> None:
    with pytest.raises(NotCovered):
        await google.route(NOWHERE, None)


@pytest.mark.parametrize("fault", ["500", "429", "html_502", "401"])
async def test_google_down_is_a_fallback_and_said_so(
    sandbox: Sandbox, google: GoogleRoutes, fault: str
) -> None:
    """AD17: the next source answers; with none left, the crow."""
    planner = RoutePlanner([google, StreetRoutes(build_city, "city")])
    sandbox.break_next("google", fault)
    route = await planner.plan(POINTS, vehicle=None, crow_mps=5.0)
    assert (route.source, route.is_fallback) == ("city", True)
    well = await planner.plan(POINTS, vehicle=None, crow_mps=5.0)
    assert (well.source, well.is_fallback) == ("google", False)
    sandbox.break_next("google", fault)
    alone = await RoutePlanner([google]).plan(POINTS, vehicle=None, crow_mps=5.0)
    assert (alone.source, alone.is_fallback) == ("estimate", True)
    assert alone.legs == estimate(POINTS, 5.0).legs


async def test_a_wrong_key_and_no_server_at_all_are_fallbacks_too(sandbox: Sandbox) -> None:
    for base_url, key in (
        (f"{sandbox.settings.base_url}/google", "wrong"),
        ("http://127.0.0.1:9", "any"),
    ):
        source = GoogleRoutes(base_url=base_url, key=key)
        with pytest.raises(RouteUnavailable):
            await source.route(POINTS, None)
        route = await RoutePlanner([source]).plan(POINTS, vehicle=None, crow_mps=5.0)
        assert (route.source, route.is_fallback) == ("estimate", True)
        await source.close()


async def test_streets_that_end_before_the_place_are_no_fallback() -> None:
    planner = RoutePlanner([StreetRoutes(build_city, "city")])
    near = await planner.plan(POINTS, vehicle=VehicleKind.VAN, crow_mps=5.0)
    far = await planner.plan(NOWHERE, vehicle=VehicleKind.VAN, crow_mps=5.0)
    assert (near.source, near.is_fallback) == ("city", False)
    assert (far.source, far.is_fallback) == ("estimate", False)
    assert near.legs[0].distance_m > distance(POINTS[0], POINTS[1])


async def test_the_eta_of_a_whole_run_says_that_google_was_down(
    database: Database, boss: Actor, crew: Crew, sandbox: Sandbox, google: GoogleRoutes
) -> None:
    """AD17, through the job: the ETA stands, and warns."""
    now: datetime = database.clock.now()
    async with database.transaction(boss) as tx:
        first, second = await a_delivery(tx, now), await a_delivery(tx, now, door=(12.985, 77.6))
    await brought_to(database, boss.org_id, crew, first.id, Status.EN_ROUTE, now)
    await brought_to(database, boss.org_id, crew, second.id, Status.PICKED_UP, now)
    await stand_at(database, boss.org_id, crew, (12.962, 77.5946), now)
    resources = Resources()
    resources.add(RoutePlanner, RoutePlanner([google]))
    work = Work(database, resources, boss.org_id)
    sandbox.break_next("google", "500")
    await jobs.refresh_eta(work, str(crew.driver.id))
    async with database.transaction(boss) as tx:
        near = await service.whole(tx, first.id, now=now)
        far = await service.whole(tx, second.id, now=now)
    assert near.eta is not None
    assert far.eta is not None
    assert near.eta.source == "estimate"
    assert near.eta.warnings == ["low_confidence_eta", "fallback_used"]
    assert near.eta.confidence == "low"
    between = (far.eta.arrives_at - near.eta.arrives_at).total_seconds()
    assert between > 120
    await jobs.refresh_eta(work, str(crew.driver.id))
    async with database.transaction(boss) as tx:
        healed = await service.whole(tx, first.id, now=database.clock.now())
    assert healed.eta is not None
    assert (healed.eta.source, healed.eta.warnings) == ("google", [])


async def test_an_address_without_a_place_is_put_on_the_map(
    database: Database, boss: Actor, sandbox: Sandbox
) -> None:
    house = build_city().random_address(5)
    google = GoogleGeocoder(
        base_url=f"{sandbox.settings.base_url}/google", key=sandbox.settings.google_api_key
    )
    now = database.clock.now()
    for geocoder in (StreetGeocoder(build_city), google):
        found = await Locator([geocoder]).find(
            Address(
                name="Meera",
                line1=f"{house.line1}, {house.district}",
                city=house.city,
                postal_code=house.pin,
            )
        )
        assert found is not None
        assert distance(found, Point(*house.position)) < 5
    async with database.transaction(boss) as tx:
        opened = await a_delivery(tx, now, door=None)
    resources = Resources()
    resources.add(Locator, Locator([_At(Point(12.98, 77.6))]))
    work = Work(database, resources, boss.org_id)
    await jobs.locate(work, str(opened.id))
    async with database.transaction(boss) as tx:
        placed = await service.get_delivery(tx, opened.id)
    assert (placed.lat, placed.lon) == (12.98, 77.6)
    sandbox.break_next("google", "over_query_limit")
    with pytest.raises(RouteUnavailable):
        await google.find("14, 3rd Cross")
    await google.close()


async def test_a_door_found_while_the_vehicle_is_under_way_gets_its_eta_and_is_told(
    database: Database, boss: Actor, crew: Crew, now: datetime, owner_dsn: str
) -> None:
    async with database.transaction(boss) as tx:
        opened = await a_delivery(tx, now, door=None)
    await brought_to(database, boss.org_id, crew, opened.id, Status.EN_ROUTE, now)
    resources = Resources()
    resources.add(Locator, Locator([_At(Point(12.98, 77.6))]))
    heard: asyncio.Queue[str] = asyncio.Queue()
    connection = await asyncpg.connect(owner_dsn)
    await connection.add_listener(CHANNEL, lambda *told: heard.put_nowait(told[3]))
    await connection.execute("delete from jobs.pgqueuer")
    await jobs.locate(Work(database, resources, boss.org_id), str(opened.id))
    async with asyncio.timeout(10):
        told = msgspec.json.decode(await heard.get())
    due = await connection.fetchval(
        "select count(*) from jobs.pgqueuer where entrypoint = $1", REFRESH_ETA
    )
    await connection.close()
    assert due == 1
    assert [each["delivery_id"] for each in told["changed"]] == [str(opened.id)]


class _At:
    """A geocoder that is always sure."""

    def __init__(self, point: Point) -> None:
        self._point = point

    async def find(self, text: str) -> Point | None:
        return self._point
