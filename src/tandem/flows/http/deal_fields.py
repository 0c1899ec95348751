"""Own fields of opportunities over HTTP."""

import functools
from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Response, patch
from litestar.params import FromPath, JSONBody

from tandem.crm.customers.domain.custom_fields import CustomFieldTaken, CustomFieldWrong
from tandem.crm.sales.domain.opportunities import NotOpen, Opportunity
from tandem.flows import deal_fields as flow
from tandem.kernel.errors import Forbidden, NotFound, StaleVersion
from tandem.kernel.http import IfMatch, Now, Transaction, check_if_match, etag, refusals


class OwnFields(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keys of fields defined for opportunities; null takes a value away."""

    custom: dict[str, Any]


class DealFieldsController(Controller):
    path = "/v1/opportunities/{opportunity_id:uuid}/custom"
    tags = ("sales",)

    @patch(
        responses=refusals(
            Forbidden, NotFound, NotOpen, CustomFieldWrong, CustomFieldTaken, StaleVersion
        )
    )
    async def change_custom(
        self,
        opportunity_id: FromPath[UUID],
        data: JSONBody[OwnFields],
        tx: Transaction,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response[Opportunity]:
        """The keys given change; the others stay."""
        changed = await flow.change_custom(
            tx,
            opportunity_id,
            data.custom,
            is_current=functools.partial(check_if_match, if_match),
            now=now,
        )
        return Response(changed, headers=etag(changed.version))
