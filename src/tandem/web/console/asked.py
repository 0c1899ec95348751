"""What a page's address asks for, taken along as JSON (`?ask=`)."""

from typing import TypeVar

import msgspec

from tandem.crm.analytics.domain.asking import Ask
from tandem.kernel.errors import Invalid

T = TypeVar("T")


def decoded(text: str, kind: type[T], *, named: str = "number") -> T:
    """Refuses an address that somebody shortened or wrote by hand."""
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.MsgspecError as reason:
        raise Invalid(f"This address does not name a {named}.", field="ask") from reason


def question(text: str) -> Ask:
    return decoded(text, Ask, named="question")
