"""What one kind of record has of its own when many take an act."""

from abc import ABC, abstractmethod
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

import msgspec

from tandem.kernel.bulk.shapes import AT_ONCE
from tandem.kernel.db import Tx


class Act(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be done to each. A kind's own act says `act` and the values that one needs."""

    @property
    def name(self) -> str:
        return str(self.act)  # type: ignore[attr-defined]  # every kind's own act has it


A = TypeVar("A", bound=Act)


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """What a record was in what the act changes, and what it is now: it goes back as long as that
    is still so."""

    before: dict[str, Any]
    after: dict[str, Any]


class Kind(ABC, Generic[A]):
    name: ClassVar[str]
    """Kept with every job, and never changed."""
    one: ClassVar[str]
    many: ClassVar[str]
    """What people call them."""
    home: ClassVar[str]
    """Their list; one of them is below it."""
    act_type: ClassVar[type[Act]]
    undoable: ClassVar[frozenset[str]]
    """Acts that can be taken back."""
    at_once: ClassVar[int] = AT_ONCE

    @abstractmethod
    async def check(self, tx: Tx, act: A) -> str:
        """The act in words, once it is clear that it can be done to anything at all. Refuses a
        permission that is missing and values that lead nowhere."""

    @abstractmethod
    async def apply(self, tx: Tx, act: A, record_id: UUID, *, now: datetime) -> Changed | None:
        """Do it to one, as by hand; None where it was so already. Refuses as by hand."""

    @abstractmethod
    async def revert(self, tx: Tx, act: A, record_id: UUID, was: Changed, *, now: datetime) -> bool:
        """Take it back where it is still as `was.after` says; False where somebody changed it."""

    @abstractmethod
    async def label(self, tx: Tx, record_id: UUID) -> str:
        """Its number. Refuses what the asker does not see."""
