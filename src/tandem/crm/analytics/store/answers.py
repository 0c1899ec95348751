"""Asking the facts: who may how much at once, for how long, and what comes back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, LiteralString
from uuid import UUID

from tandem.crm.analytics.domain.asking import QueryCancelled, QueryTooSlow, TooManyQueries
from tandem.kernel.cut_short import CutShort, read_only
from tandem.kernel.db import Query, Tx
from tandem.kernel.rules import Compiled

AT_ONCE = 6
"""Questions of one company that are worked on at the same time."""
SECONDS = 8

SLOT = Query(
    """
    select slot from generate_series(1, :slots::int) as slot
     where pg_try_advisory_xact_lock(hashtextextended('analytics ' || :org_id::uuid, slot))
     limit 1
    """
)
_NAME: LiteralString = (
    "hashtextextended('question ' || :org_id::uuid || ' ' || :user_id::uuid, 0)"
    " # hashtextextended(:question::text, 1)"
)
NAME = Query("select pg_try_advisory_xact_lock_shared(" + _NAME + ")")
CANCEL = Query(
    """
    select count(*) filter (where pg_cancel_backend(held.pid))
      from (select """
    + _NAME
    + """ as key) as named
      join pg_locks held
        on held.locktype = 'advisory' and held.objsubid = 1 and held.granted
       and held.classid = ((named.key >> 32) & 4294967295)::oid
       and held.objid = (named.key & 4294967295)::oid
       and held.pid <> pg_backend_pid()
     where held.database = (select oid from pg_database where datname = current_database())
    """
)


@asynccontextmanager
async def guarded(
    tx: Tx, *, seconds: float = SECONDS, question: UUID | None = None
) -> AsyncIterator[None]:
    """A place among the company's questions until the transaction ends, and a limit of time for
    each statement, none of which can write. Refuses with TooManyQueries, with QueryTooSlow after
    giving up, and with QueryCancelled where its asker gave it up by the name `question`."""
    if await tx.value(SLOT, slots=AT_ONCE) is None:
        refusal = TooManyQueries("The company asks for many numbers just now. Try again shortly.")
        refusal.headers["Retry-After"] = "2"
        raise refusal
    if question is not None:
        await tx.value(NAME, user_id=tx.actor.user_id, question=str(question))
    begun = asyncio.get_running_loop().time()
    try:
        async with read_only(tx, seconds=seconds):
            yield
    except CutShort as reason:
        if asyncio.get_running_loop().time() - begun < seconds:
            raise QueryCancelled("The question was given up.") from reason
        raise QueryTooSlow(
            "This takes too long. Ask for fewer days, or cut it less finely.", field="measures"
        ) from reason


async def cancel(tx: Tx, question: UUID) -> bool:
    """Stop the asker's own question of that name, wherever it is worked on; whether it was."""
    stopped: int = await tx.value(CANCEL, user_id=tx.actor.user_id, question=str(question))
    return stopped > 0


async def read(tx: Tx, statement: Compiled) -> list[Any]:
    return await tx.records(statement)


async def count(tx: Tx, statement: Compiled) -> int:
    number: int = await tx.value(statement)
    return number
