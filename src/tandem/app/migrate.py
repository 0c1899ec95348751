"""Forward-only migrations: plain SQL per service, in service order, as the schema's owner."""

import hashlib
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable

import asyncpg
import msgspec

SERVICES = (
    "kernel",
    "crm/identity",
    "crm/customers",
    "scm/catalog",
    "scm/inventory",
    "scm/orders",
    "scm/payments",
    "scm/invoicing",
    "scm/shipping",
    "scm/delivery",
    "crm/notifications",
    "crm/webhooks",
    "crm/sales",
    "crm/marketing",
    "scm/support",
    "crm/analytics",
)
LOCK = 7_264_001


class Migration(msgspec.Struct, frozen=True):
    service: str
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


class MigrationChanged(Exception):
    """An applied migration's text is not the one that was applied. Write a new one instead."""


def migrations() -> Iterator[Migration]:
    root = files("tandem")
    for service in SERVICES:
        folder: Traversable = root.joinpath(service, "migrations")
        if not folder.is_dir():
            continue
        for script in sorted(folder.iterdir(), key=lambda entry: entry.name):
            if script.name.endswith(".sql"):
                yield Migration(service.rsplit("/", 1)[-1], script.name, script.read_text())


async def migrate(owner_dsn: str, *, app_role: str, app_password: str) -> list[str]:
    """Bring the database up to date; returns what was applied. Safe to run from many processes."""
    connection = await asyncpg.connect(owner_dsn)
    try:
        await connection.execute("select pg_advisory_lock($1)", LOCK)
        await _ensure_roles(connection, app_role, app_password)
        applied = await _applied(connection)
        fresh = []
        for migration in migrations():
            seen = applied.get((migration.service, migration.name))
            if seen is None:
                await _apply(connection, migration)
                fresh.append(f"{migration.service}/{migration.name}")
            elif seen != migration.sha256:
                raise MigrationChanged(f"{migration.service}/{migration.name}")
        await _install_jobs(connection)
        return fresh
    finally:
        await connection.close()


async def _ensure_roles(connection: asyncpg.Connection, role: str, password: str) -> None:
    """`tandem_app` holds the grants; each database's login role is a member and owns nothing."""
    await connection.execute(
        f"""
        do $$
        begin
            if not exists (select from pg_roles where rolname = 'tandem_app') then
                create role tandem_app nologin nosuperuser nobypassrls;
            end if;
            if not exists (select from pg_roles where rolname = {_literal(role)}) then
                create role {_identifier(role)} login nosuperuser nobypassrls
                    nocreatedb nocreaterole in role tandem_app;
            end if;
        exception when duplicate_object or unique_violation then
            null;
        end
        $$;
        alter role {_identifier(role)} password {_literal(password)};
        """
    )


def _literal(text: str) -> str:
    assert "\\" not in text and "\x00" not in text, "role names and passwords are plain text"
    return "'" + text.replace("'", "''") + "'"


def _identifier(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


async def _applied(connection: asyncpg.Connection) -> dict[tuple[str, str], str]:
    if not await connection.fetchval("select to_regclass('kernel.migration')"):
        return {}
    rows = await connection.fetch("select service, name, sha256 from kernel.migration")
    return {(row["service"], row["name"]): row["sha256"] for row in rows}


async def _apply(connection: asyncpg.Connection, migration: Migration) -> None:
    async with connection.transaction():
        await connection.execute("set local lock_timeout = '5s'")
        await connection.execute(migration.sql)
        await connection.execute(
            "insert into kernel.migration (service, name, sha256) values ($1, $2, $3)",
            migration.service,
            migration.name,
            migration.sha256,
        )


async def _install_jobs(connection: asyncpg.Connection) -> None:
    """pgqueuer's own schema; it carries only ids, each job enters its organisation itself."""
    from tandem.kernel import jobs

    assert jobs, "importing the kernel's jobs names the schema for pgqueuer"
    from pgqueuer import Queries

    queries = Queries.from_asyncpg_connection(connection)
    if await connection.fetchval("select to_regclass('jobs.pgqueuer')"):
        await queries.upgrade()
    else:
        await queries.install()
    await connection.execute(
        """
        grant usage on schema jobs to tandem_app;
        grant select, insert, update, delete on all tables in schema jobs to tandem_app;
        grant usage on all sequences in schema jobs to tandem_app
        """
    )
