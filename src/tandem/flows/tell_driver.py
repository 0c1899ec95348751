"""The code a driver signs in with goes to the phone the company knows of them."""

from datetime import datetime, timedelta

from tandem.contracts.delivery import DriverCodeRequested
from tandem.crm.notifications import service as notifications
from tandem.flows.tell_customer import company_name
from tandem.kernel.db import Tx
from tandem.kernel.events import subscribe
from tandem.scm.delivery import service as delivery

CODE_IS_USEFUL = timedelta(minutes=10)


@subscribe(DriverCodeRequested, "tell_driver.sign_in_code")
async def tell_sign_in_code(tx: Tx, event: DriverCodeRequested, now: datetime) -> None:
    driver = await delivery.get_driver(tx, event.driver_id)
    await notifications.send(
        tx,
        template="driver_code",
        order_id=None,
        email=None,
        phone=driver.phone,
        parameters={
            "company": await company_name(tx),
            "code": await delivery.sign_in_code(tx, event.code_id),
        },
        dedupe=f"driver_code:{event.code_id}",
        now=now,
        is_secret=True,
        not_after=now + CODE_IS_USEFUL,
    )
