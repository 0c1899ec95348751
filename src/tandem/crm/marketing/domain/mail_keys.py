"""Keys that sign mail from a company's own domain: which one signs now, and which one rests."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

from tandem.crm.marketing.domain.senders import Found
from tandem.kernel.errors import Conflict

Algorithm = Literal["rsa", "ed25519"]
KeyState = Literal["waiting", "signing", "resting"]
KEYS_MAX = 6
"""Of a domain, with those that rest: old ones are removed before new ones are made."""
RECORD_KEPT = timedelta(days=7)
"""How long a letter may be on its way and be checked on arrival (RFC 6376 section 3.1)."""
PURPOSE = "marketing.mail_key"


class NewMailKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """RSA with 2048 bits is checked by everybody, Ed25519 is short and checked by some."""

    algorithm: Algorithm = "rsa"


class MailKey(msgspec.Struct, frozen=True, kw_only=True):
    """`record` is the TXT record at `name`. `waiting`: it signs once its record is seen there.
    `resting`: another one signs; its record may go at `record_until`."""

    id: UUID
    domain_id: UUID
    selector: str
    algorithm: Algorithm
    name: str
    record: str
    state: KeyState
    created_at: datetime
    proven_at: datetime | None
    record_until: datetime | None


class KeyMoves(msgspec.Struct, frozen=True, kw_only=True):
    """Which keys begin to sign, which rest from now on, and which wait for their record again."""

    signing: list[UUID] = []
    resting: list[UUID] = []
    waiting: list[UUID] = []


class TooManyMailKeys(Conflict):
    code = "too_many_mail_keys"


def selector_of(algorithm: Algorithm, number: int) -> str:
    """`td1r`, `td2r`, …: short, as it stands in every letter; `e` for Ed25519."""
    return f"td{number}{algorithm[0]}"


def after_look(keys: Sequence[MailKey], seen: Sequence[UUID]) -> KeyMoves:
    """What follows from the records that are there now, keys in order of their making.

    Of one algorithm the newest key that is seen signs. While none is seen, nothing is signed: a
    signature whose record cannot be found is worse than none.
    """
    moves = KeyMoves()
    for algorithm in ("rsa", "ed25519"):
        own = [one for one in keys if one.algorithm == algorithm and one.state != "resting"]
        proven = [one for one in own if one.id in seen]
        newest = proven[-1] if proven else None
        for one in own:
            if newest is None:
                if one.state == "signing":
                    moves.waiting.append(one.id)
            elif one.id == newest.id:
                if one.state == "waiting":
                    moves.signing.append(one.id)
            elif own.index(one) < own.index(newest):
                moves.resting.append(one.id)
    return moves


def with_keys(found: Found, keys: Sequence[MailKey]) -> Found:
    """What the records of our own keys add: a provider's own selector says more where there is
    one."""
    waiting = [one.name for one in keys if one.state == "waiting"]
    says = [found.detail] if found.detail else []
    says += [f"The record at {name} was not found yet." for name in waiting]
    dkim = found.dkim
    if dkim == "unknown" and keys:
        dkim = "right" if any(one.state == "signing" for one in keys) else "missing"
    return msgspec.structs.replace(found, dkim=dkim, detail=" ".join(says))
