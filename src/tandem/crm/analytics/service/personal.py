"""What belongs to whoever made it: alerts, subscriptions, dashboards, kept funnels. Who may ask for
one, who may change it, who may take it away, and its line in the audit."""

from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import msgspec

from tandem.crm.analytics.domain.permissions import CONFIGURE, READ
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.errors import Forbidden


class Owned(Protocol):
    @property
    def owner_id(self) -> UUID | None: ...


class Personal(msgspec.Struct, frozen=True, kw_only=True):
    """`kind` as the audit calls it, `named` with its article, as people read it; changing one needs
    `changes_with`."""

    kind: str
    named: str
    changes_with: str

    def person(self, tx: Tx) -> UUID:
        """Who asks. Refuses keys: they are nobody."""
        tx.actor.require(READ)
        if tx.actor.user_id is None:
            said = f"{self.named[0].upper()}{self.named[1:]} belongs to somebody."
            raise Forbidden(said, permission=READ)
        return tx.actor.user_id

    def lister(self, tx: Tx, *, everybodys: bool) -> UUID:
        """Who asks for the list: one's own, or with `analytics.configure` everybody's."""
        user_id = self.person(tx)
        if everybodys:
            tx.actor.require(CONFIGURE)
        return user_id

    def check_owner(self, tx: Tx, found: Owned) -> None:
        if found.owner_id != tx.actor.user_id:
            said = f"Only its owner changes {self.named}."
            raise Forbidden(said, permission=self.changes_with)

    async def note(
        self, tx: Tx, what: str, subject_id: UUID, after: dict[str, Any], now: datetime
    ) -> None:
        await audit.write(
            tx,
            action=f"analytics.{self.kind}_{what}",
            subject_kind=self.kind,
            subject_id=subject_id,
            now=now,
            after=after,
        )


def check_remover(tx: Tx, found: Owned) -> None:
    """Its owner, or whoever may configure analytics."""
    if found.owner_id != tx.actor.user_id:
        tx.actor.require(CONFIGURE)
