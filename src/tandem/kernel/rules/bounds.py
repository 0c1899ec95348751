"""Half-open bounds of a date or an instant, for SQL and Python alike."""

from datetime import date, datetime, timedelta
from typing import Any

from tandem.kernel.rules.operands import Shifted
from tandem.kernel.rules.periods import INSTANT_STEP, Moment, day_shifted, hours_of, since, until
from tandem.kernel.rules.tree import Compare
from tandem.kernel.rules.vocabulary import Kind

Edge = date | datetime
Bounds = tuple[Edge | None, Edge | None]
"""From the first, before the second; None where there is no edge."""
_NEXT_DAY = timedelta(days=1)


def bounds_of(leaf: Compare, kind: Kind, moment: Moment) -> Bounds:
    """Days for a date, instants for an instant: one organisation's midnights made of its days."""
    if kind is Kind.INSTANT and leaf.op in ("in_last", "in_next"):
        return _span(leaf.op, leaf.value, moment)
    first, end = _days(leaf.op, leaf.value, moment)
    if kind is Kind.INSTANT:
        return _instant(first, moment), _instant(end, moment)
    return first, end


def _span(op: str, period: str, moment: Moment) -> Bounds:
    if op == "in_last":
        return since(period, moment), moment.now + INSTANT_STEP
    return moment.now, until(period, moment) + (INSTANT_STEP if hours_of(period) else timedelta(0))


def _days(op: str, value: Any, moment: Moment) -> Bounds:
    match op:
        case "in_last":
            return day_shifted(moment.today, value, -1), moment.today + _NEXT_DAY
        case "in_next":
            return moment.today, day_shifted(moment.today, value, 1) + _NEXT_DAY
        case "on":
            return _edge(value, moment), _after(value, moment)
        case "before":
            return None, _edge(value, moment)
        case "after":
            return _after(value, moment), None
    assert op == "between", "every operator of a date is here"
    return _edge(value[0], moment), _after(value[1], moment)


def _edge(value: Any, moment: Moment) -> Edge:
    if isinstance(value, Shifted):
        return day_shifted(moment.today, value.period, value.sign) if value.sign else moment.today
    edge: Edge = value
    return edge


def _after(value: Any, moment: Moment) -> Edge:
    """The edge just behind a day or an instant."""
    edge = _edge(value, moment)
    return edge + (INSTANT_STEP if isinstance(edge, datetime) else _NEXT_DAY)


def _instant(edge: Edge | None, moment: Moment) -> Edge | None:
    if edge is None or isinstance(edge, datetime):
        return edge
    return moment.midnight(edge)
