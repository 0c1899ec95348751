"""A rule once it has been read: typed, checked, and no longer JSON."""

from collections.abc import Iterator
from typing import Any

import msgspec


class Compare(msgspec.Struct, frozen=True, kw_only=True):
    """`value` has the type its field asks for; None where the operator takes none."""

    field: str
    op: str
    value: Any = None


class Exactly(msgspec.Struct, frozen=True, kw_only=True):
    """How often: `op` is one of is, gte, gt, lte, lt."""

    op: str = "gte"
    n: int = 1


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """An event, counted within a period that ends now (`P30D`), or ever; `where` must all hold."""

    event: str
    count: Exactly = Exactly()
    within: str | None = None
    where: tuple[Compare, ...] = ()


class All(msgspec.Struct, frozen=True):
    """Holds when every part does; of no parts, always."""

    parts: tuple["Rule", ...]


class Some(msgspec.Struct, frozen=True):
    """Holds when one part does; of no parts, never."""

    parts: tuple["Rule", ...]


class Not(msgspec.Struct, frozen=True):
    part: "Rule"


Rule = All | Some | Not | Compare | Happened
Leaf = Compare | Happened


def leaves_of(rule: Rule) -> Iterator[Leaf]:
    """From left to right, the order in which facts are asked for and explained."""
    match rule:
        case All(parts) | Some(parts):
            for part in parts:
                yield from leaves_of(part)
        case Not(part):
            yield from leaves_of(part)
        case _:
            yield rule


def range_of(count: Exactly) -> tuple[int, int | None]:
    """The least and the most times; None where there is no most, and (1, 0) where nothing fits."""
    n = count.n
    match count.op:
        case "gte":
            return n, None
        case "gt":
            return n + 1, None
        case "is":
            return n, n
        case "lte":
            return 0, n
    return (0, n - 1) if n else (1, 0)
