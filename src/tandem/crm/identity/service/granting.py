"""Nobody hands out more than they hold, and the company keeps an administrator."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from tandem.crm.identity.domain.access import holds
from tandem.crm.identity.domain.people import LastAdministrator
from tandem.crm.identity.domain.roles import MoreThanHeld, Role, with_copies
from tandem.crm.identity.store import members as members_store
from tandem.crm.identity.store import roles as roles_store
from tandem.kernel.actor import Actor
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid


def check_may_give(actor: Actor, grants: Iterable[str]) -> None:
    """Each with a scope that reaches at least as far."""
    for grant in grants:
        if not holds(actor, grant):
            raise MoreThanHeld(
                f"You cannot give or take {grant!r}: you do not have it.", permission=grant
            )


def check_may_give_role(actor: Actor, role: Role) -> None:
    """The role's grants, and that it keeps back the fields that are kept from the giver."""
    check_may_give(actor, role.grants)
    for field in sorted(actor.hidden - with_copies(role.hidden)):
        raise MoreThanHeld(f"{field!r} is hidden from you; the role would show it.", field=field)
    for field in sorted(actor.read_only - {*with_copies(role.hidden), *role.read_only}):
        raise MoreThanHeld(f"You cannot change {field!r}; the role could.", field=field)


async def roles_named(tx: Tx, keys: Sequence[str], *, field: str) -> list[Role]:
    """These roles, in this order. Refuses a key that is no role's."""
    known = {role.key: role for role in await roles_store.list_roles(tx)}
    for key in keys:
        if key not in known:
            raise Invalid(f"There is no role {key!r}.", field=field)
    return [known[key] for key in dict.fromkeys(keys)]


async def check_administrator_left(tx: Tx, *, besides: UUID | None = None) -> None:
    """Under `lock_company`: somebody must still be able to undo a change. `besides` is who will be
    an administrator no more."""
    if tx.actor.kind == "system":
        return
    if not await members_store.count_administrators(tx, except_id=besides):
        raise LastAdministrator(
            "This would leave the company without an administrator. Name another one first."
        )
