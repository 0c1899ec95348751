"""What a member of the staff is told inside the suite. Pure."""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.kernel.errors import NotFound

TITLE_LENGTH_MAX = 200
BODY_LENGTH_MAX = 2_000
TOLD_MAX = 500
LISTED_IN_A_MAIL = 100
"""More than that stand as "and so many more": nobody reads them in a letter."""


class InboxItem(msgspec.Struct, frozen=True, kw_only=True):
    """`seen_at`: it stood on their screen. `read_at`: they opened it, or said so."""

    id: UUID
    kind: str
    title: str
    body: str
    link: str
    created_at: datetime
    seen_at: datetime | None
    read_at: datetime | None
    archived_at: datetime | None


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What waits to be mailed to somebody."""

    id: UUID
    kind: str
    title: str
    body: str
    link: str
    created_at: datetime


class ItemMissing(NotFound):
    code = "inbox_item_not_found"
