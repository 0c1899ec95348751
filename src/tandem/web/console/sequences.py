"""Settings: sequences of mails, and a form for their steps."""

import functools
import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.crm.sales.domain.sequences import STEPS_MAX, Sequence, SequenceDraft
from tandem.crm.sales.service import sequences
from tandem.kernel.errors import Refusal
from tandem.kernel.http import Now, Transaction, check_if_match
from tandem.kernel.ids import parse_id
from tandem.web.console.forms import NO_PROBLEM, Problem, convert, problem_of, read_form
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
HOME = "/settings/sequences"
STEP = re.compile(r"steps\[(?P<place>\d+)\]\.(?P<name>after_days|subject|text)")
BLANKS = 2
"""Empty mails at the end of the form."""
WORDS: Mapping[str, str] = {
    "name": "Give the sequence a name, 80 letters at most.",
    "after_days": "Write whole days up to 90.",
    "subject": "Give the mail a subject on one line, 200 letters at most.",
    "text": "Say something, in 5,000 letters at most.",
    "steps": "Write at least one mail, each with a subject and a text.",
}


class SequencesPage(Controller):
    path = HOME
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        found = await sequences.list_sequences(tx)
        return page(request, "console/settings/sequences.html", found=found)

    @get("/new")
    async def new(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        tx.actor.require("sales.configure")
        return _form(request, {"is_active": "true"})

    @get("/{sequence_id:uuid}")
    async def edit(
        self, request: AnyRequest, sequence_id: FromPath[UUID], tx: Transaction
    ) -> Response[Any]:
        tx.actor.require("sales.configure")
        return _form(request, _values_of(await sequences.get_sequence(tx, sequence_id)))

    @post()
    async def save(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        tx.actor.require("sales.configure")
        form = await read_form(request)
        try:
            draft = _draft(form)
            if known := parse_id(form.get("id", "")):
                seen = functools.partial(check_if_match, form.get("version"))
                made = await sequences.change_sequence(tx, known, draft, is_current=seen, now=now)
            else:
                made = await sequences.add_sequence(tx, draft, now=now)
        except Refusal as refusal:
            return _form(request, form, _at_its_mail(problem_of(refusal, form)), refusal.status)
        return redirect(request, HOME, toast=f"The sequence {made.name} is saved.")


def _form(
    request: AnyRequest,
    values: Mapping[str, str],
    problem: Problem = NO_PROBLEM,
    status: int = 200,
) -> Response[Any]:
    shown = max(_written(values), default=-1) + 1 + BLANKS
    return page(
        request,
        "console/settings/sequence.html",
        status=status,
        form=values,
        places=range(min(shown, STEPS_MAX)),
        problem=problem,
    )


def _at_its_mail(problem: Problem) -> Problem:
    """`steps[1].subject` is about the second mail that is written, wherever it stands."""
    found = STEP.fullmatch(problem.field)
    written = _written(problem.values)
    if found is None or int(found["place"]) >= len(written):
        return problem
    place = written[int(found["place"])]
    said = f"Mail {place + 1}: {problem.detail}"
    return msgspec.structs.replace(problem, field=f"{found['name']}_{place}", detail=said)


def _written(form: Mapping[str, str]) -> list[int]:
    """A mail without a subject and a text is none."""
    return [
        place
        for place in range(STEPS_MAX)
        if form.get(f"subject_{place}") or form.get(f"text_{place}")
    ]


def _draft(form: Mapping[str, str]) -> SequenceDraft:
    steps = [
        {
            "after_days": form.get(f"after_days_{place}") or "0",
            "subject": form.get(f"subject_{place}", ""),
            "text": form.get(f"text_{place}", "").replace("\r\n", "\n"),
        }
        for place in _written(form)
    ]
    values = {
        "name": form.get("name", ""),
        "steps": steps,
        "reply_to": form.get("reply_to", ""),
        "asks_consent": "asks_consent" in form,
        "is_active": "is_active" in form,
    }
    return convert(values, SequenceDraft, WORDS)


def _values_of(sequence: Sequence) -> dict[str, str]:
    values = {
        "id": str(sequence.id),
        "version": str(sequence.version),
        "name": sequence.name,
        "reply_to": sequence.reply_to,
        **({"asks_consent": "true"} if sequence.asks_consent else {}),
        **({"is_active": "true"} if sequence.is_active else {}),
    }
    for place, step in enumerate(sequence.steps):
        values[f"after_days_{place}"] = str(step.after_days)
        values[f"subject_{place}"] = step.subject
        values[f"text_{place}"] = step.text
    return values
