"""What is registered for texts: the company with DLT, each text, and a look at whether one fits."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, delete, get, post, put
from litestar.params import FromPath, JSONBody

from tandem.crm.notifications.domain.messages import SERVICE
from tandem.crm.notifications.domain.registered import (
    Ask,
    NewRegisteredText,
    NewRegistration,
    RegisteredText,
    RegisteredTextMissing,
    RegisteredTextTaken,
    Registration,
    TooManyRegisteredTexts,
    Verdict,
)
from tandem.crm.notifications.domain.texts import segments
from tandem.crm.notifications.service import registered as service
from tandem.kernel.errors import Forbidden, Invalid, NotFound, StaleVersion
from tandem.kernel.http import (
    COMPUTES,
    IfMatch,
    Now,
    Transaction,
    check_if_match,
    etag,
    refusals,
)
from tandem.kernel.patterns import whole

Phone = Annotated[str, msgspec.Meta(pattern=whole(r"\+[1-9]\d{6,14}"))]
Words = Annotated[str, msgspec.Meta(min_length=1, max_length=1_600, pattern=r"^[^\x00]*$")]
Purpose = Annotated[str, msgspec.Meta(pattern=whole("[a-z_]{1,40}"))]


class TextCheck(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    text: Words
    phone: Phone
    purpose: Purpose = SERVICE


class TextVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """`parts` is how many texts it costs (GSM 03.38, else UCS-2)."""

    verdict: Verdict
    parts: int


class DltController(Controller):
    path = "/v1"
    tags = ("notifications",)

    @get("/dlt-registration", responses=refusals(Forbidden, NotFound))
    async def get_registration(self, tx: Transaction) -> Response[Registration]:
        """The company's entity id and headers."""
        found = await service.get_registration(tx)
        if found is None:
            raise NotFound("The company has no DLT registration.")
        return Response(found, headers=etag(found.version))

    @put("/dlt-registration", responses=refusals(Forbidden, Invalid, StaleVersion))
    async def save_registration(
        self,
        data: JSONBody[NewRegistration],
        tx: Transaction,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response[Registration]:
        """Set it; with `is_enforced` no unregistered text leaves for +91 any more."""
        tx.actor.require("notifications.configure")
        before = await service.get_registration(tx)
        check_if_match(if_match, before.version if before else 0)
        saved = await service.save_registration(tx, data, now=now)
        return Response(saved, headers=etag(saved.version))

    @get("/registered-texts", responses=refusals(Forbidden))
    async def list_texts(self, tx: Transaction) -> list[RegisteredText]:
        """DLT templates and WhatsApp templates, as they were registered."""
        return await service.list_texts(tx)

    @post(
        "/registered-texts",
        responses=refusals(Forbidden, Invalid, RegisteredTextTaken, TooManyRegisteredTexts),
    )
    async def add_text(
        self, data: JSONBody[NewRegisteredText], tx: Transaction, now: Now
    ) -> RegisteredText:
        """Add one: `{#var#}` stands for a DLT variable, `{{1}}` for one of WhatsApp."""
        return await service.add_text(tx, data, now=now)

    @get("/registered-texts/{text_id:uuid}", responses=refusals(Forbidden, RegisteredTextMissing))
    async def get_text(self, text_id: FromPath[UUID], tx: Transaction) -> Response[RegisteredText]:
        found = await service.get_text(tx, text_id)
        return Response(found, headers=etag(found.version))

    @put(
        "/registered-texts/{text_id:uuid}",
        responses=refusals(
            Forbidden, Invalid, RegisteredTextMissing, RegisteredTextTaken, StaleVersion
        ),
    )
    async def change_text(
        self,
        text_id: FromPath[UUID],
        data: JSONBody[NewRegisteredText],
        tx: Transaction,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response[RegisteredText]:
        """Its registry stays."""
        tx.actor.require("notifications.configure")
        check_if_match(if_match, (await service.get_text(tx, text_id)).version)
        changed = await service.change_text(tx, text_id, data, now=now)
        return Response(changed, headers=etag(changed.version))

    @delete(
        "/registered-texts/{text_id:uuid}",
        status_code=204,
        responses=refusals(Forbidden, RegisteredTextMissing),
    )
    async def remove_text(self, text_id: FromPath[UUID], tx: Transaction, now: Now) -> None:
        """Texts like it are refused from now on, where registration is enforced."""
        await service.remove_text(tx, text_id, now=now)

    @post("/dlt-checks", status_code=200, opt=COMPUTES, responses=refusals(Forbidden, Invalid))
    async def check_text(self, data: JSONBody[TextCheck], tx: Transaction) -> TextVerdict:
        """May this text leave for this number, as which template, or how does it differ."""
        tx.actor.require("notifications.read")
        ask = Ask(text=data.text, recipient=data.phone, purpose=data.purpose)
        (verdict,) = await service.dlt_check(tx, [ask])
        return TextVerdict(verdict=verdict, parts=segments(data.text))
