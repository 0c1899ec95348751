"""`tandem analytics rebuild`: all facts anew from the event log, while the service runs; and
`tandem customers recount`: what everybody's orders come to; and `tandem erasures replay`.

Questions are answered from the facts of before until all of it commits at once; events that come in
meanwhile wait for the next digest. Who stops it half-way has changed nothing.
"""

import os
import sys
import time
from collections.abc import Awaitable, Callable

from tandem.app.settings import Settings
from tandem.app.wiring import import_reactions, resources_of
from tandem.crm.customers import service as customers
from tandem.crm.identity import service as identity
from tandem.flows import analyse, erase_again
from tandem.kernel import jobs
from tandem.kernel.actor import Actor
from tandem.kernel.blobs import Blobs
from tandem.kernel.db import Database
from tandem.kernel.errors import NotFound

SAID_EVERY_SECONDS = 1.0
Remake = Callable[[Database, Actor, str], Awaitable[str]]


async def rebuild(settings: Settings, *, company: str | None) -> list[str]:
    """One company by its short name, or every one; a line for each. Refuses an unknown name."""
    return await _of_each(settings, company, _rebuild)


async def recount(settings: Settings, *, company: str | None) -> list[str]:
    """The sums that rules ask, from the orders; rules are right meanwhile."""
    return await _of_each(settings, company, _recount)


async def replay_erasures(settings: Settings) -> list[str]:
    """Whom a restored backup brought back is erased again; a line for each company. Told of by the
    files beside the blobs."""
    blobs = resources_of(settings).get(Blobs)

    async def again(database: Database, actor: Actor, name: str) -> str:
        files = await erase_again.read_all(blobs, actor.org_id)
        async with database.transaction(actor) as tx:
            told = await erase_again.replay(tx, files, now=database.clock.now())
        forged = f", {told.forged} not written by this installation" if told.forged else ""
        return f"{name}: {told.known} erasures known, {told.erased} carried out again{forged}"

    return await _of_each(settings, None, again)


async def _of_each(settings: Settings, company: str | None, remake: Remake) -> list[str]:
    import_reactions()
    database = await Database.connect(settings.app_dsn, size_min=1, size_max=2)
    try:
        done = []
        for org_id in await jobs.organisations(database):
            actor = Actor.system(org_id, os.environ.get("USER", "cli"))
            async with database.transaction(actor) as tx:
                name = (await identity.get_organisation(tx)).slug
            if company in (None, name):
                done.append(await remake(database, actor, name))
        if company is not None and not done:
            raise NotFound(f"There is no company {company!r}.")
        return done
    finally:
        await database.close()


async def _recount(database: Database, actor: Actor, name: str) -> str:
    begun, is_more = time.monotonic(), True
    async with database.transaction(actor) as tx:
        buyers = await customers.sum_all_again(tx)
    while is_more:
        async with database.transaction(actor) as tx:
            is_more = await customers.sum_purchases(tx)
    return f"{name}: orders of {buyers:,} buyers summed anew in {time.monotonic() - begun:.1f} s"


async def _rebuild(database: Database, actor: Actor, name: str) -> str:
    begun, said = time.monotonic(), 0.0

    def tell(done: int, whole: int) -> None:
        nonlocal said
        if time.monotonic() - said >= SAID_EVERY_SECONDS:
            said = time.monotonic()
            share = done * 100 // max(whole, 1)
            print(f"{name}: {share} % ({done:,} of {whole:,} steps)", file=sys.stderr)  # noqa: T201  the command line's own voice

    async with database.transaction(actor) as tx:
        marks = await analyse.rebuild(tx, now=database.clock.now(), progress=tell)
    return f"{name}: {marks:,} steps gathered anew in {time.monotonic() - begun:.1f} s"
