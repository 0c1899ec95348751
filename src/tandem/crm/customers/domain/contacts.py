"""E-mails and phones in the one form in which they can be compared."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec

from tandem.contracts.address import PRINTABLE
from tandem.contracts.contacts import FILLERS, EmailWrong, PhoneWrong, normal_email, normal_phone

__all__ = [
    "Contact",
    "EmailWrong",
    "Key",
    "Kind",
    "NewContact",
    "PhoneWrong",
    "normal_email",
    "normal_phone",
    "read_contacts",
    "starts_of",
]

Kind = Literal["email", "phone"]
Key = tuple[Kind, str]
"""What two records are recognised by: the kind and the normal form."""

STARTS_FROM = 3
"""Typed characters from which contacts are looked through."""


class NewContact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    value: Annotated[str, msgspec.Meta(min_length=3, max_length=254, pattern=PRINTABLE)]
    label: Annotated[str, msgspec.Meta(max_length=40, pattern=PRINTABLE)] = ""


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """`invalid_at` is set once messages to it came back for good."""

    value: str
    label: str = ""
    invalid_at: datetime | None = None


class OptedOut(msgspec.Struct, frozen=True, kw_only=True):
    """A channel by which nobody writes to the address any more, and why."""

    channel: str
    reason: str
    since: datetime


class ContactPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One address of somebody, whatever is known of it. `is_primary` is the first of its kind."""

    kind: Kind
    value: str
    label: str
    is_primary: bool
    invalid_at: datetime | None
    opted_out: list[OptedOut]


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
    digits = text.translate(FILLERS)
    if digits.startswith("+"):
        return [digits]
    if digits.isascii() and digits.isdigit():
        digits = digits.lstrip("0")
        return [f"+91{digits}", f"+{digits}"] if len(digits) >= STARTS_FROM else []
    email = text.strip().lower()
    return [email] if " " not in email and len(email) >= STARTS_FROM else []
