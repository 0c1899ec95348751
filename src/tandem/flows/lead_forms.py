"""What a form brings: a lead, the mail that asks to confirm, and consent once they are a customer.

The answer to the stranger has long been given when this runs, so it tells nothing of who is known.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from tandem.contracts.sales import FormSubmitted, LeadCaptured, LeadLinked
from tandem.crm.customers import service as customers
from tandem.crm.customers.domain.consents import NewConsent
from tandem.crm.customers.domain.custom_fields import CustomField, CustomFieldWrong, from_text
from tandem.crm.identity import service as identity
from tandem.crm.notifications import service as notifications
from tandem.crm.sales.domain.forms import Form
from tandem.crm.sales.domain.submissions import Submission, Verdict, custom_of, draft_of
from tandem.crm.sales.service import forms, leads, submissions
from tandem.kernel import tokens
from tandem.kernel.db import Database, Tx
from tandem.kernel.errors import Refusal
from tandem.kernel.events import subscribe
from tandem.kernel.ids import new_id
from tandem.kernel.tokens import Token

LINK = "form_submission"
ANSWER_WITHIN = timedelta(days=7)


@subscribe(FormSubmitted, "lead_forms.take_submission")
async def take_submission(tx: Tx, event: FormSubmitted, now: datetime) -> None:
    """Accepted ones become leads; waiting ones are asked by mail. Spam stays where it is."""
    trusted = tx.with_all_grants()
    submission = await submissions.lock_submission(trusted, event.submission_id)
    if submission is None or submission.lead_id is not None:
        return
    form = await forms.get_form(trusted, event.form_id)
    if submission.verdict is Verdict.WAITING:
        await _ask(trusted, form, submission, now)
    if submission.verdict is Verdict.ACCEPTED:
        custom, problem = await _custom(trusted, submission)
        draft = draft_of(form, submission, custom)
        await submissions.take(trusted, submission, draft, problem=problem, now=now)


@subscribe(LeadCaptured, "lead_forms.record_consents")
async def record_when_captured(tx: Tx, event: LeadCaptured, now: datetime) -> None:
    """Somebody who is a customer already agreed to something more."""
    await _record_consents(tx.with_all_grants(), event.lead_id, now)


@subscribe(LeadLinked, "lead_forms.record_consents")
async def record_when_linked(tx: Tx, event: LeadLinked, now: datetime) -> None:
    await _record_consents(tx.with_all_grants(), event.lead_id, now)


async def find_confirmation(database: Database, token: str) -> Token | None:
    held = await tokens.find(database, token)
    return held if held is not None and held.kind == LINK else None


async def _record_consents(tx: Tx, lead_id: UUID, now: datetime) -> None:
    """What the lead's forms were ticked for goes into the customer's ledger, once."""
    lead = await leads.find_lead(tx, lead_id)
    if lead is None or lead.customer_id is None:
        return
    for agreed in await submissions.take_consents(tx, lead.id, now=now):
        form = await forms.get_form(tx, agreed.form_id)
        for consent in agreed.consents:
            for channel in consent["channels"]:
                new = NewConsent(
                    purpose=consent["purpose"],
                    channel=channel,
                    is_granted=True,
                    notice_version=consent["notice_version"],
                    source=f"form {form.name}",
                    evidence=_evidence(agreed.id, agreed.confirmed_at),
                )
                await customers.record_consent(tx, lead.customer_id, new, now=now)


def _evidence(submission_id: UUID, confirmed_at: datetime | None) -> str:
    confirmed = f", confirmed by e-mail {confirmed_at:%Y-%m-%d %H:%M} UTC" if confirmed_at else ""
    return f"submission {submission_id}{confirmed}"


async def _custom(tx: Tx, submission: Submission) -> tuple[dict[str, Any], str]:
    """Values of the company's own fields; what a field does not take is left out and named."""
    given = custom_of(submission)
    if not given:
        return {}, ""
    fields = await customers.list_fields(tx, "lead")
    custom: dict[str, Any] = {}
    wrong = []
    for field in _live(fields):
        if field.key not in given:
            continue
        try:
            value = {field.key: from_text(field, given[field.key])}
            custom |= await customers.write_custom(
                tx, "lead", new_id(), value, {}, fields=[field], holder=leads.holder_of_value
            )
        except (CustomFieldWrong, Refusal) as reason:
            wrong.append(reason.detail)
    return custom, " ".join(wrong)[:500]


def _live(fields: Sequence[CustomField]) -> list[CustomField]:
    """Nothing is needed that a form does not ask."""
    return [
        msgspec.structs.replace(field, is_required=False)
        for field in fields
        if field.retired_at is None
    ]


async def _ask(tx: Tx, form: Form, submission: Submission, now: datetime) -> None:
    (token,) = await tokens.issue(
        tx, kind=LINK, entity_ids=[submission.id], expires_at=now + ANSWER_WITHIN
    )
    company = (await identity.get_organisation(tx)).name
    await notifications.send(
        tx,
        template="form_confirmation",
        order_id=None,
        email=submission.payload["email"],
        phone=None,
        parameters={
            "company": company,
            "form": form.title,
            "confirm_link": f"/f/confirm/{token}",
        },
        dedupe=f"form_confirmation:{submission.id}",
        now=now,
        not_after=now + ANSWER_WITHIN,
    )
