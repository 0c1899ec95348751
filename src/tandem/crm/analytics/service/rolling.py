"""Sums by day follow the facts: a late one corrects the day it belongs to."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from tandem.crm.analytics.domain.catalogue import DATASETS
from tandem.crm.analytics.store import rollups
from tandem.crm.analytics.store.facts import Touched
from tandem.kernel.db import Tx


async def roll(tx: Tx, touched: Sequence[Touched], mark: datetime) -> None:
    """Make the sums anew of every day on which a fact came, went or changed."""
    for dataset in DATASETS.values():
        mine = [row for one in touched if _is_of(one, dataset.table) for row in one.values]
        for sums in dataset.sums if mine else ():
            days = _days(mine, dataset.clocks[sums.clock].day)
            if days:
                await rollups.refresh(tx, dataset.key, sums.name, days, mark)


async def roll_everything(tx: Tx, mark: datetime) -> None:
    await rollups.refresh_all(tx, mark)


def _is_of(one: Touched, table: str) -> bool:
    return table == f"analytics.fact_{one.table}"


def _days(rows: Sequence[Mapping[str, Any]], column: str) -> list[date]:
    name = column.removeprefix("f.")
    return sorted({row[name] for row in rows if row[name] is not None})
