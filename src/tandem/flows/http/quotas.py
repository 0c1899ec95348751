"""Quotas over HTTP."""

from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody

from tandem.crm.sales import service
from tandem.crm.sales.domain.quotas import Attainment, NewQuota, Quota, QuotaExists, Target
from tandem.flows import quotas
from tandem.kernel.errors import Forbidden, Invalid, NotFound
from tandem.kernel.http import Now, Transaction, etag, refusals


class QuotaChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    target_minor: Annotated[Target, msgspec.Meta(description="in the company's currency")]


class QuotasController(Controller):
    path = "/v1/quotas"
    tags = ("sales",)

    @get(responses=refusals(Forbidden, Invalid))
    async def list_quotas(
        self,
        tx: Transaction,
        now: Now,
        from_on: FromQuery[date | None] = None,
        to_on: FromQuery[date | None] = None,
    ) -> list[Attainment]:
        """Those that touch these days (today, unless others are named) with what was won towards
        each by its deals, and whether the pace will do."""
        return await quotas.attainments(tx, from_on=from_on, to_on=to_on, now=now)

    @post(responses=refusals(Forbidden, Invalid, QuotaExists))
    async def add_quota(
        self, data: JSONBody[NewQuota], tx: Transaction, now: Now
    ) -> Response[Quota]:
        """For the month, the quarter or the financial year (April to March) that `on` lies in."""
        made = await quotas.add_quota(tx, data, now=now)
        return Response(made, status_code=201, headers=etag(made.version))

    @patch("/{quota_id:uuid}", responses=refusals(Forbidden, NotFound, Invalid))
    async def change_quota(
        self, quota_id: FromPath[UUID], data: JSONBody[QuotaChange], tx: Transaction, now: Now
    ) -> Quota:
        return await service.change_quota(tx, quota_id, data.target_minor, now=now)

    @delete("/{quota_id:uuid}", status_code=204, responses=refusals(Forbidden, NotFound))
    async def remove_quota(self, quota_id: FromPath[UUID], tx: Transaction, now: Now) -> None:
        await service.remove_quota(tx, quota_id, now=now)
