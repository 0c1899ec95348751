"""Sums by day, made anew for the days that changed; versions of before are kept for an hour."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import LiteralString

from tandem.crm.analytics.domain.catalogue import DATASETS, Amount, Dataset, Sums
from tandem.crm.analytics.store.vocabularies import MEASURES
from tandem.kernel.db import Query, Tx

KEPT = timedelta(hours=1)

END = Query(
    """
    update analytics.rollup set superseded_at = :mark
     where org_id = :org_id and dataset = :dataset and clock = :clock
       and on_day = any(:days::date[]) and superseded_at = 'infinity'
    """
)
FORGET = Query(
    """
    delete from analytics.rollup
     where org_id = :org_id and dataset = :dataset and clock = :clock
       and on_day = any(:days::date[]) and superseded_at < :horizon
    """
)
CLEAR = Query("delete from analytics.rollup where org_id = :org_id")


def _amount(amount: Amount) -> LiteralString:
    if amount.kind == "count":
        return "count(*) filter (where " + amount.where + ")"
    assert amount.kind == "sum", "different things cannot be added up over days"
    return "sum(" + amount.value + ") filter (where " + amount.where + ")"


def _adding(dataset: Dataset, sums: Sums) -> tuple[Query, Query]:
    """For some days, and for all of them."""
    day = dataset.clocks[sums.clock].day
    slots: Sequence[LiteralString] = ("d1", "d2", "d3", "d4", "d5")[: len(sums.dimensions)]
    cuts: Sequence[LiteralString] = [
        "(" + dataset.dimensions[key].sql + ")::text" for key in sums.dimensions
    ]
    into: LiteralString = ", ".join([*slots, *MEASURES[: len(sums.amounts)]])
    given: LiteralString = ", ".join([*cuts, *(_amount(one) for one in sums.amounts)])
    head: LiteralString = (
        "insert into analytics.rollup"
        + " (org_id, dataset, clock, on_day, place, recorded_at, " + into + ")"
        + " select :org_id, :dataset, :clock, " + day + ", row_number() over (), :mark, " + given
        + " from " + dataset.table + " f"
        + " where f.org_id = :org_id and f.superseded_at = 'infinity' and " + day + " is not null"
    )  # fmt: skip
    tail: LiteralString = " group by " + ", ".join([day, *cuts])
    return Query(head + " and " + day + " = any(:days::date[])" + tail), Query(head + tail)


ADDING: Mapping[tuple[str, str], tuple[Query, Query]] = {
    (key, sums.name): _adding(dataset, sums)
    for key, dataset in DATASETS.items()
    for sums in dataset.sums
}


MADE = hashlib.sha256(
    "\n".join(f"{key} {two[1].sql}" for key, two in sorted(ADDING.items())).encode()
).hexdigest()[:16]
"""The definitions of all sums; what was made by others is not read."""

SET_MADE = Query("update analytics.watermark set sums = :made where org_id = :org_id")


async def refresh(tx: Tx, dataset: str, clock: str, days: Sequence[date], mark: datetime) -> None:
    """The sums of these days as the facts are now."""
    whose = {"dataset": dataset, "clock": clock}
    await tx.run(FORGET, **whose, days=list(days), horizon=mark - KEPT)
    await tx.run(END, **whose, days=list(days), mark=mark)
    await tx.run(ADDING[dataset, clock][0], **whose, days=list(days), mark=mark)


async def refresh_all(tx: Tx, mark: datetime) -> None:
    await tx.run(CLEAR)
    for (dataset, clock), (_, everything) in ADDING.items():
        await tx.run(everything, dataset=dataset, clock=clock, mark=mark)
    await tx.run(SET_MADE, made=MADE)
