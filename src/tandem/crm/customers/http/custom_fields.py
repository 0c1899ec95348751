"""The organisation's own fields over HTTP."""

from uuid import UUID

from litestar import Controller, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody

from tandem.crm.customers import service
from tandem.crm.customers.domain.custom_fields import (
    CustomField,
    CustomFieldChange,
    CustomFieldTaken,
    CustomFieldWrong,
    NewCustomField,
    Target,
)
from tandem.kernel.errors import Forbidden, NotFound
from tandem.kernel.http import Now, Transaction, refusals


class CustomFieldController(Controller):
    path = "/v1/custom-fields"
    tags = ("customers",)

    @get("/", responses=refusals(Forbidden))
    async def list_fields(
        self, tx: Transaction, target: FromQuery[Target | None] = None
    ) -> list[CustomField]:
        """In the order in which forms show them, retired ones too."""
        return await service.list_fields(tx, target)

    @post("/", responses=refusals(Forbidden, CustomFieldWrong, CustomFieldTaken))
    async def add_field(
        self, data: JSONBody[NewCustomField], tx: Transaction, now: Now
    ) -> CustomField:
        """Define a field. Its key and kind never change."""
        return await service.add_field(tx, data, now=now)

    @patch("/{field_id:uuid}", responses=refusals(Forbidden, NotFound, CustomFieldWrong))
    async def change_field(
        self,
        field_id: FromPath[UUID],
        data: JSONBody[CustomFieldChange],
        tx: Transaction,
        now: Now,
    ) -> CustomField:
        return await service.change_field(tx, field_id, data, now=now)
