"""Keyset pages: `limit`, an opaque `cursor`, and `next` while there is more."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from tandem.kernel.errors import Invalid

T = TypeVar("T")

LIMIT_DEFAULT = 50
LIMIT_MAX = 200


class Page(msgspec.Struct, Generic[T], kw_only=True):
    items: list[T]
    next: str | None = None


def encode_cursor(*keys: Any) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(keys)).decode().rstrip("=")


def decode_cursor(cursor: str, *kinds: type) -> list[Any]:
    """The sort keys of the last row seen, converted to `kinds`. Refuses what we did not issue."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        keys = msgspec.json.decode(raw, type=list[Any])
        if len(keys) != len(kinds):
            raise ValueError(keys)
        return [msgspec.convert(key, kind) for key, kind in zip(keys, kinds, strict=True)]
    except (ValueError, binascii.Error, msgspec.MsgspecError) as reason:
        raise Invalid("This cursor is not one of ours.", field="cursor") from reason


def page_of(rows: Sequence[T], limit: int, keys: Callable[[T], Sequence[Any]]) -> Page[T]:
    """Rows were read with `limit + 1`: the extra one only says that there is more."""
    shown = list(rows[:limit])
    more = len(rows) > limit
    return Page(items=shown, next=encode_cursor(*keys(shown[-1])) if more and shown else None)
