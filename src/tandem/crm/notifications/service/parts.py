"""The parts that letters share, looked up and put in."""

from tandem.crm.notifications.domain.block_letters import with_parts
from tandem.crm.notifications.domain.messages import Channel
from tandem.crm.notifications.domain.parts import PART, framed, named
from tandem.crm.notifications.domain.template_versions import Content, locale_chain
from tandem.crm.notifications.store import templates as store
from tandem.kernel.db import Tx

PARTS_MAX = 20


async def whole(tx: Tx, content: Content, channel: str, locale: str) -> tuple[Content, list[str]]:
    """A letter with its parts, and which of them are not there; a part as a letter of its own."""
    if channel == PART:
        return framed(content), []
    if channel != Channel.EMAIL:
        return content, []
    found: dict[str, str] = {}
    for key in named(content.source)[:PARTS_MAX]:
        part = await store.find_version(tx, key, channel=PART, locales=locale_chain(locale))
        if part is not None:
            found[key] = part.source
    lacking = [key for key in named(content.source) if key not in found]
    said = [f"There is no published part called {key!r}." for key in lacking]
    return with_parts(content, found), said
