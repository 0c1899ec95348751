"""A-AUT-17: whatever happens to the audit in the database shows, and where."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from tandem.app.chain import torn_seals
from tandem.app.doctor import broken_invariants
from tandem.app.housekeeping import seal_audit
from tandem.app.settings import Settings
from tandem.kernel import audit
from tandem.kernel.actor import Actor, Impersonator, Origin
from tandem.kernel.db import Database
from tandem.kernel.jobs import Work
from tandem.kernel.resources import Resources

ASHA = Actor(
    org_id=UUID(int=1),
    user_id=uuid4(),
    grants=frozenset({"*"}),
    label="Asha",
    origin=Origin("203.0.113.9", "r1"),
)
COLUMNS = "org_id, id, seq, at, actor_kind, actor_label, action, subject_kind, subject_id, before"


@pytest.fixture
def acting() -> Actor:
    return msgspec.structs.replace(ASHA, org_id=uuid4())


@pytest.fixture
async def owner(owner_dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """Somebody who can write to every table."""
    connection = await asyncpg.connect(owner_dsn)
    yield connection
    await connection.execute("truncate kernel.audit, kernel.audit_head, kernel.audit_seal")
    await connection.close()


async def _fill(database: Database, actor: Actor, now: datetime, count: int = 20) -> None:
    for at in range(count):
        async with database.transaction(actor) as tx:
            await audit.write(
                tx,
                action="thing.changed",
                subject_kind="thing",
                subject_id=UUID(int=at),
                now=now,
                before={"at": at},
                after={"at": at + 1, "name": "₹ \\u0041"},
            )


async def _rows(database: Database, actor: Actor, count: int = 500) -> list[audit.Entry]:
    async with database.transaction(actor) as tx:
        return await audit.read(tx, audit.Asked(), count=count)


async def _breaks(owner: asyncpg.Connection, org_id: UUID) -> list[tuple[int | None, str]]:
    rows = await owner.fetch("select * from kernel.audit_breaks() where org_id = $1", org_id)
    return [(row["seq"], row["reason"]) for row in rows]


async def test_rows_are_numbered_and_each_hangs_on_the_one_before(
    database: Database, acting: Actor, owner: asyncpg.Connection, now: datetime
) -> None:
    await _fill(database, acting, now, 3)
    rows = await _rows(database, acting)
    assert [row.seq for row in rows] == [3, 2, 1]
    assert {len(row.hash) for row in rows} == {64}
    assert len({row.hash for row in rows}) == 3
    assert (rows[0].address, rows[0].request_id) == ("203.0.113.9", "r1")
    assert await _breaks(owner, acting.org_id) == []
    assert await _rows(database, msgspec.structs.replace(acting, org_id=uuid4())) == []


async def test_writers_at_once_make_one_chain_and_never_wait_in_a_circle(
    database: Database, acting: Actor, owner: asyncpg.Connection, now: datetime
) -> None:
    other = msgspec.structs.replace(acting, org_id=uuid4())
    await asyncio.gather(
        *(_fill(database, actor, now, 10) for actor in (acting, other) for _ in range(6))
    )
    for actor in (acting, other):
        assert sorted(row.seq for row in await _rows(database, actor)) == list(range(1, 61))
        assert await _breaks(owner, actor.org_id) == []


async def test_what_is_rolled_back_leaves_no_gap(
    database: Database, acting: Actor, owner: asyncpg.Connection, now: datetime
) -> None:
    await _fill(database, acting, now, 2)
    with pytest.raises(ZeroDivisionError):
        async with database.transaction(acting) as tx:
            await audit.write(
                tx, action="a.b", subject_kind="thing", subject_id=UUID(int=1), now=now
            )
            raise ZeroDivisionError
    await _fill(database, acting, now, 1)
    assert [row.seq for row in await _rows(database, acting)] == [3, 2, 1]
    assert await _breaks(owner, acting.org_id) == []


EDITS = [
    f"{column} = {value}"
    for column, value in {
        "actor_label": "'Mallory'",
        "actor_id": "gen_random_uuid()",
        "actor_kind": "'system'",
        "action": "'thing.seen'",
        "subject_id": "gen_random_uuid()",
        "before": "null",
        "after": """'{"at": 99}'""",
        "at": "at + interval '1 microsecond'",
        "address": "''",
        "request_id": "'r2'",
        "on_behalf_of": "gen_random_uuid()",
        "reason": "'none'",
    }.items()
]


@pytest.mark.parametrize("edit", EDITS)
async def test_a_changed_row_is_named_whatever_was_changed(
    database: Database, acting: Actor, owner: asyncpg.Connection, now: datetime, edit: str
) -> None:
    await _fill(database, acting, now, 4)
    await owner.execute(
        f"update kernel.audit set {edit} where org_id = $1 and seq = 2", acting.org_id
    )
    assert await _breaks(owner, acting.org_id) == [(2, "the row was changed")]


async def test_a_changed_row_with_a_matching_hash_breaks_the_next_one(
    database: Database, acting: Actor, owner: asyncpg.Connection, now: datetime
) -> None:
    await _fill(database, acting, now, 4)
    await owner.execute(
        """
        update kernel.audit set action = 'thing.seen' where org_id = $1 and seq = 2
        """,
        acting.org_id,
    )
    await owner.execute(
        """
        update kernel.audit a set hash = kernel.audit_hash(a.prev_hash, a)
         where org_id = $1 and seq = 2
        """,
        acting.org_id,
    )
    assert await _breaks(owner, acting.org_id) == [(3, "the row before it was replaced")]


@pytest.mark.parametrize(
    ("gone", "found"),
    [
        ("seq = 7", (8, "rows 7 to 7 are missing")),
        ("seq <= 5", (6, "rows 1 to 5 are missing")),
        ("seq > 10", (11, "rows 11 to 20, the last ones, are missing")),
        ("true", (1, "rows 1 to 20, the last ones, are missing")),
    ],
)
async def test_rows_taken_out_are_missed_even_the_last_ten(
    database: Database,
    acting: Actor,
    owner: asyncpg.Connection,
    owner_dsn: str,
    now: datetime,
    gone: str,
    found: tuple[int, str],
) -> None:
    await _fill(database, acting, now, 20)
    await owner.execute(f"delete from kernel.audit where org_id = $1 and {gone}", acting.org_id)
    assert await _breaks(owner, acting.org_id) == [found]
    [told] = await broken_invariants(owner_dsn)
    assert found[1] in told and str(acting.org_id) in told


async def test_a_chain_written_anew_does_not_fit_its_seal(
    database: Database, acting: Actor, owner: asyncpg.Connection, settings: Settings, now: datetime
) -> None:
    work = Work(database, Resources(), acting.org_id)
    await _fill(database, acting, now, 5)
    await seal_audit(work)
    await seal_audit(work)
    await _fill(database, acting, now, 5)
    await seal_audit(work)
    assert await torn_seals(settings) == []
    await _rewrite(owner, acting.org_id, since=8)
    assert await _breaks(owner, acting.org_id) == []
    assert await torn_seals(settings) == [f"{acting.org_id}: rows 6 to 10 are not the ones sealed"]
    await owner.execute("delete from kernel.audit where org_id = $1 and seq > 3", acting.org_id)
    assert await torn_seals(settings) == [f"{acting.org_id}: rows 1 to 5 are not the ones sealed"]


async def _rewrite(owner: asyncpg.Connection, org_id: UUID, *, since: int) -> None:
    """What somebody with every right in the database can do: change a row and mend all after it."""
    await owner.execute(
        "update kernel.audit set action = 'none' where org_id = $1 and seq = $2", org_id, since
    )
    for seq in range(since, 11):
        await owner.execute(
            """
            update kernel.audit a
               set prev_hash = b.hash, hash = kernel.audit_hash(b.hash, a)
              from kernel.audit b
             where a.org_id = $1 and b.org_id = $1 and a.seq = $2 and b.seq = $2 - 1
            """,
            org_id,
            seq,
        )
    await owner.execute(
        """
        update kernel.audit_head h set hash = a.hash
          from kernel.audit a where a.org_id = $1 and h.org_id = $1 and a.seq = h.count
        """,
        org_id,
    )


async def test_the_app_itself_can_neither_change_nor_forget(
    database: Database, acting: Actor, now: datetime
) -> None:
    await _fill(database, acting, now, 1)
    for sql in (
        "update kernel.audit set action = 'none'",
        "delete from kernel.audit",
        "update kernel.audit_head set count = 0",
        "insert into kernel.audit_head values (gen_random_uuid(), 0, '')",
        "delete from kernel.audit_seal",
        "select kernel.audit_breaks()",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with database.transaction(acting) as tx:
                await tx.connection.execute(sql)


async def test_who_acts_through_anothers_eyes_is_named_with_both(
    database: Database, acting: Actor, now: datetime
) -> None:
    helper = uuid4()
    seen = msgspec.structs.replace(
        acting,
        impersonator=Impersonator(
            id=uuid4(), user_id=helper, label="Ravi", reason="ticket 7", may_write=True, until=now
        ),
    )
    await _fill(database, seen, now, 1)
    [row] = await _rows(database, acting)
    assert (row.actor_id, row.actor_label) == (helper, "Ravi")
    assert (row.on_behalf_of, row.on_behalf_label) == (acting.user_id, "Asha")
    assert row.reason == "ticket 7"


async def test_the_audit_is_found_by_who_what_when_and_where(
    database: Database, acting: Actor, now: datetime
) -> None:
    await _fill(database, acting, now, 5)
    async with database.transaction(acting) as tx:
        for asked, count in (
            (audit.Asked(actor_id=acting.user_id), 5),
            (audit.Asked(actor_id=uuid4()), 0),
            (audit.Asked(action="thing"), 5),
            (audit.Asked(action="thing.changed"), 5),
            (audit.Asked(action="thin"), 0),
            (audit.Asked(subject_id=UUID(int=3)), 1),
            (audit.Asked(since=now), 5),
            (audit.Asked(until=now), 0),
            (audit.Asked(address="203.0.113.9"), 5),
            (audit.Asked(address="203.0.113.1"), 0),
        ):
            assert len(await audit.read(tx, asked, count=100)) == count, asked
        page = await audit.read(tx, audit.Asked(), count=2, before_seq=4)
    assert [row.seq for row in page] == [3, 2]
