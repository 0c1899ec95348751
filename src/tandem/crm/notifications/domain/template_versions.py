"""A company's own words for a kind of message: versions, their variables, and which one speaks.

What is published never changes; a new wording is a new version. Where a company has none, the
suite's own files speak (`templates`).
"""

import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from tandem.contracts.address import PRINTABLE
from tandem.crm.notifications.domain.blocks import AnyBlock, Blocks, Theme
from tandem.kernel.errors import Conflict, IllegalMove, Invalid, NotFound
from tandem.kernel.patterns import whole

Format = Literal["mjml", "html", "text"]
Medium = Literal["email", "sms", "whatsapp", "inapp", "part"]
"""`part` is no message: a piece that letters share (domain.parts)."""
Kind = Literal["text", "paragraph", "link", "number", "list"]

SOURCE_LENGTH_MAX = 200_000
"""More than any client shows: Gmail cuts at 102 KiB of HTML."""
VARIABLES_MAX = 60
LOCALE_FALLBACK = ("en-IN", "en")

Key = Annotated[str, msgspec.Meta(pattern=whole(r"[a-z][a-z0-9_]{0,59}"))]
Locale = Annotated[str, msgspec.Meta(pattern=whole(r"[a-z]{2,3}(-[A-Z]{2})?"))]
Line = Annotated[str, msgspec.Meta(max_length=300, pattern=PRINTABLE)]
Name = Annotated[str, msgspec.Meta(pattern=whole(r"[a-z][a-z0-9_]{0,39}(\.[a-z][a-z0-9_]{0,39})?"))]
NO_NUL = r"^[^\x00]*$"
Source = Annotated[str, msgspec.Meta(max_length=SOURCE_LENGTH_MAX, pattern=NO_NUL)]
Filler = Annotated[str, msgspec.Meta(max_length=2_000, pattern=NO_NUL)]


class State(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    ARCHIVED = "archived"


MOVES: Mapping[State, frozenset[State]] = {
    State.DRAFT: frozenset({State.PUBLISHED, State.ARCHIVED}),
    State.PUBLISHED: frozenset({State.ARCHIVED}),
    State.ARCHIVED: frozenset({State.PUBLISHED}),
}
assert MOVES.keys() == set(State), "every state states its moves"


class Variable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fact the words may name. `default` stands in for one that is not known of somebody.

    `text` is one line, `paragraph` keeps its line ends, `link` leads to a page, `list` holds rows
    whose fields are named in the loop. Without `is_required` a missing one is left empty.
    """

    name: Name
    kind: Kind = "text"
    is_required: bool = False
    default: Filler = ""
    example: Filler = ""


STANDARD: Mapping[str, Variable] = {
    one.name: one
    for one in (
        Variable(name="company", default="", example="Nilgiri Teas"),
        Variable(name="name", default="there", example="Asha"),
        Variable(name="customer.name", default="", example="Asha Rao"),
        Variable(name="customer.first_name", default="there", example="Asha"),
        Variable(name="customer.last_name", default="", example="Rao"),
        Variable(name="customer.company", default="", example="Rao Stores"),
        Variable(name="customer.email", default="", example="asha@example.test"),
        Variable(name="customer.phone", default="", example="+919876543210"),
        Variable(name="customer.city", default="", example="Coonoor"),
        Variable(name="customer.number", default="", example="C-00042"),
        Variable(name="unsubscribe_link", kind="link", example="/u/example"),
        Variable(name="preferences_link", kind="link", example="/u/example"),
        Variable(name="view_link", kind="link", example="/"),
        Variable(name="today", default="", example="22 November 2026"),
    )
}
"""What every message may name without saying so: whoever sends knows it or it has a default."""


class Wording(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person writes, but for the source. `text` is the plain part of an e-mail, made from
    the rest where it is empty. `dlt_template_id`: under which an Indian operator registered the
    text. `blocks`: an e-mail that is put together of blocks, in the colours of `theme`."""

    format: Format = "html"
    subject: Line = ""
    preheader: Line = ""
    blocks: Blocks | None = None
    theme: Theme | None = None
    text: Source = ""
    variables: Annotated[list[Variable], msgspec.Meta(max_length=VARIABLES_MAX)] = []
    dlt_template_id: Annotated[str, msgspec.Meta(max_length=40, pattern=PRINTABLE)] = ""
    note: Line = ""


class Content(Wording, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`source` is MJML, HTML or (texts, chats) plain text; of blocks it is the MJML they make."""

    source: Source


class Written(Wording, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is handed in: a `source` or `blocks`, and never both."""

    source: Source | msgspec.UnsetType = msgspec.UNSET

    def content(self) -> Content:
        """Raises Invalid unless it is exactly one of them."""
        is_source = self.source is not msgspec.UNSET
        if is_source == (self.blocks is not None):
            raise Invalid(
                "Give a source or blocks, and not both.", field="source" if is_source else "blocks"
            )
        fields = {name: getattr(self, name) for name in Content.__struct_fields__}
        return Content(**fields | {"source": self.source if is_source else ""})


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of message by one channel. `published` lists the languages it speaks."""

    id: UUID
    key: str
    channel: Medium
    name: str
    created_at: datetime
    updated_at: datetime
    published: list[str]
    drafts: int


class TemplateVersion(msgspec.Struct, frozen=True, kw_only=True):
    """`html` is what the source was compiled to when it was saved, with its variables still in it.
    `sha256` covers all that a reader could see. Of `blocks`, `source` is what they make."""

    id: UUID
    template_id: UUID
    key: str
    channel: Medium
    locale: str
    number: int
    state: State
    format: Format
    subject: str
    preheader: str
    source: str
    blocks: list[AnyBlock] | None = None
    theme: Theme | None = None
    html: str
    text: str
    variables: list[Variable]
    dlt_template_id: str
    note: str
    sha256: str
    version: int
    created_by: str
    created_at: datetime
    updated_at: datetime
    published_at: datetime | None
    archived_at: datetime | None


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """As it leaves; `subject` and `html` are empty for a text message."""

    subject: str
    text: str
    html: str


class TemplateMissing(NotFound):
    code = "template_not_found"


class TemplateTaken(Conflict):
    """There is a template for this kind and channel already."""

    code = "template_exists"


class VersionFixed(Conflict):
    """What was published never changes: write a new version."""

    code = "template_version_fixed"


class TemplateWrong(Invalid):
    """The words cannot be published as they are; `problems` says all that is wrong."""

    code = "template_wrong"


class ParameterWrong(Invalid):
    """What the words need is missing, or cannot stand where they put it."""

    code = "parameter_wrong"


def check_move(state: State, target: State) -> None:
    if target not in MOVES[state]:
        raise IllegalMove("Template version", state, target, sorted(MOVES[state]))


def locale_chain(locale: str) -> list[str]:
    """`hi-IN` → hi-IN, hi, en-IN, en: the first that has a published version speaks."""
    wanted = locale.strip().replace("_", "-")
    if not re.fullmatch(r"[a-zA-Z]{2,3}(-[a-zA-Z]{2})?", wanted):
        return list(LOCALE_FALLBACK)
    language, _, region = wanted.partition("-")
    first = [f"{language.lower()}-{region.upper()}"] if region else []
    return list(dict.fromkeys([*first, language.lower(), *LOCALE_FALLBACK]))


def known_variables(declared: list[Variable]) -> dict[str, Variable]:
    return {**STANDARD, **{one.name: one for one in declared}}
