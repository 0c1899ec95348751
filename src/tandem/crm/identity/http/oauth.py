"""OAuth 2 endpoints. They speak the RFCs' words, not problem details."""

import base64
import binascii
import re
from datetime import datetime
from typing import Any
from urllib.parse import unquote_plus

from litestar import Controller, Request, Response, post

from tandem.crm.identity.domain.keys import OpenKey
from tandem.crm.identity.domain.roles import Grant
from tandem.crm.identity.service import oauth
from tandem.crm.identity.service.oauth import OauthError
from tandem.kernel.db import Database
from tandem.kernel.http import PUBLIC, Now, Store, limited
from tandem.kernel.http.access import client_address
from tandem.kernel.limits import Limit

AnyRequest = Request[Any, Any, Any]
Answer = Response[dict[str, Any]]
TOKEN_LIMIT = Limit(name="oauth", count=120, seconds=60)
FIELD_LENGTH_MAX = 2000
SCOPE = re.compile(Grant.__metadata__[0].pattern)  # type: ignore[attr-defined]
OPEN = {**PUBLIC, **limited(TOKEN_LIMIT)}


class OauthController(Controller):
    path = "/v1/oauth"
    tags = ("identity",)

    @post("/token", opt=OPEN, status_code=200)
    async def token(self, request: AnyRequest, database: Store, now: Now) -> Answer:
        """A short-lived access token for a client (`grant_type=client_credentials`, form-encoded).

        The client signs in with HTTP Basic or `client_id` and `client_secret`; `scope` is a list of
        permissions with spaces, all of the client's when it is left out.
        """
        try:
            form = await _form(request)
            client = await _client(request, form, database, now)
            if form.get("grant_type") != "client_credentials":
                raise OauthError("unsupported_grant_type", "Only client_credentials is served.")
            scopes = form.get("scope", "").split()
            if not all(SCOPE.match(scope) for scope in scopes):
                raise OauthError("invalid_scope", "A scope looks like orders.read.")
            granted = await oauth.grant(database, client, scopes, now=now)
        except OauthError as error:
            return _refused(error)
        return _answer(
            {
                "access_token": granted.access_token,
                "token_type": granted.token_type,
                "expires_in": granted.expires_in,
                "scope": granted.scope,
            }
        )

    @post("/revocation", opt=OPEN, status_code=200)
    async def revoke(self, request: AnyRequest, database: Store, now: Now) -> Answer:
        """End a token of this client (RFC 7009). Unknown tokens are answered alike."""
        try:
            form = await _form(request)
            client = await _client(request, form, database, now)
            await oauth.revoke(database, client, form.get("token", ""), now=now)
        except OauthError as error:
            return _refused(error)
        return _answer({})

    @post("/introspection", opt=OPEN, status_code=200)
    async def introspect(self, request: AnyRequest, database: Store, now: Now) -> Answer:
        """Whether a token of this client is good, and for what (RFC 7662)."""
        try:
            form = await _form(request)
            client = await _client(request, form, database, now)
            client_id, _ = _credentials(request, form)
            token = form.get("token", "")
            found = await oauth.introspect(database, client, client_id, token, now=now)
        except OauthError as error:
            return _refused(error)
        return _answer(found)


async def _form(request: AnyRequest) -> dict[str, str]:
    """Each field once (RFC 6749, 3.2), all of them text."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise OauthError("invalid_request", "Send application/x-www-form-urlencoded.")
    fields: dict[str, str] = {}
    for name, value in (await request.form()).multi_items():
        if name in fields or len(str(value)) > FIELD_LENGTH_MAX:
            raise OauthError("invalid_request", "A field comes twice or is too long.")
        fields[name] = str(value)
    return fields


async def _client(
    request: AnyRequest, form: dict[str, str], database: Database, now: datetime
) -> OpenKey:
    client_id, secret = _credentials(request, form)
    return await oauth.client_of(
        database, client_id, secret, address=client_address(request.scope), now=now
    )


def _credentials(request: AnyRequest, form: dict[str, str]) -> tuple[str, str]:
    """(the client's id, its secret) by HTTP Basic or in the form."""
    client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    header = request.headers.get("authorization", "")
    if not header:
        return client_id, secret
    if secret:
        raise OauthError("invalid_request", "Sign in one way, not two (RFC 6749, 2.3).")
    return _basic(header)


def _basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    try:
        if scheme.lower() != "basic":
            raise ValueError(scheme)
        text = base64.b64decode(encoded.strip(), validate=True).decode("ascii")
    except (ValueError, binascii.Error, UnicodeDecodeError) as reason:
        raise OauthError("invalid_client", "The client or its secret is not known.") from reason
    client_id, _, secret = text.partition(":")
    return unquote_plus(client_id), unquote_plus(secret)


def _answer(body: dict[str, Any], status: int = 200, **headers: str) -> Answer:
    return Response(
        body,
        status_code=status,
        media_type="application/json",
        headers={"cache-control": "no-store", "pragma": "no-cache", **headers},
    )


def _refused(error: OauthError) -> Answer:
    challenge = {"www-authenticate": 'Basic realm="tandem"'} if error.status == 401 else {}
    body = {"error": error.error, "error_description": error.description}
    return _answer(body, error.status, **challenge)
