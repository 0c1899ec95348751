"""Keys of the secrets at rest: whether every value opens, and moving all to the first key."""

from collections.abc import AsyncIterator

import asyncpg

from tandem.app.settings import Settings, SettingsWrong
from tandem.kernel.secrets import CannotOpen, Keyring, SecretsWrong, key_id_of

BATCH = 500

COLUMNS = """
    select format('%I.%I', n.nspname, c.relname) as table_name, format('%I', a.attname) as name
      from pg_attribute a
      join pg_class c on c.oid = a.attrelid and c.relkind = 'r'
      join pg_namespace n on n.oid = c.relnamespace
     where a.atttypid = 'kernel.sealed'::regtype and not a.attisdropped
     order by 1, 2
"""


def ring_of(settings: Settings) -> Keyring:
    try:
        return Keyring.read(settings.secret_keys, fallback=settings.secret_key)
    except SecretsWrong as reason:
        raise SettingsWrong(f"TANDEM_SECRET_KEYS: {reason}") from reason


async def rotate(settings: Settings) -> int:
    """Wrap every sealed value with the first key; how many were. Safe to stop and run again."""
    ring = ring_of(settings)
    connection = await asyncpg.connect(settings.database_url)
    try:
        moved = 0
        async for table, column in _columns(connection):
            while count := await _rotate_some(connection, ring, table, column):
                moved += count
        return moved
    finally:
        await connection.close()


async def _rotate_some(
    connection: asyncpg.Connection, ring: Keyring, table: str, column: str
) -> int:
    async with connection.transaction():
        rows = await connection.fetch(
            f"""
            select ctid, {column}::bytea as sealed from {table}
             where {column} is not null and substr({column}::bytea, 2, 4) <> $1
             limit {BATCH} for update
            """,
            ring.first_key_id,
        )
        await connection.executemany(
            f"update {table} set {column} = $2 where ctid = $1",
            [(row["ctid"], ring.reseal(row["sealed"])) for row in rows],
        )
    return len(rows)


async def unreadable(settings: Settings) -> list[str]:
    """One line for each column with values that no key opens, or that wait for rotation."""
    ring = ring_of(settings)
    connection = await asyncpg.connect(settings.database_url)
    lines = []
    try:
        async for table, column in _columns(connection):
            rows = await connection.fetch(
                f"select {column}::bytea as sealed from {table} where {column} is not null"
            )
            closed = sum(not _opens(ring, row["sealed"]) for row in rows)
            if closed:
                lines.append(f"{table}.{column}: {closed} of {len(rows)} open with no key")
    finally:
        await connection.close()
    return lines


async def waiting(settings: Settings) -> int:
    """Values still under an older key; that key must stay in the ring until none is left."""
    ring = ring_of(settings)
    connection = await asyncpg.connect(settings.database_url)
    try:
        count = 0
        async for table, column in _columns(connection):
            rows = await connection.fetch(
                f"select {column}::bytea as sealed from {table} where {column} is not null"
            )
            count += sum(key_id_of(row["sealed"]) != ring.first_key_id for row in rows)
        return count
    finally:
        await connection.close()


async def _columns(connection: asyncpg.Connection) -> AsyncIterator[tuple[str, str]]:
    for row in await connection.fetch(COLUMNS):
        yield row["table_name"], row["name"]


def _opens(ring: Keyring, sealed: bytes) -> bool:
    try:
        ring.reseal(sealed)
    except CannotOpen:
        return False
    return True
