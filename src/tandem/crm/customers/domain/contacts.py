"""E-mails and phones in the one form in which they can be compared."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec
import phonenumbers

from tandem.contracts.address import PRINTABLE
from tandem.kernel.errors import Invalid

Kind = Literal["email", "phone"]
Key = tuple[Kind, str]
"""What two records are recognised by: the kind and the normal form."""

REGION = "IN"
EMAIL_LENGTH_MAX = 254
STARTS_FROM = 3
"""Typed characters from which contacts are looked through."""

_FILLERS = str.maketrans("", "", " -")
_INDIAN_MOBILE = re.compile(r"(?:\+91|0)?([6-9][0-9]{9})")
"""What nearly every order brings; the whole world's numbering plans take 50 times as long."""
_EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f.]+(\.[^@\s\x00-\x1f\x7f.]+)+")


class EmailWrong(Invalid):
    code = "email_wrong"


class PhoneWrong(Invalid):
    code = "phone_wrong"


class NewContact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    value: Annotated[str, msgspec.Meta(min_length=3, max_length=254, pattern=PRINTABLE)]
    label: Annotated[str, msgspec.Meta(max_length=40, pattern=PRINTABLE)] = ""


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """`invalid_at` is set once messages to it came back for good."""

    value: str
    label: str = ""
    invalid_at: datetime | None = None


def normal_email(text: str, *, field: str = "email") -> str:
    """Lower case, without surrounding blanks. Whether it exists only a message can tell."""
    email = text.strip().lower()
    if len(email) > EMAIL_LENGTH_MAX or not _EMAIL.fullmatch(email):
        raise EmailWrong(f"{text.strip()[:80]!r} is not an e-mail address.", field=field)
    return email


def normal_phone(text: str, *, field: str = "phone") -> str:
    """E.164 (`+919876543210`); a number without country code is Indian.

    The length decides, not the operator's ranges: those change faster than any table of them.
    """
    if mobile := _INDIAN_MOBILE.fullmatch(text.translate(_FILLERS)):
        return f"+91{mobile[1]}"
    try:
        number = phonenumbers.parse(text, REGION)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        raise PhoneWrong(
            f"{text.strip()[:40]!r} is not a phone number; write it with its country code, "
            "as in +91 98765 43210.",
            field=field,
        )
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def read_contacts(given: Sequence[NewContact], kind: Kind) -> list[Contact]:
    """In the order given, the first is the primary one; the same twice is kept once."""
    found: dict[str, Contact] = {}
    for place, contact in enumerate(given):
        field = f"{kind}s[{place}].value"
        normal = normal_email if kind == "email" else normal_phone
        value = normal(contact.value, field=field)
        found.setdefault(value, Contact(value=value, label=contact.label.strip()))
    return list(found.values())


def starts_of(text: str) -> list[str]:
    """How the contacts may begin that somebody is typing: "098450 1" is +9198450 1…"""
    digits = text.translate(_FILLERS)
    if digits.startswith("+"):
        return [digits]
    if digits.isascii() and digits.isdigit():
        digits = digits.lstrip("0")
        return [f"+91{digits}", f"+{digits}"] if len(digits) >= STARTS_FROM else []
    email = text.strip().lower()
    return [email] if " " not in email and len(email) >= STARTS_FROM else []
