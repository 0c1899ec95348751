"""Forms: the list, building one, putting it into a page, and what it brought."""

import html
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.crm.identity import service as identity
from tandem.crm.marketing.service import campaigns
from tandem.crm.sales import service as sales
from tandem.crm.sales.domain.forms import STANDARD, Form, FormDraft, Input
from tandem.crm.sales.domain.submissions import Verdict
from tandem.crm.sales.service import forms, submissions
from tandem.kernel.db import Tx
from tandem.kernel.errors import Refusal
from tandem.kernel.http import Now, Transaction, check_if_match
from tandem.web.console.custom_fields import live_fields
from tandem.web.console.forms import NO_PROBLEM, Problem, convert, problem_of, read_form
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
BLANK_ROWS = 3
ROWS_MAX = 30
CAMPAIGNS_MAX = 100
INPUTS = {"text": Input.LINE, "number": Input.NUMBER, "flag": Input.FLAG, "date": Input.DATE,
          "choice": Input.CHOICE, "choices": Input.LINE}  # fmt: skip
CHANNELS = (("email", "E-mail"), ("sms", "SMS"), ("whatsapp", "WhatsApp"))
EFFORTS = (("light", "Light"), ("normal", "Normal"), ("hard", "Hard, while under attack"))
PLAIN = ("name", "title", "intro", "button", "thanks", "redirect_url", "source")
CHOSEN = ("campaign_id", "owner_id", "team_id", "pipeline_id")
WORDS: Mapping[str, str] = {
    "name": "Give the form a name, 80 letters at most.",
    "title": "Give it a heading, 120 letters at most.",
    "button": "The button needs a word or two.",
    "fields": "Ask for something.",
    "purpose": "A purpose is one word in small letters: newsletter.",
    "text": "Say what is agreed to.",
    "notice_version": "Name the notice: 2026-11.",
    "channels": "Choose at least one channel.",
}
STARTER: Mapping[str, Any] = {
    "button": "Send",
    "effort": "normal",
    "is_active": "true",
    "key_0": "name", "required_0": "true",
    "key_1": "email", "required_1": "true",
    "key_2": "phone",
    "key_3": "description",
}  # fmt: skip


class LeadFormsPage(Controller):
    path = "/leads/forms"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        counts: dict[UUID, dict[str, int]] = {}
        for one in await submissions.count_submissions(tx):
            counts.setdefault(one.form_id, {})[one.verdict] = one.count
        return page(
            request,
            "console/lead_forms.html",
            forms=await forms.list_forms(tx),
            counts=counts,
        )

    @get("/new")
    async def new(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        tx.actor.require("sales.configure")
        return await _builder(request, tx, dict(STARTER))

    @post()
    async def add(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await read_form(request)
        try:
            made = await forms.add_form(tx, await _draft(tx, form), now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form)
            return await _builder(request, tx, form, problem=problem, status=refusal.status)
        to = f"/leads/forms/{made.id}"
        return redirect(request, to, toast=f"{made.name} is ready.", link=to)


class LeadFormPage(Controller):
    path = "/leads/forms/{form_id:uuid}"
    include_in_schema = False

    @get()
    async def show(
        self, request: AnyRequest, form_id: FromPath[UUID], tx: Transaction
    ) -> Response[Any]:
        """How it is shared, and what it brought; spam in a folder of its own."""
        form = await forms.get_form(tx, form_id)
        asked = request.query_params.get("verdict", "")
        verdict = Verdict(asked) if asked in set(Verdict) else None
        found = None
        if tx.actor.reach("sales.read").is_all:
            found = await submissions.list_submissions(
                tx,
                form_id,
                verdict=verdict,
                limit=50,
                cursor=request.query_params.get("cursor") or None,
            )
        base = str(request.app.state.settings.base_url).rstrip("/")
        address = f"{base}/f/{form.slug}"
        title = html.escape(form.title)
        return page(
            request,
            "console/lead_form_page.html",
            form=form,
            found=found,
            verdict=verdict,
            verdicts=tuple(Verdict),
            address=address,
            embed=f'<script src="{address}/embed.js" data-title="{title}" async></script>',
            api=f"{base}/v1/public/forms/{form.slug}/submissions",
        )

    @get("/edit")
    async def edit(
        self, request: AnyRequest, form_id: FromPath[UUID], tx: Transaction
    ) -> Response[Any]:
        tx.actor.require("sales.configure")
        form = await forms.get_form(tx, form_id)
        return await _builder(request, tx, _values_of(form), form=form)

    @post("/edit")
    async def change(
        self, request: AnyRequest, form_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        given = await read_form(request)
        form = await forms.get_form(tx, form_id)
        try:
            check_if_match(given.get("version"), form.version)
            saved = await forms.change_form(tx, form_id, await _draft(tx, given), now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, given)
            return await _builder(
                request, tx, given, form=form, problem=problem, status=refusal.status
            )
        return redirect(request, f"/leads/forms/{form_id}", toast=f"{saved.name} is saved.")

    @post("/submissions/{submission_id:uuid}")
    async def judge(
        self,
        request: AnyRequest,
        form_id: FromPath[UUID],
        submission_id: FromPath[UUID],
        tx: Transaction,
        now: Now,
    ) -> Response[Any]:
        """Spam, or not spam after all: then it becomes a lead."""
        given = await read_form(request)
        tx.actor.require_everywhere("sales.write")
        is_spam = given.get("verdict") == Verdict.SPAM
        await submissions.decide(tx, submission_id, is_spam=is_spam, now=now)
        said = "It is in the spam folder." if is_spam else "It becomes a lead."
        return redirect(request, f"/leads/forms/{form_id}", toast=said)


async def _draft(tx: Tx, form: Mapping[str, str]) -> FormDraft:
    own = {f"custom.{one.key}": one for one in await live_fields(tx.with_all_grants(), "lead")}
    fields = []
    for place in range(ROWS_MAX):
        if not (key := form.get(f"key_{place}", "")):
            continue
        options = [part.strip() for part in form.get(f"options_{place}", "").split(";")]
        row: dict[str, Any] = {
            "key": key,
            "label": form.get(f"label_{place}", ""),
            "hint": form.get(f"hint_{place}", ""),
            "is_required": form.get(f"required_{place}") == "true",
            "options": [part for part in options if part],
        }
        if row["options"]:
            row["input"] = Input.CHOICE
        if key in own:
            row["input"] = Input.CHOICE if row["options"] else INPUTS[own[key].kind]
            row["label"] = row["label"] or own[key].label
            if own[key].kind == "choice":
                row |= {"options": own[key].options, "input": Input.CHOICE}
        fields.append(row)
    given = {
        **{name: form.get(name, "") for name in PLAIN},
        **{name: form.get(name) or None for name in CHOSEN},
        "fields": fields,
        "consents": _consents(form),
        "allowed_origins": form.get("allowed_origins", "").split(),
        "needs_confirmation": form.get("needs_confirmation") == "true",
        "effort": form.get("effort", "normal"),
        "is_active": form.get("is_active") == "true",
    }
    return convert(given, FormDraft, WORDS)


def _consents(form: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "purpose": form[f"purpose_{place}"],
            "channels": [
                channel for channel, _ in CHANNELS if form.get(f"{channel}_{place}") == "true"
            ],
            "text": form.get(f"text_{place}", ""),
            "notice_version": form.get(f"notice_{place}", ""),
            "is_required": form.get(f"forced_{place}") == "true",
        }
        for place in range(ROWS_MAX)
        if form.get(f"purpose_{place}")
    ]


def _values_of(form: Form) -> dict[str, str]:
    values = {name: str(getattr(form, name) or "") for name in (*PLAIN, *CHOSEN, "effort")}
    for place, field in enumerate(form.fields):
        values |= {
            f"key_{place}": field.key,
            f"label_{place}": field.label,
            f"hint_{place}": field.hint,
            f"required_{place}": "true" if field.is_required else "",
            f"options_{place}": "; ".join(field.options),
        }
    for place, consent in enumerate(form.consents):
        values |= {
            f"purpose_{place}": consent.purpose,
            f"text_{place}": consent.text,
            f"notice_{place}": consent.notice_version,
            f"forced_{place}": "true" if consent.is_required else "",
            **{f"{channel}_{place}": "true" for channel in consent.channels},
        }
    return values | {
        "allowed_origins": "\n".join(form.allowed_origins),
        "needs_confirmation": "true" if form.needs_confirmation else "",
        "is_active": "true" if form.is_active else "",
        "version": str(form.version),
    }


async def _builder(
    request: AnyRequest,
    tx: Tx,
    values: dict[str, Any],
    *,
    form: Form | None = None,
    problem: Problem = NO_PROBLEM,
    status: int = 200,
) -> Response[Any]:
    asked = [place for place in range(ROWS_MAX) if values.get(f"key_{place}")]
    agreed = [place for place in range(ROWS_MAX) if values.get(f"purpose_{place}")]
    own = await live_fields(tx.with_all_grants(), "lead")
    keys = [(key, label) for key, (_, label, _) in STANDARD.items()]
    keys += [(f"custom.{one.key}", one.label) for one in own]
    return page(
        request,
        "console/lead_form_builder.html",
        status=status,
        values=values,
        form=form,
        problem=problem,
        keys=keys,
        field_rows=range(max(asked, default=-1) + 1 + BLANK_ROWS),
        consent_rows=range(max(agreed, default=-1) + 2),
        channels=CHANNELS,
        efforts=EFFORTS,
        choices=await _choices(tx),
    )


async def _choices(tx: Tx) -> dict[str, list[tuple[str, str]]]:
    trusted = tx.with_all_grants()
    teams = await identity.list_nodes(trusted, identity.TEAMS)
    pipelines = [one for one in await sales.list_pipelines(trusted) if one.archived_at is None]
    planned = await campaigns.list_campaigns(trusted, limit=CAMPAIGNS_MAX)
    people = await identity.staff_names(tx)
    return {
        "owner_id": [("", "By the assignment rules")]
        + [(str(each), name) for each, name in people.items()],
        "team_id": [("", "None")] + [(str(one.id), one.name) for one in teams],
        "pipeline_id": [("", "The first one")] + [(str(one.id), one.name) for one in pipelines],
        "campaign_id": [("", "None")] + [(str(one.id), one.name) for one in planned.items],
    }
