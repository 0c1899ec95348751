"""One unit of work = one transaction. Only the edge opens one; nobody else commits."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import msgspec

from tandem.kernel.actor import INSTALLATION, Actor
from tandem.kernel.clock import Clock, clock
from tandem.kernel.ending import Ending, Expects
from tandem.kernel.errors import Refusal
from tandem.kernel.events import Event
from tandem.kernel.queries import Query as Query

T = TypeVar("T")


class Tx:
    """An open transaction, the actor it works for, and typed access to rows."""

    __slots__ = ("_ending", "actor", "audited", "connection", "started_at")

    def __init__(self, connection: Any, actor: Actor, started_at: datetime) -> None:
        self.connection = connection
        self.actor = actor
        self.started_at = started_at
        self.audited = set[str]()
        """The actions that the audit has of this transaction (kernel.audit)."""
        self._ending = Ending()

    def acting(self, actor: Actor) -> "Tx":
        """The same transaction in the name of another of the company."""
        assert actor.org_id == self.actor.org_id, "another company needs `company`"
        same = Tx(self.connection, actor, self.started_at)
        same.audited, same._ending = self.audited, self._ending
        return same

    def with_all_grants(self) -> "Tx":
        """The same transaction and person, for what follows of itself from what was allowed.

        Whoever may cancel an order need not hold the permission to refund: cancelling refunds.
        """
        return self.acting(self.actor.trusted())

    @asynccontextmanager
    async def installation(self) -> AsyncIterator["Tx"]:
        """The same transaction over the rows of no company: persons and how they sign in.

        What was begun for the company is out of sight meanwhile, and the other way round after.
        """
        async with self._within(Actor.system(INSTALLATION, self.actor.label)) as tx:
            yield tx

    @asynccontextmanager
    async def company(self, actor: Actor) -> AsyncIterator["Tx"]:
        """From the installation's rows into one company's, in the same transaction."""
        assert self.actor.org_id == INSTALLATION, "a company never reaches into another"
        async with self._within(actor) as tx:
            yield tx

    @asynccontextmanager
    async def _within(self, actor: Actor) -> AsyncIterator["Tx"]:
        await self.end()
        await self.connection.execute(_within(actor.org_id))
        tx = Tx(self.connection, actor, self.started_at)
        try:
            yield tx
        except Refusal:
            await tx._leave_for(self.actor.org_id)
            raise
        await tx._leave_for(self.actor.org_id)

    async def _leave_for(self, org_id: UUID) -> None:
        await self.end()
        await self.connection.execute(_within(org_id))

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        """What a Refusal cuts short in here leaves nothing behind, events neither; what the
        transaction did before stays."""
        await self.end()
        known = set(self.audited)
        await self.connection.execute("savepoint attempt")
        try:
            yield
        except Refusal:
            self._ending.clear()
            await self.connection.execute("rollback to savepoint attempt; release attempt")
            self.audited.clear()
            self.audited.update(known)
            raise
        await self.connection.execute("release savepoint attempt")

    async def records(self, query: Query, **params: Any) -> list[asyncpg.Record]:
        """Raw rows, for the few places where a struct per row would be felt."""
        found: list[asyncpg.Record] = await self.connection.fetch(
            query.sql, *query.bind(self.actor, params)
        )
        return found

    async def stream(
        self, query: Query, *, chunk: int, **params: Any
    ) -> AsyncIterator[list[asyncpg.Record]]:
        """Raw rows of one snapshot, `chunk` at a time, however many there are."""
        cursor = await self.connection.cursor(query.sql, *query.bind(self.actor, params))
        while found := await cursor.fetch(chunk):
            yield found

    async def many(self, query: Query, row: type[T], **params: Any) -> list[T]:
        found = await self.connection.fetch(query.sql, *query.bind(self.actor, params))
        return msgspec.convert(named(found), list[row])  # type: ignore[valid-type]

    async def one_or_none(self, query: Query, row: type[T], **params: Any) -> T | None:
        rows = await self.many(query, row, **params)
        assert len(rows) <= 1, f"expected at most one {row.__name__}, found {len(rows)}"
        return rows[0] if rows else None

    async def one(self, query: Query, row: type[T], **params: Any) -> T:
        found = await self.one_or_none(query, row, **params)
        assert found is not None, "a statement that always answers one row answered none"
        return found

    async def value(self, query: Query, **params: Any) -> Any:
        """First column of the first row, or None."""
        return await self.connection.fetchval(query.sql, *query.bind(self.actor, params))

    async def run(self, query: Query, **params: Any) -> int:
        """Rows touched."""
        status = await self.connection.execute(query.sql, *query.bind(self.actor, params))
        last = status.rsplit(" ", 1)[-1]
        return int(last) if last.isdigit() else 0

    async def later(self, query: Query, *, expects: Expects | None = None, **params: Any) -> None:
        """A write that nothing in this transaction looks at: made at the end, in one statement
        with whatever else waits. Lists of the same query's calls are put together."""
        assert {*params, "org_id"} == set(query.names), f"{query.names} != {list(params)}"
        self._ending.add(query, {**params, "org_id": self.actor.org_id}, expects)
        if self._ending.is_full:
            await self.end()

    async def publish(self, *events: Event) -> None:
        """Write events beside the change they tell of: all commit, or none does."""
        self._ending.tell(self.actor, events)
        if self._ending.is_full:
            await self.end()

    async def end(self) -> None:
        """Make the writes that waited for the end. Whoever commits, or leaves the company or a
        savepoint, comes here first."""
        if self._ending:
            sql, values, expected = self._ending.take(self.started_at)
            counts = await self.connection.fetchrow(sql, *values)
            for count, expects in zip(counts, expected, strict=True):
                if expects is not None:
                    expects.check(count)


class Lookup(Tx):
    """Selects alone, each for itself: no transaction is opened or ended around them."""

    __slots__ = ()

    async def run(self, query: Query, **params: Any) -> int:
        raise AssertionError("a look-up writes nothing: ask for a transaction")

    async def later(self, query: Query, *, expects: Expects | None = None, **params: Any) -> None:
        raise AssertionError("a look-up writes nothing: ask for a transaction")

    async def publish(self, *events: Event) -> None:
        raise AssertionError("a look-up tells nothing: ask for a transaction")


class Session(asyncpg.Connection):
    """A connection of the pool; for readings it stays with the company it last read for.

    That spares a short read two of its three round trips. Transactions set their own company
    whatever stands here. Behind a pooler, where each statement may meet another server process,
    nothing is kept: the process that answers then is not the one that was greeted.
    """

    _org_id: UUID | None = None
    _is_direct = False

    async def prepare_session(self) -> None:
        answering = await self.fetchval("select pg_backend_pid()")
        self._is_direct = answering == self.get_server_pid()

    async def look_as(self, org_id: UUID) -> bool:
        """From now on statements outside transactions see this company; False: they cannot."""
        if self._is_direct and self._org_id != org_id:
            await self.execute(f"set {_company(org_id)}")
            self._org_id = org_id
        return self._is_direct


async def _prepare_connection(connection: Any) -> None:
    await connection.prepare_session()
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(
            kind,
            encoder=lambda value: value if isinstance(value, str) else _encode(value),
            decoder=msgspec.json.decode,
            schema="pg_catalog",
        )


def _encode(value: Any) -> str:
    return msgspec.json.encode(value).decode()


async def _keep(_: Any) -> None:
    """Nothing to reset: every use of a pooled connection names its company first."""


class Database:
    """The app role's pool. `transaction` is the only way to the tables."""

    def __init__(self, pool: asyncpg.Pool, time: Clock = clock) -> None:
        self.pool = pool
        self.clock = time

    @classmethod
    async def connect(cls, dsn: str, *, size_min: int = 2, size_max: int = 16) -> "Database":
        """OLTP settings: generic plans and no JIT are worth more than any framework choice here."""
        pool = await asyncpg.create_pool(
            dsn,
            min_size=size_min,
            max_size=size_max,
            init=_prepare_connection,
            connection_class=Session,
            reset=_keep,
            command_timeout=60,
            max_inactive_connection_lifetime=0,
            # A process asks some hundred different questions; forgotten ones are planned anew.
            statement_cache_size=512,
            server_settings={
                "plan_cache_mode": "force_generic_plan",
                "jit": "off",
                "application_name": "tandem",
                "idle_in_transaction_session_timeout": "60s",
            },
        )
        return cls(pool)

    async def close(self) -> None:
        await self.pool.close()

    @asynccontextmanager
    async def transaction(self, actor: Actor) -> AsyncIterator[Tx]:
        """Commit on success, roll back on any exception. Only the actor's own org is visible."""
        async with self.pool.acquire() as connection:
            await begin(connection, actor.org_id)
            tx = Tx(connection, actor, self.clock.now())
            try:
                yield tx
            except BaseException:
                await rollback(connection)
                raise
            await commit(connection, tx)

    async def look_up(self, query: Query, row: type[T], **values: Any) -> list[T]:
        """Ask a security-definer function before the organisation is known: who holds this token?

        Only statements marked `beyond_org` come this way; row-level security shows them no table.
        """
        assert query.beyond_org, "a statement without an organisation must say why"
        async with self.pool.acquire() as connection:
            found = await connection.fetch(query.sql, *[values[name] for name in query.names])
        return msgspec.convert(named(found), list[row])  # type: ignore[valid-type]


LOST = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
)
"""The connection went away; if that was during the commit, nobody knows whether it took place."""
TROUBLE = (*LOST, asyncpg.PostgresError)
"""The database did not do what it was asked: away, in the way, or not allowed."""


async def begin(connection: Any, org_id: UUID) -> None:
    await connection.execute(f"begin; {_within(org_id)}")


def _within(org_id: UUID) -> str:
    return f"set local {_company(org_id)}"


def _company(org_id: UUID) -> str:
    return f"app.org_id = '{UUID(str(org_id))}'"


async def commit(connection: Any, tx: Tx) -> None:
    """With the writes that waited for the end; when they cannot be made, nothing was."""
    try:
        await tx.end()
    except BaseException:
        await rollback(connection)
        raise
    await connection.execute("commit")


async def rollback(connection: Any) -> None:
    """A lost connection has rolled back already; the pool throws it away."""
    if not connection.is_closed():
        await connection.execute("rollback")


def named(records: Sequence[asyncpg.Record]) -> list[dict[str, Any]]:
    """Each row as a dict. Names are looked up once: half of what `dict(record)` costs."""
    if not records:
        return []
    names = list(records[0].keys())
    return [dict(zip(names, record, strict=True)) for record in records]


def columns(rows: Sequence[Any], *names: str) -> dict[str, list[Any]]:
    """Turn rows into one array per column, the shape `unnest` wants."""
    return {name: [getattr(row, name) for row in rows] for name in names}
