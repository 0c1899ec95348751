"""Disputes of payments: which banks ask money back, until when, and what speaks for us."""

import functools
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.flows.answer_dispute import answer_dispute
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.http import Now, Transaction, check_if_match
from tandem.scm.payments import service as payments
from tandem.scm.payments.domain import Answer, Evidence
from tandem.scm.payments.domain.disputes import EVIDENCE_LENGTH_MAX
from tandem.web.console.forms import read_form
from tandem.web.errors import send_back
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]


class PaymentDisputesPage(Controller):
    path = "/payments/disputes"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        is_open = request.query_params.get("show") != "all"
        found = await payments.list_disputes(
            tx,
            payments.DisputeFilter(is_open=True if is_open else None),
            limit=100,
            cursor=request.query_params.get("cursor") or None,
        )
        return page(request, "console/payment_disputes.html", found=found, is_open=is_open)

    @post("/{dispute_id:uuid}/evidence")
    async def note_evidence(
        self, request: AnyRequest, dispute_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        """What was refused is said on the payment's page, where the form is."""
        tx.actor.require("payments.resolve")
        form = await read_form(request)
        dispute = await payments.get_dispute(tx, dispute_id)
        home = f"/payments/{dispute.payment_id}"
        try:
            await _note(tx, dispute_id, form, now)
        except Refusal as refusal:
            return send_back(request, home, refusal)
        return redirect(request, home, toast="The evidence is noted.")

    @post("/{dispute_id:uuid}/answer")
    async def answer(
        self, request: AnyRequest, dispute_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        """Contest, with what was typed as evidence, or accept. What was refused is said on the
        payment's page."""
        tx.actor.require("payments.resolve")
        form = await read_form(request)
        dispute = await payments.get_dispute(tx, dispute_id)
        home = f"/payments/{dispute.payment_id}"
        accepts = form.get("action") == "accept"
        try:
            if "evidence_note" in form:
                await _note(tx, dispute_id, form, now)
            await answer_dispute(
                tx, dispute_id, Answer(action="accept" if accepts else "contest"), now=now
            )
        except Refusal as refusal:
            return send_back(request, home, refusal)
        said = "The dispute is being accepted." if accepts else "The contest is on its way."
        return redirect(request, home, toast=said)


async def _note(tx: Tx, dispute_id: UUID, form: Mapping[str, str], now: datetime) -> None:
    note = form.get("evidence_note", "").replace("\r\n", "\n")
    if len(note) > EVIDENCE_LENGTH_MAX or "\0" in note:
        raise Invalid(f"At most {EVIDENCE_LENGTH_MAX} characters.", field="evidence_note")
    await payments.note_evidence(
        tx,
        dispute_id,
        Evidence(evidence_note=note),
        is_current=functools.partial(check_if_match, form.get("version") or None),
        now=now,
    )
