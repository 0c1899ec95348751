"""Events are facts in the past tense: frozen, flat, versioned by topic, kept as the log."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

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
        subscription = Subscription(name, event, handle)
        assert (event.topic, name) not in _by_name, f"{name} subscribes to {event.topic} twice"
        _by_name[event.topic, name] = subscription
        _by_topic.setdefault(event.topic, []).append(subscription)
        return handle

    return register


def subscribers_of(topic: str) -> list[str]:
    return [subscription.name for subscription in _by_topic.get(topic, [])]


def subscription(topic: str, name: str) -> Subscription | None:
    return _by_name.get((topic, name))


def all_subscriptions() -> list[Subscription]:
    return list(_by_name.values())
