"""What of a provider's tokens is refused: the negative list of an OpenID relying party."""

import base64
import hmac
from datetime import datetime
from typing import Any

import msgspec
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from tandem.crm.identity.domain.sso import (
    Metadata,
    ProviderWrong,
    SsoRefused,
    read_claims,
)
from tandem.crm.identity.gateways.oidc import OpenIdGateway
from tandem.kernel.guard import Answer, Guard


class Fixed(Guard):
    """Answers with documents of its own, so that tokens can be made that no provider makes."""

    def __init__(self, documents: dict[str, Any]) -> None:
        super().__init__()
        self.documents = documents
        self.asked: list[str] = []

    async def send(self, method: str, url: str, **_: Any) -> Answer:
        self.asked.append(url)
        return Answer(200, msgspec.json.encode(self.documents[url]))


RSA = RSAKey.generate_key(2048, {"kid": "one"})
STRANGER = RSAKey.generate_key(2048, {"kid": "one"})
SECOND = ECKey.generate_key("P-256", {"kid": "two"})
METADATA = Metadata(
    issuer="https://id.test",
    authorization_endpoint="https://id.test/auth",
    token_endpoint="https://id.test/token",
    jwks_uri="https://id.test/keys",
    id_token_signing_alg_values_supported=("RS256", "ES256", "HS256", "none"),
)
GOOD = {"iss": "https://id.test", "sub": "s-1", "aud": "tandem", "nonce": "n"}


def token_of(header: dict[str, Any], key: Any, **claims: Any) -> str:
    return jwt.encode(header, {**GOOD, **claims}, key, algorithms=[header["alg"]])


def by_hand(header: dict[str, Any], secret: bytes) -> str:
    """As an attacker makes it, whom no library stops."""
    claims = {**GOOD, "iat": 1, "exp": 1}
    signed = b".".join(_encoded(msgspec.json.encode(one)) for one in (header, claims))
    mac = hmac.new(secret, signed, "sha256").digest() if secret else b""
    return b".".join((signed, _encoded(mac))).decode()


def _encoded(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


PUBLIC = RSA.as_pem(private=False)
FORGED = {
    "alg none": by_hand({"alg": "none"}, b""),
    "alg None": by_hand({"alg": "NoNe", "kid": "one"}, b""),
    "RS256 read as HS256": by_hand({"alg": "HS256", "kid": "one"}, PUBLIC),
    "another key, same kid": token_of({"alg": "RS256", "kid": "one"}, STRANGER),
    "kid is a path": token_of({"alg": "RS256", "kid": "../../../dev/null"}, RSA),
    "kid is SQL": token_of({"alg": "RS256", "kid": "' or 1=1 --"}, RSA),
    "no kid and several keys": token_of({"alg": "RS256"}, STRANGER),
    "jku of the forger": token_of(
        {"alg": "RS256", "kid": "x", "jku": "https://evil.test/keys"}, STRANGER
    ),
    "x5u of the forger": token_of(
        {"alg": "RS256", "kid": "x", "x5u": "https://evil.test/chain"}, STRANGER
    ),
    "jwk of the forger": token_of(
        {"alg": "RS256", "kid": "x", "jwk": STRANGER.as_dict(private=False)}, STRANGER
    ),
    "cut short": token_of({"alg": "RS256", "kid": "one"}, RSA)[:-10],
    "nonsense": "a.b.c",
    "empty": "",
}


@pytest.mark.parametrize("forged", FORGED)
async def test_a_forged_token_is_refused_and_nothing_else_is_fetched(forged: str) -> None:
    keys = KeySet([RSA, SECOND]).as_dict(private=False)
    guard = Fixed({"https://id.test/keys": keys})
    with pytest.raises(SsoRefused, match="not signed as it should be"):
        await OpenIdGateway(guard).verify(METADATA, FORGED[forged])
    assert set(guard.asked) == {"https://id.test/keys"}


@pytest.mark.parametrize(
    "where", ["javascript:alert(1)", "data:text/html,x", "http://id.test/auth", "//id.test", "auth"]
)
async def test_a_provider_sends_people_to_no_address_of_another_kind(where: str) -> None:
    told = msgspec.to_builtins(METADATA)
    good = Fixed({"https://id.test/.well-known/openid-configuration": told})
    assert (await OpenIdGateway(good).discover("https://id.test")).issuer == "https://id.test"
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        wrong = Fixed({"https://id.test/.well-known/openid-configuration": {**told, name: where}})
        with pytest.raises(ProviderWrong):
            await OpenIdGateway(wrong).discover("https://id.test")


async def test_keys_may_change_and_a_lone_key_needs_no_name() -> None:
    guard = Fixed({"https://id.test/keys": KeySet([RSA]).as_dict(private=False)})
    gateway = OpenIdGateway(guard)
    for header in ({"alg": "RS256", "kid": "one"}, {"alg": "RS256"}):
        assert (await gateway.verify(METADATA, token_of(header, RSA)))["sub"] == "s-1"
    guard.documents["https://id.test/keys"] = KeySet([SECOND]).as_dict(private=False)
    assert await gateway.verify(METADATA, token_of({"alg": "ES256", "kid": "two"}, SECOND))
    with pytest.raises(SsoRefused):
        await gateway.verify(METADATA, token_of({"alg": "RS256", "kid": "one"}, RSA))


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://other.test"},
        {"aud": "another application"},
        {"aud": ["tandem", "another"]},
        {"aud": ["tandem", "another"], "azp": "another"},
        {"exp": -120},
        {"iat": +120},
        {"iat": -2000},
        {"nbf": +120},
        {"nonce": "of another sign-in"},
        {"sub": ""},
        {"sub": None},
        {"exp": None},
        {"iat": None},
        {"aud": None},
        {"nonce": None},
        {"exp": "soon"},
    ],
)
def test_a_claim_that_does_not_fit_refuses_the_token(
    changed: dict[str, Any], now: datetime
) -> None:
    at = now.timestamp()
    told: dict[str, Any] = {**GOOD, "iat": at, "exp": at + 60}
    known = {"issuer": "https://id.test", "client_id": "tandem", "nonce": "n", "now": now}
    assert read_claims(told, **known).sub == "s-1"  # type: ignore[arg-type]
    for name, value in changed.items():
        told[name] = at + value if isinstance(value, int) else value
    with pytest.raises(SsoRefused):
        read_claims({k: v for k, v in told.items() if v is not None}, **known)  # type: ignore[arg-type]
