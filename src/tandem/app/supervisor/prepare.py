"""Migrations and the demo company, in a process of its own: `python -m …` with the parts' settings.

Reads the logins kept so far as JSON from standard input, and writes what became of them to standard
output. The supervisor keeps them before it tells anybody.
"""

import asyncio
import importlib
import json
import sys
from collections.abc import Mapping

from tandem.app.loading import hold_collector, keep_what_is_loaded
from tandem.app.settings import Settings, read_settings

FIND_DEMO = "select org_id from identity.organisation where slug = 'demo'"


def main() -> int:
    hold_collector()
    importlib.import_module("tandem.app.seed")
    keep_what_is_loaded()
    from tandem.app.faults import TOLD, in_words

    try:
        prepared = asyncio.run(prepare(read_settings(), json.load(sys.stdin)))
    except TOLD as reason:
        if (words := in_words(reason)) is None:
            raise
        sys.stderr.write(f"{words}\n")
        return 1
    json.dump(prepared, sys.stdout)
    return 0


async def prepare(settings: Settings, kept: Mapping[str, str]) -> dict[str, object]:
    """Bring the database up to date and make sure that somebody can sign in to the demo.

    `kept` holds at least `admin_password`, made up before anything was written, so that a first
    start that is cut short at any point is finished by the next one.
    """
    import msgspec

    from tandem.app.migrate import migrate
    from tandem.app.seed import seed

    applied = await migrate(
        settings.database_url,
        app_role=settings.app_role,
        app_password=settings.derive("app-role"),
    )
    seeded = await seed(settings, password=kept["admin_password"])
    told = f"{len(applied)} migrations applied" if applied else "up to date"
    return {
        "told": f"{told}, demo company made" if seeded else told,
        "app_database_url": settings.app_dsn,
        "logins": msgspec.to_builtins(seeded) if seeded else await _logins(settings, kept),
    }


async def _logins(settings: Settings, kept: Mapping[str, str]) -> Mapping[str, str]:
    """The kept ones; a new API key when the first was made but never kept; none without a demo."""
    import asyncpg

    from tandem.app.seed import ADMIN_EMAIL
    from tandem.crm.identity import service as identity
    from tandem.kernel.actor import Actor
    from tandem.kernel.db import Database

    if "api_key" in kept:
        return kept
    owner = await asyncpg.connect(settings.database_url)
    try:
        org_id = await owner.fetchval(FIND_DEMO)
    finally:
        await owner.close()
    if org_id is None:
        return kept
    database = await Database.connect(settings.app_dsn, size_min=1, size_max=1)
    try:
        async with database.transaction(Actor.system(org_id, "Demo")) as tx:
            now = database.clock.now()
            _, key = await identity.add_api_key(tx, name="Demo key", grants=["*"], now=now)
    finally:
        await database.close()
    return {**kept, "admin_email": ADMIN_EMAIL, "api_key": key}


if __name__ == "__main__":
    sys.exit(main())
