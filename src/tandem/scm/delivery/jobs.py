"""Timed and long work: drivers' codes, ETAs, places on the map, offers, pings past their days."""

from uuid import UUID

from tandem.kernel import broadcast, jobs
from tandem.kernel.jobs import Work, every, job
from tandem.scm.delivery.domain.live import CHANNEL, Changed, encode_changes
from tandem.scm.delivery.gateways.locator import Locator
from tandem.scm.delivery.gateways.planner import RoutePlanner
from tandem.scm.delivery.service import dispatching, etas, fleet, opening, tracks
from tandem.scm.delivery.service.following import REFRESH_ETA
from tandem.scm.delivery.service.opening import LOCATE

BATCHES_MAX = 50


@job(REFRESH_ETA)
async def refresh_eta(work: Work, driver_id: str) -> None:
    """Ask the planner once for a driver's whole run; the prediction of every stop follows."""
    asked = work.now()
    async with work.transaction() as tx:
        question = await etas.ask(tx, UUID(driver_id), now=asked)
    if question is None:
        return
    route = await work.get(RoutePlanner).plan(
        question.points, vehicle=question.vehicle, crow_mps=question.crow_mps
    )
    async with work.transaction() as tx:
        predicted = await etas.record(tx, question, route, now=work.now())
    changes = [
        Changed(delivery_id=delivery_id, driver_id=question.driver_id, status=None)
        for delivery_id in predicted
    ]
    await broadcast.tell(work.database, CHANNEL, encode_changes(work.org_id, changes))


@job(LOCATE)
async def locate(work: Work, delivery_id: str) -> None:
    """Find the door on the map for an address that came without a place. The vehicle may be on its
    way already: it gets its ETA then, and whoever watches sees the door appear."""
    async with work.transaction() as tx:
        delivery = await opening.find_unplaced(tx, UUID(delivery_id))
    if delivery is None:
        return
    point = await work.get(Locator).find(delivery.ship_to)
    if point is None:
        return
    async with work.transaction() as tx:
        driver_id = await opening.locate(tx, delivery.id, point)
        if driver_id is not None:
            await jobs.enqueue(tx, REFRESH_ETA, dedupe=str(driver_id), driver_id=str(driver_id))
    change = Changed(delivery_id=delivery.id, driver_id=driver_id, status=None)
    await broadcast.tell(work.database, CHANNEL, encode_changes(work.org_id, [change]))


@job(fleet.SEND_SIGN_IN_CODES)
async def send_sign_in_codes(work: Work, phone: str) -> None:
    await fleet.write_sign_in_codes(work.database, phone)


@every(10, "delivery.expire_offers")
async def expire_offers(work: Work) -> None:
    async with work.transaction() as tx:
        await dispatching.expire_offers(tx, now=work.now())


@every(3600, "delivery.forget_pings")
async def forget_pings(work: Work) -> None:
    """Raw pings past their days go, a batch a transaction; statuses and proofs stay."""
    for _ in range(BATCHES_MAX):
        async with work.transaction() as tx:
            gone = await tracks.forget_pings(tx, now=work.now())
        if gone < tracks.BATCH:
            break
    async with work.transaction() as tx:
        await fleet.forget_sign_in_codes(tx, now=work.now())
