"""What a stranger sends by a form: read as text, judged, and turned into a lead's draft."""

import functools
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import msgspec
from babel import Locale

from tandem.contracts.contacts import normal_email, normal_phone
from tandem.crm.sales.domain.forms import Form, FormField, Input, Key
from tandem.crm.sales.domain.leads import LINE, LeadDraft, NewTouch
from tandem.crm.sales.domain.mailboxes import is_disposable, is_role
from tandem.crm.sales.domain.proofs import Proof
from tandem.kernel.errors import Invalid

VALUE_LENGTH_MAX = 5_000
LINE_LENGTH_MAX = 200
LINKS_MAX = 3
"""Addresses of pages in one text; whoever writes more sells something."""
PATIENCE = timedelta(seconds=2)
"""Nobody fills in a form faster."""
_LINK = re.compile(r"https?://|\bwww\.|\[url|<a\s", re.IGNORECASE)

Value = Annotated[str, msgspec.Meta(max_length=VALUE_LENGTH_MAX, pattern=r"^[^\x00]*$")]
Values = Annotated[dict[Key, Value], msgspec.Meta(max_length=60)]
Trap = Annotated[str, msgspec.Meta(max_length=500, pattern=r"^[^\x00]*$")]
Ticked = Annotated[list[Annotated[str, msgspec.Meta(max_length=40)]], msgspec.Meta(max_length=12)]


class Verdict(StrEnum):
    """Waiting is for the answer to the link that was mailed."""

    ACCEPTED = "accepted"
    WAITING = "waiting"
    SPAM = "spam"


class NewSubmission(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`values` by the form's field keys; `consents` are the purposes that were ticked.
    `homepage` is for nobody: a person does not see it, and a machine fills it in."""

    values: Values
    consents: Ticked = []
    touch: NewTouch = NewTouch()
    proof: Proof = msgspec.field(default_factory=Proof)
    homepage: Trap = ""


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to whoever sent a form: the same whoever they say they are."""

    message: str
    redirect_url: str


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """`reasons` say why it is spam, or what is to be known of it."""

    id: UUID
    form_id: UUID
    payload: dict[str, str]
    consents: list[dict[str, Any]]
    touch: dict[str, Any]
    verdict: Verdict
    reasons: list[str]
    lead_id: UUID | None
    problem: str
    confirmed_at: datetime | None
    received_at: datetime


class MailboxDisposable(Invalid):
    """An address that is thrown away after use."""

    code = "email_disposable"


def read_values(form: Form, given: Mapping[str, str]) -> dict[str, str]:
    """The form's fields as clean text; what it does not ask is dropped. Refuses what is missing,
    line ends where a line belongs, addresses that are none, choices that are not offered."""
    found = {}
    for field in form.fields:
        text = given.get(field.key, "").replace("\r\n", "\n").strip()
        at = f"values.{field.key}"
        if not text:
            if field.is_required:
                raise Invalid(f"{field.label}: fill this in.", field=at)
            continue
        found[field.key] = _read(field, text, at)
    if "email" in found and is_disposable(found["email"]):
        raise MailboxDisposable("Use an address that you keep.", field="values.email")
    return found


def _read(field: FormField, text: str, at: str) -> str:
    if field.input is Input.EMAIL:
        return normal_email(text, field=at)
    if field.input is Input.PHONE:
        return normal_phone(text, field=at)
    if field.input is Input.CHOICE and text not in field.options:
        raise Invalid(f"{field.label}: choose one of the options.", field=at)
    if field.input is Input.AREA:
        return text
    if field.input in _EXPECTED and not _is_one(field.input, text):
        raise Invalid(f"{field.label}: expected {_EXPECTED[field.input]}.", field=at)
    most = 100 if field.key == "city" else 120 if field.key == "job_title" else LINE_LENGTH_MAX
    if len(text) > most or not re.fullmatch(LINE, text):
        raise Invalid(f"{field.label}: one line of at most {most} characters.", field=at)
    return text


_EXPECTED = {
    Input.NUMBER: "a number",
    Input.DATE: "a date such as 2026-11-22",
    Input.FLAG: "yes or no",
}


def _is_one(kind: Input, text: str) -> bool:
    if kind is Input.NUMBER:
        return re.fullmatch(r"-?[0-9,]{1,18}(\.[0-9]{1,6})?", text) is not None
    if kind is Input.FLAG:
        return text.lower() in {"yes", "no", "true", "false", "1", "0"}
    try:
        return len(text) == len("2026-11-22") and date.fromisoformat(text) is not None
    except ValueError:
        return False


def read_consents(form: Form, ticked: Sequence[str]) -> list[dict[str, Any]]:
    """What was agreed to, with the notice that was shown. Refuses without a needed one."""
    for one in form.consents:
        if one.is_required and one.purpose not in ticked:
            raise Invalid("Tick this to go on.", field=f"consents.{one.purpose}")
    return [
        {
            "purpose": one.purpose,
            "channels": list(one.channels),
            "notice_version": one.notice_version,
            "text": one.text,
        }
        for one in form.consents
        if one.purpose in ticked
    ]


def judge(
    form: Form, sent: NewSubmission, values: Mapping[str, str], age: timedelta
) -> tuple[Verdict, list[str]]:
    """What becomes of it, and why. Machines are not told that they were seen through."""
    spam = []
    if sent.homepage:
        spam.append("trap_filled")
    if age < PATIENCE:
        spam.append("too_fast")
    texts = list(values.values())
    links = sum(len(_LINK.findall(text)) for key, text in values.items() if key != "website")
    if links > LINKS_MAX or _LINK.search(values.get("name", "")):
        spam.append("links")
    if spam:
        return Verdict.SPAM, spam
    marks = ["role_mailbox"] if is_role(values.get("email", "")) else []
    assert texts, "a form needs something"
    return (Verdict.WAITING if form.needs_confirmation else Verdict.ACCEPTED), marks


def draft_of(form: Form, submission: Submission, custom: dict[str, Any]) -> LeadDraft:
    """The lead that it becomes; `custom` are its own fields, read by their types."""
    plain = {key: text for key, text in submission.payload.items() if not key.startswith("custom.")}
    country = country_of(plain.pop("country", ""))
    return LeadDraft(
        **plain,  # type: ignore[arg-type]  # keys of STANDARD, every one a text of a lead
        country=country,
        source=form.source,
        owner_id=form.owner_id,
        team_id=form.team_id,
        custom=custom,
        touch=touch_of(form, submission),
    )


def country_of(text: str) -> str:
    """The code of a country that somebody wrote as a code or by its name; empty if it is none."""
    text = text.strip()
    return text.upper() if re.fullmatch("[A-Za-z]{2}", text) else _codes().get(text.lower(), "")


@functools.cache
def _codes() -> Mapping[str, str]:
    return {
        name.lower(): code
        for language in ("hi", "en")
        for code, name in Locale(language).territories.items()
        if re.fullmatch("[A-Z]{2}", code)
    }


def touch_of(form: Form, submission: Submission) -> NewTouch:
    given = msgspec.convert(submission.touch, NewTouch)
    return msgspec.structs.replace(
        given,
        source=form.source or form.name[:60],
        campaign_id=given.campaign_id or form.campaign_id,
    )


def custom_of(submission: Submission) -> dict[str, str]:
    """The texts for the company's own fields, by their keys."""
    return {
        key.removeprefix("custom."): text
        for key, text in submission.payload.items()
        if key.startswith("custom.")
    }
