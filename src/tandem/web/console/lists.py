"""A list of the console: its whole state is in the address, so back, links and bookmarks work.

A page declares its columns and filters; the template `console/list.html` draws the search box, the
filter chips, the sortable heads, the choice of columns and the pager from the state read here.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

import msgspec
from litestar import Request

from tandem.kernel.pages import Page

T = TypeVar("T")
AnyRequest = Request[Any, Any, Any]
SIZES = (50, 100, 200)
VALUE_LENGTH_MAX = 200


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A click on the head takes the next of `sorts`.

    On a narrow screen a row is a card: the lead is its title, the corner stands opposite, marks
    (badges) share a line.
    """

    key: str
    label: str
    is_number: bool = False
    is_lead: bool = False
    is_mark: bool = False
    is_corner: bool = False
    is_shown: bool = True
    sorts: tuple[str, ...] = ()


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """`options` are (value, label) pairs; a filter without any takes a date."""

    key: str
    label: str
    options: tuple[tuple[str, str], ...] = ()

    def label_of(self, value: str) -> str:
        return dict(self.options).get(value, value)


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A named state of the list; `id` only for those that people saved."""

    name: str
    query: str
    count: int | None = None
    is_current: bool = False
    id: str = ""
    is_shared: bool = False
    is_mine: bool = False


class ListState(msgspec.Struct, frozen=True, kw_only=True):
    """What the address says, checked against what the list offers; anything else is ignored."""

    path: str
    columns: tuple[Column, ...]
    filters: tuple[Filter, ...]
    search: str
    values: dict[str, str]
    sort: str
    shown: tuple[str, ...]
    limit: int
    cursor: str | None

    def url(self, **changes: Any) -> str:
        """This list with something else; leaving the page of the moment unless told otherwise."""
        state = self.parameters() | {"cursor": None} | changes
        given = {name: value for name, value in state.items() if value not in (None, "")}
        return f"{self.path}?{urlencode(given)}" if given else self.path

    def parameters(self) -> dict[str, Any]:
        """Without what is so by default, in a fixed order."""
        is_default = self.shown == default_columns(self.columns)
        return {
            "q": self.search,
            **self.values,
            "sort": self.sort if self.sort != default_sort(self.columns) else "",
            "columns": "" if is_default else ",".join(self.shown),
            "limit": "" if self.limit == SIZES[0] else self.limit,
        }

    @property
    def query(self) -> str:
        """Identifies the state without the page of the moment: what a saved view keeps."""
        return self.url().partition("?")[2]

    @property
    def is_narrowed(self) -> bool:
        return bool(self.search or self.values)

    @property
    def open_filters(self) -> list[Filter]:
        return [each for each in self.filters if each.key not in self.values]

    @property
    def chips(self) -> list[tuple[str, str, str]]:
        """(label, value in words, address without it)."""
        return [
            (each.label, each.label_of(self.values[each.key]), self.url(**{each.key: None}))
            for each in self.filters
            if each.key in self.values
        ]

    @property
    def visible(self) -> list[Column]:
        return [column for column in self.columns if column.key in self.shown]

    def toggled(self, key: str) -> str:
        """The address with a column shown or hidden."""
        wanted = set(self.shown) ^ {key}
        keys = [column.key for column in self.columns if column.key in wanted]
        is_default = tuple(keys) == default_columns(self.columns)
        return self.url(columns=None if is_default else ",".join(keys))

    def sorted_by(self, column: Column) -> str:
        """The address with the next order this column's head offers."""
        place = column.sorts.index(self.sort) + 1 if self.sort in column.sorts else 0
        following = column.sorts[place % len(column.sorts)]
        return self.url(sort=None if following == default_sort(self.columns) else following)

    def direction(self, column: Column) -> str:
        """For aria-sort."""
        if self.sort not in column.sorts:
            return "none"
        return "descending" if self.sort.startswith("-") else "ascending"


class Listing(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A state with the rows it came to."""

    state: ListState
    rows: Sequence[T]
    next: str | None
    views: Sequence[View] = ()

    @property
    def next_url(self) -> str | None:
        return self.state.url(cursor=self.next) if self.next else None


def read_state(
    request: AnyRequest, columns: tuple[Column, ...], filters: tuple[Filter, ...] = ()
) -> ListState:
    return state_of(request.url.path, request.query_params, columns, filters)


def state_of(
    path: str,
    asked: Mapping[str, str],
    columns: tuple[Column, ...],
    filters: tuple[Filter, ...] = (),
) -> ListState:
    """What an address's parameters say of the list at `path`."""
    sorts = [sort for column in columns for sort in column.sorts]
    sort = asked.get("sort", "")
    limit = asked.get("limit", "")
    return ListState(
        path=path,
        columns=columns,
        filters=filters,
        search=_text(asked.get("q", "")),
        values=_values(asked, filters),
        sort=sort if sort in sorts else default_sort(columns),
        shown=_shown(asked.get("columns", ""), columns),
        limit=int(limit) if limit in {str(size) for size in SIZES} else SIZES[0],
        cursor=asked.get("cursor") or None,
    )


def _values(asked: Mapping[str, str], filters: tuple[Filter, ...]) -> dict[str, str]:
    values = {}
    for each in filters:
        value = _text(asked.get(each.key, ""))
        if value and (not each.options or value in dict(each.options)):
            values[each.key] = value
    return values


def _text(value: str) -> str:
    return "".join(character for character in value if character.isprintable())[:VALUE_LENGTH_MAX]


def _shown(asked: str, columns: tuple[Column, ...]) -> tuple[str, ...]:
    wanted = set(asked.split(","))
    keys = tuple(column.key for column in columns if column.key in wanted or column.is_lead)
    return keys if asked and len(keys) > 1 else default_columns(columns)


def default_columns(columns: tuple[Column, ...]) -> tuple[str, ...]:
    return tuple(column.key for column in columns if column.is_shown)


def default_sort(columns: tuple[Column, ...]) -> str:
    """The first order of the first column that has any."""
    return next((column.sorts[0] for column in columns if column.sorts), "")


def listing(state: ListState, page: Page[T], views: Sequence[View] = ()) -> Listing[T]:
    return Listing(state=state, rows=page.items, next=page.next, views=views)
