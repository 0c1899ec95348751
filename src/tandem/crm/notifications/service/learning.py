"""What the provider says afterwards: its reports, and its list when nobody knows."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.crm.notifications import store
from tandem.crm.notifications.domain.messages import (
    LOOK_UP_GAP,
    LOOK_UP_SURE_AFTER,
    LOOK_UPS_MAX,
    Lane,
    Message,
    State,
)
from tandem.crm.notifications.service.handing import settle_sent
from tandem.kernel.db import Tx

BATCH = 50


async def list_due(tx: Tx, *, lane: Lane, now: datetime) -> list[UUID]:
    """The lane's messages whose time has come."""
    return await store.list_due(tx, lane=lane, now=now, count=BATCH)


async def list_to_look_up(tx: Tx, *, now: datetime) -> list[Message]:
    return await store.list_to_look_up(
        tx, before=now - LOOK_UP_GAP, look_ups_max=LOOK_UPS_MAX, count=BATCH
    )


async def leave_unknown(tx: Tx, message: Message, *, now: datetime) -> None:
    """Its provider cannot be asked: a report settles it, or a person sends it again."""
    held = await store.lock(tx, message.id)
    if held is not None and held.state is State.UNKNOWN:
        asked = msgspec.structs.replace(held, look_ups=LOOK_UPS_MAX)
        await store.settle(tx, asked, is_erased=False, now=now)


async def adopt_or_give_up(
    tx: Tx, message: Message, *, provider_ids: Sequence[str], now: datetime
) -> None:
    """An unanswered text is found in the provider's list, or surely never came and is sent again.

    Ids that belong to other messages with the same words are left to them.
    """
    held = await store.lock(tx, message.id)
    if held is None or held.state is not State.UNKNOWN:
        return
    known = await store.known_provider_ids(tx, provider_ids)
    free = [found for found in provider_ids if found not in known]
    if free:
        await settle_sent(tx, held, provider_message_id=free[-1], now=now, outcome="found")
        return
    handed_over_at = held.handed_over_at or held.updated_at
    is_sure = now - handed_over_at >= LOOK_UP_SURE_AFTER
    looked = msgspec.structs.replace(
        held,
        state=State.QUEUED if is_sure else State.UNKNOWN,
        due_at=now,
        look_ups=held.look_ups + 1,
    )
    await store.settle(tx, looked, is_erased=False, now=now)
    await store.add_attempt(tx, held, outcome="not_found", detail="", now=now)
