"""What a customer hears, for staff who look after them."""

from uuid import UUID

from litestar import Controller, get, put
from litestar.params import FromPath, JSONBody

from tandem.crm.customers import service as customers
from tandem.crm.customers.domain import CustomerMerged
from tandem.crm.notifications.domain.categories import CategoryUnknown, Mandatory
from tandem.crm.notifications.service import preferences
from tandem.crm.notifications.service.preferences import ChoicesMade, Standing
from tandem.kernel.errors import Forbidden, Invalid, NotFound
from tandem.kernel.http import Now, Transaction, refusals


class CustomerPreferencesController(Controller):
    path = "/v1/customer-notification-preferences/{customer_id:uuid}"
    tags = ("notifications",)

    @get("/", responses=refusals(Forbidden, NotFound, CustomerMerged))
    async def list_choices(self, customer_id: FromPath[UUID], tx: Transaction) -> list[Standing]:
        """How each category reaches this customer, and who decided. Consents stand apart."""
        await customers.get_customer(tx, customer_id)
        return await preferences.customer_choices(tx, customer_id)

    @put(
        "/",
        responses=refusals(
            Forbidden, Invalid, NotFound, CustomerMerged, CategoryUnknown, Mandatory
        ),
    )
    async def choose(
        self, customer_id: FromPath[UUID], data: JSONBody[ChoicesMade], tx: Transaction, now: Now
    ) -> list[Standing]:
        """Write down what a customer asked for, on the telephone say."""
        await customers.lock_customer(tx, customer_id)
        return await preferences.choose_for_customer(tx, customer_id, data.choices, now=now)
