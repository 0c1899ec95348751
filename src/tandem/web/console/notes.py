"""Notes on a deal's and an order's page."""

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from litestar import Controller, Request, Response, post
from litestar.params import FromPath

from tandem.crm.customers.domain.records import NewNote
from tandem.flows import notes
from tandem.flows.notes import Beside
from tandem.kernel.errors import Refusal
from tandem.kernel.http import Now, Transaction
from tandem.web.console.forms import convert, read_form
from tandem.web.errors import send_back
from tandem.web.rendering import redirect

AnyRequest = Request[Any, Any, Any]
WORDS: Mapping[str, str] = {"text": "Write the note."}


class _NotesPage(Controller):
    kind: ClassVar[Beside]
    home: ClassVar[str]
    include_in_schema = False

    @post()
    async def add(
        self, request: AnyRequest, subject_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        given = {"text": form.get("text", ""), "is_pinned": form.get("is_pinned") == "true"}
        to = f"{self.home}/{subject_id}"
        try:
            new = convert(given, NewNote, WORDS)
            await notes.add_note(tx, self.kind, subject_id, new, now=now)
        except Refusal as refusal:
            return send_back(request, to, refusal)
        return redirect(request, to, toast="The note is kept.")

    @post("/{note_id:uuid}/removal")
    async def remove(
        self,
        request: AnyRequest,
        subject_id: FromPath[UUID],
        note_id: FromPath[UUID],
        tx: Transaction,
        now: Now,
    ) -> Response[Any]:
        await notes.remove_note(tx, self.kind, subject_id, note_id, now=now)
        return redirect(request, f"{self.home}/{subject_id}", toast="The note is removed.")


class DealNotesPage(_NotesPage):
    path = "/deals/{subject_id:uuid}/notes"
    kind: ClassVar[Beside] = "opportunity"
    home: ClassVar[str] = "/deals"


class OrderNotesPage(_NotesPage):
    path = "/orders/{subject_id:uuid}/notes"
    kind: ClassVar[Beside] = "order"
    home: ClassVar[str] = "/orders"
