"""Events are facts in the past tense: frozen, flat, versioned by topic, kept as the log."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar
from uuid import UUID

import msgspec

if TYPE_CHECKING:
    from tandem.kernel.db import Tx


class Event(msgspec.Struct, frozen=True, kw_only=True):
    topic: ClassVar[str]

    def key(self) -> str:
        """Events with the same key reach each subscriber in order.

        Everything that belongs to an order's life uses the order's id, so that reading the log by
        key is the order's timeline.
        """
        raise NotImplementedError


E = TypeVar("E", bound=Event)
Handler = Callable[["Tx", Any, datetime], Awaitable[None]]


class Subscription(msgspec.Struct, frozen=True):
    name: str
    event: type[Event]
    handle: Handler
    takes_told: bool = False
    """The handler wants the event as the log has it: `(tx, told, now)`."""
    takes_many: bool = False
    """The handler wants a sequence of them, no two of which have the same key."""

    async def take(self, tx: "Tx", events: Sequence[Any], now: datetime) -> None:
        """Events, or what the log has of them where the handler wants that."""
        for given in [events] if self.takes_many else events:
            await self.handle(tx, given, now)


_by_topic: dict[str, list[Subscription]] = {}
_by_name: dict[tuple[str, str], Subscription] = {}


def subscribe(
    event: type[E], name: str
) -> Callable[[Callable[["Tx", E, datetime], Awaitable[None]]], Any]:
    """Register a handler `(tx, event, now)`; `name` is `service.what_it_does` and never changes.

    The handler's writes and the mark that it ran commit together: one effect however often it is
    tried. Web and worker import the same handlers (`app.wiring`), so that whoever publishes knows
    every subscriber.
    """

    def register(handle: Handler) -> Handler:
        _register(Subscription(name, event, handle))
        return handle

    return register


def subscribe_many(
    event: type[E], name: str
) -> Callable[[Callable[["Tx", Sequence[E], datetime], Awaitable[None]]], Any]:
    """As `subscribe`, for what is told in thousands: the handler takes those that wait together,
    each of another key. Where it fails with many it is given each alone."""

    def register(handle: Handler) -> Handler:
        _register(Subscription(name, event, handle, takes_many=True))
        return handle

    return register


def _register(made: Subscription) -> None:
    topic = made.event.topic
    assert (topic, made.name) not in _by_name, f"{made.name} subscribes to {topic} twice"
    _by_name[topic, made.name] = made
    _by_topic.setdefault(topic, []).append(made)


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An event as the log has it, for whoever forwards without knowing what it means."""

    id: UUID
    topic: str
    key: str
    occurred_at: datetime
    payload: Any


Tap = Callable[["Tx", Told, datetime], Awaitable[None]]


Follower = Callable[["Tx", Sequence[Told], datetime], Awaitable[None]]


def follow(events: Iterable[type[Event]], name: str) -> Callable[[Follower], Follower]:
    """As `subscribe_many`, to events as the log has them, of several topics together: for whoever
    keeps account of the log itself, or asks when something happened."""

    def register(handle: Follower) -> Follower:
        for event in events:
            _register(Subscription(name, event, handle, takes_told=True, takes_many=True))
        return handle

    return register


_taps: dict[str, Tap] = {}


def tap(name: str) -> Callable[[Tap], Tap]:
    """Register a handler `(tx, told, now)` for whatever topics a company lists in
    `kernel.event_tap` under this name. Where none is listed, no event costs more."""

    def register(handle: Tap) -> Tap:
        assert name not in _taps, f"two taps are called {name}"
        _taps[name] = handle
        return handle

    return register


def tap_of(name: str) -> Tap | None:
    return _taps.get(name)


def topics() -> set[str]:
    """Of every event that the suite knows."""
    return set(_kinds())


def kind_of(topic: str) -> type[Event] | None:
    return _kinds().get(topic)


def _kinds() -> dict[str, type[Event]]:
    return {event.topic: event for event in _leaves(Event)}


def _leaves(kind: type[Event]) -> list[type[Event]]:
    found = [leaf for child in kind.__subclasses__() for leaf in _leaves(child)]
    return found or ([kind] if "topic" in vars(kind) else [])


def subscribers_of(topic: str) -> list[str]:
    return [subscription.name for subscription in _by_topic.get(topic, [])]


def subscription(topic: str, name: str) -> Subscription | None:
    return _by_name.get((topic, name))


def all_subscriptions() -> list[Subscription]:
    return list(_by_name.values())
