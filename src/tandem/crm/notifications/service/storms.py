"""Too many alike at once for one address become one message that says how many more there were."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from tandem.contracts.notifications import MessageSkipped
from tandem.crm.notifications.domain.messages import Channel, Lane, Message
from tandem.crm.notifications.domain.outgoing import Outgoing
from tandem.crm.notifications.domain.policy import COLLAPSED, STORM_KIND, Verdict
from tandem.crm.notifications.domain.rules import Storm
from tandem.crm.notifications.service.deciding import rules_in_force
from tandem.crm.notifications.service.planning import put
from tandem.crm.notifications.service.telling import facts_of
from tandem.crm.notifications.store import storms as store
from tandem.kernel.db import Tx

SUMMED_UP = frozenset({Channel.EMAIL, Channel.SMS})
"""Others need a registered template, or show every one of them anyhow."""


async def collapse(
    tx: Tx, messages: Sequence[Message], verdicts: Sequence[Verdict], *, now: datetime
) -> None:
    """Those in hand have been skipped; whatever waits behind them goes the same way, and all are
    counted in the one that sums them up."""
    folded: dict[tuple[str, str, str], list[Message]] = {}
    for message, verdict in zip(messages, verdicts, strict=True):
        if verdict.reason == COLLAPSED:
            key = (str(message.channel), message.recipient, message.template)
            folded.setdefault(key, []).append(message)
    if not folded:
        return
    storm = (await rules_in_force(tx)).storm
    traces = {one.id: verdict.trace for one, verdict in zip(messages, verdicts, strict=True)}
    for key in sorted(folded):
        first = folded[key][0]
        behind = await store.collapse(
            tx,
            first,
            since=now - timedelta(seconds=storm.seconds),
            error=f"{storm.count} of {first.template} in {storm.seconds} seconds.",
            trace=traces[first.id],
            now=now,
        )
        await tx.publish(*(MessageSkipped(**facts_of(one), reason=COLLAPSED) for one in behind))
        await _sum_up(tx, first, len(folded[key]) + len(behind), storm, now)


async def _sum_up(tx: Tx, like: Message, more: int, storm: Storm, now: datetime) -> None:
    if like.channel not in SUMMED_UP:
        return
    who = hashlib.sha256(f"{like.recipient}:{like.template}".encode()).hexdigest()[:24]
    window = int(now.timestamp()) // storm.seconds
    summary = Outgoing(
        dedupe=f"{STORM_KIND}:{who}:{window}",
        channel=like.channel,
        kind=STORM_KIND,
        purpose=like.purpose,
        customer_id=like.customer_id,
        recipient=like.recipient,
        lane=Lane.TRANSACTIONAL,
        sender_name=like.sender_name,
        parameters={"kind": like.template},
        not_before=now + timedelta(seconds=storm.seconds),
        order_id=like.order_id,
    )
    ((message_id, _),) = await put(tx, [summary], now=now)
    await store.fold(tx, message_id, more, now)
