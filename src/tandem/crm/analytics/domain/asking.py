"""A question about numbers: measures × dimensions × filters × grain, over days, as of a moment."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from tandem.crm.analytics.domain.attribution import WINDOW_DEFAULT, Model, Window
from tandem.crm.analytics.domain.calendar import (
    FIRST,
    LAST,
    Days,
    Grain,
    Period,
    WeekStart,
    days_of,
)
from tandem.kernel.errors import Conflict, Invalid, TooManyRequests
from tandem.kernel.patterns import whole
from tandem.kernel.zones import zone_names

MEASURES_MAX = 8
DIMENSIONS_MAX = 3
GROUPS_MAX = 20_000
ROWS_MAX = 1000
TIME = "time"

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=80, pattern=whole(r"[a-z0-9_@.]+"))]
Sort = Annotated[str, msgspec.Meta(min_length=1, max_length=81, pattern=whole(r"-?[a-z0-9_@.]+"))]
Zone = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=whole(r"[A-Za-z0-9_+/-]+"))]


Key = Annotated[str, msgspec.Meta(max_length=500, pattern=r"^[^\x00]*$")]


class TooManyGroups(Invalid):
    """The dimensions cut so fine that nobody could read the answer."""

    code = "too_many_groups"


class QueryTooSlow(Invalid):
    """The answer would take too long; the question was given up."""

    code = "query_too_slow"


class QueryCancelled(Conflict):
    """Its asker gave it up while it was worked on."""

    code = "query_cancelled"


class TooManyQueries(TooManyRequests):
    """The company asks as much at once as it may."""

    code = "too_many_queries"


class Ask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Measures by `key`, or by `key@version`. Days by name, or from the first to the last.

    `filters` is a rule over the datasets' dimensions. `sort` names a measure, a dimension or
    `time`, `-` in front for the greatest first. `as_of` asks what was known then. `model` and
    `window_days` are for what is credited: by which model, and how many days back touches count.
    """

    measures: Annotated[list[Name], msgspec.Meta(min_length=1, max_length=MEASURES_MAX)]
    dimensions: Annotated[list[Name], msgspec.Meta(max_length=DIMENSIONS_MAX)] = []
    grain: Grain | None = None
    period: Period | None = None
    from_on: date | None = None
    to_on: date | None = None
    filters: dict[str, Any] | None = None
    compare: Literal["none", "previous_period", "previous_year"] = "none"
    zone: Zone | None = None
    week_start: WeekStart = "monday"
    sort: Sort | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=ROWS_MAX)] = ROWS_MAX
    as_of: datetime | None = None
    model: Model = Model.LINEAR
    window_days: Window = WINDOW_DEFAULT


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """A number, and the one it is compared with. None where there is nothing to divide by."""

    value: int | float | None
    previous: int | float | None = None

    @property
    def change(self) -> float | None:
        """How much more, as a part of what was."""
        if self.value is None or not self.previous:
            return None
        return round((self.value - self.previous) / abs(self.previous), 6)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """`keys` in the order of the columns: the time bucket first, where there is a grain."""

    keys: list[str | None]
    cells: list[Cell]


class Column(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    label: str
    kind: Literal["time", "dimension", "measure"]
    unit: str = ""
    refers: str = ""


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    metric: str
    version: int
    meaning: str


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """An answer and what it rests on. Asked again with this `as_of` and these versions by somebody
    with the same `policy_hash`, it is the same."""

    as_of: datetime
    days: Days
    previous_days: Days | None
    zone: str
    currency: str
    columns: list[Column]
    rows: list[Row]
    totals: list[Cell]
    definitions: list[Definition]
    policy_hash: str
    is_cut: bool = False
    warnings: list[str] = []


class DrillAsk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rows behind one cell: the question, which of its measures, and the cell's keys by column
    (`time` for the bucket). Columns that are left out are not cut by, so that no keys at all are
    the total."""

    query: Ask
    measure: Name
    keys: dict[Name, Key | None] = {}
    is_previous: bool = False


class DrillRow(msgspec.Struct, frozen=True, kw_only=True):
    """`amount` is what the row adds to the number; of a share or an average, `over` what it adds
    below the line. Of a count of different things, `of` is the one it counts for."""

    id: UUID
    at: datetime
    link: str
    shows: dict[str, Any]
    amount: int | float | None
    over: int | float | None = None
    of: str | None = None


class Drill(msgspec.Struct, frozen=True, kw_only=True):
    """`amount` and `over` are the sums of all rows, of this page and the others; `value` is the
    number that was opened."""

    as_of: datetime
    measure: str
    version: int
    unit: str
    currency: str
    shows: list[str]
    value: int | float | None
    amount: int | float | None
    over: int | float | None
    count: int
    items: list[DrillRow]
    next: str | None


class Spanned(Protocol):
    """A question about days, by name or from the first to the last, as of a moment."""

    @property
    def period(self) -> Period | None: ...
    @property
    def from_on(self) -> date | None: ...
    @property
    def to_on(self) -> date | None: ...
    @property
    def as_of(self) -> datetime | None: ...


def days_asked(ask: Spanned, today: date) -> Days:
    """Refuses half a range, a range that ends before it begins, and days far from anybody's."""
    if ask.from_on is None and ask.to_on is None:
        week_start: WeekStart = getattr(ask, "week_start", "monday")
        return days_of(ask.period or Period.LAST_30_DAYS, today, week_start)
    if ask.period is not None:
        raise Invalid("Name a period, or the first and the last day, not both.", field="period")
    if ask.from_on is None or ask.to_on is None:
        missing = "from_on" if ask.from_on is None else "to_on"
        raise Invalid("A range needs its first and its last day.", field=missing)
    if not FIRST <= ask.from_on <= LAST:
        raise Invalid("This day is too far away.", field="from_on")
    if not ask.from_on <= ask.to_on <= LAST:
        raise Invalid("A range ends on or after its first day.", field="to_on")
    return Days(from_on=ask.from_on, to_on=ask.to_on)


def zone_asked(ask: Ask, own: str) -> str:
    if ask.zone is None:
        return own
    check_zone(ask.zone, field="zone")
    return ask.zone


def check_zone(zone: str, *, field: str) -> None:
    """A place (`Asia/Kolkata`) or UTC: of other names not every database knows what they mean."""
    is_place = "/" in zone and not zone.startswith(("posix/", "right/"))
    if zone not in zone_names() or not (is_place or zone == "UTC"):
        raise Invalid("There is no such time zone.", field=field)


def moment_asked(ask: Spanned, known: datetime) -> datetime:
    """What is not known yet cannot be asked for: then it is as of what is known."""
    if ask.as_of is None:
        return known
    if ask.as_of.tzinfo is None:
        raise Invalid("A moment needs its time zone.", field="as_of")
    if not FIRST.year <= ask.as_of.year <= LAST.year:
        raise Invalid("This moment is too far away.", field="as_of")
    return min(ask.as_of.astimezone(UTC), known)


def today_in(zone: str, now: datetime) -> date:
    return now.astimezone(ZoneInfo(zone)).date()
