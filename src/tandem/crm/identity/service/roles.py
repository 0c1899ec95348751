"""Roles: ready-made ones, and those the company makes itself."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from tandem.crm.identity.domain.roles import (
    FIELDS,
    READY_MADE,
    SCOPED,
    Role,
    RoleInUse,
    RoleKeyTaken,
    RoleReadyMade,
    split,
)
from tandem.crm.identity.service.granting import check_administrator_left, check_may_give_role
from tandem.crm.identity.store import members as members_store
from tandem.crm.identity.store import roles as roles_store
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound

ROLES_MAX = 100


async def list_roles(tx: Tx) -> list[Role]:
    """Ready-made ones first."""
    tx.actor.require("identity.read")
    return await roles_store.list_roles(tx)


async def get_role(tx: Tx, key: str) -> Role:
    found = next((role for role in await list_roles(tx) if role.key == key), None)
    if found is None:
        raise NotFound("There is no such role.")
    return found


async def add_ready_made(tx: Tx) -> None:
    """For a company that is being founded."""
    for role in READY_MADE:
        await roles_store.insert_role(tx, role)


async def add_role(tx: Tx, role: Role, *, now: datetime) -> Role:
    """A role of the company's own. Refuses grants the maker lacks, taken keys, unknown fields."""
    tx.actor.require("identity.roles")
    tx.actor.require_fresh(now)
    _check(role)
    check_may_give_role(tx.actor, role)
    await members_store.lock_company(tx)
    if len(await roles_store.list_roles(tx)) >= ROLES_MAX:
        raise RoleKeyTaken(f"A company has {ROLES_MAX} roles at most.")
    made = msgspec.structs.replace(role, is_ready_made=False)
    if not await roles_store.insert_role(tx, made):
        raise RoleKeyTaken("There is a role with this key already.", field="key")
    await _tell(tx, "role.added", now, key=role.key, after=_facts(made))
    return await get_role(tx.with_all_grants(), role.key)


async def change_role(tx: Tx, key: str, change: Mapping[str, Any], *, now: datetime) -> Role:
    """Change a role of the company's own. What it could before and after must be the changer's to
    give; the change reaches everybody who holds it within a second."""
    tx.actor.require("identity.roles")
    tx.actor.require_fresh(now)
    await members_store.lock_company(tx)
    before = await get_role(tx.with_all_grants(), key)
    if before.is_ready_made:
        raise RoleReadyMade("A ready-made role stays as it is. Copy it and change the copy.")
    after = msgspec.structs.replace(before, **change)
    _check(after)
    check_may_give_role(tx.actor, before)
    check_may_give_role(tx.actor, after)
    await roles_store.update_role(tx, after)
    await check_administrator_left(tx)
    await _tell(tx, "role.changed", now, key=key, before=_facts(before), after=_facts(after))
    return await get_role(tx.with_all_grants(), key)


async def remove_role(tx: Tx, key: str, *, now: datetime) -> None:
    """A role of the company's own that nobody holds."""
    tx.actor.require("identity.roles")
    await members_store.lock_company(tx)
    role = await get_role(tx.with_all_grants(), key)
    if role.is_ready_made:
        raise RoleReadyMade("A ready-made role stays.")
    check_may_give_role(tx.actor, role)
    if holders := await tx.value(roles_store.COUNT_HOLDERS, key=key):
        raise RoleInUse(f"{holders} people hold this role. Give them another one first.")
    await tx.run(roles_store.DELETE_ROLE, key=key)
    await _tell(tx, "role.removed", now, key=key, before=_facts(role))


def _check(role: Role) -> None:
    for place, grant in enumerate(role.grants):
        permission, scope = split(grant)
        if scope != "all" and permission not in SCOPED:
            raise Invalid(
                f"{permission!r} is for the whole company; it has no narrower scope.",
                field=f"grants[{place}]",
            )
    for name in ("hidden", "read_only"):
        for place, field in enumerate(getattr(role, name)):
            resource, _, column = field.partition(".")
            if resource not in FIELDS or column not in FIELDS[resource][1]:
                raise Invalid(f"{field!r} cannot be kept back.", field=f"{name}[{place}]")


def _facts(role: Role) -> dict[str, Any]:
    return {
        "name": role.name,
        "grants": role.grants,
        "hidden": role.hidden,
        "read_only": role.read_only,
    }


async def _tell(tx: Tx, action: str, now: datetime, *, key: str, **facts: Any) -> None:
    marked = {when: {"key": key, **values} for when, values in facts.items()}
    await audit.write(
        tx,
        action=action,
        subject_kind="role",
        subject_id=tx.actor.org_id,
        now=now,
        **marked,
    )
