"""What many accounts take at once: an owner, a tag."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from tandem.crm.customers import service as customers
from tandem.crm.customers.domain.accounts import Account, AccountChange
from tandem.crm.customers.domain.records import Owning
from tandem.flows.bulk.kept import KeptAct, KeptKind
from tandem.kernel.db import Tx


class AccountAct(KeptAct, frozen=True, kw_only=True):
    """`assign` takes `owner_id`, and null takes their owner away; `tag` and `untag` a `tag`."""

    act: Literal["tag", "untag", "assign"]


class Accounts(KeptKind[AccountAct]):
    name = "account"
    one, many = "account", "accounts"
    home = "/accounts"
    act_type = AccountAct
    undoable: ClassVar = frozenset({"assign", "tag", "untag"})

    async def lock(self, tx: Tx, record_id: UUID) -> Account:
        return await customers.lock_account(tx, record_id)

    async def save_tags(self, tx: Tx, record: Account, given: list[str], *, now: datetime) -> None:
        await customers.change_account(tx, record, AccountChange(tags=given), now=now)

    async def assign(self, tx: Tx, record: Account, owning: Owning, *, now: datetime) -> None:
        await customers.assign_account(tx, record.id, owning, now=now)

    async def label(self, tx: Tx, record_id: UUID) -> str:
        return (await customers.get_account(tx, record_id)).number


ACCOUNTS = Accounts()
