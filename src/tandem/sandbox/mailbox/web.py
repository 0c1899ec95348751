"""Reading the mailbox: pages for people, JSON for scripts and tests."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from litestar import Controller, Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.exceptions import HTTPException, NotFoundException
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.mailbox import messages, script
from tandem.sandbox.mailbox.messages import Kind, Message
from tandem.sandbox.mailbox.parsing import Parts
from tandem.sandbox.mailbox.script import Counts, Rule
from tandem.sandbox.pages import page

VIEWS = ("html", "text", "headers", "raw")
ON_PAGE = 50
LETTER_SECURITY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "style-src 'unsafe-inline'; img-src data: http://127.0.0.1:* http://localhost:*; "
    "frame-ancestors 'self'"
)
"""A letter may be styled and its links may be opened; it runs nothing and phones nobody."""

Address = Annotated[str | None, QueryParameter(name="to", max_length=320)]


class MessagesController(Controller):
    path = "/api/messages"

    @get("/")
    async def list_messages(
        self,
        deps: NamedDependency[Dependencies],
        address: Address = None,
        kind: FromQuery[Kind | None] = None,
        since: FromQuery[str | None] = None,
        limit: Annotated[int, QueryParameter(ge=1, le=messages.PAGE_MAX)] = messages.PAGE_MAX,
    ) -> list[Message]:
        """Newest first. `since` is a message id (newer ones only) or an ISO time with its zone."""
        after, instant = _since(since)
        return messages.list_messages(
            deps.store, address=address, kind=kind, after=after, since=instant, limit=limit
        )

    @get("/{message_id:int}")
    async def get_message(
        self, message_id: FromPath[int], deps: NamedDependency[Dependencies]
    ) -> Message:
        return _get(deps, message_id)

    @get("/{message_id:int}/raw")
    async def read_raw(
        self, message_id: FromPath[int], deps: NamedDependency[Dependencies]
    ) -> Response[bytes]:
        """An e-mail to the byte, as the mail server got it."""
        _get(deps, message_id)
        raw = messages.find_raw(deps.store, message_id) or b""
        return Response(raw, media_type="message/rfc822")

    @get("/{message_id:int}/attachments/{part:int}")
    async def get_attachment(
        self, message_id: FromPath[int], part: FromPath[int], deps: NamedDependency[Dependencies]
    ) -> Response[bytes]:
        """Always as a download, whatever the sender called it."""
        message = _get(deps, message_id)
        named = next((file for file in message.attachments if file.part == part), None)
        content = _parts(deps, message_id).attachment_bytes(part)
        if named is None or content is None:
            raise NotFoundException
        return Response(
            content,
            media_type="application/octet-stream",
            headers={
                "content-disposition": f"attachment; filename*=UTF-8''{quote(named.name, safe='')}",
                "x-content-type-options": "nosniff",
            },
        )

    @delete("/")
    async def delete_messages(
        self, deps: NamedDependency[Dependencies], address: Address = None
    ) -> None:
        messages.delete_messages(deps.store, address=address)


class ScriptController(Controller):
    path = "/sandbox/smtp"

    @get("/rules")
    async def list_rules(self, deps: NamedDependency[Dependencies]) -> list[Rule]:
        return script.list_rules(deps.store)

    @put("/rules")
    async def set_rules(
        self, data: JSONBody[list[Rule]], deps: NamedDependency[Dependencies]
    ) -> list[Rule]:
        """What the mail server answers to whom, until other rules are set; `[]` for none."""
        script.set_rules(deps.store, data)
        return script.list_rules(deps.store)

    @get("/counts")
    async def read_counts(self, deps: NamedDependency[Dependencies]) -> Counts:
        """How often each Message-ID reached each person, since the counts were last forgotten."""
        return script.read_counts(deps.store)

    @delete("/counts")
    async def forget_counts(self, deps: NamedDependency[Dependencies]) -> None:
        script.forget_counts(deps.store)


class MailController(Controller):
    path = "/mail"

    @get("/")
    async def show_inbox(
        self,
        deps: NamedDependency[Dependencies],
        address: Address = None,
        kind: FromQuery[Kind | None] = None,
        before: FromQuery[int | None] = None,
    ) -> Response[str]:
        found = messages.list_messages(
            deps.store, address=address, kind=kind, before=before, limit=ON_PAGE + 1
        )
        shown = found[:ON_PAGE]
        older = _link(address, kind, before=shown[-1].id) if len(found) > ON_PAGE else None
        return page(
            "inbox.html",
            section="mail",
            messages=shown,
            total=messages.count_messages(deps.store),
            address=address or "",
            kind=kind,
            tabs=_tabs(address, kind),
            older=older,
        )

    @get("/{message_id:int}")
    async def show_message(
        self,
        message_id: FromPath[int],
        deps: NamedDependency[Dependencies],
        view: FromQuery[str | None] = None,
    ) -> Response[str]:
        message = _get(deps, message_id)
        views = [
            name
            for name in VIEWS
            if message.kind is Kind.EMAIL and (name != "html" or message.html is not None)
        ] or ["text"]
        chosen = view if view in views else views[0]
        raw = messages.find_raw(deps.store, message_id) if chosen == "raw" else None
        return page(
            "message.html",
            section="mail",
            message=message,
            views=views,
            view=chosen,
            raw=(raw or b"").decode("utf-8", "replace"),
        )

    @get("/{message_id:int}/html")
    async def show_letter(
        self, message_id: FromPath[int], deps: NamedDependency[Dependencies]
    ) -> Response[str]:
        """The letter alone, for the frame that holds it."""
        _get(deps, message_id)
        letter = '<base target="_blank">' + _parts(deps, message_id).html_with_pictures()
        return Response(
            letter,
            media_type=MediaType.HTML,
            headers={
                "content-security-policy": LETTER_SECURITY,
                "referrer-policy": "no-referrer",
                "x-content-type-options": "nosniff",
            },
        )

    @post("/deletion")
    async def empty_inbox(self, deps: NamedDependency[Dependencies]) -> Redirect:
        messages.delete_messages(deps.store)
        return Redirect("/mail", status_code=303)


def handlers() -> Sequence[ControllerRouterHandler]:
    return [MessagesController, ScriptController, MailController]


def _get(deps: Dependencies, message_id: int) -> Message:
    message = messages.find_message(deps.store, message_id)
    if message is None:
        raise NotFoundException(f"No message {message_id}.")
    return message


def _parts(deps: Dependencies, message_id: int) -> Parts:
    return Parts(messages.find_raw(deps.store, message_id) or b"")


def _since(text: str | None) -> tuple[int | None, datetime | None]:
    if not text:
        return None, None
    if text.isascii() and text.isdigit():
        return int(text), None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        detail = "since is a message id or a time with its zone, such as 2025-01-31T10:00:00Z."
        raise HTTPException(detail, status_code=400)
    return None, instant


def _tabs(address: str | None, kind: Kind | None) -> list[dict[str, Any]]:
    choices = ((None, "All"), (Kind.EMAIL, "E-mails"), (Kind.SMS, "Texts"))
    return [
        {"name": name, "href": _link(address, choice), "is_current": choice == kind}
        for choice, name in choices
    ]


def _link(address: str | None, kind: Kind | None, *, before: int | None = None) -> str:
    pairs = {"to": address, "kind": kind, "before": before}
    query = urlencode({name: value for name, value in pairs.items() if value})
    return f"/mail?{query}" if query else "/mail"
