"""Where events go: addresses, their secrets shown once, and what became of each message."""

from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.crm.webhooks import service as webhooks
from tandem.crm.webhooks.domain import EndpointInUse
from tandem.kernel.db import Tx
from tandem.kernel.errors import Refusal
from tandem.kernel.guard import Guard
from tandem.kernel.http import Given, Now, Transaction
from tandem.web.console.forms import NO_PROBLEM, Problem, problem_of, read_form
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
SHOWN = 50


class WebhooksPage(Controller):
    path = "/settings/webhooks"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        return await _page(request, tx)

    @post(status_code=200)
    async def add(
        self, request: AnyRequest, tx: Transaction, now: Now, resources: Given
    ) -> Response[Any]:
        """The secret is on this answer and on no other page."""
        form = await read_form(request)
        try:
            topics = form.get("topics", "").replace(",", " ").split()
            _, secret = await webhooks.add_endpoint(
                tx,
                resources.get(Guard),
                url=form.get("url", ""),
                description=form.get("description", "")[:200],
                topics=topics[:200],
                now=now,
            )
        except Refusal as refusal:
            problem = problem_of(refusal, form, form="webhook")
            return await _page(request, tx, problem, status=refusal.status)
        return await _page(request, tx, made=secret)

    @get("/{endpoint_id:uuid}")
    async def one(
        self, request: AnyRequest, endpoint_id: FromPath[UUID], tx: Transaction
    ) -> Response[Any]:
        return await _endpoint(request, tx, endpoint_id)

    @post("/{endpoint_id:uuid}/test")
    async def test(
        self, request: AnyRequest, endpoint_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        await webhooks.send_test(tx, endpoint_id, now=now)
        return _back(request, endpoint_id, "A test message goes out.")

    @post("/{endpoint_id:uuid}/secret", status_code=200)
    async def secret(
        self, request: AnyRequest, endpoint_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        made = await webhooks.rotate_secret(tx, endpoint_id, now=now)
        return await _endpoint(request, tx, endpoint_id, made=made)

    @post("/{endpoint_id:uuid}/removal")
    async def remove(
        self, request: AnyRequest, endpoint_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        try:
            await webhooks.remove_endpoint(tx, endpoint_id, now=now)
        except EndpointInUse as refusal:
            return await _endpoint(request, tx, endpoint_id, problem=problem_of(refusal, {}))
        return redirect(request, "/settings/webhooks", toast="Nothing is sent there any more.")

    @post("/{endpoint_id:uuid}/messages/{message_id:uuid}/redelivery")
    async def again(
        self,
        request: AnyRequest,
        endpoint_id: FromPath[UUID],
        message_id: FromPath[UUID],
        tx: Transaction,
        now: Now,
    ) -> Response[Any]:
        await webhooks.send_again(tx, message_id, now=now)
        return _back(request, endpoint_id, "It is sent once more.")


def _back(request: AnyRequest, endpoint_id: UUID, toast: str) -> Response[Any]:
    return redirect(request, f"/settings/webhooks/{endpoint_id}", toast=toast)


async def _page(
    request: AnyRequest,
    tx: Tx,
    problem: Problem = NO_PROBLEM,
    *,
    made: str = "",
    status: int = 200,
) -> Response[Any]:
    return page(
        request,
        "console/settings/webhooks.html",
        status=status,
        endpoints=await webhooks.list_endpoints(tx),
        topics=webhooks.known_topics(),
        made=made,
        problem=problem,
    )


async def _endpoint(
    request: AnyRequest,
    tx: Tx,
    endpoint_id: UUID,
    *,
    made: str = "",
    problem: Problem = NO_PROBLEM,
) -> Response[Any]:
    endpoint = await webhooks.get_endpoint(tx, endpoint_id)
    found = await webhooks.list_messages(tx, endpoint_id, limit=SHOWN)
    return page(
        request,
        "console/settings/webhook.html",
        status=problem.status,
        problem=problem,
        endpoint=endpoint,
        messages=found.items,
        made=made,
    )
