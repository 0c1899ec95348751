"""Taking one message to the other side, by the company's own providers or the installation's ways.

No transaction is open while it travels. A second provider is asked only where the first one surely
does not have the message: no connection, refused keys, or a word to wait. After silence nobody else
is asked, and nobody knows (OutcomeUnknown).
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from tandem.crm.notifications.domain.breakers import (
    PROBE,
    Breaker,
    Reason,
    after_busy,
    after_keys_refused,
    after_trouble,
)
from tandem.crm.notifications.domain.messages import Channel, Message
from tandem.crm.notifications.domain.providers import Provider, in_order
from tandem.crm.notifications.gateways.carriers import Carriers, Way
from tandem.crm.notifications.gateways.port import (
    HandOver,
    KeysRefused,
    Leaving,
    Mailer,
    NobodyTakes,
    Refused,
    Texter,
    TryLater,
)
from tandem.crm.notifications.service.providers import suspend, way_of
from tandem.crm.notifications.service.registered import with_registration
from tandem.crm.notifications.service.signing import keys_in_force
from tandem.crm.notifications.store import providers as store
from tandem.kernel.db import Tx
from tandem.kernel.jobs import Work
from tandem.kernel.outbound import OutcomeUnknown

NOTED_EVERY = timedelta(seconds=30)
"""How often it is written down that all is well with a provider."""


class Carried(msgspec.Struct, frozen=True, kw_only=True):
    """`provider_id` is None where the installation's own way was taken."""

    provider_id: UUID | None
    provider_message_id: str


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    provider: Provider
    way: Way


async def carry(work: Work, leaving: Leaving, *, hand_over: HandOver) -> Carried:
    """Hand it over once. Raises Refused, TryLater or OutcomeUnknown; see gateways.port."""
    async with work.transaction() as tx:
        leaving = await with_registration(tx, leaving)
        if leaving.message.channel is Channel.EMAIL:
            keys = await keys_in_force(tx, now=work.now())
            leaving = msgspec.structs.replace(leaving, signing=keys)
        active = await store.list_active(tx, leaving.message.channel)
        asked = await _askable(tx, active, leaving.message.id, now=work.now())
    if not active:
        return await _by_installation(work, leaving, hand_over)
    reasons: list[TryLater] = []
    for one in asked:
        try:
            taken = await _by_provider(work, leaving, one, hand_over)
        except TryLater as reason:
            if reason.is_about_message:
                raise
            reasons.append(reason)
            await _note_no(work, one.provider, reason)
        else:
            return Carried(provider_id=one.provider.id, provider_message_id=taken)
    raise _nobody(active, reasons, now=work.now())


async def find_sent(work: Work, message: Message, *, since: datetime) -> list[str] | None:
    """Ids of what the provider that had it last knows of it; None where it cannot say.

    Raises as `Carrier.list_sent` does.
    """
    async with work.transaction() as tx:
        provider_id = await store.last_carrier(tx, message.id)
        provider = await store.find(tx, provider_id) if provider_id else None
        way = await way_of(tx, provider) if provider else None
    if provider_id is None and message.channel is Channel.SMS:
        return await work.get(Texter).list_sent(message, since=since)
    if way is None:
        return None
    carrier = await work.get(Carriers).open(way)
    return await carrier.list_sent(message, since=since)


async def _askable(
    tx: Tx, active: list[Provider], message_id: UUID, *, now: datetime
) -> list[_Asked]:
    """Those who do not rest, in the order they are asked; of who recovers, one message at a time
    finds out how it does."""
    asked = []
    for provider in in_order(active, message_id):
        breaker = provider.breaker
        if not breaker.may_send(now):
            continue
        if breaker.is_half_open(now) and not await store.claim_probe(
            tx, provider.id, now=now, until=now + PROBE
        ):
            continue
        asked.append(_Asked(provider=provider, way=await way_of(tx, provider)))
    return asked


async def _by_installation(work: Work, leaving: Leaving, hand_over: HandOver) -> Carried:
    message = leaving.message
    match message.channel:
        case Channel.EMAIL:
            mailer = work.get(Mailer)
            taken = await mailer.send(
                message, hand_over=hand_over, headers=leaving.headers, signing=leaving.signing
            )
        case Channel.SMS:
            texter = work.get(Texter)
            taken = await texter.send(message, org_id=leaving.org_id, hand_over=hand_over)
        case _:
            raise Refused(f"Nobody carries {message.channel} here. Add a provider under Sending.")
    return Carried(provider_id=None, provider_message_id=taken)


async def _by_provider(work: Work, leaving: Leaving, one: _Asked, hand_over: HandOver) -> str:
    provider = one.provider

    async def say() -> None:
        """Written before the hand-over itself: whoever may have it is known by name."""
        async with work.transaction() as tx:
            await store.add_carriage(
                tx, message_id=leaving.message.id, provider_id=provider.id, now=work.now()
            )
        await hand_over()

    carrier = await work.get(Carriers).open(one.way)
    try:
        taken = await carrier.send(leaving, hand_over=say)
    except OutcomeUnknown as silence:
        await _note(work, provider, str(silence), after_trouble)
        raise
    except Refused:
        await _note_answer(work, provider)
        raise
    await _note_answer(work, provider)
    return taken


async def _note_answer(work: Work, provider: Provider) -> None:
    """It works, whatever it said of this message."""
    is_old = provider.last_taken_at is None or work.now() - provider.last_taken_at > NOTED_EVERY
    if provider.breaker == Breaker() and not is_old:
        return
    async with work.transaction() as tx:
        now = work.now()
        await store.note_taken(tx, provider.id, now=now, before=now - NOTED_EVERY)


async def _note_no(work: Work, provider: Provider, reason: TryLater) -> None:
    if isinstance(reason, KeysRefused):
        await _note(work, provider, str(reason), after_keys_refused)
    elif reason.retry_after is not None:
        wait = reason.retry_after
        await _note(
            work, provider, str(reason), lambda breaker, now: after_busy(breaker, now, wait)
        )
    else:
        await _note(work, provider, str(reason), after_trouble)


async def _note(
    work: Work, provider: Provider, error: str, change: Callable[[Breaker, datetime], Breaker]
) -> None:
    """Refused keys are told once, when they begin to be refused."""
    now = work.now()
    async with work.transaction() as tx:
        held = await store.lock(tx, provider.id)
        if held is None or held.version != provider.version:
            return
        after = change(held.breaker, now)
        await store.set_breaker(tx, provider.id, after, error=error, now=now)
        if after.reason is Reason.KEYS and held.closed_because is not Reason.KEYS:
            await suspend(tx, held, error)


def _nobody(active: list[Provider], reasons: list[TryLater], *, now: datetime) -> TryLater:
    """Why nobody took it, and when somebody may."""
    if reasons:
        waits = [reason.retry_after for reason in reasons if reason.retry_after]
        return TryLater(str(reasons[0]), retry_after=min(waits, default=None))
    ends = [one.closed_until - now for one in active if one.closed_until and one.closed_until > now]
    names = ", ".join(one.name for one in active)
    return NobodyTakes(f"Resting just now: {names}.", retry_after=min(ends, default=None))
