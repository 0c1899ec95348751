"""The shapes of a catalogue. All SQL in it is literal, over the alias `f` of a table of facts."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal, LiteralString

import msgspec


class Unit(StrEnum):
    """How a number is to be read. Money in minor units of the company's currency; a ratio of 1 is
    a hundred per cent; credit counts things in parts; hours and days are of clock time."""

    COUNT = "count"
    CREDIT = "credit"
    MONEY = "money"
    QUANTITY = "quantity"
    RATIO = "ratio"
    SCORE = "score"
    HOURS = "hours"
    DAYS = "days"


class Amount(msgspec.Struct, frozen=True, kw_only=True):
    """What is added up: rows, a column's values, or how many different ones there are.

    `value` is a column for sums and distinct counts; `where` chooses the rows.
    """

    kind: Literal["count", "sum", "distinct"]
    value: LiteralString = "1"
    where: LiteralString = "true"


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """By which of its moments a fact is counted: the instant, and its day in the company's zone."""

    at: LiteralString
    day: LiteralString
    label: str


class Dimension(msgspec.Struct, frozen=True, kw_only=True):
    """What numbers are cut by. `refers` says whose name an id stands for, where it is one."""

    label: str
    sql: LiteralString
    kind: Literal["text", "id", "flag"] = "text"
    refers: Literal["", "customer", "person", "location", "state", "campaign", "journey"] = ""


class Sums(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept summed up by day: at most five dimensions, at most twelve amounts."""

    clock: str
    dimensions: tuple[str, ...]
    amounts: tuple[Amount, ...]

    @property
    def name(self) -> str:
        """What the sums are kept under."""
        return " ".join((self.clock, *self.dimensions))


class Dataset(msgspec.Struct, frozen=True, kw_only=True):
    """Facts of one kind, who may see them, and what they can be cut by.

    `permission` is the one that the records themselves ask for, and `reach` whose record decides:
    a row is counted for whoever may read what its `record` column names. `holds` says which columns
    are fields of the records that a role may keep back. `shows` are the columns of
    a list of rows; `link` is where a row leads to, by its `link_id`. `money` is the column that is
    null where no rate was known for its currency and day.
    """

    key: str
    label: str
    table: LiteralString
    permission: str
    reach: Literal["order", "customer", "opportunity", "lead", "everywhere"]
    record: LiteralString
    clocks: Mapping[str, Clock]
    dimensions: Mapping[str, Dimension]
    shows: Mapping[str, LiteralString]
    money: LiteralString = ""
    holds: Mapping[str, str] = {}
    link: str = ""
    link_id: LiteralString = "null::uuid"
    sums: tuple[Sums, ...] = ()


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """One meaning of one number. With a denominator it is a share or an average.

    `standing` metrics say how things are at the moment asked for, whatever the days; a `balance` is
    everything up to the last day. Others are of the days asked for. `is_good_up` is unset where
    neither way is good.
    """

    key: str
    version: int
    label: str
    meaning: str
    dataset: str
    clock: str
    unit: Unit
    amount: Amount
    over: Amount | None = None
    span: Literal["days", "balance", "standing"] = "days"
    is_good_up: bool | None = None

    @property
    def is_additive(self) -> bool:
        """Parts of it can be added up to the whole."""
        return self.over is None and self.amount.kind != "distinct"

    @property
    def name(self) -> str:
        return f"{self.key}@{self.version}"

    @property
    def amounts(self) -> tuple[Amount, ...]:
        return (self.amount,) if self.over is None else (self.amount, self.over)
