"""Statements that take too long are given up, and what else the transaction held is left alone."""

import asyncpg
import pytest

from tandem.kernel import rules
from tandem.kernel.actor import Actor
from tandem.kernel.cut_short import CutShort, read_only
from tandem.kernel.db import Database, Tx

LONG = "select pg_sleep(20)"


async def settings(tx: Tx) -> list[str]:
    names = ("work_mem", "statement_timeout", "transaction_read_only", "plan_cache_mode")
    return [await tx.connection.fetchval(f"show {name}") for name in names]


async def test_a_rule_that_takes_too_long_is_refused(database: Database, actor: Actor) -> None:
    with pytest.raises(rules.RuleTooSlow) as refused:
        async with database.transaction(actor) as tx, rules.bounded(tx, seconds=0.05):
            await tx.connection.execute(LONG)
    assert (refused.value.status, refused.value.field) == (422, "rule")
    async with database.transaction(actor) as tx:
        async with rules.bounded(tx, seconds=5):
            assert await tx.connection.fetchval("show statement_timeout") == "5s"
            assert await tx.connection.fetchval("show work_mem") == "64MB"
        assert await tx.connection.fetchval("show statement_timeout") == "0"


async def test_what_only_reads_leaves_the_transaction_and_its_settings_as_they_were(
    database: Database, actor: Actor
) -> None:
    async with database.transaction(actor) as tx:
        before = await settings(tx)
        with pytest.raises(CutShort):
            async with read_only(tx, seconds=0.05):
                assert await settings(tx) != before
                await tx.connection.execute(LONG)
        assert await settings(tx) == before
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        async with database.transaction(actor) as tx, read_only(tx, seconds=5):
            await tx.connection.execute("delete from kernel.event")
