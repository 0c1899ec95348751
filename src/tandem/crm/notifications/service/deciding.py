"""What the ledger can say when the send policy asks. For flows/send_policy.

These check no permission: what is asked is the suite's own question.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tandem.crm.notifications.domain.policy import SendAsk, Sent
from tandem.crm.notifications.domain.rules import SendingRules
from tandem.crm.notifications.store import facts as store
from tandem.kernel.db import Tx


async def rules_in_force(tx: Tx) -> SendingRules:
    return (await store.read_rules(tx)).rules


async def zones_of(tx: Tx, customer_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The zones we know; whoever is absent lives by the company's clock."""
    return await store.zones(tx, customer_ids)


async def shut_gates(tx: Tx, *, now: datetime) -> dict[str, datetime]:
    """Channels that cannot be reached at the moment, and until when they are left alone."""
    return await store.shut_gates(tx, now)


async def sent_lately(
    tx: Tx, customer_ids: Sequence[UUID], *, asking: Sequence[UUID], since: datetime
) -> dict[UUID, list[Sent]]:
    """What each was sent, or is being sent, that asks for consent."""
    return await store.lately(tx, customer_ids, asking=asking, since=since)


async def sent_alike(
    tx: Tx, asks: Sequence[SendAsk], *, asking: Sequence[UUID], since: datetime
) -> dict[tuple[str, str, str], int]:
    """How many of one kind went to one address, by (address, kind, channel)."""
    keys = list(dict.fromkeys((ask.address, ask.kind, str(ask.channel)) for ask in asks))
    if not keys:
        return {}
    counts = await store.alike(tx, keys, asking=asking, since=since)
    return dict(zip(keys, counts, strict=True))


async def take_turns(tx: Tx, asks: Sequence[SendAsk]) -> None:
    """Have decisions about one person, or one address, follow each other until the transaction
    ends: two that do not see each other would both count to one."""
    whose = {f"{ask.channel}:{ask.address}" for ask in asks}
    whose |= {str(ask.customer_id) for ask in asks if ask.customer_id and ask.purpose != "service"}
    await store.take_turns(tx, sorted(whose))
