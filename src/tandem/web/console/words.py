"""Templates: what messages say, version by version, with a live look at each."""

import difflib
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath, FromQuery

from tandem.contracts.address import Line100
from tandem.crm.notifications.domain.block_letters import laid_out, without_blocks
from tandem.crm.notifications.domain.blocks import Theme
from tandem.crm.notifications.domain.parts import LETTERS, PART
from tandem.crm.notifications.domain.template_versions import (
    Content,
    Key,
    Medium,
    State,
    Template,
    TemplateVersion,
)
from tandem.crm.notifications.domain.texts import segments
from tandem.crm.notifications.service import templates
from tandem.flows import try_words
from tandem.kernel.db import Tx
from tandem.kernel.errors import Refusal
from tandem.kernel.http import COMPUTES, Now, Transaction
from tandem.kernel.ids import parse_id
from tandem.web.console import blocks_form
from tandem.web.console.darkened import darkened
from tandem.web.console.forms import NO_PROBLEM, Problem, convert, problem_of, read_form
from tandem.web.console.words_form import (
    FIRST_LETTER,
    FIRST_PART,
    LANGUAGES,
    content_of_form,
    values_of,
)
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
FRAME_POLICY = (
    "default-src 'none'; img-src https: http: data:; style-src 'unsafe-inline'; font-src https:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox"
)
"""A letter in its frame runs nothing, leads nowhere and reads nothing of ours."""
NAMED = {
    "name": "Give it a name, 100 letters at most.",
    "key": "Give it a name that begins with a letter of the Latin alphabet.",
    "channel": "Choose e-mail, SMS or WhatsApp.",
}
TURNED = {"source": "It is MJML now.", "blocks": "It is put together of blocks now."}
CLIPPED_BYTES = 102 * 1024


class NewForm(msgspec.Struct, frozen=True, kw_only=True):
    name: Line100
    key: Key
    channel: Medium


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of message in the list: the company's own template, or the suite's words."""

    key: str
    channel: str
    name: str
    template: Template | None


class TemplatesPage(Controller):
    path = "/templates"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        return await _list_page(request, tx)

    @post()
    async def add(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        """A template of one's own, for campaigns and journeys."""
        form = await read_form(request)
        try:
            fields = {"key": _key_of(form.get("name", "")), **form}
            new = convert(fields, NewForm, NAMED)
            made = await templates.add_template(
                tx, key=new.key, channel=new.channel, name=new.name, now=now
            )
        except Refusal as refusal:
            return await _list_page(request, tx, problem_of(refusal, form, form="new"))
        return redirect(request, f"/templates/{made.id}")

    @post("/ready/{key:str}/{channel:str}")
    async def take_over(
        self, request: AnyRequest, key: FromPath[str], channel: FromPath[str], tx: Transaction,
        now: Now,
    ) -> Response[Any]:  # fmt: skip
        """Begin a draft of the suite's own words, to make them the company's."""
        content = templates.ready_content(key, channel)
        if content is None:
            return redirect(request, "/templates", toast="There is no such message.")
        own = await templates.own_template(tx, key, channel, now=now)
        made = await templates.draft(tx, own.id, content, locale="en", now=now)
        return redirect(request, f"/templates/versions/{made.id}")

    @post("/look", status_code=200, opt=COMPUTES)
    async def look(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        """What is in the editor, as a letter in the frame; saved nowhere."""
        tx.actor.require("notifications.read")
        form = await _read_words(request)
        rendered = (await _looked(tx, form)).rendered
        body = rendered.html if rendered and rendered.html else ""
        if rendered and not body:
            body = page_of_text(rendered.text)
        if form.get("shade") == "dark":
            body = darkened(body)
        headers = {"content-security-policy": FRAME_POLICY, "cache-control": "no-store"}
        return Response(body.encode(), media_type="text/html; charset=utf-8", headers=headers)

    @post("/report", status_code=200, opt=COMPUTES)
    async def report(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        """What is wrong, which variables are missing, how long it is; beside the letter."""
        tx.actor.require("notifications.read")
        form = await _read_words(request)
        return page(request, "console/words_report.html", **await _reported(tx, form))

    @get("/{template_id:uuid}")
    async def show_one(
        self, request: AnyRequest, template_id: FromPath[UUID], tx: Transaction
    ) -> Response[Any]:
        template = await templates.get_template(tx, template_id)
        versions = await templates.list_versions(tx, template_id)
        return page(
            request,
            "console/words_one.html",
            own=template,
            versions=versions,
            languages=LANGUAGES,
            is_ready=templates.ready_content(template.key, template.channel) is not None,
        )

    @post("/{template_id:uuid}/versions")
    async def begin(
        self, request: AnyRequest, template_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        """A new draft: from another version, the suite's words, or nothing."""
        form = await read_form(request)
        template = await templates.get_template(tx, template_id)
        source = parse_id(form.get("from", ""))
        content = (
            templates.content_of(await templates.get_version(tx, source))
            if source
            else templates.ready_content(template.key, template.channel) or _blank(template)
        )
        if form.get("from") == "blocks" and template.channel in LETTERS:
            content = _turned(content, template.channel, "blocks")
        locale = (dict(LANGUAGES).get(form.get("locale", "")) and form["locale"]) or "en"
        made = await templates.draft(tx, template_id, content, locale=locale, now=now)
        return redirect(request, f"/templates/versions/{made.id}")


class TemplateVersionPage(Controller):
    path = "/templates/versions/{version_id:uuid}"
    include_in_schema = False

    @get()
    async def show(
        self,
        request: AnyRequest,
        version_id: FromPath[UUID],
        tx: Transaction,
        against: FromQuery[UUID | None] = None,
    ) -> Response[Any]:
        """The editor of a draft; of what was published, its words and what changed."""
        version = await templates.get_version(tx, version_id)
        return await _version_page(request, tx, version, against=against)

    @post()
    async def save(
        self, request: AnyRequest, version_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        return await self._saved(request, tx, version_id, now, "")

    @post("/publication")
    async def publish(
        self, request: AnyRequest, version_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        return await self._saved(request, tx, version_id, now, "publish")

    @post("/test")
    async def send_test(
        self, request: AnyRequest, version_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        return await self._saved(request, tx, version_id, now, "test")

    @post("/source")
    async def turn_into_source(
        self, request: AnyRequest, version_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        """The MJML that the blocks make, to be written on by hand; blocks are no more."""
        return await self._saved(request, tx, version_id, now, "source")

    @post("/blocks")
    async def begin_blocks(
        self, request: AnyRequest, version_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        """A first letter of blocks in the place of the source."""
        return await self._saved(request, tx, version_id, now, "blocks")

    @post("/archival")
    async def archive(
        self, request: AnyRequest, version_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        try:
            done = await templates.archive(tx, version_id, now=now)
        except Refusal as refusal:
            return redirect(request, f"/templates/versions/{version_id}", toast=refusal.detail)
        to = f"/templates/{done.template_id}"
        return redirect(request, to, toast=f"Version {done.number} is put away.")

    async def _saved(
        self, request: AnyRequest, tx: Tx, version_id: UUID, now: Any, then: str
    ) -> Response[Any]:
        """Keep what is in the editor, then publish it or send it to whoever wrote it."""
        form = await _read_words(request)
        held = await templates.lock_version(tx, version_id)
        to = f"/templates/versions/{version_id}"
        try:
            content = templates.content_of(held)
            is_written = "source" in form or blocks_form.is_of_blocks(form)
            if held.state is State.DRAFT and is_written:
                content = content_of_form(form)
            if then in TURNED:
                content = _turned(content, held.channel, then)
            if then in TURNED or (held.state is State.DRAFT and is_written):
                held = await templates.write_draft(tx, version_id, content, now=now)
            if then == "publish":
                done = await templates.publish(tx, version_id, now=now)
                said = f"Version {done.number} speaks {done.locale} now."
                return redirect(request, f"/templates/{done.template_id}", toast=said)
            if then == "test":
                customer_id = parse_id(form.get("customer_id", ""))
                sent_to = await try_words.send_to_oneself(
                    tx, content, channel=held.channel, customer_id=customer_id, now=now
                )
                return redirect(request, to, toast=f"Saved, and a test is on its way to {sent_to}.")
        except Refusal as refusal:
            problem = problem_of(refusal, form)
            status = refusal.status
            return await _version_page(request, tx, held, form=form, problem=problem, status=status)
        return redirect(request, to, toast=TURNED.get(then, "The draft is saved."))


def page_of_text(text: str) -> str:
    """A text message as a telephone shows it."""
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    style = (
        "font:15px/1.4 system-ui,sans-serif;margin:24px;background:#e9e9eb;color:#111;padding:12px "
        "16px;border-radius:18px;max-width:300px;white-space:pre-wrap;overflow-wrap:anywhere"
    )
    return f'<!doctype html><html lang="en"><title>Text</title><p style="{style}">{safe}</p></html>'


async def _read_words(request: AnyRequest) -> dict[str, str]:
    """As `read_form`, with room for a letter's source."""
    return await read_form(request, longest=200_000)


async def _looked(tx: Tx, form: dict[str, str]) -> templates.Look:
    try:
        content = content_of_form(form)
        facts = await try_words.facts_of(tx, parse_id(form.get("customer_id", "")))
    except Refusal as refusal:
        return templates.Look(rendered=None, problems=[refusal.detail], missing=[])
    channel, locale = form.get("channel", "email"), form.get("locale", "")
    return await templates.look(tx, content, channel, facts, locale=locale)


async def _reported(tx: Tx, form: dict[str, str]) -> dict[str, Any]:
    looked = await _looked(tx, form)
    rendered = looked.rendered
    size = len(rendered.html.encode()) if rendered else 0
    return {
        "rendered": rendered,
        "problems": looked.problems,
        "missing": looked.missing,
        "size": size,
        "is_clipped": size > CLIPPED_BYTES,
        "parts": segments(rendered.text) if rendered and form.get("channel") == "sms" else 0,
    }


async def _list_page(request: AnyRequest, tx: Tx, problem: Problem = NO_PROBLEM) -> Response[Any]:
    own = {(one.key, str(one.channel)): one for one in await templates.list_templates(tx)}
    ready = {(one.key, one.channel): one.name for one in templates.list_ready()}
    rows = [
        Row(key=key, channel=channel, name=name, template=own.pop((key, channel), None))
        for (key, channel), name in ready.items()
    ]
    theirs = [
        Row(key=one.key, channel=one.channel, name=one.name, template=one) for one in own.values()
    ]
    return page(
        request,
        "console/words.html",
        rows=rows,
        theirs=theirs,
        problem=problem,
        status=422 if problem.detail else 200,
    )


async def _version_page(
    request: AnyRequest,
    tx: Tx,
    version: TemplateVersion,
    *,
    against: UUID | None = None,
    form: dict[str, str] | None = None,
    problem: Problem = NO_PROBLEM,
    status: int = 200,
) -> Response[Any]:
    values = values_of(version)
    if form:
        # What was removed in the form is not brought back from what is kept.
        values = {name: one for name, one in values.items() if "." not in name} | form
    is_of_blocks = blocks_form.is_of_blocks(values)
    others = [
        one
        for one in await templates.list_versions(tx, version.template_id)
        if one.id != version.id
    ]
    other = next((one for one in others if one.id == against), None)
    template = await templates.get_template(tx, version.template_id)
    return page(
        request,
        "console/words_version.html",
        status=status,
        own=template,
        version=version,
        values=values,
        is_draft=version.state is State.DRAFT,
        problem=problem,
        others=others,
        other=other,
        changes=_changes(other, version) if other else [],
        is_of_blocks=is_of_blocks,
        blocks=blocks_form.shown(values) if is_of_blocks else [],
        block_names=blocks_form.NAMES,
        block_starts=blocks_form.STARTS,
        shared=await _shared(tx) if is_of_blocks else [],
        has_map=False,
        **await _reported(tx, {**values, "channel": version.channel, "locale": version.locale}),
    )


def _changes(before: TemplateVersion, after: TemplateVersion) -> Sequence[tuple[str, str]]:
    """(sign, line): what went, what came, and a little of what stayed around it."""
    old, new = (
        [f"Subject: {one.subject}", f"Preheader: {one.preheader}", *one.source.split("\n")]
        for one in (before, after)
    )
    found = list(difflib.unified_diff(old, new, lineterm="", n=2))[2:]
    return [(line[:1] if line[:1] in "+-@" else " ", line[1:]) for line in found[:800]]


def _key_of(name: str) -> str:
    """`Diwali offer 2026` is found as diwali_offer_2026."""
    plain = "".join(sign if sign.isascii() and sign.isalnum() else "_" for sign in name.lower())
    return "_".join(part for part in plain.split("_") if part)[:60].lstrip("0123456789_")


async def _shared(tx: Tx) -> list[tuple[str, str]]:
    """The parts that a letter may put in."""
    return [
        (one.key, one.name)
        for one in await templates.list_templates(tx)
        if one.channel == PART and one.published
    ]


def _turned(content: Content, channel: str, to: str) -> Content:
    """Blocks as the source they make; or a first letter of blocks in a source's place."""
    if to == "source":
        return without_blocks(laid_out(content, channel))
    first = blocks_form.first_letter(is_part=channel == PART)
    return msgspec.structs.replace(
        content, format="mjml", source="", blocks=first, theme=Theme(), text=""
    )


def _blank(template: Template) -> Content:
    if template.channel == PART:
        return Content(format="mjml", source=FIRST_PART)
    if template.channel != "email":
        return Content(format="text", source="")
    return Content(format="mjml", subject="", source=FIRST_LETTER)
