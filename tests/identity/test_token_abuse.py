"""What a token that is not one looks like (A-AUT-6; after Wycheproof's json_web_signature sets).

Compact JWS is read in one place alone, `gateways.oidc`: our own tokens are opaque, and there are
no logout tokens. All of it is refused, and nothing but the provider's own keys is ever fetched.
"""

import base64
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from joserfc import jws
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

from tandem.crm.identity.domain.sso import SsoRefused, read_claims
from tandem.crm.identity.gateways.oidc import ALGORITHMS, OpenIdGateway
from tests.identity.test_sso_tokens import GOOD, METADATA, Fixed

RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
PSS = RSAKey.generate_key(2048, {"kid": "pss", "alg": "PS256"})
SMALL = RSAKey.generate_key(1024, {"kid": "small"})
CURVE = ECKey.generate_key("P-256", {"kid": "ec"})
WIDE = ECKey.generate_key("P-384", {"kid": "wide"})
EDWARDS = OKPKey.generate_key("Ed25519", {"kid": "ed"})
CLOSED = RSAKey.generate_key(2048, {"kid": "closed", "use": "enc"})
KEYS = KeySet([RSA, PSS, SMALL, CURVE, WIDE, EDWARDS, CLOSED]).as_dict(private=False)
SHARED = {"kty": "oct", "kid": "shared", "k": "AAAA"}
ORDER = 2**252 + 27742317777372353535851937790883648493
"""Of Ed25519's group (RFC 8032)."""
ALL = msgspec.structs.replace(
    METADATA, id_token_signing_alg_values_supported=(*ALGORITHMS, "HS256", "none")
)
CLAIMS = {**GOOD, "iat": 1, "exp": 2}
RS, ES, ED = ({"alg": a, "kid": k} for a, k in (("RS256", "rsa"), ("ES256", "ec"), ("EdDSA", "ed")))


def b64(raw: bytes | dict[str, Any]) -> str:
    told = raw if isinstance(raw, bytes) else msgspec.json.encode(raw)
    return base64.urlsafe_b64encode(told).rstrip(b"=").decode()


def signed(header: bytes | dict[str, Any], payload: bytes | dict[str, Any], key: Any = RSA) -> str:
    """By the provider's own key, whatever the header and the payload say."""
    text = f"{b64(header)}.{b64(payload)}"
    private = key.private_key
    if isinstance(key, RSAKey):
        made = private.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    elif isinstance(key, ECKey):
        der = private.sign(text.encode(), ec.ECDSA(hashes.SHA256()))
        made = b"".join(part.to_bytes(32) for part in decode_dss_signature(der))
    else:
        made = private.sign(text.encode())
    return f"{text}.{b64(made)}"


def with_signature(header: dict[str, Any], raw: bytes) -> str:
    return f"{b64(header)}.{b64(CLAIMS)}.{b64(raw)}"


def mac(alg: str, secret: bytes, **more: Any) -> str:
    text = f"{b64({'alg': alg, **more})}.{b64(CLAIMS)}"
    return f"{text}.{b64(hmac.new(secret, text.encode(), 'sha256').digest())}"


def parts(token: str) -> list[str]:
    return token.split(".")


def changed(token: str, place: int, text: str) -> str:
    found = parts(token)
    found[place] = text
    return ".".join(found)


def der_of(token: str) -> str:
    text = token.rpartition(".")[0]
    private: Any = CURVE.private_key
    return f"{text}.{b64(private.sign(text.encode(), ec.ECDSA(hashes.SHA256())))}"


def pss_of(header: dict[str, Any], key: RSAKey) -> str:
    return jws.serialize_compact(header, msgspec.json.encode(CLAIMS), key, algorithms=["PS256"])


def malleable() -> str:
    """S + L instead of S: the same point, another signature (RFC 8032, s.5.1.7)."""
    token = signed(ED, CLAIMS, EDWARDS)
    raw = base64.urlsafe_b64decode(parts(token)[2] + "==")
    other = int.from_bytes(raw[32:], "little") + ORDER
    return changed(token, 2, b64(raw[:32] + other.to_bytes(32, "little")))


PLAIN = signed(RS, CLAIMS)
ON_CURVE = signed(ES, CLAIMS, CURVE)
ENDLESS = msgspec.json.encode(CLAIMS).replace(b'"exp":2', b'"exp":1e999')
DOUBLE = msgspec.json.encode(CLAIMS).replace(b'"aud"', b'"aud":"elsewhere","aud"')
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
FORGED: Mapping[str, str] = {
    **{f"alg {a!r}": f"{b64({'alg': a, 'kid': 'rsa'})}.{b64(CLAIMS)}." for a in
       ("none", "None", "NONE", "nOnE", "", "none ", "n\u00f6ne")},
    "alg none, signed": changed(PLAIN, 0, b64({"alg": "none", "kid": "rsa"})),
    "alg missing": signed({"kid": "rsa"}, CLAIMS),
    "alg null": signed({"alg": None, "kid": "rsa"}, CLAIMS),
    "alg a number": signed({"alg": 256, "kid": "rsa"}, CLAIMS),
    "alg a list": signed({"alg": ["RS256"], "kid": "rsa"}, CLAIMS),
    "alg in small letters": signed({"alg": "rs256", "kid": "rsa"}, CLAIMS),
    "HS256 with the public key as PEM": mac("HS256", RSA.as_pem(private=False), kid="rsa"),
    "HS256 with the public key as DER": mac("HS256", RSA.as_der(private=False), kid="rsa"),
    "HS256 with the key set": mac("HS256", msgspec.json.encode(KEYS), kid="rsa"),
    "HS256 with nothing": mac("HS256", b"", kid="rsa"),
    "HS256 with a shared key of the set": mac("HS256", b"\0\0\0", kid="shared"),
    "HS384 with the public key": mac("HS384", RSA.as_pem(private=False), kid="rsa"),
    "kid of a path": signed({**RS, "kid": "../../../../dev/null"}, CLAIMS),
    "kid of SQL": signed({**RS, "kid": "x' union select 'k"}, CLAIMS),
    "kid of a shell": signed({**RS, "kid": "rsa; sleep 9"}, CLAIMS),
    "kid of an address": signed({**RS, "kid": "https://evil.test/key"}, CLAIMS),
    "kid empty": signed({**RS, "kid": ""}, CLAIMS),
    "kid a number": signed({**RS, "kid": 1}, CLAIMS),
    "kid missing where there are several": signed({"alg": "RS256"}, CLAIMS),
    "kid of another kind of key": signed({**RS, "kid": "ec"}, CLAIMS),
    "crit of an unknown extension": signed({**RS, "crit": ["exp"], "exp": 9e9}, CLAIMS),
    "crit empty": signed({**RS, "crit": []}, CLAIMS),
    "b64 false": signed({**RS, "b64": False, "crit": ["b64"]}, CLAIMS),
    "b64 false without crit": signed({**RS, "b64": False}, CLAIMS),
    "zip": signed({**RS, "zip": "DEF"}, CLAIMS),
    "a token within": signed({**RS, "cty": "JWT"}, PLAIN.encode()),
    "an access token (RFC 9068)": signed({**RS, "typ": "at+jwt"}, CLAIMS),
    "a logout token": signed({**RS, "typ": "logout+jwt"}, CLAIMS),
    "header twice alg": signed(b'{"alg":"none","alg":"RS256","kid":"rsa"}', CLAIMS),
    "claims twice aud": signed(RS, DOUBLE),
    "claims no object": signed(RS, b'["iss"]'),
    "claims no JSON": signed(RS, b"iss=me"),
    "claims cut off": signed(RS, b'{"iss":'),
    "claims no UTF-8": signed(RS, b'{"iss":"\xff"}'),
    "claims with NaN": signed(RS, ENDLESS.replace(b"1e999", b"NaN")),
    "claims with Infinity": signed(RS, ENDLESS.replace(b"1e999", b"Infinity")),
    "claims with 1e999": signed(RS, ENDLESS),
    "header no object": signed(b'"RS256"', CLAIMS),
    "header no JSON": signed(b"alg=RS256", CLAIMS),
    "header with a mark first": signed(b"\xef\xbb\xbf" + msgspec.json.encode(RS), CLAIMS),
    "signature empty": changed(PLAIN, 2, ""),
    "signature cut": PLAIN[:-8],
    "signature of another": changed(PLAIN, 2, parts(signed(RS, {**CLAIMS, "sub": "x"}))[2]),
    "signature all zero": with_signature(RS, bytes(256)),
    "claims changed after": changed(PLAIN, 1, b64({**CLAIMS, "sub": "s-2"})),
    "header changed after": changed(PLAIN, 0, b64({**RS, "x": 1})),
    "ECDSA zero (CVE-2022-21449)": with_signature(ES, bytes(64)),
    "ECDSA r zero": with_signature(ES, bytes(32) + (1).to_bytes(32)),
    "ECDSA s zero": with_signature(ES, (1).to_bytes(32) + bytes(32)),
    "ECDSA r and s the order": with_signature(ES, N.to_bytes(32) * 2),
    "ECDSA as DER": der_of(ON_CURVE),
    "ECDSA too long": changed(ON_CURVE, 2, parts(ON_CURVE)[2] + "AAAA"),
    "ECDSA of another curve": signed({**ES, "kid": "wide"}, CLAIMS, CURVE),
    "ES384 with a key of P-256": signed({"alg": "ES384", "kid": "ec"}, CLAIMS, CURVE),
    "EdDSA malleable": malleable(),
    "EdDSA zero": with_signature(ED, bytes(64)),
    "RS256 by a key of 1024 bits": signed({**RS, "kid": "small"}, CLAIMS, SMALL),
    "RS256 by a key for PS256": signed({**RS, "kid": "pss"}, CLAIMS, PSS),
    "PS256 said to be RS256": changed(pss_of({"alg": "PS256", "kid": "rsa"}, RSA), 0, b64(RS)),
    "RS256 by a key for encryption": signed({**RS, "kid": "closed"}, CLAIMS, CLOSED),
    "padding kept": ".".join(part + "=" * (-len(part) % 4) for part in parts(PLAIN)),
    "standard base64": PLAIN.replace("-", "+").replace("_", "/") + "+",
    "last bits of base64 not zero": PLAIN[:-1] + chr(ord(PLAIN[-1]) + 1),
    "space before": f" {PLAIN}",
    "space after": f"{PLAIN} ",
    "line end after": f"{PLAIN}\n",
    "space within": PLAIN.replace(".", " ."),
    "letters like ours": PLAIN.replace(".", "\uff0e"),
    "a null": f"{PLAIN}\0",
    "two parts": ".".join(parts(PLAIN)[:2]),
    "four parts": f"{PLAIN}.{parts(PLAIN)[2]}",
    "five parts (JWE)": ".".join([*parts(PLAIN), "AAAA", "AAAA"]),
    "only dots": "..",
    "JSON serialisation": json.dumps(
        {"protected": parts(PLAIN)[0], "payload": parts(PLAIN)[1], "signature": parts(PLAIN)[2]}
    ),
    "a megabyte": signed(RS, {**CLAIMS, "x": "y" * 1_000_000}),
    "deeply nested": signed(RS, b'{"x":' + b"[" * 5_000 + b"]" * 5_000 + b"}"),
    "nothing": "",
}  # fmt: skip
"""Where a signature is good, what is wrong is the rest."""


@pytest.mark.parametrize("forged", FORGED)
async def test_what_is_no_plain_token_of_the_provider_is_refused(forged: str) -> None:
    guard = Fixed({METADATA.jwks_uri: {"keys": [*KEYS["keys"], SHARED]}})
    with pytest.raises(SsoRefused, match="not signed as it should be"):
        await OpenIdGateway(guard).verify(ALL, FORGED[forged])
    assert set(guard.asked) <= {METADATA.jwks_uri}


async def test_what_is_one_is_taken() -> None:
    """Or the table above would prove nothing."""
    gateway = OpenIdGateway(Fixed({METADATA.jwks_uri: KEYS}))
    for good in (
        PLAIN,
        ON_CURVE,
        signed(ED, CLAIMS, EDWARDS),
        pss_of({"alg": "PS256", "kid": "pss"}, PSS),
    ):
        assert (await gateway.verify(ALL, good))["sub"] == "s-1"


WRONG: Mapping[str, dict[str, Any]] = {
    "exp a flag": {"exp": True},
    "exp text": {"exp": "9999999999"},
    "exp a list": {"exp": [9_999_999_999]},
    "exp never": {"exp": float("inf")},
    "exp not a number": {"exp": float("nan")},
    "exp just over": {"exp": -61},
    "iat not a number": {"iat": float("nan")},
    "iat text": {"iat": "1"},
    "nbf not a number": {"nbf": float("nan")},
    "nbf text": {"nbf": "0"},
    "aud part of ours": {"aud": "tande"},
    "aud more than ours": {"aud": "tandem2"},
    "aud ours in a longer text": {"aud": "x tandem"},
    "aud in capitals": {"aud": "TANDEM"},
    "aud empty": {"aud": []},
    "aud an object": {"aud": {"tandem": 1}},
    "aud with a number": {"aud": ["tandem", 1]},
    "iss with a slash": {"iss": "https://id.test/"},
    "iss in capitals": {"iss": "https://ID.test"},
    "iss a list": {"iss": ["https://id.test"]},
    "iss without TLS": {"iss": "http://id.test"},
    "sub a number": {"sub": 7},
    "sub too long": {"sub": "s" * 256},
    "sub with a null": {"sub": "s-1\0"},
    "nonce shorter": {"nonce": ""},
    "nonce a list": {"nonce": ["n"]},
    "azp of another": {"azp": "elsewhere"},
    "verified as text": {"email_verified": "true"},
    "verified as a number": {"email_verified": 1},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_claim_of_another_kind_or_almost_ours_refuses_the_token(
    wrong: str, now: datetime
) -> None:
    at = now.timestamp()
    known: dict[str, Any] = {
        "issuer": "https://id.test", "client_id": "tandem", "nonce": "n", "now": now,
    }  # fmt: skip
    told: dict[str, Any] = {**GOOD, "iat": at, "exp": at + 60}
    assert read_claims(told, **known).sub == "s-1"
    for name, value in WRONG[wrong].items():
        told[name] = at + value if type(value) is int and name == "exp" else value
    with pytest.raises(SsoRefused):
        read_claims(told, **known)
