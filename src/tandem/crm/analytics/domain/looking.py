"""The days, comparison and filter that a whole dashboard is looked at with."""

from datetime import date
from typing import Annotated, Any, Literal

import msgspec

from tandem.crm.analytics.domain.asking import Ask
from tandem.crm.analytics.domain.calendar import Period
from tandem.kernel.patterns import whole


class Looking(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`only` is a value of the dashboard's own filter, `-` for what has none. From the first to
    the last day, or days by name."""

    period: Period = Period.LAST_30_DAYS
    from_on: date | None = None
    to_on: date | None = None
    compare: Literal["none", "previous_period", "previous_year"] = "none"
    only: Annotated[str, msgspec.Meta(max_length=200, pattern=whole(r"[^\x00-\x1f]*"))] = ""

    def applied(self, ask: Ask, dimension: str) -> Ask:
        """The question with these days; narrowed by `dimension` where the dashboard has one."""
        is_range = self.from_on is not None and self.to_on is not None
        filters = ask.filters
        if self.only and dimension:
            leaf: dict[str, Any] = (
                {"field": dimension, "op": "unset"}
                if self.only == "-"
                else {"field": dimension, "op": "is", "value": self.only}
            )
            filters = {"all": [leaf, ask.filters]} if ask.filters else leaf
        return msgspec.structs.replace(
            ask,
            period=None if is_range else self.period,
            from_on=self.from_on if is_range else None,
            to_on=self.to_on if is_range else None,
            compare=self.compare,
            filters=filters,
        )
