"""Parts of letters: pieces that several letters share, put in where a letter names them. Pure.

`{% include "footer" %}` stands for the published words of the part `footer`, in the letter's own
language where it has them. They are put in when the letter is saved and once more when it is
published; what was published never changes, also when a part does.
"""

import re
from collections.abc import Mapping

import msgspec

from tandem.crm.notifications.domain.template_versions import Content

PART = "part"
"""The medium of a template that is no message by itself."""
LETTERS = frozenset({"email", PART})
INCLUDE = re.compile(r"""\{%-?\s*include\s+(["'])(?P<key>[a-z][a-z0-9_]{0,59})\1\s*-?%\}""")
FIRST_TAG = re.compile(r"<\s*(mj-[a-z-]+)")
WHOLE_SECTIONS = frozenset({"mj-section", "mj-wrapper", "mj-hero", "mj-raw"})
IN_SECTIONS = frozenset({"mj-column", "mj-group"})


def named(source: str) -> list[str]:
    """The parts that a letter names, each once, in their order."""
    return list(dict.fromkeys(found["key"] for found in INCLUDE.finditer(source)))


def put_in(content: Content, parts: Mapping[str, str]) -> Content:
    """The letter with what its parts say; one that is not there stays named."""
    source = INCLUDE.sub(lambda found: parts.get(found["key"], found[0]), content.source)
    return msgspec.structs.replace(content, source=source)


def framed(content: Content) -> Content:
    """A part as a letter of its own, to look at and to check."""
    if content.format != "mjml" or "<mjml" in content.source:
        return content
    whole = f"<mjml><mj-body>{sectioned(content.source)}</mj-body></mjml>"
    return msgspec.structs.replace(content, source=whole)


def sectioned(source: str) -> str:
    """A part's words with what MJML wants around them."""
    first = FIRST_TAG.search(source)
    if first is None:
        source = f"<mj-text>{source}</mj-text>"
    if first is None or first[1] not in WHOLE_SECTIONS | IN_SECTIONS:
        source = f"<mj-column>{source}</mj-column>"
    if first is None or first[1] not in WHOLE_SECTIONS:
        source = f"<mj-section>{source}</mj-section>"
    return source
