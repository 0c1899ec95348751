"""What somebody who is seen as another person may not do, whatever that person may.

Nothing of how people sign in and what they may is changed by proxy: no keys, passwords, factors,
sessions, roles. Without `may_write` nothing at all is changed.
"""

from typing import Any

from tandem.kernel.actor import Actor
from tandem.kernel.errors import Forbidden
from tandem.kernel.http.access import SAFE_METHODS
from tandem.kernel.http.noting import COMPUTES

ALWAYS: dict[str, Any] = {"stand_in": "always"}
"""Route `opt`: ending it, and signing out."""
SIGNING_OUT = frozenset({"/v1/sessions/current", "/sign-out"})
OWN_AFFAIRS = (
    "/v1/me",
    "/v1/sessions",
    "/v1/api-keys",
    "/v1/users",
    "/v1/members",
    "/v1/roles",
    "/v1/teams",
    "/v1/territories",
    "/v1/invitations",
    "/v1/impersonations",
    "/v1/webhook-endpoints",
    "/v1/scim",
    "/v1/shares",
    "/v1/sign-in",
    "/scim",
    "/v1/company",
    "/settings",
    "/security",
    "/account",
    "/companies",
    "/invitation",
)
"""Where people, their rights and their ways to sign in are changed."""


class StandingIn(Forbidden):
    code = "standing_in"


def check_stand_in(actor: Actor | None, scope: Any) -> None:
    if actor is None or actor.impersonator is None or scope["method"] in SAFE_METHODS:
        return
    opt = scope["route_handler"].opt
    if opt.get("stand_in") == "always" or scope["path"] in SIGNING_OUT:
        return
    if opt.get("unaudited") == COMPUTES["unaudited"]:
        return
    if not actor.impersonator.may_write:
        raise StandingIn("You see this as somebody else, to read only. End that first.")
    if scope["path"].startswith(OWN_AFFAIRS):
        raise StandingIn("People, rights and keys are not changed as somebody else.")
