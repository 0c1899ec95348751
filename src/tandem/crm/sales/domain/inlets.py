"""What advertisers and mailboxes send, read as a lead's fields. Pure."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default as modern
from email.utils import parseaddr
from enum import StrEnum
from html.parser import HTMLParser
from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec

from tandem.crm.sales.domain.forms import STANDARD, Key
from tandem.crm.sales.domain.leads import LeadDraft, NewTouch, Source
from tandem.crm.sales.domain.pipelines import PRINTABLE
from tandem.crm.sales.domain.submissions import country_of
from tandem.kernel.errors import Conflict, Invalid

INLETS_MAX = 50
BODY_MAX = 256 * 1024
"""Bytes of one delivery. Mails are cut behind their text, not refused."""
TEXT_MAX = 5000
DAYS_KEPT = 90
"""What nobody took in is forgotten after that."""
MAPPED_MAX = 60

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=80, pattern=PRINTABLE)]
Question = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=PRINTABLE)]
Mapped = Annotated[dict[Question, Key], msgspec.Meta(max_length=MAPPED_MAX)]
Fact = Annotated[str, msgspec.Meta(max_length=TEXT_MAX, pattern=r"^[^\x00]*$")]
Facts = Annotated[dict[Key, Fact], msgspec.Meta(max_length=MAPPED_MAX)]


class Kind(StrEnum):
    ADS = "ads"
    EMAIL = "email"


class State(StrEnum):
    """Known: one more touch of somebody who was a lead. Ignored: an automatic mail, or a test."""

    TAKEN = "taken"
    KNOWN = "known"
    FAILED = "failed"
    IGNORED = "ignored"
    DISMISSED = "dismissed"


class InletDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`fields` says which question of an advertiser's form is which field of a lead, or
    `custom.<key>`; the usual ones are known. Others go into the description."""

    name: Name
    kind: Kind
    source: Source = ""
    campaign_id: UUID | None = None
    owner_id: UUID | None = None
    team_id: UUID | None = None
    fields: Mapped = {}
    is_active: bool = True


class Inlet(msgspec.Struct, frozen=True, kw_only=True):
    """`address` is where to send to: keep it secret. Counts are of the last 30 days."""

    id: UUID
    name: str
    kind: Kind
    source: str
    campaign_id: UUID | None
    owner_id: UUID | None
    team_id: UUID | None
    fields: dict[str, str]
    token: str
    is_active: bool
    version: int
    created_at: datetime
    updated_at: datetime
    came: int = 0
    waiting: int = 0
    """Failed, of any age: somebody should look at them."""

    @property
    def address(self) -> str:
        return f"/v1/public/lead-inlets/{self.token}"


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """`facts` are the lead's fields as they were read, `body` what was sent; both only while it
    failed."""

    resource: ClassVar[str] = "lead"
    field_rules: ClassVar[Mapping[str, str]] = {"facts": "email", "body": "email"}

    id: UUID
    inlet_id: UUID
    state: State
    reason: str
    facts: dict[str, str] | None
    body: str | None
    lead_id: UUID | None
    attempts: int
    received_at: datetime
    settled_at: datetime | None


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """`ignored` says why nobody is behind it. The same `dedupe` is the same delivery."""

    dedupe: str
    facts: dict[str, str] = {}
    touch: NewTouch = NewTouch()
    ignored: str = ""


class InletTaken(Conflict):
    code: ClassVar[str] = "inlet_taken"


class ArrivalSettled(Conflict):
    """It became a lead, or was put away."""

    code: ClassVar[str] = "arrival_settled"


class Unreadable(Invalid):
    """What was sent is neither a lead of an advertiser nor a mail."""

    code: ClassVar[str] = "arrival_unreadable"


_USUAL: Mapping[str, str] = {
    "fullname": "name", "name": "name", "yourname": "name", "contactname": "name",
    "email": "email", "emailaddress": "email", "useremail": "email", "workemail": "email",
    "phone": "phone", "phonenumber": "phone", "userphone": "phone", "workphone": "phone",
    "mobile": "phone", "mobilenumber": "phone", "workphonenumber": "phone",
    "company": "company_name", "companyname": "company_name", "organisation": "company_name",
    "organization": "company_name", "jobtitle": "job_title", "website": "website",
    "companywebsite": "website", "city": "city", "country": "country",
    "message": "description", "comments": "description", "description": "description",
}  # fmt: skip
"""Questions by their letters: Google's FULL_NAME and Meta's full_name are the same."""
_FIRST, _LAST = ("firstname", "givenname"), ("lastname", "familyname", "surname")
_MARKS = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
_ABOUT = frozenset(
    {"id", "lead_id", "form_id", "ad_id", "adgroup_id", "adset_id", "campaign_id", "creative_id",
     "gcl_id", "google_key", "api_version", "created_time", "is_test", "platform", "page_id",
     "lead_stage", "is_organic", "asset_group_id", *_MARKS}
)  # fmt: skip
"""What tells of the advertisement, not of the person."""
_LINES = {"description"}


def read_ads(body: bytes, inlet: Inlet) -> Reading:
    """A lead of Google Ads (`user_column_data`), of Meta as its Graph API has it (`field_data`), or
    any flat object of questions and answers. Raises Unreadable."""
    try:
        given = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError) as reason:
        raise Unreadable("This is not JSON.") from reason
    if not isinstance(given, dict):
        raise Unreadable("Expected one object.")
    outside = str(given.get("lead_id") or given.get("id") or "")[:150]
    dedupe = f"id:{outside}" if outside else f"sha:{hashlib.sha256(body).hexdigest()}"
    if given.get("is_test") is True:
        return Reading(dedupe=dedupe, ignored="a test of the advertiser")
    if "entry" in given and "object" in given:
        raise Unreadable("A notice without the answers: have the lead's field_data sent on.")
    touch = NewTouch(
        **{mark: _line(given.get(mark), 200) for mark in _MARKS},
        source=inlet.source or inlet.name[:60],
        campaign_id=inlet.campaign_id,
    )
    if not touch.utm_campaign:
        campaign = _line(given.get("campaign_id"), 200)
        touch = msgspec.structs.replace(touch, utm_campaign=campaign)
    return Reading(dedupe=dedupe, facts=_facts(dict(_answers(given)), inlet), touch=touch)


def read_mail(body: bytes, inlet: Inlet) -> Reading:
    """A mail as it came (RFC 5322): whoever wrote it, with what they wrote. Raises Unreadable."""
    mail = BytesParser(EmailMessage, policy=modern).parsebytes(body)
    sender = _header(mail, "reply-to") or _header(mail, "from")
    name, address = parseaddr(sender)
    if not address or "@" not in address:
        raise Unreadable("A mail that nobody sent.")
    known = _header(mail, "message-id")[:150]
    dedupe = f"mail:{known}" if known else f"sha:{hashlib.sha256(body).hexdigest()}"
    if why := _automatic(mail, address):
        return Reading(dedupe=dedupe, ignored=why)
    subject = _line(_header(mail, "subject"), 200)
    text = "\n\n".join(part for part in (subject, _text_of(mail)) if part)
    facts = {"name": _line(name, 200), "email": _line(address, 254), "description": text[:TEXT_MAX]}
    touch = NewTouch(source=inlet.source or inlet.name[:60], campaign_id=inlet.campaign_id)
    return Reading(
        dedupe=dedupe, facts={key: value for key, value in facts.items() if value}, touch=touch
    )


def draft_of(
    inlet: Inlet, facts: Mapping[str, str], touch: NewTouch, custom: dict[str, Any]
) -> LeadDraft:
    """The lead that it becomes. Raises Invalid that names the field."""
    plain = {key: text.strip() for key, text in facts.items() if key in STANDARD}
    given = plain | {
        "country": country_of(plain.get("country", "")),
        "source": inlet.source or inlet.name[:60],
        "owner_id": inlet.owner_id,
        "team_id": inlet.team_id,
        "custom": custom,
        "touch": touch,
    }
    try:
        return msgspec.convert(given, LeadDraft, from_attributes=True)
    except msgspec.ValidationError as reason:
        text, _, at = str(reason).partition(" - at `$.")
        raise Invalid(f"{at.rstrip('`')}: {text}", field=at.rstrip("`")) from reason


def custom_of(facts: Mapping[str, str]) -> dict[str, str]:
    """The texts for the company's own fields, by their keys."""
    own = {key: text for key, text in facts.items() if key.startswith("custom.")}
    return {key.removeprefix("custom."): text for key, text in own.items()}


def check_fields(fields: Mapping[str, str]) -> None:
    for question, key in fields.items():
        if not key.startswith("custom.") and key not in STANDARD:
            raise Invalid(f"A lead has no field {key!r}.", field=f"fields.{question}")


def _answers(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Question and answer; several answers are joined."""
    for name in ("user_column_data", "field_data"):
        for one in given.get(name) or ():
            if isinstance(one, dict):
                question = one.get("column_id") or one.get("name") or one.get("column_name")
                yield str(question or "")[:100], _joined(one.get("string_value", one.get("values")))
    for name, value in given.items():
        if name not in _ABOUT and name not in ("user_column_data", "field_data"):
            yield str(name)[:100], _joined(value)


def _facts(answers: Mapping[str, str], inlet: Inlet) -> dict[str, str]:
    mapped = {_letters(question): key for question, key in inlet.fields.items()}
    found: dict[str, str] = {}
    first, last, rest = "", "", []
    for question, answer in answers.items():
        letters = _letters(question)
        if not answer:
            continue
        if key := mapped.get(letters) or _USUAL.get(letters):
            found.setdefault(key, answer if key in _LINES else _line(answer, 250))
        elif letters in _FIRST:
            first = answer
        elif letters in _LAST:
            last = answer
        else:
            rest.append(f"{question}: {answer}")
    if "name" not in found and (first or last):
        found["name"] = _line(f"{first} {last}", 200)
    if rest:
        said = [found["description"]] if "description" in found else []
        found["description"] = "\n".join([*said, *rest])[:TEXT_MAX]
    return found


def _letters(question: str) -> str:
    return re.sub(r"[\W_]+", "", question.lower())


def _joined(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(text for one in value if (text := _joined(one)))
    if value is None or isinstance(value, dict):
        return ""
    return str(value).replace("\x00", "").strip()[:TEXT_MAX]


def _line(value: Any, most: int) -> str:
    return re.sub(r"[\x00-\x20\x7f]+", " ", str(value or "")).strip()[:most]


def _header(mail: EmailMessage, name: str) -> str:
    """Damaged headers are read as far as they can be."""
    try:
        return str(mail.get(name, "") or "")
    except (ValueError, IndexError, AttributeError):
        return ""


def _automatic(mail: EmailMessage, address: str) -> str:
    """Why nobody is behind it (RFC 3834, RFC 2919); empty for a person's mail."""
    if _header(mail, "auto-submitted").partition(";")[0].strip().lower() not in ("", "no"):
        return "an automatic answer"
    if mail.get_content_type() == "multipart/report" or "mailer-daemon@" in address.lower():
        return "a mail that came back"
    if _header(mail, "list-id") or _header(mail, "list-unsubscribe"):
        return "a newsletter"
    if _header(mail, "precedence").strip().lower() in ("bulk", "junk", "list"):
        return "a mail to many"
    return ""


def _text_of(mail: EmailMessage) -> str:
    part = mail.get_body(preferencelist=("plain", "html"))
    if part is None:
        return ""
    try:
        text = str(part.get_content())
    except (LookupError, UnicodeError, KeyError):
        payload = part.get_payload(decode=True)
        text = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
    if part.get_content_type() == "text/html":
        text = _plain(text)
    return re.sub(r"\n{3,}", "\n\n", text.replace("\x00", "").replace("\r\n", "\n")).strip()


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in ("script", "style")
        if tag in ("br", "p", "div", "tr", "li"):
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in ("script", "style") and self.silent > 0

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.parts.append(re.sub(r"\s+", " ", data))


def _plain(html: str) -> str:
    reader = _Words()
    reader.feed(html)
    return "".join(reader.parts)
