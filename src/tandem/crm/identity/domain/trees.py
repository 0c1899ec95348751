"""Teams and territories, each a tree."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import msgspec

from tandem.contracts.address import FILLED
from tandem.kernel.errors import Conflict

NODES_MAX = 1000
NodeName = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=FILLED)]


class NameTaken(Conflict):
    code = "name_taken"


class RingOfParents(Conflict):
    """Something cannot stand below itself."""

    code = "ring_of_parents"


class StillHasChildren(Conflict):
    code = "still_has_children"


class TooManyNodes(Conflict):
    code = "too_many"


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A team or a territory; `members` are those of this one itself."""

    id: UUID
    name: str
    parent_id: UUID | None = None
    members: list[UUID] = msgspec.field(default_factory=list)
    version: int = 1


def is_below(nodes: Sequence[Node], lower: UUID | None, upper: UUID) -> bool:
    """Whether `lower` is `upper` or stands under it."""
    by_id = {one.id: one.parent_id for one in nodes}
    seen = 0
    while lower is not None and seen <= len(by_id):
        if lower == upper:
            return True
        lower, seen = by_id.get(lower), seen + 1
    return False
