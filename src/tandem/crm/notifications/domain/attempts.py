"""What one try to hand a message over came to."""

from datetime import datetime

import msgspec


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """`outcome`: sent, refused, later, unknown, abandoned, found, not_found, or a receipt."""

    number: int
    outcome: str
    detail: str
    at: datetime
