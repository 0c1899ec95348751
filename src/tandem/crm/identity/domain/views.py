"""Lists' states that were given a name."""

from uuid import UUID

import msgspec

from tandem.kernel.errors import Conflict

VIEWS_MAX = 40
"""Of one person on one page; more is a list of its own."""


class TooManyViews(Conflict):
    code = "too_many_views"


class SavedView(msgspec.Struct, frozen=True, kw_only=True):
    """A named state of a page's list, as the part of the address behind the question mark."""

    id: UUID
    user_id: UUID
    page: str
    name: str
    query: str
    is_shared: bool
