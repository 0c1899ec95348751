"""What one try to hand a message over came to."""

from datetime import datetime

import msgspec


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """`outcome`: sent, refused, later, unknown, abandoned, found, not_found, or what was
    told of it later: a receipt, opened, clicked, unsubscribed."""

    number: int
    outcome: str
    detail: str
    at: datetime
