"""Reminders of quotes and deals over HTTP."""

from litestar import Controller, get, put
from litestar.params import JSONBody

from tandem.crm.sales.domain.reminding import Reminders
from tandem.crm.sales.service import reminding as service
from tandem.kernel.errors import Forbidden
from tandem.kernel.http import Now, Transaction, refusals


class RemindersController(Controller):
    path = "/v1/sales-reminders"
    tags = ("sales",)

    @get(responses=refusals(Forbidden))
    async def get_reminders(self, tx: Transaction) -> Reminders:
        """Who is reminded of quotes and deals, and when."""
        return await service.get_reminders(tx)

    @put(responses=refusals(Forbidden))
    async def change_reminders(
        self, data: JSONBody[Reminders], tx: Transaction, now: Now
    ) -> Reminders:
        """From now on; who was reminded is not reminded again."""
        return await service.change_reminders(tx, data, now=now)
