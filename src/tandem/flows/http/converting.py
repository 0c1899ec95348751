"""Leads converted and brought back, over HTTP."""

from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath, JSONBody

from tandem.crm.customers.domain.custom_fields import CustomFieldTaken, CustomFieldWrong
from tandem.crm.sales.domain.converting import (
    AlreadyUndone,
    Conversion,
    ConversionIdTaken,
    TheirsAlready,
    Wish,
)
from tandem.crm.sales.domain.leads import AlreadyConverted, LeadMerged
from tandem.crm.sales.domain.opportunities import ColumnFull
from tandem.crm.sales.service import converting
from tandem.crm.sales.service.assigning import LeadSettled
from tandem.flows import convert_lead
from tandem.flows.convert_lead import Outlook
from tandem.kernel.errors import Forbidden, Invalid, NotFound
from tandem.kernel.http import Now, Transaction, refusals
from tandem.kernel.http.noting import COMPUTES


class ConversionsController(Controller):
    path = "/v1"
    tags = ("sales",)

    @post(
        "/leads/{lead_id:uuid}/conversion",
        responses=refusals(
            Forbidden,
            NotFound,
            Invalid,
            LeadMerged,
            LeadSettled,
            AlreadyConverted,
            AlreadyUndone,
            ConversionIdTaken,
            TheirsAlready,
            ColumnFull,
            CustomFieldWrong,
            CustomFieldTaken,
        ),
    )
    async def convert(
        self, lead_id: FromPath[UUID], data: JSONBody[Wish], tx: Transaction, now: Now
    ) -> Response[Conversion]:
        """A customer, an account and an opportunity in one step: all of them or nothing. Whoever
        is known by e-mail or phone is linked, and keeps what is filled in; `alike` lists others
        who may be the same. The same `id` (or `Idempotency-Key`) converts once."""
        done = await convert_lead.convert(tx, lead_id, data, now=now)
        return Response(done, status_code=201)

    @post(
        "/leads/{lead_id:uuid}/conversion/preview",
        opt=COMPUTES,
        responses=refusals(Forbidden, NotFound, Invalid, LeadMerged),
    )
    async def preview(
        self, lead_id: FromPath[UUID], data: JSONBody[Wish], tx: Transaction
    ) -> Response[Outlook]:
        """What would be made and what linked, and what is missing for it. Nothing changes."""
        return Response(await convert_lead.preview(tx, lead_id, data), status_code=201)

    @get("/leads/{lead_id:uuid}/conversions", responses=refusals(Forbidden, NotFound, LeadMerged))
    async def list_conversions(self, lead_id: FromPath[UUID], tx: Transaction) -> list[Conversion]:
        """Newest first; all but the newest were undone."""
        return await converting.list_conversions(tx, lead_id)

    @get("/conversions/{conversion_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def get_conversion(self, conversion_id: FromPath[UUID], tx: Transaction) -> Conversion:
        return await converting.get_conversion(tx, conversion_id)

    @post(
        "/conversions/{conversion_id:uuid}/undo",
        responses=refusals(Forbidden, NotFound, AlreadyUndone),
    )
    async def undo(
        self, conversion_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Conversion]:
        """The lead is what it was. What the conversion made goes; what somebody built on since
        stays, with the reason in `undone`."""
        return Response(await convert_lead.undo(tx, conversion_id, now=now), status_code=201)
