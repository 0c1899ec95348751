"""Where providers tell what became of messages: proven, kept as it came, answered at once.

What it means is worked out later (handlers). Whatever is forged, and whatever names a provider that
is not there, gets the same 401.
"""

import hashlib
from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.enums import MediaType
from litestar.params import FromPath, QueryParameter

from tandem.crm.notifications.domain.inbox_names import inbox_name
from tandem.crm.notifications.domain.providers import Kind
from tandem.crm.notifications.gateways.callbacks import Asked, Notices, is_proven
from tandem.crm.notifications.gateways.callbacks.proofs import token_of
from tandem.crm.notifications.gateways.carriers import Way
from tandem.crm.notifications.gateways.port import Site
from tandem.crm.notifications.service import providers as service
from tandem.kernel import inbox
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.errors import TooLarge, Unauthenticated
from tandem.kernel.http import PUBLIC, Given, Now, Store, limited, refusals
from tandem.kernel.limits import Limit

REPORT_BYTES_MAX = 1024 * 1024
"""SendGrid gathers events up to 768 KB and sends what is refused again and again."""
REPORTS_LIMIT = Limit(name="provider_reports", count=12_000, seconds=60)
"""All reports of a vendor come from a few addresses: a campaign must not run into the limit."""
ANSWERS = Annotated[str, QueryParameter(name="hub.challenge", max_length=200)]
TOKEN = Annotated[str, QueryParameter(name="hub.verify_token", max_length=200)]
LABEL = "Message provider"
NOTHING_TO_SAY = '<?xml version="1.0" encoding="UTF-8"?><Response/>'


class ProviderReportsController(Controller):
    path = "/v1/provider-callbacks"
    tags = ("notifications",)

    @post(
        "/{kind:str}/{org_id:uuid}/{provider_id:uuid}",
        status_code=200,
        opt={**PUBLIC, "cross_site": True, **limited(REPORTS_LIMIT)},
        request_max_body_size=REPORT_BYTES_MAX,
        responses=refusals(Unauthenticated, TooLarge),
    )
    async def take(
        self,
        kind: FromPath[str],
        org_id: FromPath[UUID],
        provider_id: FromPath[UUID],
        request: Request[Any, Any, Any],
        database: Store,
        resources: Given,
        now: Now,
    ) -> Response[str]:
        """Reports of a company's own provider: SES, SendGrid, Mailgun, Postmark, Twilio, MSG91,
        WhatsApp, or bounced mail as it came (`smtp`, message/rfc822); and what people write to its
        numbers, of which STOP, START and HELP are obeyed."""
        way = await _way(database, org_id, provider_id, kind)
        asked = await _asked(request, resources.get(Site).base_url)
        notices = resources.get(Notices)
        if way.kind is Kind.SES:
            is_good = await notices.is_proven(way, asked.body)
        else:
            is_good = is_proven(way, asked)
        if not is_good:
            raise _unproven()
        if way.kind is Kind.SES and await notices.confirm(way, asked.body):
            return _taken(way)
        async with database.transaction(Actor.system(org_id, LABEL)) as tx:
            await inbox.keep(
                tx,
                provider=inbox_name(way.kind, provider_id),
                delivery_id=_delivery_id(way, asked),
                subject=_subject(way, asked),
                body=asked.body,
                headers={},
                now=now,
            )
        return _taken(way)

    @get(
        "/{kind:str}/{org_id:uuid}/{provider_id:uuid}",
        opt={**PUBLIC, **limited(REPORTS_LIMIT)},
        media_type=MediaType.TEXT,
        responses=refusals(Unauthenticated),
    )
    async def shake_hands(
        self,
        kind: FromPath[str],
        org_id: FromPath[UUID],
        provider_id: FromPath[UUID],
        database: Store,
        answer: ANSWERS = "",
        token: TOKEN = "",
    ) -> Response[str]:
        """Meta (WhatsApp) asks whether this address is ours before it tells anything."""
        way = await _way(database, org_id, provider_id, kind)
        if way.kind is not Kind.WHATSAPP or not service.is_callback_secret(way, token):
            raise _unproven()
        return Response(answer, media_type=MediaType.TEXT)


def _taken(way: Way) -> Response[str]:
    """Twilio reads the answer: an empty one says that there is nothing to send back."""
    if way.kind is Kind.TWILIO:
        return Response(NOTHING_TO_SAY, media_type="text/xml")
    return Response("", media_type=MediaType.TEXT)


async def _way(database: Database, org_id: UUID, provider_id: UUID, kind: str) -> Way:
    async with database.transaction(Actor.system(org_id, LABEL)) as tx:
        way = await service.find_way(tx, provider_id)
    if way is None or way.kind != kind:
        raise _unproven()
    return way


async def _asked(request: Request[Any, Any, Any], base_url: str) -> Asked:
    """The address is the one we gave, whatever stands between the provider and us."""
    query = f"?{request.url.query}" if request.url.query else ""
    return Asked(
        url=f"{base_url.rstrip('/')}{request.url.path}{query}",
        headers={name.lower(): value for name, value in request.headers.items()},
        query={name: str(value) for name, value in request.query_params.items()},
        body=await request.body(),
    )


def _subject(way: Way, asked: Asked) -> str:
    """Our message's id, where the address is signed too (Twilio's); elsewhere it means nothing."""
    if way.kind is not Kind.TWILIO:
        return ""
    try:
        return str(UUID(asked.query.get("message", "")))
    except ValueError:
        return ""


def _delivery_id(way: Way, asked: Asked) -> str:
    """The same bytes are the same delivery; where only a token is signed, it is what counts."""
    if way.kind is Kind.MAILGUN:
        return f"token:{token_of(asked.body)}"
    return hashlib.sha256(asked.body + _subject(way, asked).encode()).hexdigest()


def _unproven() -> Unauthenticated:
    return Unauthenticated("Nothing here is signed by a provider of this company.")
