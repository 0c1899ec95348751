"""Messages leave in batches: taken in hand by lane, handed over together, settled together.

A message in hand carries the number of its try. Whoever writes about it proves with that number
that it is still in this hand; whoever has lost it finds nothing to write.
"""

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec

from tandem.contracts.notifications import (
    MessageBounced,
    MessageFailed,
    MessageSent,
    MessageSkipped,
    MessageUnknown,
)
from tandem.crm.notifications.domain.messages import (
    DECISION_HOLDS,
    LEASE,
    Lane,
    Message,
    State,
    next_try,
)
from tandem.crm.notifications.domain.policy import ASK_AGAIN, Verdict
from tandem.crm.notifications.service import pacing
from tandem.crm.notifications.service.telling import facts_of
from tandem.crm.notifications.store import lanes as store
from tandem.crm.notifications.store import providers
from tandem.crm.notifications.store.lanes import Gate, Settled
from tandem.kernel.db import Tx
from tandem.kernel.events import Event
from tandem.kernel.ids import new_id

EXPIRED_AT_ONCE = 1_000
GATE_FIRST = timedelta(seconds=5)
GATE_LONGEST = timedelta(minutes=1)
"""A code is worth minutes: a channel that could not be reached is tried at least so often."""
PROBE = 1

Outcome = Literal["sent", "refused", "bounced", "later", "outage", "unknown", "not_yet", "held"]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What one try came to. `bounced`: there is no such address. `outage`: the way itself could not
    be used, which says nothing about the message. `not_yet`: its stream was paused or has had its
    share; `held`: it may not leave before `until`, for the `reason` named. Nothing was tried."""

    message: Message
    outcome: Outcome
    reason: str = ""
    detail: str = ""
    retry_after: timedelta | None = None
    until: datetime | None = None
    provider_message_id: str = ""


class HandedOver(msgspec.Struct, frozen=True, kw_only=True):
    """`ours`: may leave now. `wait`: until when others have to. In neither: lost to somebody."""

    ours: set[UUID]
    wait: dict[UUID, datetime]


async def claim_lane(tx: Tx, lane: Lane, *, count: int, now: datetime) -> list[Message]:
    """Take up to `count` due messages of a lane in hand, a share from every stream that waits.

    Nothing of a paused stream, no more of a throttled one, of a domain or a company that has a
    limit, than may be handed over now, nothing by a channel that could not be reached, but one to
    see whether it can again.
    """
    gates = {gate.channel: gate for gate in await store.gates(tx)}
    waiting = [stream for stream in await store.streams(tx, lane) if not stream.is_paused]
    together = await pacing.room_of_company(tx, lane, now) if waiting else 0
    taken: list[Message] = []
    for place, stream in enumerate(waiting):
        share = -(-(count - len(taken)) // (len(waiting) - place))
        room = min(share, pacing.room(stream, now), _through(gates.get(stream.way), now))
        room = min(room, pacing.domain_room(stream, taken, now), together - len(taken))
        if room <= 0:
            continue
        taken += await store.claim(
            tx,
            lane=lane,
            feed=stream.feed,
            channel=stream.channel,
            domain=stream.domain,
            count=room,
            now=now,
            lease_until=now + LEASE,
        )
    return taken


def _through(gate: Gate | None, now: datetime) -> int:
    if gate is None:
        return 1_000_000
    return PROBE if gate.shut_until <= now else 0


async def apply_verdicts(
    tx: Tx, messages: Sequence[Message], verdicts: Sequence[Verdict], *, now: datetime
) -> list[Message]:
    """Write what was decided about messages in hand; those that may leave."""
    leaving, settled, told = [], [], []
    for message, verdict in zip(messages, verdicts, strict=True):
        trace = msgspec.to_builtins(verdict.trace)
        if verdict.action == "send":
            leaving.append(msgspec.structs.replace(message, trace=verdict.trace, decided_at=now))
            continue
        is_skipped = verdict.action == "skip"
        settled.append(
            _settled(
                message,
                State.SKIPPED if is_skipped else State.HELD,
                error=verdict.detail,
                reason=verdict.reason,
                due_at=now if is_skipped else (verdict.until or now + ASK_AGAIN),
                outages=message.outages + 1,
                trace=trace,
                is_erased=is_skipped and message.is_secret,
            )
        )
        if is_skipped:
            told.append(MessageSkipped(**facts_of(message), reason=verdict.reason))
    if settled:
        await store.settle(tx, settled, now)
    if leaving:
        traces = {one.id: msgspec.to_builtins(one.trace) for one in leaving}
        await store.allow(tx, traces, now)
    await tx.publish(*told)
    return leaving


async def hand_over_many(tx: Tx, messages: Sequence[Message], *, now: datetime) -> HandedOver:
    """From here on the other side may have them. Streams are counted under their lock, so that the
    limit holds over all workers. What was decided too long ago is decided anew first."""
    wait = {
        message.id: now
        for message in messages
        if message.decided_at is not None and now - message.decided_at > DECISION_HOLDS
    }
    wait |= await pacing.wait_for_streams(tx, [one for one in messages if one.id not in wait], now)
    wait |= await pacing.wait_for_domains(tx, [one for one in messages if one.id not in wait], now)
    going = [message for message in messages if message.id not in wait]
    ours = await store.hand_over(tx, going, now=now, lease_until=now + LEASE) if going else set()
    return HandedOver(ours=ours, wait=wait)


async def note_carriers(tx: Tx, carried: Sequence[tuple[UUID, UUID]], *, now: datetime) -> None:
    """(message, provider): written with the hand-over itself, so that whoever may have it is known
    by name."""
    if carried:
        await providers.add_carriages(tx, carried, now=now)


async def record_results(tx: Tx, results: Sequence[Result], *, now: datetime) -> None:
    """Write what came of each try, and tell; what is in another hand by now is left alone."""
    held = await store.lock_held(tx, [result.message.id for result in results])
    ours = [one for one in results if held.get(one.message.id) == one.message.attempts]
    if not ours:
        return
    await _mind_gates(tx, ours, now)
    gates = {gate.channel: gate.shut_until for gate in await store.gates(tx)}
    settled = [_after(one, now, gates) for one in ours]
    await store.settle(tx, settled, now)
    await store.add_attempts(
        tx,
        [
            (
                new_id(),
                one.message.id,
                one.message.attempts,
                one.outcome,
                one.provider_message_id or one.detail,
            )
            for one in ours
            if one.outcome not in _UNTRIED
        ],
        now,
    )
    pairs = zip(ours, settled, strict=True)
    await tx.publish(*(event for one, now_is in pairs for event in _told(one, now_is)))


def _after(result: Result, now: datetime, gates: Mapping[str, datetime]) -> Settled:
    message, detail = result.message, result.detail
    match result.outcome:
        case "sent":
            return _settled(
                message,
                State.SENT,
                provider_message_id=result.provider_message_id,
                is_erased=message.is_secret,
            )
        case "refused":
            return _settled(message, State.FAILED, error=detail, is_erased=message.is_secret)
        case "bounced":
            return _settled(message, State.BOUNCED, error=detail, is_erased=message.is_secret)
        case "unknown":
            return _settled(message, State.UNKNOWN, error=detail)
        case "outage":
            until = gates.get(message.way, now)
            due_at = max(until, now + (result.retry_after or timedelta()))
            return _settled(
                message, State.QUEUED, error=detail, due_at=due_at, outages=message.outages + 1
            )
        case "not_yet":
            return _settled(
                message, State.QUEUED, due_at=result.until or now, outages=message.outages + 1
            )
        case "held":
            return _settled(
                message,
                State.HELD,
                error=detail,
                reason=result.reason,
                due_at=result.until,
                outages=message.outages + 1,
            )
        case "later":
            due = next_try(message.tries, now, retry_after=result.retry_after)
            if due is None:
                error = f"Given up: {detail}"
                return _settled(message, State.FAILED, error=error, is_erased=message.is_secret)
            # A little sooner than the table says, and not all of them at one moment.
            soon = now + (due - now) * random.uniform(0.85, 1.0)  # noqa: S311  jitter, not a secret
            due = max(soon, now + (result.retry_after or timedelta()))
            return _settled(message, State.QUEUED, error=detail, due_at=due)


def _settled(message: Message, state: State, **more: Any) -> Settled:
    fields = {
        "due_at": message.due_at,
        "error": "",
        "reason": "",
        "outages": message.outages,
        "folded": message.folded,
        "trace": None,
        "provider_message_id": None,
        "is_erased": False,
        **more,
    }
    return Settled(id=message.id, attempts=message.attempts, state=str(state), **fields)


def _told(result: Result, settled: Settled) -> list[Event]:
    facts = facts_of(result.message)
    match settled.state:
        case State.SENT:
            return [MessageSent(**facts)]
        case State.FAILED:
            return [MessageFailed(**facts, reason=settled.error)]
        case State.BOUNCED:
            return [MessageBounced(**facts, bounce="hard", reason=settled.error)]
        case State.UNKNOWN:
            return [MessageUnknown(**facts, reason=settled.error)]
    return []


async def _mind_gates(tx: Tx, results: Sequence[Result], now: datetime) -> None:
    """A way that answered, however it answered, can be reached; one that did not rests."""
    answered = {one.message.way for one in results if one.outcome not in _SILENT}
    if answered:
        await store.open_gates(tx, sorted(answered))
    silent = {
        one.message.way: one
        for one in results
        if one.outcome == "outage" and one.message.way not in answered
    }
    known = {gate.channel: gate for gate in await store.gates(tx)} if silent else {}
    for way, result in sorted(silent.items()):
        failures = known[way].failures if way in known else 0
        await store.keep_shut(
            tx, way, shut_until=now + rest(failures), reason=result.detail, now=now
        )


_UNTRIED = frozenset({"not_yet", "held"})
_SILENT = _UNTRIED | {"outage", "unknown"}


def rest(failures: int) -> timedelta:
    """How long a channel is left alone after so many failures before: doubling, with jitter, so
    that many installations do not come back to a provider all at once."""
    longest: timedelta = min(GATE_FIRST * (1 << min(failures, 10)), GATE_LONGEST)
    return longest * random.uniform(0.75, 1.0)  # noqa: S311  jitter, not a secret


async def expire(tx: Tx, *, now: datetime) -> int:
    """What has waited past its use does not leave any more."""
    late = await store.expire(tx, count=EXPIRED_AT_ONCE, now=now)
    await tx.publish(*(MessageSkipped(**facts_of(one), reason="expired") for one in late))
    return len(late)


async def due_lanes(tx: Tx) -> list[Lane]:
    """Lanes in which anything waits."""
    return await store.due_lanes(tx)


async def list_gates(tx: Tx) -> list[Gate]:
    """Channels, and addresses of webhooks (messages.way_by), that could not be reached lately."""
    tx.actor.require("notifications.read")
    return await store.gates(tx)
