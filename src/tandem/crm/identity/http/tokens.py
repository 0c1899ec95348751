"""Tokens for a person's own programs."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, post
from litestar.params import JSONBody

from tandem.crm.identity.http.sessions import DOOR
from tandem.crm.identity.service import tokens
from tandem.crm.identity.service.tokens import TokenGone, Tokens
from tandem.crm.identity.sessions import visitor_of
from tandem.kernel.actor import StepUpNeeded
from tandem.kernel.errors import Forbidden
from tandem.kernel.http import Now, Store, Transaction, refusals


class NewTokens(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"^[^\x00]*$")]


class Refreshing(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    refresh_token: Annotated[str, msgspec.Meta(min_length=20, max_length=100)]


class TokenController(Controller):
    path = "/v1"
    tags = ("identity",)

    @post("/me/tokens", opt={"idempotency": "own"}, responses=refusals(Forbidden, StepUpNeeded))
    async def open_tokens(
        self, data: JSONBody[NewTokens], request: Request[Any, Any, Any], tx: Transaction, now: Now
    ) -> Tokens:
        """Tokens for a program that works for you, in this company. They end with their session."""
        return await tokens.open_tokens(tx, name=data.name, visitor=visitor_of(request), now=now)

    @post("/tokens/refresh", opt=DOOR, responses=refusals(TokenGone))
    async def refresh(self, data: JSONBody[Refreshing], database: Store, now: Now) -> Tokens:
        """New tokens for a refresh token. It counts once: used again, it ends the session."""
        return await tokens.refresh(database, token=data.refresh_token, now=now)
