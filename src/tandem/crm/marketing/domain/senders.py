"""Sending domains: which are a company's own, and whether mailboxes will believe their mail."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from tandem.contracts.address import FILLED
from tandem.kernel.errors import Conflict, Invalid
from tandem.kernel.patterns import whole

CHALLENGE_AT = "_tandem"
CHALLENGE = "tandem-verification="
CHECKED_EVERY = timedelta(hours=6)
DOMAINS_MAX = 50
ADDRESSES_MAX = 100

Domain = Annotated[
    str,
    msgspec.Meta(
        max_length=190,
        pattern=whole(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"),
    ),
]
Selector = Annotated[
    str, msgspec.Meta(max_length=63, pattern=whole(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?)?"))
]
LocalPart = Annotated[
    str, msgspec.Meta(min_length=1, max_length=64, pattern=whole(r"[a-z0-9._+-]+"))
]
SenderName = Annotated[str, msgspec.Meta(min_length=1, max_length=70, pattern=FILLED)]

State = Literal["unknown", "missing", "right", "weak", "wrong"]


class NewDomain(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`dkim_selector` is the one your provider signs with; without it DKIM is not looked at."""

    domain: Domain
    dkim_selector: Selector = ""


class NewAddress(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`hello` and `Nilgiri Teas` make `Nilgiri Teas <hello@domain>`."""

    local_part: LocalPart
    name: SenderName


class FromAddress(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    domain_id: UUID
    address: str
    name: str
    is_verified: bool


class SendingDomain(msgspec.Struct, frozen=True, kw_only=True):
    """`challenge` is the TXT record at `_tandem.<domain>` that shows whose it is. A state says
    what was found: `weak` is there and does little."""

    id: UUID
    domain: str
    dkim_selector: str
    challenge: str
    verified_at: datetime | None
    spf: State
    dkim: State
    dmarc: State
    detail: str
    checked_at: datetime | None
    created_at: datetime
    addresses: list[FromAddress]


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What the domain name system says now."""

    is_own: bool
    spf: State
    dkim: State
    dmarc: State
    detail: str


class DomainTaken(Conflict):
    code = "sending_domain_taken"


class AddressTaken(Conflict):
    code = "from_address_taken"


class AddressInUse(Conflict):
    """A campaign that has not ended leaves from it."""

    code = "from_address_in_use"


class DomainUnproven(Invalid):
    """Nobody has shown that the domain is the company's own."""

    code = "sending_domain_unproven"


def names_of(domain: str, selector: str) -> dict[str, str]:
    """Which records to ask for, by what they tell."""
    names = {
        "challenge": f"{CHALLENGE_AT}.{domain}",
        "spf": domain,
        "dmarc": f"_dmarc.{domain}",
    }
    return names | ({"dkim": f"{selector}._domainkey.{domain}"} if selector else {})


def judge(records: Mapping[str, Sequence[str]], *, challenge: str) -> Found:
    """What the TXT records mean (RFC 7208, RFC 6376, RFC 7489)."""
    own = challenge in [one.strip() for one in records.get("challenge", ())]
    says = [] if own else ["The record that shows whose it is was not found."]
    spf, about_spf = _spf(records.get("spf", ()))
    dmarc, about_dmarc = _dmarc(records.get("dmarc", ()))
    dkim, about_dkim = _dkim(records["dkim"]) if "dkim" in records else ("unknown", "")
    says += [one for one in (about_spf, about_dkim, about_dmarc) if one]
    return Found(is_own=own, spf=spf, dkim=dkim, dmarc=dmarc, detail=" ".join(says))


def _spf(records: Sequence[str]) -> tuple[State, str]:
    found = [one for one in records if re.match(r"v=spf1(\s|$)", one, re.IGNORECASE)]
    if not found:
        return "missing", "There is no SPF record."
    if len(found) > 1:
        return "wrong", "There are two SPF records; mailboxes then take neither."
    last = found[0].split()[-1].lower()
    if last == "+all" or last == "all":
        return "wrong", "The SPF record lets everybody send (+all)."
    if last == "?all":
        return "weak", "The SPF record ends with ?all, which says nothing."
    return "right", ""


def _dkim(records: Sequence[str]) -> tuple[State, str]:
    keys = [found[1] for one in records if (found := re.search(r"(?:^|;)\s*p\s*=\s*([^;]*)", one))]
    if not keys:
        return "missing", "There is no DKIM key at the selector."
    if not keys[0].strip():
        return "wrong", "The DKIM key was revoked (p is empty)."
    return "right", ""


def _dmarc(records: Sequence[str]) -> tuple[State, str]:
    found = [one for one in records if re.match(r"v\s*=\s*DMARC1\s*(;|$)", one, re.IGNORECASE)]
    if len(found) != 1:
        return "missing", "There is no DMARC record, which Gmail and Yahoo ask bulk senders for."
    policy = re.search(r";\s*p\s*=\s*(\w+)", found[0], re.IGNORECASE)
    if policy is None:
        return "wrong", "The DMARC record names no policy."
    if policy[1].lower() == "none":
        return "weak", ""
    return "right", ""
