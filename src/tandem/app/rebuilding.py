"""`tandem analytics rebuild`: all facts anew from the event log, while the service runs.

Questions are answered from the facts of before until all of it commits at once; events that come in
meanwhile wait for the next digest. Who stops it half-way has changed nothing.
"""

import os
import sys
import time
from uuid import UUID

from tandem.app.settings import Settings
from tandem.app.wiring import import_reactions
from tandem.crm.identity import service as identity
from tandem.flows import analyse
from tandem.kernel import jobs
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.errors import NotFound

SAID_EVERY_SECONDS = 1.0


async def rebuild(settings: Settings, *, company: str | None) -> list[str]:
    """One company by its short name, or every one; a line for each. Refuses an unknown name."""
    import_reactions()
    database = await Database.connect(settings.app_dsn, size_min=1, size_max=2)
    try:
        done = []
        for org_id in await jobs.organisations(database):
            actor = Actor.system(org_id, os.environ.get("USER", "cli"))
            async with database.transaction(actor) as tx:
                name = (await identity.get_organisation(tx)).slug
            if company in (None, name):
                done.append(await _rebuild(database, actor, name, org_id))
        if company is not None and not done:
            raise NotFound(f"There is no company {company!r}.")
        return done
    finally:
        await database.close()


async def _rebuild(database: Database, actor: Actor, name: str, org_id: UUID) -> str:
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
