"""A company's own words: drafts, how they look, publication, and which words a message gets."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import structlog

from tandem.crm.notifications.domain import block_letters, rendering
from tandem.crm.notifications.domain.messages import Channel
from tandem.crm.notifications.domain.template_versions import (
    Content,
    ParameterWrong,
    Rendered,
    State,
    Template,
    TemplateMissing,
    TemplateTaken,
    TemplateVersion,
    TemplateWrong,
    Variable,
    VersionFixed,
    check_move,
    locale_chain,
)
from tandem.crm.notifications.domain.templates import TEMPLATES, Words, render
from tandem.crm.notifications.service import parts
from tandem.crm.notifications.store import templates as store
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.ids import new_id

log = structlog.get_logger()

FILES = Path(__file__).parent.parent / "templates"
NAMES: Mapping[str, str] = {
    "buyer_code": "Code for the buyers' pages",
    "text_stopped": "Answer to STOP",
    "text_resumed": "Answer to START",
    "text_help": "Answer to HELP",
    "driver_code": "Code for a driver's phone",
    "late_payment_revived": "Late payment: the order goes on",
    "late_payment_refunded": "Late payment: money sent back",
    "surplus_refunded": "Paid too much: money sent back",
}


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """`rendered` is null where the words cannot be read; `missing` names undeclared variables."""

    rendered: Rendered | None
    problems: list[str]
    missing: list[str]


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """Words of the suite's own that a company may put its own before."""

    key: str
    channel: str
    name: str


async def find_version(
    tx: Tx, key: str, *, channel: str, locale: str = ""
) -> TemplateVersion | None:
    """Who speaks: the published version nearest to the language (hi-IN, hi, en-IN, en), or None
    where the company has no words of its own and the suite's files speak. Asks no permission."""
    return await store.find_version(tx, key, channel=channel, locales=locale_chain(locale))


async def version(tx: Tx, version_id: UUID) -> TemplateVersion | None:
    """Any version ever written, also an archived one: messages under way were made for it."""
    return await store.get_version(tx, version_id)


async def versions(tx: Tx, version_ids: Sequence[UUID]) -> dict[UUID, TemplateVersion]:
    """The same for many, in one query."""
    return {one.id: one for one in await store.get_versions(tx, version_ids)}


async def in_languages(tx: Tx, asked: Sequence[tuple[UUID, str]]) -> dict[tuple[UUID, str], UUID]:
    """For each (version, language) the version of the same template that speaks it; absent where
    the template has no words in it, and the version itself is to speak."""
    wanted = sorted({one for one in asked if one[1]})
    return await store.in_languages(tx, wanted) if wanted else {}


async def say(
    tx: Tx, key: str, channel: Channel, parameters: Mapping[str, str], *, locale: str = ""
) -> Words:
    """The words of one of the suite's messages: the company's own, else ours.

    Ours also where the company's cannot be said with these facts: a buyer gets their message.
    """
    own = await find_version(tx, key, channel=channel, locale=locale)
    if own is not None:
        try:
            said = rendering.render(own, parameters)
            return Words(subject=said.subject, text=said.text, html=said.html)
        except ParameterWrong as reason:
            log.warning("own_words_unfit", template=key, channel=channel, reason=reason.detail)
    return render(key, channel, parameters)


async def say_rows(
    tx: Tx, key: str, parameters: Mapping[str, Any], *, locale: str = ""
) -> Rendered:
    """The same for a letter with rows in it, which only the company's renderer knows: the
    company's own words, else the file of that name."""
    own = await find_version(tx, key, channel=Channel.EMAIL, locale=locale)
    if own is not None:
        try:
            return rendering.render(own, parameters)
        except ParameterWrong as reason:
            log.warning("own_words_unfit", template=key, reason=reason.detail)
    return rendering.render(_looked_at(_filed(key), Channel.EMAIL), parameters)


@cache
def _filed(key: str) -> Content:
    folder = FILES / key
    subject = (folder / "subject.txt").read_text("utf-8").strip()
    source = (folder / "email.html").read_text("utf-8")
    return Content(format="html", subject=subject, source=source)


def list_ready() -> list[Ready]:
    """The suite's own messages; each speaks until a company publishes its own words."""
    return [
        Ready(key=key, channel=channel, name=NAMES.get(key, key.replace("_", " ").capitalize()))
        for key, template in TEMPLATES.items()
        for channel in sorted(template.channels)
    ]


def ready_content(key: str, channel: str) -> Content | None:
    """What the suite says by itself, as a company would have written it."""
    template = TEMPLATES.get(key)
    if template is None or channel not in template.channels:
        return None
    read = {path.name: path.read_text("utf-8") for path in (FILES / key).iterdir()}
    if channel == Channel.SMS:
        return _declared(Content(format="text", source=read["sms.txt"].strip()))
    return _declared(
        Content(
            format="html",
            subject=read["subject.txt"].strip(),
            source=read["email.html"],
            text=read["email.txt"],
        )
    )


async def list_templates(tx: Tx) -> list[Template]:
    tx.actor.require("notifications.read")
    return await store.list_templates(tx)


async def get_template(tx: Tx, template_id: UUID) -> Template:
    tx.actor.require("notifications.read")
    found = await store.get_template(tx, template_id)
    if found is None:
        raise TemplateMissing("There is no such template.")
    return found


async def list_versions(tx: Tx, template_id: UUID) -> list[TemplateVersion]:
    await get_template(tx, template_id)
    return await store.list_versions(tx, template_id)


async def get_version(tx: Tx, version_id: UUID) -> TemplateVersion:
    tx.actor.require("notifications.read")
    found = await store.get_version(tx, version_id)
    if found is None:
        raise TemplateMissing("There is no such version of a template.")
    return found


async def add_template(tx: Tx, *, key: str, channel: str, name: str, now: datetime) -> Template:
    """Raises TemplateTaken. It says nothing yet: a version does."""
    tx.actor.require("notifications.templates")
    template_id = new_id()
    if not await store.insert_template(
        tx, template_id, key=key, channel=channel, name=name.strip(), now=now
    ):
        raise TemplateTaken(f"There is a template {key!r} for {channel} already.", field="key")
    await _note(tx, "add_template", template_id, now, {"key": key, "channel": channel})
    return await get_template(tx, template_id)


async def rename_template(tx: Tx, template_id: UUID, name: str, *, now: datetime) -> Template:
    tx.actor.require("notifications.templates")
    before = await get_template(tx, template_id)
    await store.rename_template(tx, template_id, name.strip(), now)
    await _note(tx, "rename_template", template_id, now, {"from": before.name, "to": name.strip()})
    return await get_template(tx, template_id)


async def own_template(tx: Tx, key: str, channel: str, *, now: datetime) -> Template:
    """The company's template for this kind and channel, begun now if need be."""
    tx.actor.require("notifications.templates")
    found = await store.find_template(tx, key, channel)
    if found is not None:
        return found
    named = {(one.key, one.channel): one.name for one in list_ready()}
    name = named.get((key, channel), key.replace("_", " ").capitalize())
    return await add_template(tx, key=key, channel=channel, name=name, now=now)


async def draft(
    tx: Tx, template_id: UUID, content: Content, *, locale: str, now: datetime
) -> TemplateVersion:
    """A new version, not yet spoken. Words that are wrong may wait in it; publication refuses."""
    tx.actor.require("notifications.templates")
    template = await get_template(tx, template_id)
    content = block_letters.check(content, template.channel)
    await store.lock_template(tx, template_id)
    said, _ = await parts.whole(tx, content, template.channel, locale)
    made = _written(template, content, locale, tx.actor.label, now, said=said)
    await store.insert_version(tx, made, now)
    await _note(tx, "draft_template", template_id, now, {"locale": locale, "sha256": made.sha256})
    return await get_version(tx, made.id)


async def write_draft(
    tx: Tx, version_id: UUID, content: Content, *, now: datetime
) -> TemplateVersion:
    """Write a draft anew. Raises VersionFixed once it was published or archived."""
    tx.actor.require("notifications.templates")
    held = await lock_version(tx, version_id)
    if held.state is not State.DRAFT:
        raise VersionFixed("This version was published or put away: write a new one.")
    content = block_letters.check(content, held.channel)
    said, _ = await parts.whole(tx, content, held.channel, held.locale)
    changed = msgspec.structs.replace(held, **_fields(content, held.locale, said))
    await store.write_version(tx, changed, now)
    await _note(tx, "write_template", held.template_id, now, {"sha256": changed.sha256})
    return await get_version(tx, version_id)


async def lock_version(tx: Tx, version_id: UUID) -> TemplateVersion:
    tx.actor.require("notifications.templates")
    found = await store.lock_version(tx, version_id)
    if found is None:
        raise TemplateMissing("There is no such version of a template.")
    return found


async def publish(tx: Tx, version_id: UUID, *, now: datetime) -> TemplateVersion:
    """From now on these words are said. Raises TemplateWrong with everything that is wrong with
    them, IllegalMove. The version that spoke this language before is archived."""
    held = await lock_version(tx, version_id)
    check_move(held.state, State.PUBLISHED)
    said, lacking = await parts.whole(tx, content_of(held), held.channel, held.locale)
    if lacking:
        raise TemplateWrong(lacking[0], field="source", problems=lacking)
    rendering.check_publishable(said, held.channel)
    await store.lock_template(tx, held.template_id)
    now_says = _fields(content_of(held), held.locale, said)
    if held.state is State.DRAFT and now_says["html"] != held.html:
        held = msgspec.structs.replace(held, **now_says)
        await store.write_version(tx, held, now)
    await store.publish(tx, held, now)
    facts = {"number": held.number, "locale": held.locale, "sha256": held.sha256}
    await _note(tx, "publish_template", held.template_id, now, facts)
    return await get_version(tx, version_id)


async def archive(tx: Tx, version_id: UUID, *, now: datetime) -> TemplateVersion:
    """These words are said no more; without another version the suite's own speak again."""
    held = await lock_version(tx, version_id)
    check_move(held.state, State.ARCHIVED)
    await store.archive(tx, version_id, now)
    facts = {"number": held.number, "locale": held.locale}
    await _note(tx, "archive_template", held.template_id, now, facts)
    return await get_version(tx, version_id)


def content_of(held: TemplateVersion) -> Content:
    return Content(**{name: getattr(held, name) for name in Content.__struct_fields__})


async def look(
    tx: Tx, content: Content, channel: str, parameters: Mapping[str, Any], *, locale: str = ""
) -> Look:
    """How the words would look, parts put in, with these values over each variable's example."""
    faulty = block_letters.told(content, channel)
    content = block_letters.laid_out(content, channel)
    said, lacking = await parts.whole(tx, content, channel, locale)
    rendered, problems = preview(said, channel, parameters)
    return Look(
        rendered=rendered,
        problems=list(dict.fromkeys([*faulty, *lacking, *problems])),
        missing=rendering.missing(said),
    )


def preview(
    content: Content, channel: str, parameters: Mapping[str, Any]
) -> tuple[Rendered | None, list[str]]:
    """How the words would look with these values over each variable's example, and what is wrong.
    Nothing to look at where they cannot be read at all."""
    problems = rendering.examine(content, channel)
    unknown = {name: f"[{name}]" for name in rendering.missing(content) if "." not in name}
    shown = unknown | rendering.over(rendering.example(content.variables), parameters)
    looked = _looked_at(content, channel)
    try:
        return rendering.render(looked, shown), problems
    except ParameterWrong as reason:
        return None, problems or [reason.detail]


def _looked_at(content: Content, channel: str) -> TemplateVersion:
    nowhere = UUID(int=0)
    template = msgspec.convert(
        {
            "id": nowhere,
            "key": "preview",
            "channel": channel,
            "name": "",
            "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-01-01T00:00:00Z",
            "published": [],
            "drafts": 0,
        },
        Template,
        strict=False,
    )
    return _written(template, content, "en", "", template.created_at, said=content)


def _written(
    template: Template,
    content: Content,
    locale: str,
    author: str,
    now: datetime,
    *,
    said: Content,
) -> TemplateVersion:
    return TemplateVersion(
        id=new_id(),
        template_id=template.id,
        key=template.key,
        channel=template.channel,
        locale=locale,
        number=0,
        state=State.DRAFT,
        version=1,
        created_by=author,
        created_at=now,
        updated_at=now,
        published_at=None,
        archived_at=None,
        **_fields(content, locale, said),
    )


def _fields(content: Content, locale: str, said: Content) -> dict[str, Any]:
    """What is written, what it was compiled to with its parts, and the mark of both."""
    fields = {name: getattr(content, name) for name in Content.__struct_fields__}
    fields["html"] = rendering.compiled(said).html
    left_out = {"note"} if content.blocks is not None else {"note", "blocks", "theme"}
    marked = {name: value for name, value in fields.items() if name not in left_out}
    marked["locale"] = locale
    fields["sha256"] = hashlib.sha256(msgspec.json.encode(marked, order="sorted")).hexdigest()
    return fields


def _declared(content: Content) -> Content:
    """With every variable that the suite's own words name."""
    variables = [
        Variable(name=name, kind="link" if name.endswith("_link") else "text", is_required=False)
        for name in rendering.missing(content)
    ]
    return msgspec.structs.replace(content, variables=variables)


async def _note(
    tx: Tx, what: str, template_id: UUID, now: datetime, facts: Mapping[str, Any]
) -> None:
    await audit.write(
        tx,
        action=f"notifications.{what}",
        subject_kind="template",
        subject_id=template_id,
        now=now,
        after=dict(facts),
    )
