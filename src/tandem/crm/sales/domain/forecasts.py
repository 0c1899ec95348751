"""The weighted forecast: amount times probability, in the company's currency."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

import msgspec


class GroupBy(StrEnum):
    MONTH = "month"
    QUARTER = "quarter"
    OWNER = "owner"
    TEAM = "team"
    CURRENCY = "currency"
    STAGE = "stage"
    PIPELINE = "pipeline"


class ForecastRow(msgspec.Struct, frozen=True, kw_only=True):
    """Minor units of the company's currency. `open_minor` is what the open ones come to if all are
    won, `weighted_minor` is Σ amount × probability × rate over the open ones, rounded once;
    `won_minor` is what was won. `key` is the first day of a month or
    quarter, a currency or an id; empty for deals of nobody or no team."""

    field_rules: ClassVar[Mapping[str, str]] = {
        "open_minor": "opportunity.amount_minor",
        "weighted_minor": "opportunity.amount_minor",
        "won_minor": "opportunity.amount_minor",
    }

    key: str
    count: int
    open_minor: int
    weighted_minor: int
    won_minor: int

    @property
    def expected_minor(self) -> int:
        return self.weighted_minor + self.won_minor


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    currency: str
    from_on: date
    to_on: date
    group_by: GroupBy
    rows: list[ForecastRow]
    total: ForecastRow


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """Closing dates from `from_on` up to and including `to_on`."""

    from_on: date
    to_on: date
    group_by: GroupBy = GroupBy.MONTH
    pipeline_id: UUID | None = None
