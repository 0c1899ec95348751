"""The company's rules for sending over HTTP."""

from litestar import Controller, Response, get, put
from litestar.params import JSONBody

from tandem.crm.notifications.domain.rules import RulesChanged, SendingRules
from tandem.crm.notifications.service import rules as service
from tandem.kernel.errors import Forbidden, Invalid, StaleVersion
from tandem.kernel.http import IfMatch, Now, Transaction, check_if_match, etag, refusals


class SendingRulesController(Controller):
    path = "/v1/sending-rules"
    tags = ("notifications",)

    @get("/", responses=refusals(Forbidden))
    async def get_rules(self, tx: Transaction) -> Response[SendingRules]:
        """Caps, quiet hours, holds. Version 0: nobody has set any."""
        held = await service.get_rules(tx)
        return Response(held.rules, headers=etag(held.version))

    @put("/", responses=refusals(Forbidden, Invalid, StaleVersion, RulesChanged))
    async def put_rules(
        self, data: JSONBody[SendingRules], tx: Transaction, now: Now, if_match: IfMatch = None
    ) -> Response[SendingRules]:
        """Replace the rules whole; what waits because of them is decided anew."""
        known = (await service.get_rules(tx)).version
        check_if_match(if_match, known)
        held = await service.set_rules(tx, data, version=known, now=now)
        return Response(held.rules, headers=etag(held.version))
