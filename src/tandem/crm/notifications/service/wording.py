"""The words messages leave with, made at the last moment."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import structlog

from tandem.crm.notifications.domain import rendering
from tandem.crm.notifications.domain.messages import Channel, Message
from tandem.crm.notifications.domain.outgoing import Content, Finisher, Worded, finisher_of
from tandem.crm.notifications.domain.policy import STORM_KIND
from tandem.crm.notifications.domain.template_versions import (
    ParameterWrong,
    TemplateVersion,
    TemplateWrong,
)
from tandem.crm.notifications.domain.templates import render
from tandem.crm.notifications.service import templates
from tandem.crm.notifications.service.leaving import Result, record_results
from tandem.kernel.db import Tx
from tandem.kernel.errors import Refusal

log = structlog.get_logger()


UNFINISHED = (Refusal, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What a finisher may end in without harm to the others; trouble with the database is not among
it."""


class Wordless(Exception):
    """The words of a message cannot be made; nothing is sent without them."""


async def words_of(
    tx: Tx, messages: Sequence[Message], *, now: datetime
) -> list[tuple[Message, Content]]:
    """Ready words, or a version's filled in; then whoever owns the stream has the last hand.

    A message whose words cannot be made fails with the reason, and is not among the answers.
    """
    wanted = {one.template_version_id for one in messages if one.template_version_id is not None}
    versions = await templates.versions(tx, sorted(wanted)) if wanted else {}
    streams: dict[tuple[str, Channel], list[Worded]] = {}
    wordless = []
    for message in messages:
        try:
            content = _content(message, versions)
        except Wordless as reason:
            wordless.append(Result(message=message, outcome="refused", detail=str(reason)))
        else:
            streams.setdefault((message.feed, message.channel), []).append((message, content))
    worded: list[Worded] = []
    for (feed, _), stream in streams.items():
        done, undone = await _finished(tx, stream, finisher_of(feed))
        worded += done
        wordless += undone
    await record_results(tx, wordless, now=now)
    return worded


async def _finished(
    tx: Tx, stream: Sequence[Worded], finisher: Finisher | None
) -> tuple[Sequence[Worded], list[Result]]:
    """All together, and each alone where that fails: one that cannot be finished fails by itself,
    and never the lane behind it."""
    if finisher is None:
        return stream, []
    try:
        finished = await finisher(tx, stream)
    except UNFINISHED as reason:
        if len(stream) == 1:
            message = stream[0][0]
            log.warning("finisher_failed", feed=message.feed, error=repr(reason))
            detail = f"Its stream could not finish it: {reason}"
            return [], [Result(message=message, outcome="refused", detail=detail)]
    else:
        return [(one[0], content) for one, content in zip(stream, finished, strict=True)], []
    alone = [await _finished(tx, [one], finisher) for one in stream]
    return [one for done, _ in alone for one in done], [
        one for _, undone in alone for one in undone
    ]


def _content(message: Message, versions: Mapping[UUID, TemplateVersion]) -> Content:
    if message.template == STORM_KIND:
        return _of_storm(message)
    if message.template_version_id is None:
        return Content(subject=message.subject, text=message.text, html=message.html)
    version = versions.get(message.template_version_id)
    if version is None:
        raise Wordless("Its template is gone.")
    try:
        said = rendering.render(version, message.parameters)
    except (ParameterWrong, TemplateWrong) as reason:
        raise Wordless(f"Its words cannot be made: {reason.detail}") from reason
    return Content(subject=said.subject, text=said.text, html=said.html)


def _of_storm(message: Message) -> Content:
    words = render(
        STORM_KIND,
        message.channel,
        {
            "company": message.sender_name,
            "count": f"{message.folded:,}",
            "what": str(message.parameters.get("kind", "")).replace("_", " "),
        },
    )
    return Content(subject=words.subject, text=words.text, html=words.html)
