"""Who keeps records of customers besides customers: each can hand them over, erase and export them.

A service joins by being registered here or in a flow of its own; merging, erasing and exporting a
person then reach it.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.kernel.db import Tx


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """What one service did about one person. `held` names what the law or an open case keeps."""

    erased: int = 0
    held: int = 0
    why_held: str = ""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to look for: the customer, their orders, and every address they had. `erasure_id` is
    what their files are discarded for, `record_ids` what every holder found of theirs."""

    customer_id: UUID
    erasure_id: UUID | None = None
    order_ids: Sequence[UUID] = ()
    emails: Sequence[str] = ()
    phones: Sequence[str] = ()
    record_ids: Sequence[UUID] = ()

    @property
    def cause_id(self) -> UUID:
        return self.erasure_id or self.customer_id


Move = Callable[[Tx, UUID, UUID, Sequence[UUID] | None], Awaitable[list[UUID]]]
"""`(tx, source, into, ids)`: all of somebody's records, or those named; which moved."""
Erase = Callable[[Tx, Person, datetime], Awaitable[Erased]]
Find = Callable[[Tx, Person], Awaitable[list[UUID]]]
"""Which records are theirs, asked before anything is erased: what links to them is told of them."""
Export = Callable[[Tx, Person], Awaitable[list[dict[str, Any]]]]


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    find: Find | None = None
    move: Move | None = None
    erase: Erase | None = None
    export: Export | None = None


HOLDERS: dict[str, Holder] = {}


def register(holder: Holder) -> None:
    assert holder.name not in HOLDERS, f"{holder.name} holds records of customers twice"
    HOLDERS[holder.name] = holder
