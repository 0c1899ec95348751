"""Taking one message to the other side, by the company's own providers or the installation's ways.

No transaction is open while it travels. A second provider is asked only where the first one surely
does not have the message: no connection, refused keys, or a word to wait. After silence nobody else
is asked, and nobody knows (OutcomeUnknown).
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
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
from tandem.crm.notifications.gateways.carriers import Carriers
from tandem.crm.notifications.gateways.port import (
    KeysRefused,
    Leaving,
    Mailer,
    NobodyTakes,
    Refused,
    Texter,
    TryLater,
)
from tandem.crm.notifications.service import calling
from tandem.crm.notifications.service.providers import suspend, way_of
from tandem.crm.notifications.service.registered import with_registration
from tandem.crm.notifications.service.roads import Road, Roads
from tandem.crm.notifications.store import providers as store
from tandem.kernel.jobs import Work
from tandem.kernel.outbound import OutcomeUnknown

NOTED_EVERY = timedelta(seconds=30)
"""How often it is written down that all is well with a provider."""


class Carried(msgspec.Struct, frozen=True, kw_only=True):
    """`provider_id` is None where the installation's own way was taken."""

    provider_id: UUID | None
    provider_message_id: str


HandOverTo = Callable[[UUID | None], Awaitable[None]]
"""As gateways.port.HandOver, to this provider, or by the installation's own way (None). Whoever may
have the message is written down with it."""


async def carry(
    work: Work, leaving: Leaving, *, hand_over: HandOverTo, roads: Roads | None = None
) -> Carried:
    """Hand it over once. Raises Refused, TryLater or OutcomeUnknown; see gateways.port. `roads` are
    what a batch knows together."""
    if leaving.message.channel is Channel.WEBHOOK:
        return await _by_installation(work, leaving, hand_over)
    roads = roads or Roads(work)
    known = await roads.known(leaving.message.channel)
    if leaving.message.channel is Channel.EMAIL:
        leaving = msgspec.structs.replace(leaving, signing=known.signing)
    else:
        async with work.transaction() as tx:
            leaving = await with_registration(tx, leaving)
    if not known.active:
        return await _by_installation(work, leaving, hand_over)
    reasons: list[TryLater] = []
    for one in await askable(work, known.active, leaving.message.id):
        try:
            taken = await _by_provider(work, leaving, one, hand_over)
        except TryLater as reason:
            if reason.is_about_message:
                raise
            reasons.append(reason)
            await _note_no(work, one.provider, reason)
            roads.forget()
        except OutcomeUnknown:
            roads.forget()
            raise
        else:
            if not _is_at_ease(one.provider, work.now()):
                roads.forget()
            return Carried(provider_id=one.provider.id, provider_message_id=taken)
    raise _nobody([one.provider for one in known.active], reasons, now=work.now())


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


async def askable(work: Work, active: Sequence[Road], message_id: UUID) -> list[Road]:
    """Those who do not rest, in the order they are asked; of who recovers, one message at a time
    finds out how it does."""
    now = work.now()
    by_id = {one.provider.id: one for one in active}
    asked = []
    for provider in in_order([one.provider for one in active], message_id):
        if not provider.breaker.may_send(now):
            continue
        if provider.breaker.is_half_open(now) and not await _may_probe(work, provider.id):
            continue
        asked.append(by_id[provider.id])
    return asked


async def _may_probe(work: Work, provider_id: UUID) -> bool:
    async with work.transaction() as tx:
        now = work.now()
        return await store.claim_probe(tx, provider_id, now=now, until=now + PROBE)


async def _by_installation(work: Work, leaving: Leaving, hand_over: HandOverTo) -> Carried:
    message = leaving.message
    say = partial(hand_over, None)
    match message.channel:
        case Channel.EMAIL:
            mailer = work.get(Mailer)
            taken = await mailer.send(
                message, hand_over=say, headers=leaving.headers, signing=leaving.signing
            )
        case Channel.SMS:
            texter = work.get(Texter)
            taken = await texter.send(message, org_id=leaving.org_id, hand_over=say)
        case Channel.WEBHOOK:
            taken = await calling.call(work, message, hand_over=say)
        case _:
            raise Refused(f"Nobody carries {message.channel} here. Add a provider under Sending.")
    return Carried(provider_id=None, provider_message_id=taken)


async def _by_provider(work: Work, leaving: Leaving, one: Road, hand_over: HandOverTo) -> str:
    provider = one.provider
    carrier = await work.get(Carriers).open(one.way)
    try:
        taken = await carrier.send(leaving, hand_over=partial(hand_over, provider.id))
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
    now = work.now()
    if _is_at_ease(provider, now):
        return
    async with work.transaction() as tx:
        await store.note_taken(tx, provider.id, now=now, before=now - NOTED_EVERY)


def _is_at_ease(provider: Provider, now: datetime) -> bool:
    """All was well with it, and that was written down a moment ago."""
    is_known = provider.last_taken_at is not None and now - provider.last_taken_at <= NOTED_EVERY
    return provider.breaker == Breaker() and is_known


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
