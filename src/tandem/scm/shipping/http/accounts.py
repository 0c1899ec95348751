"""Carriers that tell of parcels by themselves: their accounts, and the door they knock at."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, delete, get, post
from litestar.params import FromPath, JSONBody

from tandem.kernel import inbox, references
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Forbidden, Invalid, NotFound, TooLarge
from tandem.kernel.http import PUBLIC, Now, Store, Transaction, limited, refusals
from tandem.kernel.http.webhooks import Received, WebhookOperation
from tandem.kernel.limits import Limit
from tandem.kernel.pages import Page
from tandem.scm.shipping.domain.notices import (
    AccountName,
    AccountNameTaken,
    BadCarrierSignature,
    CarrierAccount,
    Form,
    NotANotice,
    read_notice,
)
from tandem.scm.shipping.service import accounts

WEBHOOK_LIMIT = Limit(name="carrier_webhooks", count=6_000, seconds=60)
"""All of a carrier's webhooks come from a few addresses."""


class NewCarrierAccount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`form` is how it writes: `easypost`'s tracker events, or our own `tandem`."""

    name: AccountName
    form: Form = Form.TANDEM


class MadeCarrierAccount(msgspec.Struct, frozen=True, kw_only=True):
    """`secret` is shown this once: the sender signs with it, HMAC-SHA256 over the raw body, as
    `X-Hmac-Signature: hmac-sha256-hex=…`. `path` is where it sends to."""

    account: CarrierAccount
    secret: str
    path: str


class NewSecret(msgspec.Struct, frozen=True, kw_only=True):
    secret: str


class CarrierAccountController(Controller):
    path = "/v1/carrier-accounts"
    tags = ("shipping",)

    @get("/", responses=refusals(Forbidden))
    async def list_accounts(self, tx: Transaction) -> Page[CarrierAccount]:
        return Page(items=await accounts.list_accounts(tx))

    @post("/", responses=refusals(Forbidden, AccountNameTaken))
    async def add_account(
        self, data: JSONBody[NewCarrierAccount], tx: Transaction, now: Now
    ) -> MadeCarrierAccount:
        """Let a carrier or a tracking service report parcels by their carrier's number."""
        account, secret = await accounts.add_account(tx, name=data.name, form=data.form, now=now)
        return MadeCarrierAccount(
            account=account, secret=secret, path=f"/v1/webhooks/carriers/{account.id}"
        )

    @post("/{carrier_id:uuid}/secret", responses=refusals(Forbidden, NotFound))
    async def rotate_secret(
        self, carrier_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> NewSecret:
        """Another secret; the previous one is taken until the next change."""
        return NewSecret(secret=await accounts.rotate_secret(tx, carrier_id, now=now))

    @delete("/{carrier_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def remove_account(self, carrier_id: FromPath[UUID], tx: Transaction, now: Now) -> None:
        await accounts.remove_account(tx, carrier_id, now=now)


class CarrierWebhookController(Controller):
    path = "/v1/webhooks/carriers"
    tags = ("shipping",)

    @post(
        "/{carrier_id:uuid}",
        status_code=200,
        opt={**PUBLIC, "cross_site": True, **limited(WEBHOOK_LIMIT)},
        request_max_body_size=inbox.BODY_MAX,
        operation_class=WebhookOperation,
        responses=refusals(BadCarrierSignature, Invalid, TooLarge),
    )
    async def receive(
        self,
        carrier_id: FromPath[UUID],
        request: Request[Any, Any, Any],
        database: Store,
        now: Now,
    ) -> Received:
        """Take a signed notice, however late. Its id counts once, however often it comes."""
        body = await request.body()
        signature = request.headers.get("x-hmac-signature", "")
        org_id = await references.find_org(
            database, accounts.SYSTEM, accounts.KIND, str(carrier_id)
        )
        if org_id is None:
            raise BadCarrierSignature("The signature does not fit this body.")
        async with database.transaction(Actor.system(org_id, "Carrier")) as tx:
            account = await accounts.genuine_account(tx, carrier_id, body, signature, now)
            if account is None:
                raise BadCarrierSignature("The signature does not fit this body.")
            try:
                notice = read_notice(account.form, body)
            except NotANotice as reason:
                raise Invalid(f"This tells nothing of a parcel: {str(reason)[:200]}") from reason
            await inbox.keep(
                tx,
                provider=f"{accounts.PROVIDER}{account.form}",
                delivery_id=f"{carrier_id}:{notice.id}",
                subject=notice.awb,
                body=body,
                headers={},
                now=now,
            )
        return Received()
