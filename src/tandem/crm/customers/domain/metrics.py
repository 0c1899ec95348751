"""What a buyer is worth: figures of the past, and what the models expect of the next year."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

import msgspec

WEEKS_AHEAD = 52.0
FIT_MAX = 20_000
"""Buyers a model is fitted on; more do not change it."""
FIT_LEAST = 50
"""Repeat buyers below whom no model is fitted: it would say more than is known."""


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """`r`, `f`, `m` are fifths, five is best; `recency_days` are days of the company's calendar.
    `p_alive` is the chance that they buy again at all; one minus it is the risk of churn.
    `expected_…` look a year ahead, before costs; null while there are too few repeat buyers for a
    model. Cancelled and expired orders do not count."""

    field_rules: ClassVar[Mapping[str, str]] = {
        "monetary_minor": "order.total_minor",
        "m": "order.total_minor",
        "expected_minor": "order.total_minor",
    }

    customer_id: UUID
    recency_days: int
    frequency: int
    monetary_minor: int
    r: int
    f: int
    m: int
    rfm_segment: str
    p_alive: float | None
    expected_orders: float | None
    expected_minor: int | None
    as_of: datetime


class Buyer(msgspec.Struct, frozen=True, kw_only=True):
    customer_id: UUID
    orders: int
    first_at: datetime
    last_at: datetime
    repeat_minor: int


class CohortCell(msgspec.Struct, frozen=True, kw_only=True):
    """Of those whose first order was in `month`, how many ordered `months_later`."""

    month: date
    months_later: int
    customers: int
