"""With which keys a company's letters are signed. Whoever owns its domains says so (a flow)."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tandem.crm.notifications.domain.dkim import Signing, SigningKey
from tandem.kernel.db import Tx

KNOWN_FOR = timedelta(seconds=30)
"""How long a process goes on with the keys it has: a withdrawn one signs no longer than that."""
COMPANIES_MAX = 1_000

Finder = Callable[[Any], Awaitable[Sequence[SigningKey]]]
_finders: list[Finder] = []
_known: dict[UUID, tuple[datetime, Signing]] = {}


def signs_with(finder: Finder) -> None:
    """`finder(tx)`: the keys that sign for the company of the transaction."""
    assert not _finders, "one place knows the keys"
    _finders.append(finder)


async def keys_in_force(tx: Tx, *, now: datetime) -> Signing:
    """By domain. Opening sealed keys for every letter would cost more than signing with them."""
    known = _known.get(tx.actor.org_id)
    if known is not None and known[0] <= now < known[0] + KNOWN_FOR:
        return known[1]
    by_domain: dict[str, list[SigningKey]] = {}
    for finder in _finders:
        for key in await finder(tx):
            by_domain.setdefault(key.domain, []).append(key)
    if len(_known) >= COMPANIES_MAX:
        _known.pop(next(iter(_known)))
    _known[tx.actor.org_id] = (now, by_domain)
    return by_domain
