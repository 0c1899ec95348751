"""Seeing the console as another member: begun with a reason, ended with one click."""

from typing import Any

from litestar import Controller, Request, Response, get, post

from tandem.crm.identity import service as identity
from tandem.crm.identity.service import impersonating
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.http import Now, Transaction
from tandem.kernel.http.standing_in import ALWAYS
from tandem.kernel.ids import parse_id
from tandem.web.console.forms import NO_PROBLEM, Problem, problem_of, read_form, whole_of
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]


class ImpersonationPage(Controller):
    path = "/settings/impersonation"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        tx.actor.require("identity.audit")
        return await _page(request, tx)

    @post()
    async def begin(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await read_form(request)
        try:
            user_id = parse_id(form.get("user_id", ""))
            if user_id is None:
                raise Invalid("Choose a person.", field="user_id")
            await impersonating.impersonate(
                tx,
                user_id,
                reason=form.get("reason", ""),
                minutes=whole_of(form.get("minutes", ""), field="minutes", least=1, most=60),
                may_write=form.get("may_write") == "true",
                now=now,
            )
        except Refusal as refusal:
            problem = problem_of(refusal, form, form="impersonation")
            return await _page(request, tx, problem, status=refusal.status)
        request.app.state.authenticator.forget_request(request)
        return redirect(request, "/")

    @post("/end", opt=ALWAYS)
    async def end(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        await impersonating.end_impersonation(tx, now=now)
        request.app.state.authenticator.forget_request(request)
        return redirect(request, "/settings/people", toast="You are yourself again.")


async def _page(
    request: AnyRequest, tx: Tx, problem: Problem = NO_PROBLEM, status: int = 200
) -> Response[Any]:
    people = await identity.list_users(tx)
    return page(
        request,
        "console/settings/impersonation.html",
        status=status,
        past=await impersonating.list_impersonations(tx),
        names={person.id: person.name for person in people},
        options=[
            (str(person.id), f"{person.name} · {person.email}")
            for person in people
            if person.is_active and person.id != tx.actor.user_id
        ],
        problem=problem,
    )
