"""Numbers and the rows behind them: every one opens into exactly what makes it."""

import random
from datetime import date
from typing import Any

import msgspec
import pytest

from tandem.crm.analytics.domain.asking import Ask, Cell, Drill, Result, Row
from tandem.crm.analytics.domain.calendar import Grain
from tandem.crm.analytics.domain.catalogue import DATASETS, METRICS, Metric, latest
from tandem.crm.analytics.domain.dashboards import READY
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tests.analytics.filled import fill
from tests.analytics.givens import NOON, Counted, cancelled, confirmed, days_ago, placed

ASKED = 40
"""Questions by chance, beside every tile of every ready dashboard."""


@pytest.fixture
def company(database: Database, actor: Actor) -> Counted:
    return Counted(database, actor)


async def test_every_number_opens_into_rows_that_come_to_it(company: Counted) -> None:
    """A-ANA-1: all tiles and questions by chance, all cells of some rows and the totals."""
    await fill(company)
    dice = random.Random(7)
    whole = msgspec.structs.replace
    asks = [
        whole(tile.query, period="last_90_days", compare="previous_period")
        for ready in READY.values()
        for tile in ready.tiles
    ]
    opened = 0
    for ask in [*asks, *(_by_chance(dice) for _ in range(ASKED))]:
        result = await company.answer(ask)
        fixed = whole(ask, as_of=result.as_of)
        for place, column in enumerate(result.columns[-len(result.totals) :]):
            total = result.totals[place]
            await _check(company, fixed, result, column.key, {}, total)
            rows = dice.sample(result.rows, min(2, len(result.rows)))
            for row in rows:
                await _check(
                    company, fixed, result, column.key, _keys(result, row), row.cells[place]
                )
                opened += 1
    assert opened > 100


async def _check(
    company: Counted, ask: Ask, result: Result, measure: str, keys: dict[str, Any], cell: Cell
) -> None:
    said = (ask, measure, keys, cell)
    found = await company.open(ask, measure, keys=keys, limit=37)
    assert found.as_of == result.as_of
    assert found.value == cell.value, said
    assert len(found.items) == found.count, said
    assert _come_to(found) == cell.value, said


def _come_to(found: Drill) -> int | float | None:
    """What the rows come to, added up by hand."""
    metric = METRICS[found.measure][found.version]
    above = sum(row.amount or 0 for row in found.items)
    if metric.amount.kind == "distinct":
        return len({row.of for row in found.items if row.of is not None})
    if metric.over is None:
        return round(above, 6)
    below = sum(row.over or 0 for row in found.items)
    return pytest.approx(above / below, abs=2e-6) if below else None  # type: ignore[return-value]


def _keys(result: Result, row: Row) -> dict[str, Any]:
    names = [column.key for column in result.columns if column.kind != "measure"]
    return dict(zip(names, row.keys, strict=True))


def _by_chance(dice: random.Random) -> Ask:
    metric = dice.choice(latest())
    alike = [one for one in latest() if one.dataset == metric.dataset and one.span == metric.span]
    measures = [one.key for one in dice.sample(alike, min(len(alike), dice.randint(1, 3)))]
    known = sorted(DATASETS[metric.dataset].dimensions)
    first = date(2026, 9, dice.randint(1, 30))
    return Ask(
        measures=measures,
        dimensions=dice.sample(known, min(len(known), dice.randint(0, 2))),
        grain=None if metric.span == "standing" else dice.choice([None, *Grain]),
        from_on=first,
        to_on=date(2026, 11, dice.randint(1, 22)),
        week_start=dice.choice(["monday", "sunday"]),
        zone=dice.choice([None, None, "America/New_York", "Pacific/Kiritimati"]),
        filters=dice.choice([None, _filter(dice, known)]),
    )


def _filter(dice: random.Random, known: list[str]) -> dict[str, Any] | None:
    name = dice.choice([one for one in known if one != "is_kept"])
    named = {"field": name, "op": "in", "value": ["web", "TEA", "late", "open"]}
    nothing = {"field": name, "op": dice.choice(["set", "unset"])}
    rules: list[dict[str, Any]] = [{"not": named}, {"any": [named, nothing]}, {"not": nothing}]
    return dice.choice(rules)


async def test_sums_by_day_and_the_facts_themselves_say_the_same(company: Counted) -> None:
    """What is answered from sums is answered from facts for another time zone of the same days."""
    await fill(company)
    for metric in latest():
        if metric.span == "standing":
            continue
        days: dict[str, Any] = {"from_on": date(2026, 9, 1), "to_on": date(2026, 11, 22)}
        names = [next(iter(DATASETS[metric.dataset].dimensions))]
        sums = await company.ask(metric.key, dimensions=names, grain="month", **days)
        facts = await company.ask(
            metric.key, dimensions=names, grain="month", zone="Asia/Calcutta", **days
        )
        assert (sums.rows, sums.totals) == (facts.rows, facts.totals), metric.key


async def test_what_there_is_nothing_of_is_nothing_and_a_share_of_nothing_is_none(
    company: Counted,
) -> None:
    """A-ANA-13: no data, one row, money without a rate, negative totals, nothing to divide by."""
    for metric in latest():
        assert (await company.ask(metric.key)).totals == [_nothing(metric)], metric.key
    credit = placed(-50_00, channel="web")
    await company.tell(credit, confirmed(credit), at=days_ago(1))
    found = await company.ask(
        "revenue", "average_order", "cancelled_share", period="last_7_days",
        compare="previous_period", dimensions=["channel"],
    )  # fmt: skip
    assert [cell.value for cell in found.rows[0].cells] == [-50_00, -50_00, 0]
    assert [cell.previous for cell in found.rows[0].cells] == [0, None, None]
    assert found.totals[0].change is None


def _nothing(metric: Metric) -> Cell:
    return Cell(value=0 if metric.over is None else None)


async def test_an_older_definition_still_gives_the_numbers_it_gave(company: Counted) -> None:
    """A-ANA-12: revenue meant all orders placed once; both meanings can be asked for."""
    kept, off = placed(100_00), placed(30_00)
    await company.tell(kept, confirmed(kept), off, at=days_ago(2))
    await company.tell(cancelled(off), at=days_ago(1))
    first = await company.ask("revenue@1")
    second = await company.ask("revenue")
    assert (first.totals[0].value, second.totals[0].value) == (130_00, 100_00)
    assert [one.version for one in (*first.definitions, *second.definitions)] == [1, 2]
    rows = await company.open(Ask(measures=["revenue@1"]), "revenue@1")
    assert (rows.value, rows.version, len(rows.items)) == (130_00, 1, 2)


async def test_a_hand_made_shop_has_the_figures_worked_out_by_hand(company: Counted) -> None:
    """A-ANA-2 on a set of our own: revenue, orders, customers and the top product by month."""
    told = [
        ("2026-09-30T18:29:00Z", "ann", [("TEA", 2, 200_00)]),
        ("2026-09-30T18:31:00Z", "ann", [("MUG", 1, 150_00)]),
        ("2026-10-15T06:00:00Z", "bob", [("TEA", 3, 300_00), ("MUG", 1, 150_00)]),
        ("2026-11-02T06:00:00Z", "ann", [("POT", 1, 900_00)]),
        ("2026-11-20T06:00:00Z", "cyd", [("TEA", 1, 100_00)]),
    ]
    people = {name: placed(0).customer_id for name in ("ann", "bob", "cyd")}
    for at, who, lines in told:
        order = placed(sum(line[2] for line in lines), customer=people[who], lines=lines)
        moment = msgspec.convert(at, type(NOON))
        await company.tell(order, confirmed(order), at=moment)
    days: dict[str, Any] = {"from_on": date(2026, 9, 1), "to_on": date(2026, 11, 30)}
    found = await company.ask("revenue", "orders", "buyers", grain="month", **days)
    assert [(row.keys[0], [cell.value for cell in row.cells]) for row in found.rows] == [
        ("2026-09-01", [200_00, 1, 1]),
        ("2026-10-01", [600_00, 2, 2]),
        ("2026-11-01", [1000_00, 2, 2]),
    ]
    assert [cell.value for cell in found.totals] == [1800_00, 5, 3]
    top = await company.ask("line_revenue", "units_sold", dimensions=["sku"], limit=2, **days)
    assert [(row.keys, [cell.value for cell in row.cells]) for row in top.rows] == [
        (["POT"], [900_00, 1]),
        (["TEA"], [600_00, 6]),
    ]
    assert top.is_cut
    year = await company.ask("revenue", grain="fiscal_year", **days)
    assert [(row.keys, row.cells[0].value) for row in year.rows] == [(["2026-04-01"], 1800_00)]
