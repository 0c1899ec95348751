"""The company's own settings."""

from typing import Annotated

import msgspec
from litestar import Controller, Response, get, put
from litestar.params import JSONBody

from tandem.crm.identity import service
from tandem.crm.identity.domain import (
    Organisation,
)
from tandem.kernel.errors import Forbidden, Invalid, StaleVersion
from tandem.kernel.http import (
    IfMatch,
    Now,
    Transaction,
    check_if_match,
    etag,
    refusals,
)
from tandem.kernel.patterns import whole

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class CompanyChange(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: Text
    time_zone: Annotated[
        str, msgspec.Meta(pattern=whole(r"[A-Za-z_]+(/[A-Za-z0-9_+-]+)*"), max_length=64)
    ]


class CompanyController(Controller):
    path = "/v1"
    tags = ("identity",)

    @get("/company")
    async def get_company(self, tx: Transaction) -> Response[Organisation]:
        """The organisation this credential belongs to."""
        found = await service.get_organisation(tx)
        return Response(found, headers=etag(found.version))

    @put("/company", responses=refusals(Forbidden, StaleVersion, Invalid))
    async def update_company(
        self, data: JSONBody[CompanyChange], tx: Transaction, now: Now, if_match: IfMatch = None
    ) -> Response[Organisation]:
        """Change the company's name or time zone."""
        check_if_match(if_match, (await service.get_organisation(tx)).version)
        changed = await service.update_organisation(
            tx, name=data.name, time_zone=data.time_zone, now=now
        )
        return Response(changed, headers=etag(changed.version))
