"""`tandem doctor`: every invariant of every service, the queues, and what is configured."""

from importlib.resources import files

import asyncpg
import msgspec

from tandem.app.chain import audit_heads, torn_seals
from tandem.app.migrate import SERVICES
from tandem.app.sealed import unreadable, waiting
from tandem.app.sending import standing
from tandem.app.settings import Settings
from tandem.kernel import jobs, outbox
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database

SHOWN = 5


class Invariant(msgspec.Struct, frozen=True):
    """A query that must return no row; `name` is the sentence above it."""

    service: str
    name: str
    sql: str


def invariants() -> list[Invariant]:
    found = []
    for service in SERVICES:
        script = files("tandem").joinpath(service, "invariants.sql")
        if script.is_file():
            found += _parse(service, script.read_text())
    return found


def _parse(service: str, text: str) -> list[Invariant]:
    found = []
    for part in text.split("-- name:")[1:]:
        name, _, sql = part.partition("\n")
        found.append(Invariant(service, name.strip(), sql.strip().rstrip(";")))
    return found


async def broken_invariants(owner_dsn: str) -> list[str]:
    """One line per invariant that does not hold, with its first rows."""
    connection = await asyncpg.connect(owner_dsn)
    try:
        broken = []
        for invariant in invariants():
            rows = await connection.fetch(invariant.sql)
            if rows:
                shown = [dict(row) for row in rows[:SHOWN]]
                broken.append(f"{invariant.service}: {invariant.name}: {len(rows)} rows: {shown}")
        return broken
    finally:
        await connection.close()


async def examine(settings: Settings, *, is_live: bool, retry_parked: bool) -> int:
    """Print a report; 0 when all is well, 1 otherwise."""
    broken = await broken_invariants(settings.database_url)
    _say("invariants", broken or [f"all {len(invariants())} hold"])
    parked = await _parked(settings, retry=retry_parked)
    _say("parked events", parked or ["none"])
    torn = await torn_seals(settings)
    _say("audit", torn or await audit_heads(settings))
    closed = await unreadable(settings)
    _say("secrets at rest", closed or [f"all open; {await waiting(settings)} wait for rotation"])
    silent = await standing(settings)
    _say("sending", [silent or "this installation sends"])
    unsent = await _check_providers(settings) if is_live else []
    if is_live:
        _say("providers", unsent or ["all answer"])
    is_stuck = bool(parked) and not retry_parked
    return 1 if broken or is_stuck or unsent or closed or torn or silent else 0


async def _parked(settings: Settings, *, retry: bool) -> list[str]:
    database = await Database.connect(settings.app_dsn, size_min=1, size_max=2)
    lines = []
    try:
        for org_id in await jobs.organisations(database):
            async with database.transaction(Actor.system(org_id, "doctor")) as tx:
                for row in await outbox.list_parked(tx):
                    lines.append(f"{row.subscriber} {row.topic} {row.key}: {row.last_error}")
                if retry:
                    lines.append(f"{await outbox.retry_parked(tx)} get new tries")
    finally:
        await database.close()
    return lines


async def _check_providers(settings: Settings) -> list[str]:
    from tandem.app.wiring import check_providers

    return await check_providers(settings)


def _say(title: str, lines: list[str]) -> None:
    print(f"{title}:")  # noqa: T201  the command line's own voice
    for line in lines:
        print(f"  {line}")  # noqa: T201
