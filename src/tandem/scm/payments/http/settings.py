"""A company's payment settings over HTTP."""

from litestar import Controller, Response, get, put
from litestar.params import JSONBody

from tandem.kernel.errors import Forbidden, Invalid, StaleVersion
from tandem.kernel.http import IfMatch, Now, Transaction, check_if_match, etag, refusals
from tandem.scm.payments import service
from tandem.scm.payments.domain import PaymentSettings, PaymentSettingsChange


class PaymentSettingsController(Controller):
    path = "/v1/payment-settings"
    tags = ("payments",)

    @get("/", responses=refusals(Forbidden))
    async def get_settings(self, tx: Transaction) -> Response[PaymentSettings]:
        """When authorised money is taken: at once, at dispatch, or when somebody asks."""
        tx.actor.require("payments.read")
        settings = await service.get_settings(tx)
        return Response(settings, headers=etag(settings.version))

    @put("/", responses=refusals(Forbidden, StaleVersion, Invalid))
    async def save_settings(
        self,
        data: JSONBody[PaymentSettingsChange],
        tx: Transaction,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response[PaymentSettings]:
        """Change it; it counts for every payment that is not captured yet."""
        check_if_match(if_match, (await service.get_settings(tx)).version)
        settings = await service.save_settings(tx, data, now=now)
        return Response(settings, headers=etag(settings.version))
