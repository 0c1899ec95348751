"""Texts that had to be registered before they are sent: matched exactly, or shown how they differ.

DLT: every character outside `{#var#}` as registered, each variable at most 30 characters (TRAI's
template rules), and what is registered as promotional between ten and nine by Indian time alone
(TCCCPR 2018, as operators keep to it). WhatsApp: the same with `{{1}}`, and values without line
ends.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from tandem.crm.notifications.domain.messages import SERVICE
from tandem.crm.notifications.domain.rules import QuietHours, quiet_until
from tandem.kernel.errors import Conflict, Invalid, NotFound
from tandem.kernel.patterns import whole

VARIABLE_LENGTH_MAX = 30
VARIABLES_MAX = 20
TEXTS_MAX = 1_000
ASKED_MAX = 1_000
INDIA = "+91"
INDIAN_TIME = ZoneInfo("Asia/Kolkata")
NO_PROMOTIONS = QuietHours(starts="21:00", ends="10:00")
_SLOT = "\ufffc"
"""Stands for a variable while texts are compared."""


class Registry(StrEnum):
    DLT = "dlt"
    WHATSAPP = "whatsapp"


MARKS: Mapping[Registry, re.Pattern[str]] = {
    # TRAI tells kinds of variables apart since 2025; all of them are matched as one.
    Registry.DLT: re.compile(r"\{#(?:var|numeric|alphanumeric|url|urlott|cbn|email)#\}"),
    Registry.WHATSAPP: re.compile(r"\{\{\d{1,2}\}\}"),
}
LONGEST: Mapping[Registry, int] = {Registry.DLT: VARIABLE_LENGTH_MAX, Registry.WHATSAPP: 1_000}

PROMOTION = "promotional"
PROMOTIONAL = frozenset({PROMOTION, "service_explicit", "marketing"})
FOR_SERVICE = frozenset(
    {"transactional", "service_implicit", "service_explicit", "utility", "authentication"}
)
CATEGORIES: Mapping[Registry, frozenset[str]] = {
    Registry.DLT: frozenset(
        {"transactional", "service_implicit", "service_explicit", "promotional"}
    ),
    Registry.WHATSAPP: frozenset({"utility", "marketing", "authentication"}),
}


class RegisteredText(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    registry: Registry
    template_id: str
    name: str
    language: str
    header: str
    category: str
    body: str
    is_active: bool
    version: int
    created_at: datetime


class Header(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Six letters for service texts, six digits for promotions."""

    header: Annotated[str, msgspec.Meta(pattern=whole(r"([A-Za-z]{6}|[0-9]{6})"))]
    category: Annotated[str, msgspec.Meta(pattern=whole("(transactional|service|promotional)"))] = (
        "service"
    )


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """`is_enforced`: a text to India that is not registered is not sent."""

    entity_id: str
    headers: list[Header]
    is_enforced: bool
    version: int


class NewRegistration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`entity_id` has 19 digits."""

    entity_id: Annotated[str, msgspec.Meta(max_length=40)]
    headers: Annotated[list[Header], msgspec.Meta(max_length=50)] = []
    is_enforced: bool = True


class NewRegisteredText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`template_id` is DLT's nineteen digits, or WhatsApp's name; `name` is what the carrier calls
    a DLT template (MSG91's flow id)."""

    registry: Registry
    template_id: Annotated[str, msgspec.Meta(min_length=1, max_length=512)]
    category: Annotated[str, msgspec.Meta(max_length=30)]
    body: Annotated[str, msgspec.Meta(min_length=1, max_length=2_000, pattern=r"^[^\x00]*$")]
    name: Annotated[str, msgspec.Meta(max_length=512, pattern=whole(r"[A-Za-z0-9_.-]*"))] = ""
    language: Annotated[str, msgspec.Meta(pattern=whole(r"([a-z]{2,3}(_[A-Z]{2})?)?"))] = ""
    header: Annotated[str, msgspec.Meta(pattern=whole(r"([A-Za-z]{6}|[0-9]{6})?"))] = ""
    is_active: bool = True


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    text: str
    recipient: str
    purpose: str = SERVICE


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """`op` is same, variable, extra (only in our text) or missing (only in the registered one)."""

    op: str
    text: str


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """`reason` is empty where it may leave: else no_template, text_differs, variable_too_long,
    category_wrong or header_wrong; `diff` compares with the nearest registered text."""

    is_needed: bool
    is_allowed: bool
    reason: str = ""
    detail: str = ""
    template_id: str = ""
    header: str = ""
    category: str = ""
    variables: list[str] = []
    diff: list[Piece] = []

    def waits_until(self, at: datetime) -> datetime | None:
        """When a promotion may leave that may not at `at`."""
        if not self.is_needed or self.category != PROMOTION:
            return None
        return quiet_until(NO_PROMOTIONS, INDIAN_TIME, at)


class RegisteredTextMissing(NotFound):
    code = "registered_text_not_found"


class RegisteredTextTaken(Conflict):
    code = "registered_text_taken"


class TooManyRegisteredTexts(Conflict):
    code = "too_many_registered_texts"


def check_registration(new: NewRegistration) -> None:
    if re.fullmatch(r"[0-9]{19}", new.entity_id) is None:
        raise Invalid("An entity id has 19 digits.", field="entity_id")


def check_new(new: NewRegisteredText, registration: Registration | None) -> None:
    """Refuses what no registry would have registered."""
    if new.category not in CATEGORIES[new.registry]:
        words = ", ".join(sorted(CATEGORIES[new.registry]))
        raise Invalid(f"The category is one of {words}.", field="category")
    if len(MARKS[new.registry].findall(new.body)) > VARIABLES_MAX:
        raise Invalid(f"At most {VARIABLES_MAX} variables.", field="body")
    if new.registry is Registry.WHATSAPP:
        if re.fullmatch(r"[a-z0-9_]{1,512}", new.template_id) is None:
            raise Invalid("WhatsApp's names are small letters, digits and _.", field="template_id")
        return
    if re.fullmatch(r"[0-9]{19}", new.template_id) is None:
        raise Invalid("A DLT template id has 19 digits.", field="template_id")
    headers = {one.header for one in registration.headers} if registration else set()
    if new.header not in headers:
        raise Invalid("Register this header first.", field="header")


def judge(
    ask: Ask, registration: Registration | None, texts: Sequence[RegisteredText]
) -> tuple[Verdict, RegisteredText | None]:
    """May this text leave, as which registered one. Without a registration everything may."""
    is_needed = (
        registration is not None and registration.is_enforced and ask.recipient.startswith(INDIA)
    )
    usable = [one for one in texts if one.is_active and one.registry is Registry.DLT]
    reasons: list[Verdict] = []
    for one in usable:
        values = match(one, ask.text)
        if values is None:
            continue
        reason, detail = _objection(ask, one, values, registration)
        verdict = Verdict(
            is_needed=is_needed,
            is_allowed=not reason or not is_needed,
            reason=reason,
            detail=detail,
            template_id=one.template_id,
            header=one.header,
            category=one.category,
            variables=values,
        )
        if not reason:
            return verdict, one
        reasons.append(verdict)
    if reasons:
        return reasons[0], None
    if not is_needed:
        return Verdict(is_needed=False, is_allowed=True), None
    return _nothing_fits(ask, usable), None


def match(text: RegisteredText, body: str) -> list[str] | None:
    """The variables' values, where everything else is as registered to the character.

    Values within the allowed length are preferred; too long ones are found too, to say so.
    """
    parts = MARKS[text.registry].split(one_ending(text.body))
    body = one_ending(body)
    found = _values(parts, body, LONGEST[text.registry])
    return _values(parts, body, len(body)) if found is None else found


def one_ending(text: str) -> str:
    """Lines end alike, and nothing blank stands around, wherever a text was copied from."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _values(parts: list[str], body: str, longest: int) -> list[str] | None:
    """Where each fixed part may end, from left to right: no backtracking, whatever is sent."""
    if not body.startswith(parts[0]):
        return None
    is_unbound = longest >= len(body)
    ends: list[dict[int, int]] = [{len(parts[0]): 0}]
    for part in parts[1:]:
        reached: dict[int, int] = {}
        # Without a bound whatever a later start reaches, the first one reaches too.
        for start in [min(ends[-1])] if is_unbound else ends[-1]:
            at = body.find(part, start)
            while at != -1 and at - start <= longest:
                reached.setdefault(at + len(part), start)
                at = body.find(part, at + 1) if at < len(body) else -1
        if not reached:
            return None
        ends.append(reached)
    if len(body) not in ends[-1]:
        return None
    values: list[str] = []
    end = len(body)
    for part, reached in zip(reversed(parts[1:]), reversed(ends[1:]), strict=True):
        start = reached[end]
        values.append(body[start : end - len(part)])
        end = start
    return values[::-1]


def _objection(
    ask: Ask, text: RegisteredText, values: list[str], registration: Registration | None
) -> tuple[str, str]:
    """(word, sentence) why it may not leave as this text; both empty when it may."""
    longest = LONGEST[text.registry]
    for number, value in enumerate(values, start=1):
        if len(value) > longest:
            return (
                "variable_too_long",
                f"Variable {number} has {len(value)} characters, {longest} are allowed: {value!r}",
            )
    allowed = FOR_SERVICE if ask.purpose == SERVICE else PROMOTIONAL
    if text.category not in allowed:
        return (
            "category_wrong",
            f"It is registered as {text.category}, and this message is for {ask.purpose}.",
        )
    known = {one.header: one.category for one in registration.headers} if registration else {}
    is_promotional = text.category == PROMOTION
    if text.header not in known or (known[text.header] == PROMOTION) != is_promotional:
        return "header_wrong", f"The header {text.header} is not registered for {text.category}."
    return "", ""


def _nothing_fits(ask: Ask, texts: Sequence[RegisteredText]) -> Verdict:
    nearest = max(texts, key=lambda one: _likeness(one, ask.text), default=None)
    if nearest is None:
        return Verdict(
            is_needed=True,
            is_allowed=False,
            reason="no_template",
            detail="No text is registered with DLT.",
        )
    return Verdict(
        is_needed=True,
        is_allowed=False,
        reason="text_differs",
        detail=f"It differs from the registered text {nearest.template_id}.",
        template_id=nearest.template_id,
        header=nearest.header,
        diff=compared(nearest, ask.text),
    )


def compared(text: RegisteredText, body: str) -> list[Piece]:
    """What is the same, what stands where a variable is, what is too much and what is missing."""
    registered = MARKS[text.registry].sub(_SLOT, one_ending(text.body))
    pieces: list[Piece] = []
    body = one_ending(body)
    matcher = SequenceMatcher(None, registered, body, autojunk=False)
    for op, start, end, ours, ours_end in matcher.get_opcodes():
        theirs = registered[start:end]
        if op == "equal":
            pieces.append(Piece(op="same", text=theirs))
            continue
        missing = theirs.replace(_SLOT, "")
        if missing:
            pieces.append(Piece(op="missing", text=missing))
        if body[ours:ours_end]:
            is_variable = _SLOT in theirs and not missing
            word = "variable" if is_variable else "extra"
            pieces.append(Piece(op=word, text=body[ours:ours_end]))
    return pieces


def _likeness(text: RegisteredText, body: str) -> float:
    fixed = MARKS[text.registry].sub("", text.body)
    return SequenceMatcher(None, fixed, body, autojunk=False).quick_ratio()
