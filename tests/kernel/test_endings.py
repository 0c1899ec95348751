"""What a transaction writes last: whole, in order, as the right company, or not at all."""

from datetime import datetime
from uuid import UUID, uuid4

import pytest

from tandem.kernel import audit, outbox, tokens
from tandem.kernel.actor import INSTALLATION, Actor
from tandem.kernel.db import Database, Query, Tx
from tandem.kernel.ending import WAITING_MAX, Expects
from tandem.kernel.errors import Refusal
from tests.kernel.test_outbox import Rang, broken, order

COUNT = Query("select count(*) from kernel.event where org_id = :org_id and key = :key")
NOTE = Query(
    """
    insert into kernel.number_series (org_id, kind, period, next_value)
    select :org_id, 'noted', period, :value from unnest(:periods::text[]) as given (period)
        on conflict do nothing
    """
)
NOTED = Query(
    """
    select string_agg(period, ' ' order by period) from kernel.number_series
     where org_id = :org_id and kind = 'noted'
    """
)


class Taken(Exception):
    """Somebody else was faster."""


async def count(tx: Tx, bell: UUID) -> int:
    return int(await tx.value(COUNT, key=str(bell)))


async def noted(database: Database, actor: Actor) -> str | None:
    async with database.transaction(actor) as tx:
        found: str | None = await tx.value(NOTED)
        return found


async def test_events_wait_for_the_end_and_are_heard_in_the_order_they_were_told(
    database: Database, actor: Actor
) -> None:
    broken.clear()
    order.clear()
    bell = uuid4()
    async with database.transaction(actor) as tx:
        for place in range(1, 8):
            await (tx if place % 2 else tx.with_all_grants()).publish(Rang(bell=bell, place=place))
        assert await count(tx, bell) == 0
        await tx.end()
        assert await count(tx, bell) == 7
    await outbox.drain(database)
    assert order == [(bell, place) for place in range(1, 8)]


async def test_like_writes_go_together_and_unlike_ones_beside_them(
    database: Database, actor: Actor
) -> None:
    async with database.transaction(actor) as tx:
        await tx.later(NOTE, periods=["a", "b"], value=1)
        await tx.later(NOTE, periods=["c"], value=1)
        await tx.later(NOTE, periods=["d"], value=2)
        await tx.publish(Rang(bell=uuid4(), place=1))
    assert await noted(database, actor) == "a b c d"


async def test_a_write_that_touches_too_few_rows_undoes_the_whole(
    database: Database, actor: Actor
) -> None:
    bell = uuid4()
    with pytest.raises(Taken):
        async with database.transaction(actor) as tx:
            await tx.publish(Rang(bell=bell, place=1))
            await tx.later(NOTE, periods=["e", "e"], value=1, expects=Expects(2, Taken))
    assert await noted(database, actor) is None
    async with database.transaction(actor) as tx:
        assert await count(tx, bell) == 0


async def test_what_a_refused_attempt_noted_is_forgotten_and_what_stood_before_it_stays(
    database: Database, actor: Actor
) -> None:
    before, within, after = uuid4(), uuid4(), uuid4()
    async with database.transaction(actor) as tx:
        await tx.publish(Rang(bell=before, place=1))
        with pytest.raises(Refusal):
            async with tx.attempt():
                await tx.publish(Rang(bell=within, place=1))
                raise Refusal("no")
        await tx.publish(Rang(bell=after, place=1))
    async with database.transaction(actor) as tx:
        assert [await count(tx, bell) for bell in (before, within, after)] == [1, 0, 1]


async def test_each_company_gets_its_own_rows_when_a_transaction_crosses_over(
    database: Database, actor: Actor, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        await audit.write(tx, action="a.one", subject_kind="x", subject_id=uuid4(), now=now)
        async with tx.installation() as own:
            await audit.write(own, action="a.two", subject_kind="x", subject_id=uuid4(), now=now)
        await audit.write(tx, action="a.three", subject_kind="x", subject_id=uuid4(), now=now)
    async with database.transaction(actor) as tx:
        mine = {row.action for row in await audit.read(tx, audit.Asked(action="a"), count=9)}
    async with database.transaction(Actor.system(INSTALLATION)) as tx:
        theirs = [row.action for row in await audit.read(tx, audit.Asked(action="a"), count=1)]
    assert (mine, theirs) == ({"a.one", "a.three"}, ["a.two"])


async def test_a_great_many_events_are_not_gathered_to_the_end(
    database: Database, actor: Actor
) -> None:
    bell = uuid4()
    async with database.transaction(actor) as tx:
        for place in range(WAITING_MAX + 1):
            await tx.publish(Rang(bell=bell, place=place))
        assert await count(tx, bell) == WAITING_MAX


async def test_a_token_is_found_and_revoked_in_the_transaction_that_issues_it(
    database: Database, actor: Actor, now: datetime
) -> None:
    thing = uuid4()
    async with database.transaction(actor) as tx:
        (token,) = await tokens.issue(tx, kind="order", entity_ids=[thing])
        found = await tokens.find_own(tx, token)
        assert found is not None
        assert found.is_live(now)
        await tokens.limit(tx, kind="order", entity_id=thing, expires_at=None, revoked_at=now)
        found = await tokens.find_own(tx, token)
        assert found is not None
        assert not found.is_live(now)
