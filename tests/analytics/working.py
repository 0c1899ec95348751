"""A worker for reports in a process of its own, which a test may kill.

Its arguments are the settings and the company; each line it reads is a moment to work at.
"""

import asyncio
import sys
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.app.settings import Settings
from tandem.app.wiring import import_reactions, resources_of
from tandem.flows.reports.delivering import deliver_reports
from tandem.flows.reports.subscribing import run_subscriptions
from tandem.kernel.db import Database
from tandem.kernel.jobs import Work
from tests.analytics.givens import Still


async def work_on(settings: Settings, org_id: UUID) -> None:
    import_reactions()
    database = await Database.connect(settings.app_dsn, size_min=1, size_max=2)
    resources = resources_of(settings)
    while moment := (await asyncio.to_thread(sys.stdin.readline)).strip():
        database.clock = Still(datetime.fromisoformat(moment))
        work = Work(database, resources, org_id)
        await run_subscriptions(work)
        await deliver_reports(work)
        print("done", flush=True)  # noqa: T201  the line that the test waits for
    await database.close()


if __name__ == "__main__":
    asyncio.run(work_on(msgspec.json.decode(sys.argv[1], type=Settings), UUID(sys.argv[2])))
