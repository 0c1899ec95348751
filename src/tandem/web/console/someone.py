"""People behind a number: their names where the reader may see them, and how long things took."""

from collections.abc import Sequence
from urllib.parse import quote
from uuid import UUID

import msgspec

from tandem.crm.customers import service as customers
from tandem.crm.sales.service import leads
from tandem.kernel.db import Tx
from tandem.kernel.errors import Refusal

NONE = "–"
_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


async def named(tx: Tx, people: Sequence[tuple[UUID, bool]]) -> dict[UUID, str]:
    """By id; whom the reader may not see keeps their id's end. The others are leads if so said."""
    found = {}
    for one, is_lead in people:
        try:
            if is_lead:
                found[one] = (await leads.get_lead(tx, one)).title
            else:
                found[one] = (await customers.get_customer(tx, one)).name
        except Refusal:
            found[one] = f"…{str(one)[-6:]}"
    return found


def href(path: str, wanted: msgspec.Struct) -> str:
    """The page of people behind a number."""
    return f"{path}?ask={quote(msgspec.json.encode(wanted).decode())}"


def span(seconds: float | None) -> str:
    """2 d 4 h, 3 h 10 min, 12 s: the two greatest units."""
    if seconds is None:
        return NONE
    rest = round(seconds)
    said: list[str] = []
    for name, size in _UNITS:
        count, rest = divmod(rest, size)
        if count or (name == "s" and not said):
            said.append(f"{count} {name}")
        if len(said) == 2:
            break
    return " ".join(said)
