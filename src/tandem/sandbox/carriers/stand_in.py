"""The vendors plugged into the sandbox, and how tests steer what they report."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from litestar import Controller, Response, get, post, put
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException, NotFoundException
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler

from tandem.sandbox.carriers import letters, signing
from tandem.sandbox.carriers.accepting import MailControllers
from tandem.sandbox.carriers.events import EVENTS, whatsapp_inbound
from tandem.sandbox.carriers.letters import Hook
from tandem.sandbox.carriers.phones import PhoneControllers, talk
from tandem.sandbox.carriers.telling import send, tell
from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.faults import Target
from tandem.sandbox.loopback import check_loopback
from tandem.sandbox.webhooks import Sign

SIGNS: Mapping[str, Sign] = {
    "sendgrid": signing.sendgrid,
    "mailgun": signing.unsigned,
    "postmark": signing.basic,
    "ses": signing.sns_headers,
    "msg91": signing.unsigned,
    "whatsapp": signing.whatsapp,
}
ERRORS: Mapping[str, Callable[[int], dict[str, Any]]] = {
    "sendgrid": lambda status: {"errors": [{"message": f"sandbox fault {status}"}]},
    "mailgun": lambda status: {"message": f"sandbox fault {status}"},
    "postmark": lambda status: {"ErrorCode": 100, "Message": f"sandbox fault {status}"},
    "ses": lambda status: {"message": f"sandbox fault {status}"},
    "msg91": lambda status: {"type": "error", "message": f"sandbox fault {status}"},
    "whatsapp": lambda status: {"error": {"code": 131000, "message": f"sandbox fault {status}"}},
}


class NewHook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    url: str
    secret: str = ""


class NewEvent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For the newest message to the recipient, or the one with the vendor's id `letter`."""

    event: str
    recipient: str = ""
    letter: str = ""


class Inbound(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    phone: str
    text: str = "Hello"


def prepare(deps: Dependencies) -> None:
    deps.store.create(letters.DDL)
    for vendor, sign in SIGNS.items():
        deps.faults.declare(
            Target(name=vendor, prefix=f"/{vendor}", error_body=ERRORS[vendor], has_webhooks=True)
        )
        deps.webhooks.declare(vendor, sign=sign)


def routes() -> Sequence[ControllerRouterHandler]:
    return [*MailControllers, *PhoneControllers, CarriersController]


class CarriersController(Controller):
    path = "/sandbox/carriers"

    @get("/keys")
    async def keys(self) -> dict[str, str]:
        """What a customer of the vendors would copy from their settings."""
        return {
            "sendgrid_verification_key": signing.sendgrid_public_key(),
            "mailgun_signing_key": signing.MAILGUN_KEY,
            "ses_topic_arn": signing.TOPIC,
        }

    @put("/{vendor:str}/hook", status_code=204)
    async def set_hook(
        self,
        vendor: FromPath[str],
        data: JSONBody[NewHook],
        deps: NamedDependency[Dependencies],
    ) -> None:
        """Where reports go. SES confirms the subscription first, as SNS does."""
        _check(vendor)
        check_loopback(data.url)
        hook = Hook(vendor=vendor, url=data.url, secret=data.secret)
        letters.set_hook(deps.store, hook)
        if vendor == "ses":
            body = signing.sns_confirmation(base_url=deps.settings.base_url)
            send(deps, hook, event="confirmation", event_id="confirmation", body=body)

    @post("/{vendor:str}/events", status_code=202)
    async def tell_event(
        self,
        vendor: FromPath[str],
        data: JSONBody[NewEvent],
        deps: NamedDependency[Dependencies],
    ) -> None:
        _check(vendor)
        if data.event not in EVENTS:
            raise HTTPException(f"Events: {', '.join(sorted(EVENTS))}.", status_code=400)
        letter = letters.find_letter(
            deps.store, vendor, recipient=data.recipient, letter_id=data.letter
        )
        if letter is None:
            raise NotFoundException("No such message.")
        if not tell(deps, letter, data.event, after=0):
            raise HTTPException("No hook is set.", status_code=400)

    @post("/whatsapp/inbound", status_code=202)
    async def write_in(
        self, data: JSONBody[Inbound], deps: NamedDependency[Dependencies]
    ) -> Response[None]:
        """A person writes to the company's number."""
        talk(deps, data.phone)
        hook = letters.find_hook(deps.store, "whatsapp")
        if hook is not None:
            body = whatsapp_inbound(data.phone, data.text)
            send(deps, hook, event="inbound", event_id=data.phone, body=body)
        return Response(None, status_code=202)


def _check(vendor: str) -> None:
    if vendor not in SIGNS:
        raise NotFoundException(f"Vendors: {', '.join(sorted(SIGNS))}.")
