"""Accounts: companies, their hierarchy, and the people who belong to them."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.contracts.customers import CustomerChanged
from tandem.contracts.likeness import is_telling
from tandem.crm.customers.domain import check_tax_numbers
from tandem.crm.customers.domain.accounts import (
    CONTACTS_MAX,
    DEPTH_MAX,
    Account,
    AccountChange,
    AccountCircle,
    Membership,
    NewAccount,
    NewMembership,
    PossibleDuplicateAccount,
    normal_domain,
)
from tandem.crm.customers.domain.records import tidy_tags
from tandem.crm.customers.service.custom_fields import write_custom
from tandem.crm.customers.service.people import beside, get_customer
from tandem.crm.customers.store import accounts as store
from tandem.crm.customers.store import known
from tandem.crm.customers.store.adopting import lock_company
from tandem.crm.customers.store.people import NOTHING
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound
from tandem.kernel.fields import changeable
from tandem.kernel.ids import new_id
from tandem.kernel.pages import Page, decode_cursor, page_of


async def add_account(tx: Tx, new: NewAccount, *, now: datetime) -> Account:
    """A new account. Raises PossibleDuplicateAccount unless `allow_duplicate`."""
    tx.actor.require("customers.write")
    reach = tx.actor.reach("customers.write")
    account = Account(
        id=new_id(),
        number="",
        name=new.name.strip(),
        domain=normal_domain(new.domain) if new.domain else None,
        gstin=check_tax_numbers(new.gstin, None)[0],
        industry=new.industry.strip(),
        parent_id=new.parent_id,
        owner_id=tx.actor.standing.user_id if tx.actor.standing and not reach.is_all else None,
        team_id=None,
        territory_id=None,
        tags=tidy_tags(new.tags),
        custom={},
        version=1,
        created_at=now,
        updated_at=now,
    )
    custom = await write_custom(tx, "account", account.id, new.custom, {})
    account = msgspec.structs.replace(account, custom=custom)
    await lock_company(tx, account.name, account.domain)
    alike = await known.accounts(tx, account, tx.actor.reach("customers.read"))
    if is_telling(alike) and not new.allow_duplicate:
        raise PossibleDuplicateAccount(alike)
    await _check_parent(tx, account)
    await store.insert(tx, account, now)
    told = msgspec.to_builtins(new) | beside(alike)
    await _audit(tx, "customers.add_account", account, now, after=told)
    return await get_account(tx, account.id)


async def get_account(tx: Tx, account_id: UUID) -> Account:
    tx.actor.require("customers.read")
    return _reached(tx, await store.get(tx, account_id), "customers.read")


async def lock_account(tx: Tx, account_id: UUID) -> Account:
    tx.actor.require("customers.write")
    return _reached(tx, await store.lock(tx, account_id), "customers.write")


def _reached(tx: Tx, account: Account | None, permission: str) -> Account:
    if account is None or not tx.actor.reach(permission).holds(account):
        raise NotFound("There is no such account.")
    return account


async def change_account(
    tx: Tx, account: Account, change: AccountChange, *, now: datetime
) -> Account:
    """Apply what is given to an account from `lock_account`."""
    given: dict[str, Any] = {
        name: value
        for name, value in msgspec.structs.asdict(change).items()
        if value is not msgspec.UNSET
    }
    given = changeable(tx.actor, "account", given)
    if given.get("domain"):
        given["domain"] = normal_domain(given["domain"])
    if "gstin" in given:
        given["gstin"] = check_tax_numbers(given["gstin"], None)[0]
    if "tags" in given:
        given["tags"] = tidy_tags(given["tags"])
    if "custom" in given:
        given["custom"] = await write_custom(
            tx, "account", account.id, given["custom"], account.custom
        )
    changed = msgspec.structs.replace(account, **given)
    if changed.parent_id != account.parent_id:
        await _check_parent(tx, changed)
    await store.update(tx, changed, now)
    before, after = msgspec.to_builtins(account), msgspec.to_builtins(changed)
    await _audit(
        tx,
        "customers.change_account",
        account,
        now,
        before={name: before[name] for name in given},
        after={name: after[name] for name in given},
    )
    return await get_account(tx, account.id)


async def list_accounts(
    tx: Tx, *, text: str = "", limit: int, cursor: str | None = None
) -> Page[Account]:
    """By name; `text` is part of a name, or a whole number, domain or GSTIN."""
    tx.actor.require("customers.read")
    after: tuple[str, UUID] = ("", NOTHING)
    if cursor:
        name, account_id = decode_cursor(cursor, str, UUID)
        if "\x00" in name:
            raise Invalid("This cursor is not one of ours.", field="cursor")
        after = name, account_id
    rows = await store.list_accounts(
        tx, tx.actor.reach("customers.read"), text=text.strip(), after=after, limit=limit + 1
    )
    return page_of(rows, limit, lambda account: (account.name, account.id))


async def ids_of_accounts(tx: Tx, *, text: str = "", limit: int) -> list[UUID]:
    """Those that the list shows for a search, without reading them."""
    tx.actor.require("customers.read")
    return await store.ids(tx, tx.actor.reach("customers.read"), text=text.strip(), limit=limit)


async def list_children(tx: Tx, account_id: UUID) -> list[Account]:
    tx.actor.require("customers.read")
    reach = tx.actor.reach("customers.read")
    return [one for one in await store.children(tx, account_id) if reach.holds(one)]


async def list_members(tx: Tx, account_id: UUID) -> list[Membership]:
    """Who belongs to the account, the primary contact first."""
    await get_account(tx, account_id)
    return await store.members(tx, account_id)


async def list_memberships(tx: Tx, customer_id: UUID) -> list[Membership]:
    """Where somebody belongs."""
    await get_customer(tx, customer_id)
    return await store.memberships(tx, customer_id)


async def join_account(tx: Tx, account_id: UUID, new: NewMembership, *, now: datetime) -> None:
    """Give somebody a role at an account. A new primary contact takes the place of the old one."""
    await lock_account(tx, account_id)
    await get_customer(tx, new.customer_id)
    if len(await store.members(tx, account_id)) >= CONTACTS_MAX:
        raise Invalid(f"An account has {CONTACTS_MAX} contacts at most.")
    await store.join(
        tx,
        account_id,
        new.customer_id,
        role=new.role.strip(),
        is_primary=new.is_primary,
        now=now,
    )
    await tx.publish(CustomerChanged(customer_id=new.customer_id))


async def leave_account(
    tx: Tx, account_id: UUID, customer_id: UUID, *, role: str | None = None
) -> None:
    """End one role, or all of somebody's roles, at an account."""
    await lock_account(tx, account_id)
    if not await store.leave(tx, account_id, customer_id, role):
        raise NotFound("They have no such role at this account.")
    await tx.publish(CustomerChanged(customer_id=customer_id))


async def _check_parent(tx: Tx, account: Account) -> None:
    if account.parent_id is None:
        return
    parent = await store.get(tx, account.parent_id)
    if parent is None:
        raise NotFound("There is no such parent account.", field="parent_id")
    above = await store.above(tx, account.parent_id)
    if account.id in above:
        raise AccountCircle("An account cannot stand above itself.", field="parent_id")
    if len(above) >= DEPTH_MAX:
        raise Invalid(f"Accounts stand {DEPTH_MAX} deep at most.", field="parent_id")


async def _audit(
    tx: Tx,
    action: str,
    account: Account,
    now: datetime,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    await audit.write(
        tx,
        action=action,
        subject_kind="account",
        subject_id=account.id,
        now=now,
        before=before,
        after=after,
    )
