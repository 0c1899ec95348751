"""Nobody hands out more than they hold."""

from tandem.kernel.actor import Actor
from tandem.kernel.errors import Forbidden


def check_may_give(actor: Actor, grants: list[str]) -> None:
    """Nobody hands out more than they hold."""
    for grant in grants:
        if not actor.may(grant):
            raise Forbidden(f"You cannot give {grant!r}: you do not have it.", permission=grant)
