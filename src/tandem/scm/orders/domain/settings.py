"""How a company numbers its orders, and how long an unpaid one waits."""

from typing import Annotated

import msgspec

from tandem.kernel.patterns import whole

PREFIX = whole(r"([A-Z0-9/-]{0,11}[A-Z/-])?")


class OrderSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A number is the prefix and the next value, padded to `number_width` digits: SO-1001.

    A prefix never ends in a digit, so that no two settings ever give the same number. The start
    counts until the first order is placed.
    """

    number_prefix: str = "SO-"
    number_width: int = 0
    number_start: int = 1001
    unpaid_minutes: int = 30
    version: int = 0

    def number(self, value: int) -> str:
        return f"{self.number_prefix}{value:0{self.number_width}d}"


class SettingsChange(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    number_prefix: Annotated[str, msgspec.Meta(max_length=12, pattern=PREFIX, examples=["SO-"])]
    number_width: Annotated[int, msgspec.Meta(ge=0, le=10)] = 0
    number_start: Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)] = 1001
    unpaid_minutes: Annotated[int, msgspec.Meta(ge=1, le=43_200)] = 30
