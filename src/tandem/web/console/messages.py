"""Messages: what customers and drivers were told, and what became of it."""

from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.crm.notifications import service as notifications
from tandem.crm.notifications.domain.messages import DEAD, RETRYABLE, Channel, State
from tandem.crm.notifications.service import leaving, providers, senders
from tandem.kernel.db import Tx
from tandem.kernel.errors import Refusal
from tandem.kernel.http import Now, Transaction
from tandem.web.console.forms import NO_PROBLEM, Problem, problem_of, read_form
from tandem.web.console.lists import Column, Filter, listing, read_state
from tandem.web.console.sending_rules import NAMES
from tandem.web.console.views import views_of
from tandem.web.rendering import page, redirect, words

AnyRequest = Request[Any, Any, Any]
COLUMNS = (
    Column(key="template", label="Message", is_lead=True),
    Column(key="channel", label="By"),
    Column(key="to", label="To"),
    Column(key="subject", label="Says"),
    Column(key="state", label="State", is_mark=True),
    Column(key="why", label="Why"),
    Column(key="created_at", label="When"),
    Column(key="purpose", label="Purpose", is_shown=False),
    Column(key="lane", label="Lane", is_shown=False),
    Column(key="order", label="Order", is_shown=False),
)
FILTERS = (
    Filter(key="state", label="State", options=tuple((str(s), words(str(s))) for s in State)),
    Filter(key="channel", label="Channel", options=tuple((str(c), words(str(c))) for c in Channel)),
)
VIEWS = (
    ("All", ""),
    ("Held", "state=held"),
    ("Left out", "state=skipped"),
    ("Failed", "state=failed"),
    ("Unanswered", "state=unknown"),
)


class MessagesPage(Controller):
    path = "/messages"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        state = read_state(request, COLUMNS, FILTERS)
        wanted, channel = state.values.get("state"), state.values.get("channel")
        found = await notifications.list_messages(
            tx,
            limit=state.limit,
            cursor=state.cursor,
            state=State(wanted) if wanted else None,
            channel=Channel(channel) if channel else None,
        )
        views = await views_of(tx, state, VIEWS)
        return page(
            request,
            "console/messages.html",
            listing=listing(state, found, views),
            replayed=wanted if wanted in DEAD and found.items else "",
            gates=await leaving.list_gates(tx),
            refusal=await senders.standing(tx, request.app.state.settings.place),
        )

    @post("/replays")
    async def replay(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        """What gave up, once more: a thousand at a time."""
        form = await read_form(request)
        wanted = State(form["state"]) if form.get("state") in DEAD else State.FAILED
        count = await notifications.replay(tx, wanted, now=now)
        return redirect(request, "/messages", toast=f"{count:,} are sent once more.")

    @get("/{message_id:uuid}")
    async def one(
        self, request: AnyRequest, message_id: FromPath[UUID], tx: Transaction
    ) -> Response[Any]:
        return await _page(request, tx, message_id)

    @post("/{message_id:uuid}/retry")
    async def retry(
        self, request: AnyRequest, message_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        try:
            await notifications.retry(tx, message_id, now=now)
        except Refusal as refusal:
            return await _page(
                request, tx, message_id, problem_of(refusal, {}), status=refusal.status
            )
        return redirect(request, f"/messages/{message_id}", toast="It is sent once more.")


async def _page(
    request: AnyRequest, tx: Tx, message_id: UUID, problem: Problem = NO_PROBLEM, status: int = 200
) -> Response[Any]:
    message = await notifications.get_message(tx, message_id)
    return page(
        request,
        "console/message.html",
        status=status,
        message=message.with_links_to(request.app.state.settings.base_url),
        attempts=await notifications.list_attempts(tx, message_id),
        carriages=await providers.list_carriages(tx, message_id),
        can_retry=message.state in RETRYABLE,
        rule_names=NAMES,
        problem=problem,
    )
