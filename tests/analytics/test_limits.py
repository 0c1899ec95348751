"""Questions that make no sense, ask too much or take too long: a refusal, never a crash."""

import asyncio
import contextlib
import random
from typing import Any
from uuid import UUID

import asyncpg
import httpx2 as httpx
import pytest

from tandem.crm.analytics.domain.asking import QueryCancelled, QueryTooSlow, TooManyQueries
from tandem.crm.analytics.domain.catalogue import METRICS
from tandem.crm.analytics.service import give_up
from tandem.crm.analytics.store import answers
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.ids import new_id
from tests.analytics.filled import fill
from tests.analytics.givens import Counted

ASK = {"measures": ["revenue"]}
REFUSED: tuple[tuple[dict[str, Any], str], ...] = (
    ({"measures": []}, "measures"),
    ({"measures": ["revenue; drop table x"]}, "measures[0]"),
    ({"measures": ["nothing"]}, "measures[0]"),
    ({"measures": ["revenue@7"]}, "measures[0]"),
    ({"measures": ["revenue", "revenue@1"]}, "measures"),
    ({**ASK, "dimensions": ["f.total_base"]}, "dimensions[0]"),
    ({**ASK, "dimensions": ["channel", "channel"]}, "dimensions"),
    ({"measures": ["revenue", "on_hand"], "dimensions": ["channel"]}, "dimensions[0]"),
    ({"measures": ["pipeline"], "grain": "day"}, "grain"),
    ({**ASK, "grain": "era"}, "grain"),
    ({**ASK, "grain": "day", "from_on": "1990-01-01", "to_on": "2100-01-01"}, "grain"),
    ({**ASK, "from_on": "2026-01-01"}, "to_on"),
    ({**ASK, "from_on": "2026-02-01", "to_on": "2026-01-01"}, "to_on"),
    ({**ASK, "from_on": "0001-01-01", "to_on": "2026-01-01"}, "from_on"),
    ({**ASK, "zone": "Mars/Base"}, "zone"),
    ({**ASK, "sort": "tax"}, "sort"),
    ({**ASK, "as_of": "2026-01-01T00:00:00"}, "as_of"),
    ({**ASK, "limit": 100_000}, "limit"),
    ({**ASK, "filters": {"field": "secret", "op": "is", "value": 1}}, "filters.field"),
    ({**ASK, "filters": {"field": "channel", "op": "is"}}, "filters"),
    ({**ASK, "filters": {"event": "order_placed"}}, "filters.event"),
    ({**ASK, "sql": "select 1"}, "sql"),
)


@pytest.fixture
async def company(database: Database, actor: Actor) -> Counted:
    made = Counted(database, actor)
    await fill(made)
    return made


async def test_what_makes_no_sense_is_refused_with_the_field_at_fault(
    client: httpx.AsyncClient, company: Counted
) -> None:
    """A-ANA-9."""
    for body, field in REFUSED:
        body = body | ({"dimensions": ["status"]} if "sort" in body else {})
        answer = await client.post("/v1/analytics/queries", json=body)
        told = answer.json()
        assert answer.status_code in (400, 422), (body, told)
        assert field in str(told), (body, told)


async def test_another_version_has_no_rows_here_and_ones_own_money_no_rate(
    client: httpx.AsyncClient, company: Counted
) -> None:
    opened = {"query": {"measures": ["revenue@1"]}, "measure": "revenue@2"}
    refused = await client.post("/v1/analytics/drills", json=opened)
    assert (refused.status_code, refused.json()["field"]) == (422, "measure")
    rate = {"from_on": "2026-04-01", "rate": "2"}
    for currency, code in (("INR", "invalid"), ("ABC", "unknown_currency")):
        refused = await client.post("/v1/analytics/rates", json=rate | {"currency": currency})
        assert (refused.status_code, refused.json()["field"]) == (422, "currency")
        assert refused.json()["code"] == code


async def test_no_json_makes_it_stumble(client: httpx.AsyncClient, company: Counted) -> None:
    """A-ANA-9: questions put together by chance from good, bad and nasty parts."""
    dice = random.Random(11)
    seen: set[int] = set()
    for _ in range(150):
        body = {name: dice.choice(parts) for name, parts in PARTS.items() if dice.random() < 0.35}
        body["measures"] = dice.sample(sorted(METRICS), dice.randint(1, 3))
        answer = await client.post("/v1/analytics/queries", json=body)
        seen.add(answer.status_code)
        assert answer.status_code in (200, 400, 422), (body, answer.text[:500])
        assert "NaN" not in answer.text and "Infinity" not in answer.text
        opened = {
            "query": body,
            "measure": dice.choice(body["measures"]),
            "keys": dice.choice(KEYS),
        }
        answer = await client.post("/v1/analytics/drills", json=opened)
        assert answer.status_code in (200, 400, 422), (opened, answer.text[:500])
    assert {200, 422} <= seen
    for _ in range(30):
        steps = [dice.choice(STEPS) for _ in range(dice.randint(1, 4))]
        body = {name: dice.choice(parts) for name, parts in FUNNELS.items() if dice.random() < 0.4}
        answer = await client.post("/v1/funnels/queries", json={"steps": steps, **body})
        assert answer.status_code in (200, 400, 422), (steps, body, answer.text[:500])
        assert "NaN" not in answer.text and "Infinity" not in answer.text


NASTY: list[Any] = [
    "",
    "'",
    "a\x00b",
    "{rule}",
    ":org_id",
    "$1",
    "𝔘",
    "9" * 400,
    None,
    -1,
    1e308,
    [],
    {},
]
PARTS: dict[str, list[Any]] = {
    "dimensions": [["channel"], ["status", "channel"], ["sku"], NASTY, ["kind"], []],
    "grain": ["day", "week", "fiscal_year", "quarter", None, "x"],
    "period": ["today", "last_365_days", "this_fiscal_year", "x", 3],
    "from_on": ["2026-01-01", "2100-12-31", "-1", "9999-12-31"],
    "to_on": ["2026-11-30", "2100-12-31", "9999-12-31"],
    "compare": ["none", "previous_period", "previous_year", "x"],
    "zone": ["UTC", "Pacific/Kiritimati", "../etc", "Factory", "localtime"],
    "week_start": ["monday", "sunday", "x"],
    "sort": ["-revenue", "time", "channel", "-", "orders"],
    "limit": [1, 0, 1000, 10**30],
    "as_of": ["2026-11-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "x"],
    "filters": [
        {"field": "channel", "op": "is", "value": "{rule}"},
        {"all": [{"field": "status", "op": "in", "value": ["open", "confirmed"]}]},
        {"field": "customer", "op": "is", "value": "a\x00b"},
        {"not": {"field": "channel", "op": "unset"}},
        {"any": []},
        *NASTY[7:],
    ],
}
STEPS: list[Any] = [
    {"event": "order_placed"},
    {"event": "order_paid", "label": "Paid"},
    {"event": "order_placed", "where": {"not": {"field": "channel", "op": "unset"}}},
    {"event": "lead_captured", "where": {"any": []}},
    {"event": "message_sent", "where": {"field": "stage", "op": "is", "value": "{rule}:org_id"}},
    {"event": "deal_won", "where": {"field": "source", "op": "is", "value": "a\x00b"}},
    {"event": "order_placed; drop table x"},
]
FUNNELS: dict[str, list[Any]] = {
    "order": ["ordered", "strict", "any", "x"],
    "within": ["PT1H", "P52W", "P0D", "P7D; select 1", 7],
    "breakdown": ["channel", "stage", "f.at", None],
    "period": ["last_365_days", "today", "x"],
    "exclusions": [[], [{"happening": {"event": "order_cancelled"}, "after_step": 1}], NASTY],
    "from_on": ["2026-01-01", "9999-12-31"],
    "to_on": ["2026-11-30"],
    "as_of": ["2026-11-01T00:00:00Z", "x"],
}
KEYS: list[dict[str, Any]] = [
    {},
    {"time": "2026-11-01"},
    {"time": None},
    {"channel": None},
    {"channel": "a\x00b"},
    {"channel": "{rule}", "status": "confirmed"},
    {"time": "x"},
]


async def test_what_cannot_be_stored_is_refused_in_keys_and_in_tiles(
    client: httpx.AsyncClient, company: Counted
) -> None:
    """PostgreSQL keeps no NUL, neither as text nor in JSON."""
    cut = ASK | {"dimensions": ["channel"]}
    opened = {"query": cut, "measure": "revenue", "keys": {"channel": "a\x00b"}}
    assert (await client.post("/v1/analytics/drills", json=opened)).status_code in (400, 422)
    for value in ("a\x00b", {"deep": "a\x00b"}):
        tile = {
            "title": "T",
            "shape": "bar",
            "query": cut | {"filters": {"field": "channel", "op": "is", "value": value}},
        }
        made = await client.post("/v1/dashboards", json={"name": "D", "tiles": [tile]})
        assert made.status_code in (400, 422), made.text[:300]
    wide = [{"title": "T", "shape": "bar", "query": ASK}] * 25
    many = await client.post("/v1/dashboards", json={"name": "D", "tiles": wide})
    assert many.status_code == 422
    assert (await client.get("/v1/dashboards")).json() == []


async def test_too_many_groups_are_refused_before_they_are_drawn(
    client: httpx.AsyncClient, company: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A-ANA-9: as many groups as there are customers, or days times products."""
    for module in ("store.writing", "service.answering"):
        monkeypatch.setattr(f"tandem.crm.analytics.{module}.GROUPS_MAX", 5)
    for more in (
        {"dimensions": ["customer", "sku"], "compare": "previous_period"},
        {"grain": "day", "period": "last_90_days"},
    ):
        body = {"measures": ["line_revenue"], "period": "last_365_days", **more}
        answer = await client.post("/v1/analytics/queries", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "too_many_groups"), more


async def test_a_company_asks_six_things_at_once_and_others_are_not_held_up(
    database: Database, actor: Actor
) -> None:
    """A-ANA-9: the seventh is asked to come again; another company's first is answered."""
    other = Actor(org_id=new_id(), user_id=new_id(), grants=frozenset({"*"}))
    async with contextlib.AsyncExitStack() as held:
        for _ in range(answers.AT_ONCE):
            tx = await held.enter_async_context(database.transaction(actor))
            await held.enter_async_context(answers.guarded(tx))
        async with database.transaction(actor) as tx:
            with pytest.raises(TooManyQueries):
                async with answers.guarded(tx):
                    raise AssertionError("there was room for a seventh")
        async with database.transaction(other) as tx, answers.guarded(tx):
            assert tx.actor is other
    async with database.transaction(actor) as tx, answers.guarded(tx):
        assert tx.actor is actor


async def test_a_question_that_takes_too_long_is_given_up_and_nothing_else(
    database: Database, actor: Actor
) -> None:
    """The transaction goes on: a dashboard shows its other tiles."""
    async with database.transaction(actor) as tx:
        with pytest.raises(QueryTooSlow):
            async with answers.guarded(tx, seconds=0.05):
                await tx.connection.execute("select pg_sleep(20)")
        assert await tx.connection.fetchval("show statement_timeout") == "0"
        assert await tx.connection.fetchval("select 1") == 1


async def test_a_question_cannot_write(database: Database, actor: Actor) -> None:
    """A-ANA-9: PostgreSQL refuses; afterwards the transaction may write again."""
    async with database.transaction(actor) as tx:
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            async with answers.guarded(tx):
                await tx.connection.execute("delete from analytics.fact_order")
    async with database.transaction(actor) as tx:
        async with answers.guarded(tx):
            pass
        assert await tx.connection.fetchval("show transaction_read_only") == "off"


async def test_its_asker_gives_a_question_up_and_nobody_else_can(
    database: Database, actor: Actor
) -> None:
    """ANA-24: by the name that it was asked under, from any other process."""
    question = new_id()
    neighbour = Actor(org_id=actor.org_id, user_id=new_id(), grants=frozenset({"*"}))

    async def ask() -> None:
        async with database.transaction(actor) as tx, answers.guarded(tx, question=question):
            await tx.connection.execute("select pg_sleep(20)")

    async def cancel(who: Actor, name: UUID) -> bool:
        async with database.transaction(who) as tx:
            return await give_up(tx, name)

    asking = asyncio.create_task(ask())

    async def give_it_up() -> None:
        assert not await cancel(neighbour, question)
        assert not await cancel(actor, new_id())
        await cancel(actor, question)

    async with asyncio.timeout(20):
        while not asking.done():
            await give_it_up()
    with pytest.raises(QueryCancelled):
        await asking
    assert not await cancel(actor, question)
