"""Orders, payments and a worker in a few words. Real services, real tables, real HTTP."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx2
import msgspec

from tandem.app.settings import Settings
from tandem.app.wiring import import_reactions, resources_of
from tandem.contracts.address import Address
from tandem.contracts.orders import OrderLine, OrderSnapshot
from tandem.kernel import jobs, outbox
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query
from tandem.kernel.ids import new_id
from tandem.kernel.jobs import Work
from tandem.kernel.resources import Resources
from tandem.scm.inventory import service as inventory
from tandem.scm.invoicing import service as invoicing
from tandem.scm.orders import service as orders
from tandem.scm.payments import jobs as payment_jobs
from tandem.scm.payments import service as payments
from tandem.scm.payments.domain import Intent, Payment, Refund
from tandem.scm.payments.gateways.port import PaymentGateway
from tandem.scm.payments.store.payments import Filter
from tests.clocks import MovedClock
from tests.sandbox.serving import Sandbox

import_reactions()

TOTAL = 118_000
GOING_OUT = frozenset({"confirmed", "processing"})
"""Confirmed, and on with it as soon as its shipment is made."""

TOPICS = Query("select topic from kernel.event where org_id = :org_id and key = :key order by seq")

TAKE_JOBS = """
delete from jobs.pgqueuer
 where id in (select id from jobs.pgqueuer
               where status = 'queued' and execute_after <= now()
               order by id limit 50 for update skip locked)
returning entrypoint, payload
"""

HOME = Address(
    name="Asha Rao",
    line1="12 Lake Road",
    city="Bengaluru",
    state_code="29",
    postal_code="560001",
    phone="+919876543210",
)


class Shop:
    def __init__(
        self,
        database: Database,
        actor: Actor,
        sandbox: Sandbox,
        resources: Resources,
        variant_id: UUID,
    ) -> None:
        self.database = database
        self.actor = actor
        self.sandbox = sandbox
        self.resources = resources
        self.variant_id = variant_id
        self.clock = MovedClock()
        database.clock = self.clock

    @property
    def gateway(self) -> PaymentGateway:
        return self.resources.get(PaymentGateway)

    @property
    def job(self) -> Work:
        """What a job of this company is given."""
        return Work(self.database, self.resources, self.actor.org_id)

    def now(self) -> datetime:
        return self.clock.now()

    async def close(self) -> None:
        await self.gateway.close()  # type: ignore[attr-defined]  # the process closes its own

    # The worker

    async def work(self) -> None:
        """Relay events and run jobs until nothing is due."""
        for _ in range(100):
            relayed = await outbox.drain(self.database)
            if not await self._run_jobs() and not relayed:
                return
        raise AssertionError("still busy: does a job enqueue itself?")

    async def relay(self) -> None:
        """Events only: the process dies before it comes to the jobs."""
        await outbox.drain(self.database)

    async def lose_jobs(self) -> int:
        """The queue's rows are gone, as after the death of whoever had them."""
        async with self.database.pool.acquire() as connection:
            return len(await connection.fetch(TAKE_JOBS))

    async def reconcile(self, *, after: timedelta = timedelta()) -> None:
        self.clock.moved += after
        await payment_jobs.reconcile(self.job)
        await self.work()

    async def _run_jobs(self) -> int:
        async with self.database.pool.acquire() as connection:
            taken = await connection.fetch(TAKE_JOBS)
        for row in taken:
            envelope = msgspec.json.decode(row["payload"], type=jobs.Envelope)
            work = Work(self.database, self.resources, envelope.org_id)
            await jobs.JOBS[row["entrypoint"]](work, **envelope.payload)
        return len(taken)

    # Orders

    async def place(
        self, *, total: int = TOTAL, quantity: int = 1, method: str = "prepaid"
    ) -> OrderSnapshot:
        """An order with its stock held, waiting for its payment for half an hour."""
        now = self.now()
        draft = draft_order(self.variant_id, total=total, quantity=quantity, method=method, now=now)
        async with self.database.transaction(self.actor) as tx:
            settings = await orders.get_settings(tx)
            (order,) = await orders.place(tx, [draft], settings=settings, now=now)
            hold = inventory_hold(order)
            (refusal,) = await inventory.reserve(tx, [hold], now=now)
            assert refusal is None, refusal
        return order

    async def payable(self, **options: Any) -> tuple[OrderSnapshot, Intent]:
        """An order whose gateway order is open."""
        order = await self.place(**options)
        await self.work()
        intent = (await self.intents(order.id))[0]
        assert intent.provider_order_id, intent
        return order, intent

    async def order(self, order_id: UUID) -> OrderSnapshot:
        async with self.database.transaction(self.actor) as tx:
            return await orders.get_order(tx, order_id)

    async def expire(self, order_id: UUID) -> None:
        """Its time is over, and its stock is free for others."""
        self.clock.moved += timedelta(minutes=31)
        async with self.database.transaction(Actor.system(self.actor.org_id)) as tx:
            assert order_id in await orders.expire_overdue(tx, now=self.now())
            await inventory.release(tx, order_id=order_id, reason="expired", now=self.now())
        await self.work()

    # Payments

    def checkout(self, provider_order_id: str, **form: str) -> httpx2.Response:
        """The buyer at the gateway's page, as a script."""
        given = {"method": "upi", "vpa": "success@razorpay"} | form
        return self.sandbox.http.post(
            f"/razorpay/checkout/{provider_order_id}/payments",
            data=given,
            headers={"accept": "application/json"},
        )

    def buy(self, intent: Intent, **form: str) -> dict[str, str]:
        """Pays; answers what the browser brings back."""
        assert intent.provider_order_id
        answer = self.checkout(intent.provider_order_id, **form)
        assert answer.status_code == 200, answer.text
        brought: dict[str, str] = answer.json()
        return brought

    def at_gateway(self, path: str) -> dict[str, Any]:
        settings = self.sandbox.settings
        auth = (settings.razorpay_key_id, settings.razorpay_key_secret)
        found: dict[str, Any] = self.sandbox.http.get(f"/razorpay/v1/{path}", auth=auth).json()
        return found

    def send_to_gateway(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Somebody at the vendor's dashboard."""
        settings = self.sandbox.settings
        auth = (settings.razorpay_key_id, settings.razorpay_key_secret)
        answer = self.sandbox.http.post(f"/razorpay/v1/{path}", auth=auth, json=body)
        assert answer.status_code == 200, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def captured(self, **options: Any) -> tuple[OrderSnapshot, Payment]:
        """An order that is paid, told by a look at the gateway."""
        order, intent = await self.payable(**options)
        self.buy(intent)
        await self.reconcile(after=timedelta(minutes=1))
        (payment,) = await self.payments(order.id)
        assert payment.status == "captured", payment
        return order, payment

    async def intents(self, order_id: UUID) -> list[Intent]:
        async with self.database.transaction(self.actor) as tx:
            return await payments.list_intents(tx, order_id=order_id)

    async def payments(self, order_id: UUID) -> list[Payment]:
        async with self.database.transaction(self.actor) as tx:
            wanted = Filter(order_id=order_id)
            return (await payments.list_payments(tx, wanted, limit=50, cursor=None)).items

    async def refunds(self, order_id: UUID) -> list[Refund]:
        async with self.database.transaction(self.actor) as tx:
            return await payments.list_refunds(tx, order_id=order_id)

    async def topics(self, order_id: UUID) -> list[str]:
        """What was told of the order's life, in turn."""
        async with self.database.transaction(self.actor) as tx:
            rows = await tx.records(TOPICS, key=str(order_id))
        return [row["topic"].removesuffix(".v1") for row in rows]


async def open_shop(
    settings: Settings, database: Database, actor: Actor, sandbox: Sandbox, *, stock: int = 50
) -> Shop:
    variant_id = new_id()
    shop = Shop(database, actor, sandbox, resources_of(settings), variant_id)
    async with database.transaction(actor) as tx:
        await invoicing.seed_demo_seller(tx, now=shop.now())
        location = await inventory.add_location(
            tx,
            code="BLR",
            name="Bengaluru",
            kind="warehouse",
            priority=1,
            address=None,
            now=shop.now(),
        )
        await inventory.receive(
            tx,
            variant_id=variant_id,
            sku="TEA-250",
            location_id=location.id,
            quantity=stock,
            now=shop.now(),
        )
    return shop


def inventory_hold(order: OrderSnapshot) -> Any:
    from tandem.contracts.inventory import Demand, Hold

    demands = [
        Demand(variant_id=line.variant_id, sku=line.sku, quantity=line.quantity)
        for line in order.lines
    ]
    return Hold(order_id=order.id, demands=demands, held_until=order.expires_at)


def draft_order(
    variant_id: UUID, *, total: int, quantity: int, method: str, now: datetime
) -> OrderSnapshot:
    taxable = round(total / 1.18)
    line = OrderLine(
        id=new_id(),
        line_no=1,
        variant_id=variant_id,
        sku="TEA-250",
        title="Assam tea, 250 g",
        hsn="0902",
        unit="NOS",
        quantity=quantity,
        unit_price_minor=total // quantity,
        price_includes_tax=True,
        discount_minor=0,
        taxable_minor=taxable,
        tax_class="standard",
        tax_rate="18",
        cgst_minor=(total - taxable) // 2,
        sgst_minor=(total - taxable) - (total - taxable) // 2,
        igst_minor=0,
        cess_minor=0,
        total_minor=total,
        weight_grams=250,
    )
    is_prepaid = method == "prepaid"
    return OrderSnapshot(
        id=new_id(),
        number="",
        public_token="",
        customer_id=new_id(),
        customer_name="Asha Rao",
        customer_email="asha@example.com",
        customer_phone="+919876543210",
        customer_gstin=None,
        channel="console",
        currency="INR",
        payment_method="prepaid" if is_prepaid else "cod",
        status="pending_payment" if is_prepaid else "confirmed",
        payment_status="none",
        fulfilment_status="unfulfilled",
        is_on_hold=False,
        ship_to=HOME,
        bill_to=HOME,
        place_of_supply="29",
        lines=[line],
        discount_minor=0,
        taxable_minor=taxable,
        tax_minor=total - taxable,
        total_minor=total,
        paid_minor=0,
        refunded_minor=0,
        placed_at=now,
        expires_at=now + timedelta(minutes=30) if is_prepaid else None,
        promised_on=None,
        note="",
        version=1,
    )
