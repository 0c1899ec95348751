"""When somebody is reminded of what waits for them."""

from datetime import timedelta
from typing import Annotated

import msgspec

Days = Annotated[int, msgspec.Meta(ge=1, le=60)]
SENT_BEFORE = timedelta(hours=24)
"""Nobody is reminded of what they got only now."""
ROTTEN_WITHIN = timedelta(days=2)
"""How long after a deal has begun to stand too long its owner is still told: a worker that was
away for a weekend catches up."""


class Reminders(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`buyer_days` before its last day the buyer of an unanswered quote is reminded, once;
    `owner_days` after a buyer looked at one without answering, the deal's owner is. Null: never.
    `tells_rotting`: the owner hears when a deal stands in a stage longer than it expects."""

    buyer_days: Days | None = 3
    owner_days: Days | None = 2
    tells_rotting: bool = True
