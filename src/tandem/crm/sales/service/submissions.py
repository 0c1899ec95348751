"""Submissions: taken from strangers, kept with a verdict, and what people decide about them."""

import hashlib
import hmac
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.contracts.sales import FormSubmitted
from tandem.crm.sales.domain.forms import Form
from tandem.crm.sales.domain.leads import Captured, Channel, LeadDraft
from tandem.crm.sales.domain.permissions import READ, WRITE
from tandem.crm.sales.domain.proofs import ProofWrong, check_proof
from tandem.crm.sales.domain.submissions import (
    NewSubmission,
    Receipt,
    Submission,
    Verdict,
    judge,
    read_consents,
    read_values,
)
from tandem.crm.sales.service.capturing import capture
from tandem.crm.sales.service.forms import signing_key
from tandem.crm.sales.store import submissions as store
from tandem.crm.sales.store.submissions import Agreed, FormCount
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.ids import new_id
from tandem.kernel.pages import Page, decode_cursor, page_of

THANKS = "Thank you. We have it and will be in touch."
CONFIRM = "Almost done: open the link in the e-mail that we have just sent you."
UNKNOWN = "There is no such submission."


async def receive(
    tx: Tx, form: Form, sent: NewSubmission, *, network: str, user_agent: str, now: datetime
) -> Receipt:
    """Keep what a stranger sent. The same work and the same answer whoever they say they are: that
    it becomes a lead is a step of its own, later.

    Refuses a puzzle that is not solved or was used for something else, and values that the form
    does not take. The same submission sent again is one.
    """
    key = await signing_key(tx, form.id)
    age = check_proof(sent.proof, form.id, form.effort, key, now)
    values = read_values(form, sent.values)
    consents = read_consents(form, sent.consents)
    verdict, reasons = judge(form, sent, values, age)
    submission_id = new_id()
    row = {
        "id": submission_id,
        "form_id": form.id,
        "dedupe": sent.proof.challenge.rpartition(".")[2],
        "payload": values,
        "consents": consents,
        "touch": msgspec.to_builtins(sent.touch),
        "verdict": verdict,
        "reasons": reasons,
        "network_hash": hmac.new(key.encode(), network.encode(), hashlib.sha256).hexdigest()[:32],
        "user_agent": "".join(one for one in user_agent if one.isprintable())[:300],
    }
    if await store.add(tx, row, now):
        await tx.publish(
            FormSubmitted(form_id=form.id, submission_id=submission_id, verdict=verdict)
        )
    elif await store.twin(tx, form.id, str(row["dedupe"])) != values:
        raise ProofWrong("This challenge was used. Ask for a new one.", field="proof")
    usual = CONFIRM if form.needs_confirmation else THANKS
    return Receipt(message=form.thanks or usual, redirect_url=form.redirect_url)


async def confirm(tx: Tx, submission_id: UUID, *, now: datetime) -> Submission:
    """The person's own yes under the link that only they were sent. Saying it again is fine."""
    found = await store.lock(tx, submission_id)
    if found is None:
        raise NotFound(UNKNOWN)
    if found.verdict is Verdict.WAITING:
        await store.judge(tx, submission_id, Verdict.ACCEPTED, confirmed_at=now)
        await _tell(tx, found)
    return found


async def decide(tx: Tx, submission_id: UUID, *, is_spam: bool, now: datetime) -> Submission:
    """A person says what it is. What became a lead stays one."""
    tx.actor.require(WRITE)
    found = await store.lock(tx, submission_id)
    if found is None:
        raise NotFound(UNKNOWN)
    verdict = Verdict.SPAM if is_spam else Verdict.ACCEPTED
    if found.verdict is not verdict:
        await store.judge(tx, submission_id, verdict)
        if not is_spam and found.lead_id is None:
            await _tell(tx, found)
    await audit.write(
        tx,
        action="sales.submission_judged",
        subject_kind="form_submission",
        subject_id=submission_id,
        now=now,
        before={"verdict": found.verdict},
        after={"verdict": verdict},
    )
    kept = await store.find(tx, submission_id)
    assert kept, "it is locked"
    return kept


async def lock_submission(tx: Tx, submission_id: UUID) -> Submission | None:
    return await store.lock(tx, submission_id)


async def find_submission(tx: Tx, submission_id: UUID) -> Submission | None:
    return await store.find(tx, submission_id)


async def take(
    tx: Tx, submission: Submission, draft: LeadDraft, *, problem: str, now: datetime
) -> Captured:
    """Make it a lead, or one more touch of one. `problem` is what of it could not be taken."""
    found = await capture(
        tx,
        draft,
        channel=Channel.FORM,
        form_id=submission.form_id,
        dedupe=f"form:{submission.id}",
        now=now,
    )
    await store.taken(tx, submission.id, found.lead.id, problem)
    return found


async def take_consents(tx: Tx, lead_id: UUID, *, now: datetime) -> list[Agreed]:
    """What this lead agreed to and nobody wrote down yet; each is handed out once."""
    return await store.take_consents(tx, lead_id, now)


async def list_submissions(
    tx: Tx, form_id: UUID, *, verdict: Verdict | None, limit: int, cursor: str | None = None
) -> Page[Submission]:
    """Newest first. Needs a reach over everybody's leads: whose they will be is not known yet."""
    tx.actor.require_everywhere(READ)
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    rows = await store.list_rows(tx, form_id, verdict, before_id=before, count=limit + 1)
    return page_of(rows, limit, lambda row: (row.id,))


async def count_submissions(tx: Tx) -> list[FormCount]:
    """How many each form brought, by verdict."""
    tx.actor.require(READ)
    return await store.counts(tx)


async def _tell(tx: Tx, submission: Submission) -> None:
    await tx.publish(
        FormSubmitted(
            form_id=submission.form_id, submission_id=submission.id, verdict=Verdict.ACCEPTED
        )
    )
