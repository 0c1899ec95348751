"""A company's OpenID provider over HTTP: discovery, keys, code for token.

Its address comes from a company's admin, so every call goes through the guard: public addresses
only, bounded in size and time. Keys are those of the provider's own document: a token's `jku`,
`x5u` or `jwk` is never looked at.
"""

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from tandem.crm.identity.domain.sso import Metadata, ProviderWrong, refused
from tandem.crm.identity.domain.strength import Expected
from tandem.crm.identity.gateways.compact import check_compact, fitting
from tandem.kernel.guard import AddressRefused, Guard, NoAnswer

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
"""Signatures with a public key only: a secret shared with us signs nothing."""
FORM = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
SCOPES = "openid email"
HOW_AND_WHEN = '{"id_token":{"acr":null,"amr":null,"auth_time":{"essential":true}}}'
"""What we want to know of each sign-in (OpenID Connect Core 1.0, s.5.5)."""
WRONG = (ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""What reading a token that somebody made up can come to, beside what the library says."""


class OpenIdGateway:
    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def discover(self, issuer: str) -> Metadata:
        """ProviderWrong where there is none, or it calls itself something else."""
        where = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        found: Metadata = await self._get(where, Metadata)
        if found.issuer != issuer:
            raise ProviderWrong(
                f"The provider calls itself {found.issuer!r}: use exactly that.", field="issuer"
            )
        # People are sent there: a page of the provider's, and no less safe than its own address.
        scheme = urlsplit(issuer).scheme
        for where in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri):
            if urlsplit(where).scheme not in {"https", scheme}:
                raise _wrong("The provider names an address that is none of its own kind.")
        return found

    def authorization(
        self,
        metadata: Metadata,
        *,
        client_id: str,
        state: str,
        nonce: str,
        verifier: str,
        back: str,
        is_fresh: bool,
        expects: Expected,
    ) -> str:
        """Where to send the browser. `is_fresh` asks the provider to ask anew."""
        from authlib.oauth2.rfc7636 import (  # type: ignore[import-untyped]
            create_s256_code_challenge,
        )

        query = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": back,
            "scope": SCOPES,
            "state": state,
            "nonce": nonce,
            "code_challenge": create_s256_code_challenge(verifier),
            "code_challenge_method": "S256",
            "max_age": expects.max_age_seconds(is_fresh=is_fresh),
            **({"prompt": "login"} if is_fresh else {}),
            **({"acr_values": " ".join(expects.strong_acrs)} if expects.strong_acrs else {}),
            **({"claims": HOW_AND_WHEN} if metadata.claims_parameter_supported else {}),
        }
        mark = "&" if "?" in metadata.authorization_endpoint else "?"
        return f"{metadata.authorization_endpoint}{mark}{urlencode(query)}"

    async def exchange(
        self,
        metadata: Metadata,
        *,
        client_id: str,
        client_secret: str,
        code: str,
        verifier: str,
        back: str,
    ) -> dict[str, Any]:
        """The claims of the ID token, its signature checked; with the address from userinfo where
        the token has none. SsoRefused where the provider says no."""
        basic = base64.b64encode(f"{quote(client_id)}:{quote(client_secret)}".encode()).decode()
        body = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "code_verifier": verifier,
        }
        told = await self._call(
            "POST",
            metadata.token_endpoint,
            content=urlencode(body).encode(),
            headers={**FORM, "authorization": f"Basic {basic}"},
        )
        tokens = _read(told, _Tokens)
        claims = await self.verify(metadata, tokens.id_token)
        if "email" not in claims and metadata.userinfo_endpoint and tokens.access_token:
            claims = {**await self._userinfo(metadata, tokens.access_token, claims), **claims}
        return claims

    async def verify(self, metadata: Metadata, token: str) -> dict[str, Any]:
        """Signed by one of the provider's keys, with an algorithm that it and we allow."""
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        allowed = [
            name for name in metadata.id_token_signing_alg_values_supported if name in ALGORITHMS
        ]
        keys = await self._get(metadata.jwks_uri, dict[str, Any])
        try:
            header = check_compact(token)
            # A token that names no key fits the only one there is, and none of several.
            key_set = KeySet.import_key_set({"keys": fitting(keys, header["alg"])})
            decoded = jwt.decode(token, key_set, algorithms=allowed)
        except (JoseError, *WRONG) as reason:
            raise refused("its token is not signed as it should be") from reason
        return dict(decoded.claims)

    async def _userinfo(
        self, metadata: Metadata, access_token: str, claims: Mapping[str, Any]
    ) -> dict[str, Any]:
        assert metadata.userinfo_endpoint, "asked for only where there is one"
        headers = {"authorization": f"Bearer {access_token}", "accept": "application/json"}
        told = await self._call("GET", metadata.userinfo_endpoint, headers=headers)
        found = _read(told, dict[str, Any])
        if found.get("sub") != claims.get("sub"):
            raise refused("it speaks of two people")
        return {name: found[name] for name in ("email", "email_verified") if name in found}

    async def _get(self, url: str, kind: Any) -> Any:
        try:
            answer = await self._guard.send("GET", url, headers={"accept": "application/json"})
        except (NoAnswer, AddressRefused) as reason:
            raise _wrong("There is no answer from the provider's address.") from reason
        if answer.status != 200:
            raise _wrong("There is no provider at this address.")
        try:
            return msgspec.json.decode(answer.body, type=kind)
        except msgspec.MsgspecError as reason:
            raise _wrong("What is at this address is no provider.") from reason

    async def _call(
        self, method: str, url: str, *, headers: dict[str, str], content: bytes = b""
    ) -> bytes:
        try:
            answer = await self._guard.send(method, url, content=content, headers=headers)
        except (NoAnswer, AddressRefused) as reason:
            raise refused("it does not answer") from reason
        if answer.status != 200:
            raise refused("it took the code for wrong, or us for somebody else")
        return answer.body


def _wrong(said: str) -> ProviderWrong:
    return ProviderWrong(said, field="issuer")


class _Tokens(msgspec.Struct):
    id_token: str
    access_token: str = ""


def _read(body: bytes, kind: Any) -> Any:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError as reason:
        raise refused("what it answered cannot be read") from reason
