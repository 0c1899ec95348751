"""The rows of one cell, and what they come to."""

from datetime import datetime
from typing import Any
from uuid import UUID

from tandem.crm.analytics.domain.catalogue import Amount, Metric
from tandem.crm.analytics.domain.planning import Slice
from tandem.crm.analytics.store import writing
from tandem.crm.analytics.store.writing import Scope, aggregate
from tandem.kernel.rules import Compiled


def sums(one: Slice, metric: Metric, scope: Scope) -> Compiled:
    """`above` and `below` the line, and how many rows there are."""
    text = writing.Statement(one, scope)
    parts = text.conditions()
    below = "null::numeric" if metric.over is None else aggregate(metric.over)
    return text.made(
        f"select {aggregate(metric.amount)} as above, {below} as below,"
        f" count(*) filter (where {_counts(metric)}) as rows"
        f" from {one.dataset.table} f where {' and '.join(parts)}"
    )


def rows(
    one: Slice, metric: Metric, scope: Scope, *, after: list[Any] | None, count: int
) -> Compiled:
    """What each row adds above and below the line. Of distinct counts, `of` is what counts."""
    text = writing.Statement(one, scope)
    parts = text.conditions()
    parts.append(f"({_counts(metric)})")
    if after is not None:
        at: datetime = after[0]
        row_id: UUID = after[1]
        text.values |= {"after_at": at, "after_id": row_id}
        parts.append("(f.at, f.id) < (:after_at::timestamptz, :after_id::uuid)")
    shows = [f"{sql} as s{place}" for place, sql in enumerate(one.dataset.shows.values())]
    below = "null::numeric" if metric.over is None else _adds(metric.over)
    of = f"({metric.amount.value})::text" if metric.amount.kind == "distinct" else "null::text"
    listed = [
        "f.id",
        "f.at",
        f"{one.dataset.link_id} as link_id",
        f"{_adds(metric.amount)} as above",
        f"{below} as below",
        f"{of} as of",
        *shows,
    ]
    text.values["count"] = count
    return text.made(
        f"select {', '.join(listed)} from {one.dataset.table} f"
        f" where {' and '.join(parts)} order by f.at desc, f.id desc limit :count::bigint"
    )


def _counts(metric: Metric) -> str:
    """A row is listed where it adds to the number, above or below."""
    return " or ".join(f"({amount.where})" for amount in metric.amounts)


def _adds(amount: Amount) -> str:
    if amount.kind == "sum":
        return f"case when {amount.where} then {amount.value} end"
    return f"case when {amount.where} then 1 else 0 end"
