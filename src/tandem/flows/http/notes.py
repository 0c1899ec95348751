"""Notes beside deals and orders over HTTP."""

from uuid import UUID

from litestar import Controller, delete, get, post
from litestar.params import FromPath, JSONBody

from tandem.crm.customers.domain.records import NewNote, Note
from tandem.flows import notes
from tandem.kernel.errors import Forbidden, Invalid, NotFound
from tandem.kernel.http import Now, Transaction, refusals


class DealNotesController(Controller):
    path = "/v1/opportunities/{opportunity_id:uuid}/notes"
    tags = ("sales",)

    @get(responses=refusals(Forbidden, NotFound))
    async def list_notes(self, opportunity_id: FromPath[UUID], tx: Transaction) -> list[Note]:
        """Pinned ones first, then the newest."""
        return await notes.list_notes(tx, "opportunity", opportunity_id)

    @post(responses=refusals(Forbidden, NotFound, Invalid))
    async def add_note(
        self, opportunity_id: FromPath[UUID], data: JSONBody[NewNote], tx: Transaction, now: Now
    ) -> Note:
        """`@name` tells a colleague who may see the deal."""
        return await notes.add_note(tx, "opportunity", opportunity_id, data, now=now)

    @delete("/{note_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def remove_note(
        self,
        opportunity_id: FromPath[UUID],
        note_id: FromPath[UUID],
        tx: Transaction,
        now: Now,
    ) -> None:
        await notes.remove_note(tx, "opportunity", opportunity_id, note_id, now=now)


class OrderNotesController(Controller):
    path = "/v1/orders/{order_id:uuid}/notes"
    tags = ("orders",)

    @get(responses=refusals(Forbidden, NotFound))
    async def list_notes(self, order_id: FromPath[UUID], tx: Transaction) -> list[Note]:
        """The staff's own; the buyer sees none of them. Pinned ones first, then the newest."""
        return await notes.list_notes(tx, "order", order_id)

    @post(responses=refusals(Forbidden, NotFound, Invalid))
    async def add_note(
        self, order_id: FromPath[UUID], data: JSONBody[NewNote], tx: Transaction, now: Now
    ) -> Note:
        """`@name` tells a colleague who may see the order."""
        return await notes.add_note(tx, "order", order_id, data, now=now)

    @delete("/{note_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def remove_note(
        self, order_id: FromPath[UUID], note_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> None:
        await notes.remove_note(tx, "order", order_id, note_id, now=now)
