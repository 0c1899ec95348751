"""Writing millions of rows before they are measured."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg

ID = "('00000000-0000-4000-8000-' || lpad(({})::text, 12, '0'))::uuid"
"""In order, as ids are that carry their time: of random ones a key takes ten times as long."""

INDEXES = """
select i.relname as name, pg_get_indexdef(i.oid) as made
  from pg_index x
  join pg_class i on i.oid = x.indexrelid
  join pg_class t on t.oid = x.indrelid
 where t.relnamespace = $1::regnamespace and t.relname = any($2) and not x.indisunique
"""


@asynccontextmanager
async def at_once(
    connection: asyncpg.Connection, schema: str, tables: Sequence[str]
) -> AsyncIterator[None]:
    """Many rows are written without their indexes and foreign keys, as a restored dump is: with
    them they take ten times as long. Indexes and what the planner goes by are there afterwards."""
    kept = await connection.fetch(INDEXES, schema, list(tables))
    for one in kept:
        await connection.execute(f"drop index {schema}.{one['name']}")
    await connection.execute(
        "set session_replication_role = replica; set maintenance_work_mem = '512MB'"
    )
    yield
    await connection.execute("set session_replication_role = default")
    for one in kept:
        await connection.execute(one["made"])
    for table in tables:
        await connection.execute(f"vacuum analyze {schema}.{table}")
