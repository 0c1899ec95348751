"""Funnels: every mode, the window's edge, ties, repeats, exclusions, and the people behind them."""

import itertools
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import httpx2 as httpx
import msgspec
import pytest

from tandem.contracts.customers import CustomersMerged, CustomersParted
from tandem.contracts.sales import LeadCaptured, LeadConversionUndone, LeadConverted
from tandem.crm.analytics.domain.calendar import Period
from tandem.crm.analytics.domain.funnels import (
    Exclusion,
    FunnelAsk,
    FunnelDrill,
    FunnelDrillAsk,
    FunnelResult,
)
from tandem.crm.analytics.domain.happenings import Chosen
from tandem.crm.analytics.service import drill_funnel, run_funnel
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.ids import new_id
from tests.analytics.givens import Counted, placed
from tests.analytics.happened import BEGIN, KINDS, person, tell, write

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
NOW = timedelta()
TABLE: dict[str, list[tuple[str, timedelta]]] = {
    "ada": [("A", NOW), ("B", DAY), ("C", 2 * DAY)],
    "ben": [("A", NOW), ("X", DAY / 2), ("B", DAY), ("C", 2 * DAY)],
    "cyn": [("B", NOW), ("A", DAY), ("C", 2 * DAY)],
    "dev": [("A", NOW), ("B", DAY), ("C", 7 * DAY)],
    "eve": [("A", NOW), ("B", DAY), ("C", 7 * DAY + SECOND)],
    "fay": [("A", NOW), ("B", NOW), ("C", NOW)],
    "gus": [("C", NOW), ("B", DAY), ("A", 2 * DAY)],
    "hal": [("A", NOW), ("A", 5 * DAY), ("B", 8 * DAY), ("C", 11 * DAY)],
    "ivy": [("A", NOW), ("B", DAY), ("B", 2 * DAY), ("C", 3 * DAY)],
    "jon": [("A", NOW), ("B", 6 * DAY), ("A", 6.5 * DAY), ("C", 8 * DAY)],
    "kim": [("A", NOW), ("X", NOW), ("B", DAY), ("C", 2 * DAY)],
    "lea": [("B", NOW), ("C", DAY)],
}
"""Forty happenings: clicks (A), orders (B), complaints (C), opens (X)."""
DEPTHS: dict[str, dict[str, int]] = {
    "ordered": {
        "ada": 3, "ben": 3, "cyn": 1, "dev": 3, "eve": 2, "fay": 3, "gus": 1, "hal": 3, "ivy": 3,
        "jon": 2, "kim": 3, "lea": 0,
    },
    "strict": {
        "ada": 3, "ben": 1, "cyn": 1, "dev": 3, "eve": 2, "fay": 3, "gus": 1, "hal": 3, "ivy": 2,
        "jon": 2, "kim": 3, "lea": 0,
    },
    "any": {
        "ada": 3, "ben": 3, "cyn": 3, "dev": 3, "eve": 2, "fay": 3, "gus": 3, "hal": 3, "ivy": 3,
        "jon": 3, "kim": 3, "lea": 2,
    },
}  # fmt: skip
COUNTS = {"ordered": [11, 9, 7], "strict": [11, 8, 5], "any": [12, 12, 10]}


@pytest.fixture
def company(database: Database, actor: Actor) -> Counted:
    return Counted(database, actor)


def asked(letters: str = "ABC", **more: Any) -> FunnelAsk:
    given: dict[str, Any] = {"within": "P7D", "period": "last_90_days"}
    return FunnelAsk(steps=[Chosen(event=KINDS[one]) for one in letters], **(given | more))


async def run(company: Counted, ask: FunnelAsk) -> FunnelResult:
    async with company.database.transaction(company.actor) as tx:
        return await run_funnel(tx, ask, company.clock.at)


async def people(company: Counted, ask: FunnelAsk, step: int, **more: Any) -> FunnelDrill:
    async with company.database.transaction(company.actor) as tx:
        wanted = FunnelDrillAsk(query=ask, step=step, **more)
        found = await drill_funnel(tx, wanted, limit=5, cursor=None, now=company.clock.at)
        items = list(found.items)
        while found.next:
            found = await drill_funnel(tx, wanted, limit=5, cursor=found.next, now=company.clock.at)
            items += found.items
    assert found.count == len(items)
    return FunnelDrill(as_of=found.as_of, count=found.count, items=items, next=None)


async def test_the_table_of_forty_happenings_comes_to_the_expected_counts(
    company: Counted,
) -> None:
    """A-ANA-3: each mode, exactly seven days and a second more, ties, repeats, an exclusion; every
    bar opens into as many people as it counts, and into the right ones."""
    assert sum(len(some) for some in TABLE.values()) == 40
    assert await tell(company, TABLE) == 40
    names = {person(name): name for name in TABLE}
    for order, counts in COUNTS.items():
        ask = asked(order=order)
        found = await run(company, ask)
        assert [one.count for one in found.steps] == counts, order
        assert [one.dropped for one in found.steps[1:]] == [
            before - after for before, after in itertools.pairwise(counts)
        ]
        assert (found.entered, found.converted) == (counts[0], counts[-1])
        for step in (1, 2, 3):
            opened = await people(company, ask, step)
            reached = {name for name, depth in DEPTHS[order].items() if depth >= step}
            assert {names[row.id] for row in opened.items} == reached, (order, step)
        for step in (2, 3):
            lost = await people(company, ask, step, is_dropped=True)
            stayed = {name for name, depth in DEPTHS[order].items() if depth == step - 1}
            assert {names[row.id] for row in lost.items} == stayed, (order, step)

    found = await run(company, asked())
    assert (found.seconds_median, found.seconds_p90) == (2 * 86400, 6.4 * 86400)
    second = found.steps[1]
    assert (second.seconds_median, second.seconds_p90) == (86400, 3.6 * 86400)
    assert (found.rate, second.of_before) == (round(7 / 11, 6), round(9 / 11, 6))

    never = Exclusion(happening=Chosen(event=KINDS["X"]))
    found = await run(company, asked(exclusions=[never]))
    assert [one.count for one in found.steps] == [10, 8, 6]
    late = Exclusion(happening=Chosen(event=KINDS["X"]), after_step=2)
    found = await run(company, asked(exclusions=[late]))
    assert [one.count for one in found.steps] == COUNTS["ordered"]

    cut = asked("BC", breakdown="channel")
    found = await run(company, cut)
    assert sum(one.counts[0] for one in found.parts) == found.entered == 12
    assert {one.value: one.counts for one in found.parts}["l"] == [1, 1]
    assert (await people(company, cut, 2, keys={"channel": "g"})).count == 0
    where = {"field": "channel", "op": "in", "value": ["l", "g"]}
    only = [Chosen(event=KINDS["B"], where=where), Chosen(event=KINDS["C"])]
    found = await run(company, msgspec.structs.replace(cut, steps=only))
    assert [one.count for one in found.steps] == [2, 1]

    first = BEGIN.date()
    found = await run(company, asked(period=None, from_on=first, to_on=first))
    assert [one.count for one in found.steps] == [9, 8, 6], "later steps may lie after the days"


async def test_a_lead_is_its_customer_and_the_merged_are_one_person_until_parted(
    company: Counted,
) -> None:
    """What happened before the conversion and to the duplicate is the same person's run."""
    lead, stays, gone = new_id(), new_id(), new_id()
    came = LeadCaptured(
        lead_id=lead, number="L", is_new=True, touch_id=new_id(), channel="form", source="fair",
        utm_source="", utm_medium="", utm_campaign="", campaign_id=None, form_id=None,
        owner_id=None,
    )  # fmt: skip
    await company.tell(came, at=BEGIN)
    await company.tell(placed(100_00, customer=stays), at=BEGIN + 2 * DAY)
    events = ("lead_captured", "lead_converted", "order_placed")
    ask = FunnelAsk(steps=[Chosen(event=one) for one in events], period=Period.LAST_90_DAYS)
    assert [one.count for one in (await run(company, ask)).steps] == [1, 0, 0]
    (row,) = (await people(company, ask, 1)).items
    assert (row.id, row.is_lead, row.link) == (lead, True, f"/leads/{lead}")
    became = LeadConverted(
        lead_id=lead, number="L", customer_id=gone, conversion_id=new_id(), account_id=None,
        opportunity_id=None,
    )  # fmt: skip
    await company.tell(became, at=BEGIN + DAY)
    assert [one.count for one in (await run(company, ask)).steps] == [1, 1, 0]
    merge: dict[str, Any] = {"merge_id": new_id(), "customer_id": stays, "loser_id": gone}
    company.clock.at += DAY
    await company.tell(CustomersMerged(**merge))
    assert [one.count for one in (await run(company, ask)).steps] == [1, 1, 1]
    (row,) = (await people(company, ask, 3)).items
    assert (row.id, row.is_lead, row.seconds) == (stays, False, 2 * 86400)
    company.clock.at += DAY
    await company.tell(CustomersParted(**merge))
    assert [one.count for one in (await run(company, ask)).steps] == [1, 1, 0]
    undone = LeadConversionUndone(lead_id=lead, number="L", conversion_id=became.conversion_id)
    company.clock.at += DAY
    await company.tell(undone)
    assert [one.count for one in (await run(company, ask)).steps] == [1, 0, 0]


async def test_runs_found_by_the_database_are_those_found_by_trying_all_of_them(
    company: Counted,
) -> None:
    """People by chance, many of them with ties; the oracle tries every chain of happenings."""
    dice = random.Random(3)
    told = {
        new_id(): [
            (dice.choice("AABBCX"), BEGIN + DAY / 2 * dice.randint(0, 24))
            for _ in range(dice.randint(1, 9))
        ]
        for _ in range(150)
    }
    await write(company, [(who, kind, at) for who, some in told.items() for kind, at in some])
    for letters, order in itertools.product(("ABC", "AB", "AAB"), ("ordered", "strict")):
        ask = asked(letters, order=order, within="P3D")
        found = await run(company, ask)
        depths = [_deepest(some, letters, order == "strict") for some in told.values()]
        expected = [sum(depth >= step for depth in depths) for step in range(1, len(letters) + 1)]
        assert [one.count for one in found.steps] == expected, (letters, order)
    ask = asked("ABC", order="any", within="P3D")
    best = [_most(some, "ABC") for some in told.values()]
    found = await run(company, ask)
    assert [one.count for one in found.steps] == [
        sum(one >= step for one in best) for step in (1, 2, 3)
    ]


def _deepest(some: Sequence[tuple[str, datetime]], letters: str, is_strict: bool) -> int:
    """By trying every chain of different happenings in their order."""
    rows = sorted(some, key=lambda one: (one[1], letters.find(one[0]) % 99))
    if is_strict:
        stepping = {at for kind, at in rows if kind in letters}
        rows = [one for one in rows if one[0] in letters or one[1] not in stepping]
    best = 0
    for size in range(1, len(letters) + 1):
        for places in itertools.combinations(range(len(rows)), size):
            chain = [rows[place] for place in places]
            if [kind for kind, _ in chain] != list(letters[:size]):
                continue
            if chain[-1][1] - chain[0][1] > 3 * DAY:
                continue
            if is_strict and places[-1] - places[0] != size - 1:
                continue
            best = max(best, size)
    return best


def _most(some: Sequence[tuple[str, datetime]], letters: str) -> int:
    return max(
        (
            len({kind for kind, other in some if kind in letters and at <= other <= at + 3 * DAY})
            for letter, at in some
            if letter in letters
        ),
        default=0,
    )


async def test_a_funnel_is_kept_asked_and_opened_over_http(
    client: httpx.AsyncClient, company: Counted
) -> None:
    await tell(company, TABLE)
    query = {
        "steps": [{"event": KINDS[one]} for one in "ABC"],
        "within": "P1W",
        "period": "last_90_days",
    }
    kept = await client.post("/v1/funnels", json={"name": "To a complaint", "query": query})
    assert kept.status_code == 201, kept.text
    (listed,) = (await client.get("/v1/funnels")).json()
    assert (listed["name"], listed["version"]) == ("To a complaint", 1)
    answer = (await client.post("/v1/funnels/queries", json=listed["query"])).json()
    assert [one["count"] for one in answer["steps"]] == COUNTS["ordered"]
    opened = {"query": listed["query"] | {"as_of": answer["as_of"]}, "step": 3}
    drilled = (await client.post("/v1/funnels/drills", json=opened)).json()
    assert drilled["count"] == len(drilled["items"]) == answer["converted"]
    where = f"/v1/funnels/{listed['id']}"
    changed = await client.put(where, json={"name": "Late ones", "query": query})
    assert (changed.json()["name"], changed.headers["etag"]) == ("Late ones", '"2"')
    assert (await client.delete(where)).status_code == 204
    assert (await client.get(where)).status_code == 404


REFUSED: tuple[tuple[dict[str, Any], str], ...] = (
    ({"steps": [{"event": "order_placed"}]}, "steps"),
    ({"steps": [{"event": "nothing"}, {"event": "order_placed"}]}, "steps[0].event"),
    ({"within": "P0D"}, "within"),
    ({"within": "P60W"}, "within"),
    ({"within": "P7M"}, "within"),
    ({"breakdown": "price"}, "breakdown"),
    ({"order": "any", "steps": [{"event": "order_placed"}] * 2}, "steps[1]"),
    (
        {"exclusions": [{"happening": {"event": "order_paid"}, "after_step": 2}]},
        "exclusions[0].before_step",
    ),
    (
        {"steps": [{"event": "order_placed", "where": {"field": "x", "op": "set"}}] * 2},
        "where",
    ),
    ({"from_on": "2026-01-01"}, "to_on"),
    ({"sql": "select 1"}, "sql"),
)


async def test_funnels_that_make_no_sense_are_refused_with_the_field_at_fault(
    client: httpx.AsyncClient,
) -> None:
    good = {"steps": [{"event": "order_placed"}, {"event": "order_confirmed"}]}
    for changes, field in REFUSED:
        answer = await client.post("/v1/funnels/queries", json=good | changes)
        assert answer.status_code == 422 and field in answer.text, (changes, answer.text)
        if "from_on" not in changes:
            odd = {"name": "Odd", "query": good | changes}
            kept = await client.post("/v1/funnels", json=odd)
            assert kept.status_code == 422 and field in kept.text, (changes, kept.text)
    assert (await client.get("/v1/funnels")).json() == []
