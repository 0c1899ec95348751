"""Settings of registered texts: the company with DLT, each text, and whether one fits."""

from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.crm.notifications.domain.registered import (
    Ask,
    NewRegisteredText,
    NewRegistration,
    Verdict,
)
from tandem.crm.notifications.domain.texts import is_phone, segments
from tandem.crm.notifications.service import registered
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.http import COMPUTES, Now, Transaction
from tandem.web.console.forms import NO_PROBLEM, Problem, convert, problem_of, read_form
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
PATH = "/settings/registered-texts"
CATEGORIES = (
    ("service_implicit", "Service, implicit (DLT)"),
    ("service_explicit", "Service, explicit (DLT)"),
    ("transactional", "Transactional, banks only (DLT)"),
    ("promotional", "Promotional (DLT)"),
    ("utility", "Utility (WhatsApp)"),
    ("marketing", "Marketing (WhatsApp)"),
    ("authentication", "Authentication (WhatsApp)"),
)
WORDS = {
    "entity_id": "An entity id has 19 digits.",
    "body": "Write the text as it was registered.",
    "template_id": "Give the template's id.",
    "language": "A language such as en or en_US, or nothing.",
    "header": "A header has six letters, or six digits for promotions.",
    "headers": "Headers have six letters, or six digits for promotions.",
}


class RegisteredTextsPage(Controller):
    path = PATH
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        return await _page(request, tx)

    @post("/registration")
    async def save(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await read_form(request)
        headers = [
            {"header": one, "category": "promotional" if one.isdigit() else "service"}
            for one in form.get("headers", "").replace(",", " ").split()
        ]
        given = {
            "entity_id": form.get("entity_id", ""),
            "headers": headers,
            "is_enforced": form.get("is_enforced") == "true",
        }
        try:
            new = convert(given, NewRegistration, WORDS)
            await registered.save_registration(tx, new, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form, form="registration")
            return await _page(request, tx, problem, status=refusal.status)
        return redirect(request, PATH, toast="Saved.")

    @post("/texts")
    async def add(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await read_form(request)
        try:
            new = convert({**form, "is_active": True}, NewRegisteredText, WORDS)
            await registered.add_text(tx, new, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form, form="text")
            return await _page(request, tx, problem, status=refusal.status)
        return redirect(request, PATH, toast="It is matched from now on.")

    @post("/texts/{text_id:uuid}/removal")
    async def remove(
        self, request: AnyRequest, text_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        await registered.remove_text(tx, text_id, now=now)
        return redirect(request, PATH, toast="Taken out.")

    @post("/check", status_code=200, opt=COMPUTES)
    async def check(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        """May this text leave for this number; if not, where it differs."""
        tx.actor.require("notifications.read")
        form = await read_form(request)
        phone, text = form.get("phone", "+919876543210"), form.get("text", "")
        try:
            if not is_phone(phone):
                raise Invalid("Give a number such as +919876543210.", field="phone")
            if not text or len(text) > 1_600:
                raise Invalid("Write a text of at most 1,600 characters.", field="text")
        except Refusal as refusal:
            problem = problem_of(refusal, form, form="check")
            return await _page(request, tx, problem, status=422)
        ask = Ask(text=text, recipient=phone, purpose=form.get("purpose", "service")[:40])
        (verdict,) = await registered.dlt_check(tx, [ask])
        checked = Problem(detail="", form="checked", values=form)
        return await _page(request, tx, checked, verdict=verdict, parts=segments(text))


async def _page(
    request: AnyRequest,
    tx: Tx,
    problem: Problem = NO_PROBLEM,
    *,
    verdict: Verdict | None = None,
    parts: int = 0,
    status: int = 200,
) -> Response[Any]:
    registration = await registered.get_registration(tx)
    return page(
        request,
        "console/settings/registered_texts.html",
        status=status,
        registration=registration,
        headers=" ".join(one.header for one in registration.headers) if registration else "",
        texts=await registered.list_texts(tx),
        categories=CATEGORIES,
        verdict=verdict,
        parts=parts,
        problem=problem,
    )
