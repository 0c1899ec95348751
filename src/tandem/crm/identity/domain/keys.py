"""API keys: how they look, what of them is kept, and how far one may go. Pure."""

import hashlib
import ipaddress
import secrets
import string
import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from tandem.crm.identity.domain.access import Access, HeldRole, actor_of
from tandem.crm.identity.domain.roles import COVERED_BY, joined, split
from tandem.kernel.actor import Actor, Kind, Terms
from tandem.kernel.errors import Forbidden, Invalid

KEY_MARK = "tdm"
TOKEN_MARK = "tdt"  # noqa: S105  how access tokens begin
CHECKSUM_LENGTH = 6
NETWORKS_MAX = 20
OVERLAP_MAX = timedelta(days=30)
TOKEN_LIFE = timedelta(minutes=15)
USED_GRAIN = timedelta(minutes=5)
"""How exactly the last use of a key is known."""

_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase


class KeyForbidden(Forbidden):
    """A key makes, reads and revokes no keys, whatever else it may."""

    code = "key_forbidden"


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key as it is listed; its secret was shown once and is kept only as a hash.

    `is_client`: not a bearer itself, but the secret of an OAuth client. `networks`: CIDR, empty is
    everywhere. `created_by` is none for keys that the installation made itself.
    """

    id: UUID
    name: str
    prefix: str
    grants: list[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    networks: list[str] = []
    per_minute: int | None = None
    is_client: bool = False
    created_by: UUID | None = None
    replaces_id: UUID | None = None


class OpenKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key or token that is good, with what its maker may do right now."""

    org_id: UUID
    key_id: UUID
    name: str
    grants: list[str]
    maker_id: UUID | None
    access: Access | None
    networks: list[str]
    per_minute: int | None
    is_client: bool
    last_used_at: datetime | None
    expires_at: datetime | None


def new_api_key() -> tuple[str, str]:
    """(the whole key, its visible prefix): `tdm_<prefix>_<secret><checksum>`, 192 random bits."""
    prefix = f"{KEY_MARK}_{secrets.token_hex(4)}"
    return _with_checksum(f"{prefix}_{_random(33)}"), prefix


def new_access_token() -> str:
    return _with_checksum(f"{TOKEN_MARK}_{_random(33)}")


def is_well_formed(credential: str) -> bool:
    """Junk and typing mistakes show by themselves: no question to the database is needed."""
    body = credential[:-CHECKSUM_LENGTH]
    if not 40 <= len(credential) <= 80 or not credential.isascii():
        return False
    return _checksum(body) == credential[-CHECKSUM_LENGTH:]


def hash_of(credential: str) -> bytes:
    """SHA-256 is enough for 128 random bits and more; passwords use argon2id."""
    return hashlib.sha256(credential.encode()).digest()


def actor_of_key(found: OpenKey) -> Actor | None:
    """What key and maker both may; none when nothing is left of it."""
    terms = Terms(networks=tuple(found.networks), per_minute=found.per_minute)
    known: dict[str, Any] = {"label": found.name, "kind": Kind.API_KEY, "terms": terms}
    if found.maker_id is None or found.access is None:
        return Actor(
            org_id=found.org_id, user_id=found.key_id, grants=frozenset(found.grants), **known
        )
    maker = actor_of(found.access, org_id=found.org_id, user_id=found.maker_id)
    held = [grant for role in found.access.roles for grant in role.grants]
    grants = in_common(found.grants, held)
    if not grants:
        return None
    narrowed = msgspec.structs.replace(found.access, roles=[HeldRole(key="api_key", grants=grants)])
    own = actor_of(narrowed, org_id=found.org_id, user_id=found.maker_id, **known)
    return msgspec.structs.replace(
        own,
        user_id=found.key_id,
        maker_id=found.maker_id,
        hidden=maker.hidden,
        read_only=maker.read_only,
    )


def in_common(asked: Sequence[str], held: Sequence[str]) -> list[str]:
    """The grants that both lists cover, each with the narrower permission and scope."""
    found = set()
    for permission, scope in map(split, asked):
        for other, reach in map(split, held):
            both = _narrower(permission, other)
            if both:
                found.add(joined(both, _nearer(scope, reach)))
    return sorted(found)


def _narrower(one: str, other: str) -> str | None:
    for wide, narrow in ((one, other), (other, one)):
        if wide in {"*", narrow} or wide == f"{narrow.partition('.')[0]}.*":
            return narrow
    return None


def _nearer(one: str, other: str) -> str:
    """Of two scopes that do not lie within each other, one's own records are left."""
    if other in COVERED_BY[one]:
        return one
    return other if one in COVERED_BY[other] else "own"


def check_networks(networks: Sequence[str]) -> list[str]:
    """In normal form. Refuses what is no network, and host bits that would be ignored."""
    found = []
    for network in networks:
        try:
            found.append(str(ipaddress.ip_network(network.strip())))
        except ValueError as reason:
            raise Invalid(
                f"{network[:50]!r} is no network; one looks like 203.0.113.0/24 or 2001:db8::/48.",
                field="networks",
            ) from reason
    return sorted(set(found))


def is_within(address: str, networks: Sequence[str]) -> bool:
    if not networks:
        return True
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(known, "ipv4_mapped", None) or known
    return any(mapped in ipaddress.ip_network(network) for network in networks)


def _with_checksum(body: str) -> str:
    return body + _checksum(body)


def _checksum(body: str) -> str:
    """CRC-32 in base 62, six digits, as other vendors' keys have it."""
    rest, digits = zlib.crc32(body.encode()), ""
    for _ in range(CHECKSUM_LENGTH):
        rest, place = divmod(rest, len(_DIGITS))
        digits = _DIGITS[place] + digits
    return digits


def _random(length: int) -> str:
    return "".join(secrets.choice(_DIGITS) for _ in range(length))
