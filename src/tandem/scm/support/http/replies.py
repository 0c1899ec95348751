"""Saved replies."""

from uuid import UUID

from litestar import Controller, delete, get, post, put
from litestar.params import FromPath, JSONBody

from tandem.kernel.errors import Forbidden, NotFound
from tandem.kernel.http import Now, Transaction, refusals
from tandem.kernel.pages import Page
from tandem.scm.support import service
from tandem.scm.support.domain.complaints import UnknownCategory
from tandem.scm.support.domain.replies import (
    NewReply,
    ReplyNameTaken,
    SavedReply,
    TooManyReplies,
)


class SavedRepliesController(Controller):
    path = "/v1/saved-replies"
    tags = ("support",)

    @get("/", responses=refusals(Forbidden))
    async def list_replies(self, tx: Transaction) -> Page[SavedReply]:
        return Page(items=await service.list_replies(tx))

    @post("/", responses=refusals(Forbidden, ReplyNameTaken, TooManyReplies, UnknownCategory))
    async def add_reply(self, data: JSONBody[NewReply], tx: Transaction, now: Now) -> SavedReply:
        """`{customer}`, `{order}`, `{complaint}` and `{agent}` are filled in when it is used."""
        return await service.add_reply(tx, data, now=now)

    @put("/{reply_id:uuid}", responses=refusals(Forbidden, NotFound, ReplyNameTaken))
    async def change_reply(
        self, reply_id: FromPath[UUID], data: JSONBody[NewReply], tx: Transaction, now: Now
    ) -> SavedReply:
        return await service.change_reply(tx, reply_id, data, now=now)

    @delete("/{reply_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def remove_reply(self, reply_id: FromPath[UUID], tx: Transaction) -> None:
        await service.remove_reply(tx, reply_id)
