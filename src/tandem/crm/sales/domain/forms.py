"""A form: what it asks, what may be agreed to, where it may stand and who gets what it brings."""

import re
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from tandem.crm.sales.domain.leads import Source
from tandem.crm.sales.domain.pipelines import PRINTABLE
from tandem.kernel.errors import Invalid
from tandem.kernel.origins import read_origin
from tandem.kernel.patterns import whole

FIELDS_MAX = 30
CONSENTS_MAX = 6
OPTIONS_MAX = 50

Effort = Literal["light", "normal", "hard"]
Line = Annotated[str, msgspec.Meta(min_length=1, max_length=120, pattern=PRINTABLE)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=80, pattern=PRINTABLE)]
Button = Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=PRINTABLE)]
Key = Annotated[str, msgspec.Meta(pattern=whole(r"(custom\.)?[a-z][a-z0-9_]{0,39}"))]
Option = Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=PRINTABLE)]
Short = Annotated[str, msgspec.Meta(max_length=200, pattern=whole(r"[^\x00-\x1f]*"))]
Thanks = Annotated[str, msgspec.Meta(max_length=500, pattern=r"^[^\x00]*$")]
Intro = Annotated[str, msgspec.Meta(max_length=2000, pattern=r"^[^\x00]*$")]
Url = Annotated[str, msgspec.Meta(max_length=500, pattern=whole(r"[^\x00-\x20]*"))]
Purpose = Annotated[str, msgspec.Meta(pattern=whole(r"[a-z][a-z_]{0,39}"))]


class Input(StrEnum):
    LINE = "line"
    EMAIL = "email"
    PHONE = "phone"
    AREA = "area"
    CHOICE = "choice"
    NUMBER = "number"
    DATE = "date"
    FLAG = "flag"


STANDARD: dict[str, tuple[Input, str, str]] = {
    "name": (Input.LINE, "Name", "name"),
    "email": (Input.EMAIL, "E-mail", "email"),
    "phone": (Input.PHONE, "Phone", "tel"),
    "company_name": (Input.LINE, "Company", "organization"),
    "job_title": (Input.LINE, "Job title", "organization-title"),
    "website": (Input.LINE, "Website", "url"),
    "city": (Input.LINE, "City", "address-level2"),
    "country": (Input.LINE, "Country", "country"),
    "description": (Input.AREA, "What can we do for you?", ""),
}
"""Fields of a lead: the input, the usual label, and what a browser may fill in."""


class FormField(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`key` is a lead's field or `custom.<key>`; without a label, the usual one."""

    key: Key
    label: Short = ""
    hint: Short = ""
    is_required: bool = False
    input: Input = Input.LINE
    options: Annotated[list[Option], msgspec.Meta(max_length=OPTIONS_MAX)] = []

    @property
    def autofill(self) -> str:
        return STANDARD[self.key][2] if self.key in STANDARD else "off"


class FormConsent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A box to tick: for what, by which channels, under which notice. A required one refuses the
    form without it; consent that is forced is none, so leave marketing optional."""

    purpose: Purpose
    channels: Annotated[
        list[Literal["email", "sms", "whatsapp", "push", "post"]],
        msgspec.Meta(min_length=1, max_length=5),
    ]
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=PRINTABLE)]
    notice_version: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=PRINTABLE)]
    is_required: bool = False


class FormDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A form as it shall be. Where `allowed_origins` are given it may stand in frames of those
    sites and be sent from their pages (`https://www.example.com`, without a path)."""

    name: Name
    title: Line
    intro: Intro = ""
    button: Button = "Send"
    fields: Annotated[list[FormField], msgspec.Meta(min_length=1, max_length=FIELDS_MAX)]
    consents: Annotated[list[FormConsent], msgspec.Meta(max_length=CONSENTS_MAX)] = []
    thanks: Thanks = ""
    redirect_url: Url = ""
    source: Source = ""
    campaign_id: UUID | None = None
    owner_id: UUID | None = None
    team_id: UUID | None = None
    pipeline_id: UUID | None = None
    allowed_origins: Annotated[list[Url], msgspec.Meta(max_length=20)] = []
    needs_confirmation: bool = False
    effort: Effort = "normal"
    is_active: bool = True


class Form(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    slug: str
    name: str
    title: str
    intro: str
    button: str
    fields: list[FormField]
    consents: list[FormConsent]
    thanks: str
    redirect_url: str
    source: str
    campaign_id: UUID | None
    owner_id: UUID | None
    team_id: UUID | None
    pipeline_id: UUID | None
    allowed_origins: list[str]
    needs_confirmation: bool
    effort: Effort
    is_active: bool
    version: int
    created_at: datetime
    updated_at: datetime


def check_form(draft: FormDraft) -> FormDraft:
    """With the usual labels and inputs filled in. Refuses a form nobody could be known by, a field
    twice, addresses that are none."""
    keys = [field.key for field in draft.fields]
    if len(set(keys)) < len(keys):
        raise Invalid("A field stands there twice.", field="fields")
    if not {"email", "phone"} & set(keys):
        raise Invalid("Ask for an e-mail or a phone number.", field="fields")
    required = {field.key for field in draft.fields if field.is_required}
    if not {"email", "phone", "name"} & required:
        raise Invalid("Make the name, the e-mail or the phone needed.", field="fields")
    if draft.needs_confirmation and "email" not in required:
        raise Invalid("Confirming needs an e-mail: make it needed.", field="needs_confirmation")
    check_url(draft.redirect_url)
    return msgspec.structs.replace(
        draft,
        name=draft.name.strip(),
        fields=[_complete(field) for field in draft.fields],
        allowed_origins=[read_origin(one) for one in draft.allowed_origins],
    )


def _complete(field: FormField) -> FormField:
    if field.key.startswith("custom."):
        return msgspec.structs.replace(field, label=field.label or field.key[len("custom.") :])
    if field.key not in STANDARD:
        raise Invalid(f"A lead has no field {field.key!r}.", field="fields")
    kind, label, _ = STANDARD[field.key]
    is_choice = field.input is Input.CHOICE and field.options
    return msgspec.structs.replace(
        field, label=field.label.strip() or label, input=field.input if is_choice else kind
    )


def check_url(url: str) -> None:
    parts = urlsplit(url)
    if url and (parts.scheme != "https" or not parts.hostname or "@" in parts.netloc):
        raise Invalid("Give an address that begins with https://.", field="redirect_url")


def slug_of(name: str, ending: str) -> str:
    """Readable, and with an ending that nobody guesses."""
    words = re.sub(r"[^a-z0-9]+", "-", name.lower().encode("ascii", "ignore").decode())
    return f"{words.strip('-')[:40].strip('-') or 'form'}-{ending}"


def keys_of(fields: Sequence[FormField]) -> set[str]:
    return {field.key for field in fields}
