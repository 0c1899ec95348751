"""Erasing words that nobody needs any more. Who got what kind of message, when and why stays."""

from datetime import datetime, timedelta

from tandem.crm.notifications.store import facts, forgetting
from tandem.kernel.db import Tx

AT_ONCE = 2_000


async def forget_words(tx: Tx, *, now: datetime) -> int:
    """Up to `AT_ONCE` messages older than the company keeps their words; how many there were."""
    days = (await facts.read_rules(tx)).rules.words_kept_days
    if days is None:
        return 0
    return await forgetting.forget(tx, before=now - timedelta(days=days), count=AT_ONCE, now=now)
