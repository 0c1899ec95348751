"""The account's own switches, which the vendor has in its dashboard: webhook, auto-capture."""

from typing import Annotated

import msgspec

from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.loopback import check_loopback

WEBHOOK_PATH = "/v1/webhooks/razorpay"


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """`has_unique_receipts` refuses an order whose receipt was used before: the vendor's docs say
    that receipts have to be unique, and not what happens when one is not."""

    webhook_url: str | None
    webhook_secret: str
    old_webhook_secret: str | None = None
    is_auto_capturing: bool = False
    has_unique_receipts: bool = False


class AccountChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays. A new secret makes the present one the old one."""

    webhook_url: Annotated[str, msgspec.Meta(max_length=500)] | None = None
    webhook_secret: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] | None = None
    is_auto_capturing: bool | None = None
    has_unique_receipts: bool | None = None


def read_account(deps: Dependencies) -> Account:
    """As changed last; before that, as the sandbox was started."""
    row = deps.store.row("select * from razorpay_account where id = 1")
    if row is None:
        base = deps.settings.webhook_base
        return Account(
            webhook_url=f"{base.rstrip('/')}{WEBHOOK_PATH}" if base else None,
            webhook_secret=deps.settings.razorpay_webhook_secret,
        )
    return Account(
        webhook_url=row["webhook_url"],
        webhook_secret=row["webhook_secret"],
        old_webhook_secret=row["old_webhook_secret"],
        is_auto_capturing=bool(row["is_auto_capturing"]),
        has_unique_receipts=bool(row["has_unique_receipts"]),
    )


def change_account(deps: Dependencies, change: AccountChange) -> Account:
    """Refuses a webhook address that is not on this machine (`NotLoopback`)."""
    if change.webhook_url is not None:
        check_loopback(change.webhook_url)
    before = read_account(deps)
    given = {
        name: value for name, value in msgspec.structs.asdict(change).items() if value is not None
    }
    after = msgspec.structs.replace(before, **given)
    if after.webhook_secret != before.webhook_secret:
        after = msgspec.structs.replace(after, old_webhook_secret=before.webhook_secret)
    deps.store.run(
        """insert into razorpay_account (id, webhook_url, webhook_secret, old_webhook_secret,
                                         is_auto_capturing, has_unique_receipts)
           values (1, ?, ?, ?, ?, ?)
               on conflict (id) do update
              set webhook_url = excluded.webhook_url, webhook_secret = excluded.webhook_secret,
                  old_webhook_secret = excluded.old_webhook_secret,
                  is_auto_capturing = excluded.is_auto_capturing,
                  has_unique_receipts = excluded.has_unique_receipts""",
        (
            after.webhook_url,
            after.webhook_secret,
            after.old_webhook_secret,
            after.is_auto_capturing,
            after.has_unique_receipts,
        ),
    )
    return after
