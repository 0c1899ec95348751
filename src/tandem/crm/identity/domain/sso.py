"""Single sign-on: a company's provider, and what of its answers counts (OpenID Connect)."""

import math
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec

from tandem.crm.identity.domain.strength import Expected, Told
from tandem.kernel.errors import Conflict, Invalid, Unauthenticated
from tandem.kernel.patterns import whole

LEEWAY_SECONDS = 60
AGE_MAX_SECONDS = 600
DOMAINS_MAX = 20
RECORD = "_tandem-sign-in"
"""Below the domain: the name whose TXT record shows that it is the company's."""
PUBLIC_MAIL = frozenset(
    {
        "aol.com", "gmail.com", "gmx.com", "gmx.net", "googlemail.com", "hotmail.com",
        "icloud.com", "live.com", "mail.com", "outlook.com", "proton.me", "protonmail.com",
        "rediffmail.com", "yahoo.co.in", "yahoo.com", "zoho.com",
    }
)  # fmt: skip
"""Domains of everybody: nobody claims them."""


class SsoRefused(Unauthenticated):
    """The provider said no, said something that does not fit, or nobody here is meant."""

    code = "sso_refused"


class SsoNeeded(Unauthenticated):
    """This company is entered through its own sign-in."""

    code = "sso_needed"


class ProviderWrong(Invalid):
    """The provider cannot be spoken to as it is set up; the message says what to look at."""

    code = "provider_wrong"


class DomainTaken(Conflict):
    """Another company has shown that it is theirs."""

    code = "domain_taken"


class DomainNotProved(Conflict):
    code = "domain_not_proved"


_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
Domain = Annotated[str, msgspec.Meta(max_length=253, pattern=whole(rf"({_LABEL}\.)+[a-z]{{2,63}}"))]


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A domain said to be the company's. It counts from `proved_at` on: until a TXT record
    `record_name` has the text `record_text`, it finds, links and locks nobody. Once the record has
    been `missing_since` for a week, it does not count any more."""

    domain: str
    record_name: str
    record_text: str
    proved_at: datetime | None
    checked_at: datetime | None
    missing_since: datetime | None


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """Without its secret. `spare_user_id` is who may still come in with a password."""

    id: UUID
    name: str
    issuer: str
    client_id: str
    domains: list[str]
    is_enforced: bool
    spare_user_id: UUID | None
    tested_at: datetime | None
    version: int
    expects: Expected = msgspec.field(default_factory=Expected)
    told: Told | None = None
    """How the provider knew who tested it last."""
    claims: list[Claim] = []

    @property
    def proved(self) -> frozenset[str]:
        """The domains that count."""
        return frozenset(one.domain for one in self.claims if one.proved_at is not None)


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider says of itself (OpenID Connect Discovery 1.0, s.3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    id_token_signing_alg_values_supported: tuple[str, ...] = ("RS256",)
    authorization_response_iss_parameter_supported: bool = False
    claims_parameter_supported: bool = False


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    iss: str
    sub: Annotated[
        str, msgspec.Meta(min_length=1, max_length=255, pattern=whole(r"[^\x00-\x1f\x7f]*"))
    ]
    aud: str | list[str]
    exp: float
    iat: float
    nonce: str
    nbf: float | None = None
    azp: str | None = None
    email: str | None = None
    email_verified: bool = False
    auth_time: float | None = None
    acr: str | None = None
    amr: list[str] = []


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """Between going to the provider and coming back; kept here, tied to the browser."""

    company_id: UUID
    provider_id: UUID
    nonce: str
    verifier: str
    next: str
    begun_at: datetime
    is_test: bool = False
    is_fresh: bool = False
    """The provider was asked to look anew who it is."""


def read_claims(
    told: dict[str, Any], *, issuer: str, client_id: str, nonce: str, now: datetime
) -> Claims:
    """OpenID Connect Core 1.0, s.3.1.3.7, from the second step on; the signature was checked."""
    try:
        claims = msgspec.convert(told, Claims)
    except msgspec.ValidationError as reason:
        raise refused("its token lacks something") from reason
    times = (claims.exp, claims.iat, claims.nbf or 0, claims.auth_time or 0)
    if not all(math.isfinite(at) for at in times):
        raise refused("its token says no time")
    audience = [claims.aud] if isinstance(claims.aud, str) else claims.aud
    at = now.timestamp()
    wrong = {
        "its token is another provider's": claims.iss != issuer,
        "its token is for another application": client_id not in audience
        or (len(audience) > 1 and claims.azp is None)
        or (claims.azp is not None and claims.azp != client_id),
        "its token is too old": claims.exp <= at - LEEWAY_SECONDS
        or claims.iat < at - AGE_MAX_SECONDS - LEEWAY_SECONDS,
        "its token is not good yet": claims.iat > at + LEEWAY_SECONDS
        or (claims.nbf or 0) > at + LEEWAY_SECONDS
        or (claims.auth_time or 0) > at + LEEWAY_SECONDS,
        "its token belongs to another sign-in": claims.nonce != nonce,
    }
    for said, is_wrong in wrong.items():
        if is_wrong:
            raise refused(said)
    return claims


def refused(said: str) -> SsoRefused:
    return SsoRefused(f"Your company's sign-in did not work: {said}.")
