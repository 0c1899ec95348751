"""Settings of the outside systems: is each one set, does it answer, what did it last refuse."""

from typing import Any
from urllib.parse import urlsplit

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.crm.notifications import service as notifications
from tandem.crm.notifications.domain.messages import Channel, State
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.http import COMPUTES, Acting, Given, Store, Transaction
from tandem.kernel.resources import Resources
from tandem.scm.delivery import service as delivery
from tandem.scm.payments import service as payments
from tandem.scm.payments.domain import ExceptionKind
from tandem.web.rendering import page

AnyRequest = Request[Any, Any, Any]


class Integration(msgspec.Struct, frozen=True, kw_only=True):
    """`is_stand_in`: ours plays the other side. `light` is good, warn, bad or empty (not set)."""

    name: str
    title: str
    purpose: str
    variables: tuple[str, ...]
    address: str
    is_set: bool
    is_stand_in: bool
    last_error: str = ""
    guide: str = ""

    @property
    def light(self) -> str:
        if not self.is_set:
            return ""
        return "bad" if self.last_error else "warn" if self.is_stand_in else "good"


class IntegrationsPage(Controller):
    path = "/settings/integrations"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        tx.actor.require("identity.read")
        return await _page(request, tx)

    @post("/{name:str}/test", status_code=200, opt=COMPUTES)
    async def test(
        self,
        request: AnyRequest,
        name: FromPath[str],
        actor: Acting,
        database: Store,
        resources: Given,
    ) -> Response[Any]:
        """Calls the other side with no transaction open."""
        actor.require("identity.settings")
        said = await _ask(request.app.state.settings, resources, name)
        return await _answer(request, database, actor, name, said)


async def _ask(settings: Any, resources: Resources, name: str) -> str:
    """What is wrong with it, in its own words; empty when it answers."""
    key = settings.google_maps_server_key
    match name:
        case "razorpay":
            return await payments.check_connection(resources)
        case "email" | "sms":
            return await notifications.check_connection(resources, Channel(name))
        case "google" if key:
            return await delivery.check_google(base_url=settings.google_maps_url, key=key)
        case _:
            raise NotFound("There is nothing to test.")


async def _answer(
    request: AnyRequest, database: Database, actor: Actor, name: str, said: str
) -> Response[Any]:
    async with database.transaction(actor) as tx:
        return await _page(request, tx, tested=name, said=said)


async def _page(request: AnyRequest, tx: Tx, *, tested: str = "", said: str = "") -> Response[Any]:
    return page(
        request,
        "console/settings/integrations.html",
        integrations=await _integrations(tx, request.app.state.settings),
        tested=tested,
        said=said,
    )


async def _integrations(tx: Tx, settings: Any) -> list[Integration]:
    sandbox = settings.sandbox_url
    return [
        Integration(
            name="razorpay",
            title="Razorpay",
            purpose="Takes the buyers' payments and gives refunds.",
            variables=(
                "TANDEM_RAZORPAY_KEY_ID",
                "TANDEM_RAZORPAY_KEY_SECRET",
                "TANDEM_RAZORPAY_WEBHOOK_SECRET",
            ),
            address=settings.razorpay_base_url,
            is_set=bool(settings.razorpay_key_id),
            is_stand_in=bool(sandbox) and settings.razorpay_base_url.startswith(sandbox),
            last_error=await _refused_request(tx),
        ),
        Integration(
            name="email",
            title="E-mail",
            purpose="Confirmations, invoices and tracking links by SMTP.",
            variables=("TANDEM_SMTP_URL", "TANDEM_MAIL_FROM"),
            address=_without_password(settings.smtp_url),
            is_set=bool(settings.smtp_url),
            is_stand_in=bool(sandbox) and _is_near(settings.smtp_url),
            last_error=await _failed(tx, Channel.EMAIL),
        ),
        Integration(
            name="sms",
            title="Text messages",
            purpose="Tracking links and door codes by text.",
            variables=("TANDEM_SMS_ACCOUNT_SID", "TANDEM_SMS_AUTH_TOKEN", "TANDEM_SMS_FROM"),
            address=settings.sms_base_url,
            is_set=bool(settings.sms_account_sid),
            is_stand_in=bool(sandbox) and settings.sms_base_url.startswith(sandbox),
            last_error=await _failed(tx, Channel.SMS),
        ),
        Integration(
            name="google",
            title="Google Maps",
            purpose="Finds addresses, plans routes and draws the map. Without it, the demo streets "
            "or your own tiles.",
            variables=("TANDEM_GOOGLE_MAPS_SERVER_KEY", "TANDEM_GOOGLE_MAPS_BROWSER_KEY"),
            address=settings.google_maps_url if settings.google_maps_server_key else "",
            is_set=bool(settings.google_maps_server_key),
            is_stand_in=False,
        ),
    ]


async def _failed(tx: Tx, channel: Channel) -> str:
    """The newest message by this channel, if it failed: an old failure is not the state of now."""
    if not tx.actor.may("notifications.read"):
        return ""
    newest = await notifications.list_messages(tx, limit=1, cursor=None, channel=channel)
    return next((each.error for each in newest.items if each.state is State.FAILED), "")


async def _refused_request(tx: Tx) -> str:
    if not tx.actor.may("payments.read"):
        return ""
    found = await payments.list_exceptions(
        tx,
        is_open=True,
        kind=ExceptionKind.REQUEST_REFUSED,
        order_id=None,
        limit=1,
        cursor=None,
    )
    return found.items[0].detail if found.items else ""


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}" if parts.hostname else ""


def _is_near(url: str) -> bool:
    return urlsplit(url).hostname in {"127.0.0.1", "localhost", "::1"}
