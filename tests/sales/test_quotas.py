"""Quotas: periods from April, what was won towards them in the company's money, and the pace."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx2 as httpx
import pytest

from tandem.crm.identity import service as identity
from tandem.crm.identity.domain import User
from tandem.crm.sales import service as sales
from tandem.crm.sales.domain.forecasts import Ask, GroupBy
from tandem.crm.sales.domain.quotas import (
    NewQuota,
    Pace,
    Period,
    Quota,
    expected,
    label_of,
    pace_of,
    span_of,
)
from tandem.crm.sales.domain.quotes import Filters
from tandem.flows import deal_lines, opportunities, quotas
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.errors import Forbidden, NotFound
from tandem.kernel.ids import new_id
from tandem.kernel.reach import Standing

NOVEMBER = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("period", "on", "first", "last", "label"),
    [
        (Period.MONTH, "2028-02-10", "2028-02-01", "2028-02-29", "Feb 2028"),
        (Period.MONTH, "2026-12-31", "2026-12-01", "2026-12-31", "Dec 2026"),
        (Period.QUARTER, "2026-04-01", "2026-04-01", "2026-06-30", "Q1 2026-27"),
        (Period.QUARTER, "2026-11-22", "2026-10-01", "2026-12-31", "Q3 2026-27"),
        (Period.QUARTER, "2027-03-31", "2027-01-01", "2027-03-31", "Q4 2026-27"),
        (Period.YEAR, "2027-03-31", "2026-04-01", "2027-03-31", "FY 2026-27"),
        (Period.YEAR, "2099-04-01", "2099-04-01", "2100-03-31", "FY 2099-00"),
    ],
)
def test_a_period_is_the_one_a_day_lies_in(
    period: Period, on: str, first: str, last: str, label: str
) -> None:
    span = span_of(period, date.fromisoformat(on))
    assert (span.from_on.isoformat(), span.to_on.isoformat()) == (first, last)
    assert label_of(period, span.from_on) == label


@pytest.mark.parametrize(
    ("day", "won", "pace"),
    [
        (15, 15_000, Pace.ON_TRACK),
        (15, 14_999, Pace.AT_RISK),
        (15, 11_250, Pace.AT_RISK),
        (15, 11_249, Pace.BEHIND),
        (1, 1_000, Pace.ON_TRACK),
        (1, 30_000, Pace.REACHED),
        (30, 29_999, Pace.AT_RISK),
    ],
)
def test_the_pace_is_even_over_the_days(day: int, won: int, pace: Pace) -> None:
    quota = Quota(
        id=new_id(),
        owner_id=new_id(),
        team_id=None,
        period=Period.MONTH,
        from_on=date(2026, 11, 1),
        to_on=date(2026, 11, 30),
        target_minor=30_000,
        version=1,
        created_at=NOVEMBER,
    )
    assert expected(quota, date(2026, 11, day)) == day * 1_000
    assert pace_of(quota, won, date(2026, 11, day)) is pace
    assert pace_of(quota, 0, date(2026, 10, 31)) is Pace.NOT_BEGUN


async def _member(database: Database, actor: Actor, name: str, now: datetime) -> User:
    async with database.transaction(Actor.system(actor.org_id)) as tx:
        return await identity.add_user(
            tx,
            name=name,
            email=f"{new_id().hex}@example.test",
            password="a long enough password 77",
            role_key="sales",
            now=now,
        )


async def test_what_was_won_counts_in_the_companys_money_for_its_owner_and_team(
    client: httpx.AsyncClient,
    database: Database,
    actor: Actor,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(database.clock, "now", lambda: NOVEMBER)
    ravi, leela = [await _member(database, actor, name, now) for name in ("Ravi", "Leela")]
    async with database.transaction(Actor.system(actor.org_id)) as tx:
        team = await identity.add_node(tx, identity.TEAMS, name="South", parent_id=None, now=now)
        for person in (ravi, leela):
            await identity.join_node(tx, identity.TEAMS, team.id, person.id, now=now)
    won = [
        await _won(client, owner_id=str(ravi.id), amount_minor=4_00_000_00),
        await _won(
            client,
            owner_id=str(ravi.id),
            amount_minor=1_000_01,
            currency="USD",
            fx_rate="83.4567",
        ),
        await _won(client, owner_id=str(leela.id), amount_minor=50_000_00),
    ]
    await client.post("/v1/opportunities", json={"title": "Open", "owner_id": str(ravi.id)})
    month = {"period": "month", "on": "2026-11-05"}
    made = [
        await _quota(client, owner_id=str(ravi.id), target_minor=6_00_000_00, **month),
        await _quota(client, owner_id=str(leela.id), target_minor=9_00_000_00, **month),
        await _quota(client, team_id=str(team.id), target_minor=5_00_000_00, **month),
    ]
    dollars = round(1_000_01 * 83.4567)
    stands = {one["quota"]["id"]: one for one in (await client.get("/v1/quotas")).json()}
    assert [stands[one["id"]]["won_minor"] for one in made] == [
        4_00_000_00 + dollars,
        50_000_00,
        4_50_000_00 + dollars,
    ]
    assert [stands[one["id"]]["pace"] for one in made] == ["on_track", "behind", "reached"]
    assert stands[made[0]["id"]]["expected_minor"] == 6_00_000_00 * 22 // 30
    assert len(won) == 3
    twice = await client.post(
        "/v1/quotas", json={"owner_id": str(ravi.id), "target_minor": 1, **month}
    )
    assert (twice.status_code, twice.json()["code"]) == (409, "quota_exists")
    nobody = await client.post(
        "/v1/quotas", json={"owner_id": str(new_id()), "target_minor": 1, **month}
    )
    assert (nobody.status_code, nobody.json()["field"]) == (422, "owner_id")
    monkeypatch.setattr(database.clock, "now", lambda: NOVEMBER + timedelta(days=20))
    assert (await client.get("/v1/quotas")).json() == []
    path = f"/v1/quotas/{made[0]['id']}"
    changed = await client.patch(path, json={"target_minor": 10})
    assert (changed.json()["target_minor"], changed.json()["version"]) == (10, 2)
    assert (await client.delete(path)).status_code == 204
    assert (await client.patch(path, json={"target_minor": 1})).status_code == 404


async def test_a_rep_sees_own_quotes_quotas_and_totals_only(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    ravi, leela = [await _member(database, actor, name, now) for name in ("Ravi", "Leela")]
    team_id = await _team(database, actor, (ravi, leela), now)
    mine = await _sold(client, ravi, 1_000_00)
    hers = await _sold(client, leela, 9_000_00)
    month = {"period": "month", "on": database.clock.now().date().isoformat()}
    for whose in ({"owner_id": str(ravi.id)}, {"owner_id": str(leela.id)}, {"team_id": team_id}):
        await _quota(client, target_minor=10_000_00, **month, **whose)
    granted = frozenset({"sales.read", "sales.write", "sales.configure"})
    standing = Standing(user_id=ravi.id, narrow=frozenset((one, "own") for one in granted))
    rep = Actor(org_id=actor.org_id, user_id=ravi.id, grants=granted, standing=standing)
    async with database.transaction(actor) as tx:
        (foreign,) = (await sales.list_quotes(tx, Filters(opportunity_id=hers), limit=9)).items
    async with database.transaction(rep) as tx:
        seen = (await sales.list_quotes(tx, Filters(), limit=9)).items
        assert [one.opportunity_id for one in seen] == [mine]
        assert (await sales.list_quotes(tx, Filters(opportunity_id=hers), limit=9)).items == []
        assert (await sales.list_quotes(tx, Filters(words="Leela"), limit=9)).items == []
        for ask in (
            sales.get_quote(tx, foreign.id),
            sales.check_writable(tx, foreign.id),
            sales.list_lines(tx, hers),
            deal_lines.set_lines(tx, hers, [], now=now),
        ):
            with pytest.raises(NotFound):
                await ask
        stands = await quotas.attainments(tx, now=database.clock.now())
        assert [(one.quota.owner_id, one.won_minor) for one in stands] == [(ravi.id, 1_000_00)]
        new = NewQuota(owner_id=ravi.id, target_minor=1, period=Period.YEAR, on=NOVEMBER.date())
        with pytest.raises(Forbidden):
            await quotas.add_quota(tx, new, now=now)
    await _forecasts_differ(database, actor, rep, team_id)


async def _team(database: Database, actor: Actor, people: Sequence[User], now: datetime) -> str:
    async with database.transaction(Actor.system(actor.org_id)) as tx:
        team = await identity.add_node(tx, identity.TEAMS, name="North", parent_id=None, now=now)
        for person in people:
            await identity.join_node(tx, identity.TEAMS, team.id, person.id, now=now)
    return str(team.id)


async def _sold(client: httpx.AsyncClient, person: User, amount_minor: int) -> UUID:
    """A deal won, and one that is open and quoted, each of this amount: the open one's id."""
    theirs = {"owner_id": str(person.id), "amount_minor": amount_minor}
    await _won(client, **theirs)
    body = {"title": f"Of {person.name}", "close_on": "2027-06-01", **theirs}
    deal = (await client.post("/v1/opportunities", json=body)).json()
    quote = {"opportunity_id": deal["id"], "customer_name": "X", "lines": []}
    assert (await client.post("/v1/quotes", json=quote)).status_code == 201
    return UUID(deal["id"])


async def _forecasts_differ(database: Database, actor: Actor, rep: Actor, team_id: str) -> None:
    """However it is grouped: the rep's is of their own deals, the company's of all."""
    for group in GroupBy:
        ask_for = Ask(from_on=date(2027, 6, 1), to_on=date(2027, 6, 30), group_by=group)
        async with database.transaction(rep) as tx:
            own = await opportunities.forecast(tx, ask_for)
        async with database.transaction(actor) as tx:
            whole = await opportunities.forecast(tx, ask_for)
        assert own.total.open_minor == 1_000_00, group
        assert [row.open_minor for row in own.rows] == [1_000_00], group
        assert whole.total.open_minor == 10_000_00, group
        if group is GroupBy.TEAM:
            assert [row.key for row in whole.rows] == [team_id]


async def _won(client: httpx.AsyncClient, **given: Any) -> dict[str, Any]:
    body = {"title": "Won", "close_on": "2026-11-30", **given}
    made: dict[str, Any] = (await client.post("/v1/opportunities", json=body)).json()
    answer = await client.post(f"/v1/opportunities/{made['id']}/win")
    assert answer.status_code == 201, answer.text
    return made


async def _quota(client: httpx.AsyncClient, **given: Any) -> dict[str, Any]:
    answer = await client.post("/v1/quotas", json=given)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made
